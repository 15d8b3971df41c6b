/// One name in a directory. Names are bytes: ext4 names need not be UTF-8, and two names are the same only
/// when their bytes are.
package struct FileName: Hashable, Sendable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes of the name, without a terminator.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { bytes = Array(text.utf8) }

    package static func < (a: FileName, b: FileName) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }

    /// The name as text; what is not UTF-8 becomes U+FFFD. For people and messages, never for comparing.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
