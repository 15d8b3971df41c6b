package import BlockIO
package import ByteReading

/// The disk inside a VHD: fixed, dynamic, or differencing over its parent.
package final class VHDImage: BlockSource {
    package let footer: VHDFooter
    /// nil for fixed disks.
    package let header: VHDDynamicHeader?
    package let size: UInt64
    let file: any BlockSource
    private let dataEnd: UInt64
    private let parent: ReferencedFile
    /// The file again, for the table and the bitmaps: read 4 KiB at a time, 1 MiB of them kept.
    let tables: CachedSource

    /// Bytes of a table that are read at once.
    static let tableWindow = 4 << 10
    /// The entry of a block that is not there.
    static let unallocated: UInt32 = 0xFFFF_FFFF

    /// The disk of `container` in `file`.
    ///
    /// - Parameter parent: the disk that is read where a differencing disk has nothing.
    /// - Throws: `corrupt` where the table is too small for the disk, `truncated` where it leaves the file.
    init(_ file: any BlockSource, _ container: VHDContainer, parent: ReferencedFile) throws(ImageFault) {
        self.file = file
        self.parent = parent
        footer = container.footer
        header = container.header
        dataEnd = container.dataEnd
        size = footer.size
        tables = CachedSource(file, blockSize: VHDImage.tableWindow, capacity: 256)
        // No more than 2040 GiB can be addressed (block/vpc.c, `VHD_MAX_SECTORS`).
        guard size <= 0xFFFF_FFFF * 512 else {
            throw ImageFault(.corrupt, "a VHD of \(size) bytes; 2 TiB is the most", at: container.dataEnd)
        }
        guard let header else { return }
        guard UInt64(header.entryCount) * UInt64(header.blockSize) >= size else {
            throw ImageFault(
                .corrupt,
                "block allocation table of \(header.entryCount) entries for blocks of \(header.blockSize) bytes; the disk has \(size)",
                at: header.tableOffset)
        }
        let tableEnd = try header.tableOffset.adding(UInt64(header.entryCount) * 4)
        guard tableEnd <= file.size else {
            throw ImageFault(
                .truncated, "the block allocation table ends at \(tableEnd), the file at \(file.size)",
                at: header.tableOffset)
        }
    }

    private var hasParent: Bool { footer.type == .differencing }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try gather(at: offset, count: count) { (position, rest) throws(ImageFault) in
            let run = try run(at: position, limit: UInt64(rest))
            return try bytes(of: run, at: position, count: Int(Swift.min(run.length, UInt64(rest))))
        }
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let run = try run(at: offset, limit: size - offset)
        let length = Swift.min(run.length, size - offset)
        guard let place = run.place else { return try parent.extent(at: offset, length: length) }
        guard place < end else { return BlockExtent(kind: .missing, length: length) }
        let present = Swift.min(length, end - place)
        // A fixed disk has the holes of its file.
        guard header == nil else { return BlockExtent(kind: .data, length: present) }
        var extent = try file.extent(at: place)
        extent.length = Swift.min(extent.length, present)
        return extent
    }

    /// Where stored bytes end: at the footer of a fixed disk, else at the end of the file.
    private var end: UInt64 { header == nil ? dataEnd : file.size }

    private func bytes(of run: Run, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard let place = run.place else { return try parent.read(at: offset, count: count) }
        guard place <= end, UInt64(count) <= end - place else {
            throw ImageFault(
                .truncated, "\(count) bytes of the disk are stored at \(place), the file ends at \(end)",
                at: place)
        }
        return try file.read(at: place, count: count)
    }

    // MARK: Mapping

    /// Bytes of the disk that lie together: at `place` in the file, or not in this file.
    struct Run: Equatable {
        var place: UInt64?
        /// In bytes; it may reach past the end of the disk, whose last block may be larger than needed.
        var length: UInt64
    }

    /// The run that starts at `offset`. It is followed until `limit` bytes are found or the window of the table
    /// or bitmap that was read ends.
    func run(at offset: UInt64, limit: UInt64) throws(ImageFault) -> Run {
        guard let header else { return Run(place: offset, length: size - offset) }
        let blockSize = UInt64(header.blockSize)
        let index = offset / blockSize
        let inside = offset % blockSize
        let start = header.tableOffset + index * 4
        let windowEnd = (start / UInt64(VHDImage.tableWindow) + 1) * UInt64(VHDImage.tableWindow)
        let tableEnd = header.tableOffset + UInt64(header.entryCount) * 4
        let entries = try tables.read(at: start, count: Int(Swift.min(tableEnd, windowEnd) - start))
        let first = try entry(entries, 0, at: start)
        if first == VHDImage.unallocated {
            var length = blockSize - inside
            var next = 1
            while length < limit, next < entries.count / 4,
                try entry(entries, next, at: start) == VHDImage.unallocated
            {
                length += blockSize
                next += 1
            }
            return Run(place: nil, length: length)
        }
        let block = UInt64(first) * 512
        let data = block + header.bitmapSize
        // QEMU does not look at the bitmaps of dynamic disks either: sectors that were never written are zeros.
        guard hasParent else { return Run(place: data + inside, length: blockSize - inside) }
        return try run(inBlock: block, data: data, inside: inside, blockSize: blockSize, limit: limit)
    }

    /// An entry of the table. One that straddles the end of a window is read by itself: a table need not be
    /// aligned, though QEMU and Hyper-V align it.
    private func entry(_ entries: Bytes, _ index: Int, at start: UInt64) throws(ImageFault) -> UInt32 {
        if index * 4 + 4 <= entries.count { return try entries.big(at: index * 4) }
        return try file.read(at: start + UInt64(index) * 4, count: 4).big(at: 0)
    }

    /// Follows the bitmap of a block: a set bit, most significant first, is a sector that is in this file.
    private func run(
        inBlock block: UInt64, data: UInt64, inside: UInt64, blockSize: UInt64, limit: UInt64
    ) throws(ImageFault) -> Run {
        // Of a block beyond the end of the file there is no bitmap; reading it says so.
        guard data <= file.size else { return Run(place: data + inside, length: blockSize - inside) }
        let sector = inside / 512
        let bitmap = try tables.read(
            at: block + sector / 8, count: Int(Swift.min(512, (blockSize / 512 + 7) / 8 - sector / 8)))
        let sectors = Swift.min(blockSize / 512, (sector / 8 + UInt64(bitmap.count)) * 8)
        let isHere = try VHDImage.bit(sector, from: sector / 8, bitmap)
        var next = sector + 1
        while next < sectors, (next - sector) * 512 < limit + inside % 512,
            try VHDImage.bit(next, from: sector / 8, bitmap) == isHere
        {
            next += 1
        }
        return Run(place: isHere ? data + inside : nil, length: next * 512 - inside)
    }

    private static func bit(_ sector: UInt64, from firstByte: UInt64, _ bitmap: Bytes) throws(ImageFault)
        -> Bool
    {
        try bitmap.byte(at: Int(sector / 8 - firstByte)) >> UInt8(7 - sector % 8) & 1 == 1
    }
}
