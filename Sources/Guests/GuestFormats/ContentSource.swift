package import ByteReading

/// Bytes that are read where they are needed: a disk, or a file on one.
package struct ContentSource: Sendable {
    /// The number of bytes.
    package let size: UInt64
    private let reading: @Sendable (UInt64, Int) throws(ImageFault) -> Bytes

    /// `size` bytes, of which `reading` returns `count` from an offset; it is only asked for what exists.
    package init(size: UInt64, reading: @escaping @Sendable (UInt64, Int) throws(ImageFault) -> Bytes) {
        self.size = size
        self.reading = reading
    }

    /// Bytes in memory.
    package init(_ bytes: Bytes) {
        size = UInt64(bytes.count)
        reading = { (offset, count) throws(ImageFault) in
            try bytes.slice(at: try offset.converted(), count: count)
        }
    }

    /// `count` bytes from `offset`; `truncated` if they reach past the end.
    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
            throw ImageFault(.truncated, "\(count) bytes reach past the end at \(size)", at: offset)
        }
        if count == 0 { return Bytes([], origin: offset) }
        let bytes = try reading(offset, count)
        guard bytes.count == count else {
            throw ImageFault(.truncated, "\(bytes.count) of \(count) bytes", at: offset)
        }
        return bytes
    }

    /// Everything; `limit` if there are more than `limit` bytes.
    package func readAll(limit: Int) throws(ImageFault) -> Bytes {
        guard size <= UInt64(Swift.max(0, limit)) else {
            throw ImageFault(.limit, "\(size) bytes, more than \(limit)")
        }
        return try read(at: 0, count: Int(size))
    }
}
