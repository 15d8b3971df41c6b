import BlockIO
package import ByteReading

/// A large source of zeros with a few written parts, for structures far apart on a disk.
package struct SparseSource: BlockSource {
    package let size: UInt64
    private var parts: [(offset: UInt64, bytes: [UInt8])] = []

    package init(size: UInt64) { self.size = size }

    /// Places `bytes` at `offset`; later parts win.
    package mutating func write(_ bytes: [UInt8], at offset: UInt64) {
        parts.append((offset, bytes))
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        var array = [UInt8](repeating: 0, count: count)
        let end = offset + UInt64(count)
        for part in parts {
            let first = Swift.max(part.offset, offset)
            let last = Swift.min(part.offset + UInt64(part.bytes.count), end)
            guard first < last else { continue }
            for position in first..<last {
                array[Int(position - offset)] = part.bytes[Int(position - part.offset)]
            }
        }
        return Bytes(array, origin: offset)
    }
}
