/// Numbers as GRUB's `grub_strtoul` reads them (grub-core/kern/misc.c).
enum GrubNumber {
    /// The number at the start of `text` and what follows it; nil when there is none. Leading blanks are
    /// skipped, `0x` means base 16 and `0` followed by an octal digit base 8.
    static func leading(_ text: String, base fixed: UInt64 = 0) -> (value: UInt64, rest: String)? {
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, isSpace(first) { bytes = bytes.dropFirst() }
        var base = fixed == 0 ? 10 : fixed
        if bytes.first == UInt8(ascii: "0"), let second = bytes.dropFirst().first {
            if second == UInt8(ascii: "x"), fixed == 0 || fixed == 16 {
                base = 16
                bytes = bytes.dropFirst(2)
            } else if fixed == 0, second >= UInt8(ascii: "0"), second <= UInt8(ascii: "7") {
                base = 8
            }
        }
        var value: UInt64 = 0
        var isFound = false
        while let byte = bytes.first, let digit = digit(byte), digit < base {
            isFound = true
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
            bytes = bytes.dropFirst()
        }
        return isFound ? (value, String(decoding: bytes, as: UTF8.self)) : nil
    }

    /// The number as `test` reads it: with a sign, and 0 when there is none.
    static func signed(_ text: String) -> Int64 {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = isNegative ? String(text.dropFirst()) : text
        let value = Int64(truncatingIfNeeded: leading(digits)?.value ?? 0)
        return isNegative ? 0 &- value : value
    }

    /// Whether a number starts `text`, even one that is too large.
    static func startsWithDigit(_ text: String) -> Bool {
        guard let first = text.utf8.first(where: { !isSpace($0) }) else { return false }
        return digit(first).map { $0 < 10 } ?? false
    }

    /// Whether C's `isspace` holds.
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 9 && byte <= 13) }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
