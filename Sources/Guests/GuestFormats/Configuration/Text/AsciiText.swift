/// Work on pieces of lines, byte by byte, as the programs do whose files these are.
package enum AsciiText {
    /// A piece of a line.
    package typealias Piece = ArraySlice<UInt8>

    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09

    /// Space or tab.
    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// What C's `isspace` is true for.
    @inline(__always) static func isSpace(_ byte: UInt8) -> Bool {
        byte == space || (byte >= 9 && byte <= 13)
    }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    @inline(__always) static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    /// A byte that may stand in the name of a shell variable.
    @inline(__always) static func isName(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == 0x5F }

    /// The text of `piece`; what is not UTF-8 becomes U+FFFD.
    static func string(_ piece: Piece) -> String { String(decoding: piece, as: UTF8.self) }

    /// `piece` without what `drop` is true for at both ends.
    static func trimmed(_ piece: Piece, _ drop: (UInt8) -> Bool = isSpace) -> Piece {
        var piece = piece
        while let first = piece.first, drop(first) { piece = piece.dropFirst() }
        while let last = piece.last, drop(last) { piece = piece.dropLast() }
        return piece
    }

    /// `text` without white space at both ends.
    static func trimmed(_ text: String) -> String { string(trimmed(Array(text.utf8)[...])) }

    /// The runs between separators; empty ones are left out.
    static func words(_ piece: Piece, separator: (UInt8) -> Bool = isSpace) -> [Piece] {
        piece.split(omittingEmptySubsequences: true, whereSeparator: separator)
    }

    /// The words of `text` as text.
    static func words(_ text: String) -> [String] { words(Array(text.utf8)[...]).map(string) }

    /// Parts of `text` at `separator`, trimmed; empty ones are left out.
    static func list(_ text: String, separatedBy separator: Character) -> [String] {
        text.split(separator: separator).map { trimmed(String($0)) }.filter { !$0.isEmpty }
    }

    /// `text` split at the first `separator`; nil without one.
    static func split(_ piece: Piece, at separator: UInt8) -> (Piece, Piece)? {
        guard let index = piece.firstIndex(of: separator) else { return nil }
        return (piece[..<index], piece[(index + 1)...])
    }

    /// `text` split at the first `separator`; nil without one.
    static func split(_ text: String, at separator: Character) -> (String, String)? {
        guard let index = text.firstIndex(of: separator) else { return nil }
        return (String(text[..<index]), String(text[text.index(after: index)...]))
    }

    /// ASCII letters in lower case; everything else as it is.
    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// Whether two texts are equal but for the case of ASCII letters.
    static func equalIgnoringCase(_ a: String, _ b: String) -> Bool { lowercased(a) == lowercased(b) }

    /// What is between quotes of one kind around the whole of `text`, or `text` as it is.
    static func unquoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, let first = bytes.first, first == 0x22 || first == 0x27, bytes.last == first
        else { return text }
        return string(bytes[1..<(bytes.count - 1)])
    }

    /// systemd's and many others' idea of a boolean; nil for anything else (`parse_boolean` of systemd).
    static func boolean(_ text: String) -> Bool? {
        switch lowercased(text) {
        case "1", "yes", "y", "true", "t", "on": true
        case "0", "no", "n", "false", "f", "off": false
        default: nil
        }
    }

    /// A decimal number of digits alone.
    static func number(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 18, bytes.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }
}
