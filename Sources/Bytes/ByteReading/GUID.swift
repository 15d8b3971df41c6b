/// A 128-bit identifier.
public struct GUID: Hashable, Sendable, CustomStringConvertible {
    /// The sixteen bytes in the order in which they are printed.
    public let bytes: [UInt8]

    /// Sixteen bytes in printing order, as ext4, XFS and LVM store them (RFC 9562 §4).
    public init(bigEndian window: Bytes, at offset: Int = 0) throws(ImageFault) {
        bytes = try window.slice(at: offset, count: 16).array
    }

    /// Sixteen bytes as UEFI and Windows store them: the first three fields little-endian
    /// (UEFI Specification 2.10, appendix A).
    public init(mixedEndian window: Bytes, at offset: Int = 0) throws(ImageFault) {
        let raw = try window.slice(at: offset, count: 16).array
        bytes = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { raw[$0] }
    }

    /// Parses `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in either case; nil for anything else.
    public init?(_ text: String) {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = groups.joined().compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 32 else { return nil }
        bytes = (0..<16).map { UInt8(digits[2 * $0] * 16 + digits[2 * $0 + 1]) }
    }

    /// Whether every byte is zero, which tables use for "none".
    public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Lower-case text, as the kernel and udev print it.
    public var description: String {
        let hex = Hexadecimal.lower(bytes)
        var text = ""
        for (index, character) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }
}

/// Hexadecimal text of bytes and numbers.
public enum Hexadecimal {
    /// Two lower-case digits per byte.
    public static func lower(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        var text = ""
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// `value` in lower-case digits, padded with zeros to `width`.
    public static func lower(_ value: some BinaryInteger, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
