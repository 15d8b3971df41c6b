package import ByteReading

/// Bytes that are read once, front to back, in chunks whose size the source chooses.
package protocol ByteStream {
    /// The next chunk, never empty; nil at the end. After a fault the stream yields nothing more.
    mutating func next() throws(ImageFault) -> Bytes?
}

/// A stream over bytes that are already in memory.
package struct BytesStream: ByteStream {
    private var rest: Bytes
    private let chunkSize: Int

    /// Streams `bytes` in chunks of at most `chunkSize` bytes.
    package init(_ bytes: Bytes, chunkSize: Int = 1 << 18) {
        rest = bytes
        self.chunkSize = max(1, chunkSize)
    }

    package mutating func next() throws(ImageFault) -> Bytes? {
        guard !rest.isEmpty else { return nil }
        let chunk = rest.prefix(chunkSize)
        rest = rest.dropFirst(chunk.count)
        return chunk
    }
}

/// A stream over something that is read by position, such as a file in a file system.
package struct ReadingStream: ByteStream {
    private let size: UInt64
    private let chunkSize: Int
    private let read: (UInt64, Int) throws(ImageFault) -> Bytes
    private var position: UInt64 = 0

    /// Streams `size` bytes by calling `read(offset, count)`, which may return fewer bytes than asked for.
    package init(
        size: UInt64, chunkSize: Int = 1 << 18,
        read: @escaping (UInt64, Int) throws(ImageFault) -> Bytes
    ) {
        self.size = size
        self.chunkSize = max(1, chunkSize)
        self.read = read
    }

    package mutating func next() throws(ImageFault) -> Bytes? {
        guard position < size else { return nil }
        let count = Int(min(UInt64(chunkSize), size - position))
        let chunk = try read(position, count)
        guard !chunk.isEmpty else {
            throw ImageFault(.truncated, "ends after \(position) of \(size) bytes", at: position)
        }
        position += UInt64(chunk.count)
        return chunk
    }
}

/// Several streams one after another. A boot loader that loads several initramfs files starts each at a
/// multiple of four bytes and fills the gap with NULs; `alignment` does the same.
package struct ConcatenatedStream: ByteStream {
    private var parts: [any ByteStream]
    private let alignment: Int
    private var index = 0
    private var countInPart = 0

    /// Streams `parts` in order, padding all but the last to a multiple of `alignment` bytes.
    package init(_ parts: [any ByteStream], alignment: Int = 4) {
        self.parts = parts
        self.alignment = max(1, alignment)
    }

    package mutating func next() throws(ImageFault) -> Bytes? {
        while index < parts.count {
            if let chunk = try parts[index].next() {
                countInPart = (countInPart + chunk.count) % alignment
                return chunk
            }
            let padding = (alignment - countInPart) % alignment
            index += 1
            countInPart = 0
            if padding > 0, index < parts.count { return Bytes([UInt8](repeating: 0, count: padding)) }
        }
        return nil
    }
}
