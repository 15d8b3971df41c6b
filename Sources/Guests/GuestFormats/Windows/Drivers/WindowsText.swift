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
        Array(String(decoding: bytes.utf16Units(isBigEndian: isBig), as: UTF16.self).utf8)
    }
}
