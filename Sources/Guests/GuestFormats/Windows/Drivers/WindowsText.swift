import ByteReading

/// Text files of Windows, which say what they are encoded in by their first bytes or not at all.
enum WindowsText {
    /// UTF-8 of a text in UTF-16 (either order, also without a mark), UTF-8 or a code page of the system. Of a code
    /// page only ASCII is certain; other bytes become U+FFFD later.
    static func utf8(_ bytes: Bytes) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return bytes.dropFirst(3).array }
        if bytes.starts(with: [0xFF, 0xFE]) { return wide(bytes.dropFirst(2), isBig: false) }
        if bytes.starts(with: [0xFE, 0xFF]) { return wide(bytes.dropFirst(2), isBig: true) }
        let head = bytes.prefix(2).array
        // Such a file begins with an ASCII character: a comment, a bracket, a line end.
        if head.count == 2, head[0] != 0, head[1] == 0 { return wide(bytes, isBig: false) }
        if head.count == 2, head[0] == 0, head[1] != 0 { return wide(bytes, isBig: true) }
        return bytes.array
    }

    private static func wide(_ bytes: Bytes, isBig: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        bytes.withSpan { span in
            var index = 0
            while index + 1 < span.count {
                let first = UInt16(span[index])
                let second = UInt16(span[index + 1])
                units.append(isBig ? first << 8 | second : second << 8 | first)
                index += 2
            }
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
