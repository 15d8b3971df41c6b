package import ByteReading

/// Another source with some of its blocks replaced in memory: what a replayed journal would have written.
package struct OverlaySource: BlockSource {
    private let base: any BlockSource
    private let blockSize: Int
    private let replaced: [UInt64: Bytes]

    /// `replaced` maps block numbers to whole blocks of `blockSize` bytes.
    package init(_ base: any BlockSource, blockSize: Int, replacing replaced: [UInt64: Bytes]) {
        self.base = base
        self.blockSize = Swift.max(1, blockSize)
        self.replaced = replaced
    }

    package var size: UInt64 { base.size }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard !replaced.isEmpty, count > 0 else { return try base.read(at: offset, count: count) }
        let width = UInt64(blockSize)
        let first = offset / width
        let last = (offset + UInt64(count) - 1) / width
        guard (first...last).contains(where: { replaced[$0] != nil }) else {
            return try base.read(at: offset, count: count)
        }
        var array: [UInt8] = []
        array.reserveCapacity(count)
        var position = offset
        let end = offset + UInt64(count)
        while position < end {
            let index = position / width
            let inside = Int(position - index * width)
            let length = Int(Swift.min(end - position, width - UInt64(inside)))
            if let block = replaced[index] {
                array += try block.slice(at: inside, count: length)
            } else {
                array += try base.read(at: position, count: length)
            }
            position += UInt64(length)
        }
        return Bytes(array, origin: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        guard !replaced.isEmpty else { return try base.extent(at: offset) }
        let width = UInt64(blockSize)
        let index = offset / width
        let rest = Swift.min(size - offset, (index + 1) * width - offset)
        if replaced[index] != nil { return BlockExtent(kind: .data, length: rest) }
        var extent = try base.extent(at: offset)
        // A replaced block may lie anywhere in the run; answering one block at a time is always right.
        extent.length = Swift.min(extent.length, rest)
        return extent
    }
}
