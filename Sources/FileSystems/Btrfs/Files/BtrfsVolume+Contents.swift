import ByteReading

extension BtrfsVolume {
    /// The most that is read at once: what the checksums of one step take stays small.
    private static let step: UInt64 = 1 << 20

    /// Up to `count` bytes of a file from `offset`, fewer at its end.
    func contents(
        of inode: BtrfsInode, in tree: BtrfsSubvolumeTree, at offset: UInt64, count: Int
    ) throws(ImageFault) -> Bytes {
        guard count > 0, offset < inode.size else { return Bytes([], origin: offset) }
        let end = offset + Swift.min(UInt64(count), inode.size - offset)
        var array: [UInt8] = []
        array.reserveCapacity(Int(end - offset))
        var position = offset
        try extents(of: inode, in: tree, offset..<end) { extent throws(ImageFault) in
            let from = Swift.max(extent.start, position)
            let to = Swift.min(extent.end, end)
            guard from < to else { return }
            array.append(contentsOf: repeatElement(0, count: Int(from - position)))
            try append(extent, from..<to, of: inode, to: &array)
            position = to
        }
        array.append(contentsOf: repeatElement(0, count: Int(end - position)))
        return Bytes(array, origin: offset)
    }

    /// Calls `body` with the extents that overlap `range`; what they leave out is a hole.
    private func extents(
        of inode: BtrfsInode, in tree: BtrfsSubvolumeTree, _ range: Range<UInt64>,
        _ body: (BtrfsExtent) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        let before = try tree.last(inode.number, .extentData, notAfter: range.lowerBound)
        let start = before?.key.offset ?? range.lowerBound
        try tree.scan(inode.number, .extentData, start...range.upperBound - 1) { item throws(ImageFault) in
            try body(try BtrfsExtent(parsing: item, sectorSize: superblock.sectorSize))
            return true
        }
    }

    private func append(
        _ extent: BtrfsExtent, _ range: Range<UInt64>, of inode: BtrfsInode, to array: inout [UInt8]
    ) throws(ImageFault) {
        let skipped = range.lowerBound - extent.start
        let count = Int(range.upperBound - range.lowerBound)
        switch extent.content {
        case .zeros: array.append(contentsOf: repeatElement(0, count: count))
        case .inline(let packed):
            let bytes = try extent.compression.unpack(
                packed, length: Int(extent.length), sectorSize: superblock.sectorSize)
            array.append(contentsOf: try bytes.slice(at: Int(skipped), count: count).array)
        case .stored(let address, let length) where extent.compression != .none:
            let bytes = try unpacked(at: address) { () throws(ImageFault) in
                let packed = try data(at: address, count: Int(length), of: inode)
                return try extent.compression.unpack(
                    packed, length: Int(extent.unpackedLength), sectorSize: superblock.sectorSize)
            }
            array.append(contentsOf: try bytes.slice(at: Int(extent.offset + skipped), count: count).array)
        case .stored(let address, _):
            let sector = UInt64(superblock.sectorSize)
            var position = skipped
            while position < skipped + UInt64(count) {
                let end = Swift.min(skipped + UInt64(count), position + BtrfsVolume.step)
                let first = position / sector * sector
                let last = (end + sector - 1) / sector * sector
                let place = try address.adding(extent.offset).adding(first)
                let bytes = try data(at: place, count: Int(last - first), of: inode)
                array.append(
                    contentsOf: try bytes.slice(at: Int(position - first), count: Int(end - position)).array)
                position = end
            }
        }
    }

    /// Stored bytes, held against their checksums where the file has them.
    private func data(
        at address: UInt64, count: Int, of inode: BtrfsInode
    ) throws(ImageFault) -> Bytes {
        guard try address.adding(UInt64(count)) <= UInt64(Int64.max) else {
            throw ImageFault(.corrupt, "data of inode \(inode.number) at address \(address)")
        }
        guard inode.hasDataChecksums, let checksumTree else {
            return try pool.data(at: address, count: count, checksums: nil)
        }
        let checksums = try pool.checksums(
            over: address..<address + UInt64(count), in: checksumTree, logged: replayed.checksums)
        return try pool.data(at: address, count: count, checksums: checksums)
    }

    /// Where `offset` of a file is stored on the device whose number is `device`; nil for holes, inline and
    /// compressed data, and where another device holds it.
    func location(
        of inode: BtrfsInode, in tree: BtrfsSubvolumeTree, at offset: UInt64, onDevice device: UInt64
    ) throws(ImageFault) -> UInt64? {
        guard offset < inode.size else { return nil }
        var found: UInt64?
        try extents(of: inode, in: tree, offset..<offset + 1) { extent throws(ImageFault) in
            guard case .stored(let address, _) = extent.content, extent.compression == .none,
                (extent.start..<extent.end).contains(offset)
            else { return }
            let logical = try address.adding(extent.offset).adding(offset - extent.start)
            let chunk = try pool.chunk(holding: logical)
            for copy in 0..<chunk.copyCount where try chunk.parityPlaces(of: 0) == nil || copy == 0 {
                let place = try chunk.place(of: logical - chunk.start, copy: copy)
                if found == nil, place.stripe.device == device { found = place.offset }
            }
        }
        return found
    }
}
