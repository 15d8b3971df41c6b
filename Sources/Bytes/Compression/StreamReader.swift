package import ByteReading

/// Reads a `ByteStream` by counts instead of chunks, and knows how far it has come.
///
/// A class, because what decompresses one part of a file and what reads the next part share the position.
package final class StreamReader {
    private var source: any ByteStream
    private var chunk = Bytes([])
    private var ended = false
    /// Bytes consumed so far.
    package private(set) var position: UInt64 = 0

    /// Reads `source` from where it stands.
    package init(_ source: any ByteStream) {
        self.source = source
    }

    /// What has been fetched and not consumed: empty only at the end of the stream.
    package func window() throws(ImageFault) -> Bytes {
        while chunk.isEmpty, !ended {
            if let next = try source.next() { chunk = next } else { ended = true }
        }
        return chunk
    }

    /// Whether nothing follows.
    package func isAtEnd() throws(ImageFault) -> Bool {
        try window().isEmpty
    }

    /// Consumes `count` bytes of the window.
    package func advance(_ count: Int) {
        let step = min(count, chunk.count)
        chunk = chunk.dropFirst(step)
        position &+= UInt64(step)
    }

    /// The next bytes, at least `count` of them unless the stream ends before; nothing is consumed.
    package func peek(_ count: Int) throws(ImageFault) -> Bytes {
        var window = try window()
        guard window.count < count else { return window }
        var joined = window.array
        while joined.count < count, !ended {
            if let next = try source.next() {
                joined += next.array
            } else {
                ended = true
            }
        }
        window = Bytes(joined, origin: position)
        chunk = window
        return window
    }

    /// The next `count` bytes, or as many as there are; consumes them.
    package func read(_ count: Int) throws(ImageFault) -> Bytes {
        let bytes = try peek(count).prefix(count)
        advance(bytes.count)
        return bytes
    }

    /// Skips `count` bytes; returns how many there were to skip.
    @discardableResult package func skip(_ count: UInt64) throws(ImageFault) -> UInt64 {
        var left = count
        while left > 0 {
            let window = try window()
            guard !window.isEmpty else { break }
            let step = Int(min(left, UInt64(window.count)))
            advance(step)
            left -= UInt64(step)
        }
        return count - left
    }

    /// Skips bytes that are zero; returns the byte that follows, or nil at the end.
    package func skipZeros() throws(ImageFault) -> UInt8? {
        while true {
            let window = try window()
            guard !window.isEmpty else { return nil }
            let zeros = window.withSpan { span in
                var index = 0
                while index < span.count, span[index] == 0 { index += 1 }
                return index
            }
            advance(zeros)
            if zeros < window.count { return try window.byte(at: zeros) }
        }
    }
}

extension StreamReader: ByteStream {
    package func next() throws(ImageFault) -> Bytes? {
        let window = try window()
        advance(window.count)
        return window.isEmpty ? nil : window
    }
}
