package import ByteReading

/// A part of another source: a partition, a logical volume's segment.
package struct SliceSource: BlockSource {
    private let base: any BlockSource
    private let start: UInt64
    package let size: UInt64

    /// `size` bytes of `base` from `start`. What lies past the end of `base` faults when it is read, so that
    /// a partition cut short by a truncated image can still be read as far as it goes.
    package init(_ base: any BlockSource, start: UInt64, size: UInt64) throws(ImageFault) {
        _ = try start.adding(size)
        self.base = base
        self.start = start
        self.size = size
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        return try base.read(at: start + offset, count: count).rebased(to: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        var extent = try base.extent(at: start + offset)
        extent.length = Swift.min(extent.length, size - offset)
        return extent
    }
}
