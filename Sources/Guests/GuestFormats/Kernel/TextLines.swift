package import ByteReading

/// The lines of a text file from a guest, one at a time, without making a copy of the whole.
package struct TextLines: Sequence, IteratorProtocol {
    private let bytes: Bytes
    private var position = 0

    /// Splits `bytes` at line feeds; a carriage return before one belongs to the line end.
    package init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    package mutating func next() -> Bytes? {
        guard position < bytes.count else { return nil }
        let start = position
        let end = bytes.withSpan { span in
            var index = start
            while index < span.count, span[index] != UInt8(ascii: "\n") { index += 1 }
            return index
        }
        position = end + 1
        let line = bytes.dropFirst(start).prefix(end - start)
        let hasReturn = (try? line.byte(at: line.count - 1)) == UInt8(ascii: "\r")
        return hasReturn ? line.prefix(line.count - 1) : line
    }
}

extension Bytes {
    /// The words between blanks and tabs, as text.
    package var words: [String] {
        array.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
