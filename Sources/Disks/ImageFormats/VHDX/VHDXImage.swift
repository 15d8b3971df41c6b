package import BlockIO
package import ByteReading

/// The disk inside a VHDX: fixed, dynamic, or differencing over its parent.
package final class VHDXImage: BlockSource {
    package let size: UInt64
    let metadata: VHDXMetadata
    /// Where the block allocation table is.
    let table: Range<UInt64>
    /// With the log replayed.
    let file: any BlockSource
    private let parent: ReferencedFile
    /// The file again, for the table and the sector bitmaps: read 16 KiB at a time, 2 MiB of them kept. The
    /// table of a disk of 64 TiB can have 512 MiB.
    let tables: CachedSource

    /// Bytes of a table that are read at once.
    static let tableWindow = 16 << 10

    /// The disk of `container`.
    ///
    /// - Parameter parent: the disk that is read where a differencing disk has nothing.
    /// - Throws: `corrupt` where the table is too small for the disk, `truncated` where it leaves the file.
    init(_ container: VHDXContainer, parent: ReferencedFile) throws(ImageFault) {
        file = container.file
        metadata = container.metadata
        table = container.regions.table
        self.parent = parent
        size = metadata.diskSize
        tables = CachedSource(file, blockSize: VHDXImage.tableWindow, capacity: 128)
        let end = try table.lowerBound.adding(entryCount * 8)
        guard end <= table.upperBound else {
            throw ImageFault(
                .corrupt,
                "block allocation table of \(table.upperBound - table.lowerBound) bytes; \(size) bytes in blocks of \(metadata.blockSize) need \(entryCount) entries",
                at: table.lowerBound)
        }
        guard end <= file.size else {
            throw ImageFault(
                .truncated, "the block allocation table ends at \(end), the file at \(file.size)",
                at: table.lowerBound)
        }
    }

    /// Payload blocks of the disk.
    var blockCount: UInt64 { (size + metadata.blockSize - 1) / metadata.blockSize }

    /// Entries that the table needs ([MS-VHDX] 2.5, "BAT"): after the payload blocks of each chunk stands its
    /// sector bitmap, which only a differencing disk needs after the last of them.
    private var entryCount: UInt64 {
        let ratio = metadata.chunkRatio
        if metadata.parent != nil { return (blockCount + ratio - 1) / ratio * (ratio + 1) }
        return blockCount == 0 ? 0 : blockCount + (blockCount - 1) / ratio
    }

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
        switch run.content {
        case .zeros: return BlockExtent(kind: .hole, length: length)
        case .parent: return try parent.extent(at: offset, length: length)
        case .stored(let place):
            guard place < file.size else { return BlockExtent(kind: .missing, length: length) }
            var extent = try file.extent(at: place)
            extent.length = Swift.min(extent.length, length)
            return extent
        }
    }

    private func bytes(of run: Run, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        switch run.content {
        case .zeros: return Bytes([UInt8](repeating: 0, count: count))
        case .parent: return try parent.read(at: offset, count: count)
        case .stored(let place):
            guard place <= file.size, UInt64(count) <= file.size - place else {
                throw ImageFault(
                    .truncated,
                    "\(count) bytes of the disk are stored at \(place), the file ends at \(file.size)",
                    at: place)
            }
            return try file.read(at: place, count: count)
        }
    }
}
