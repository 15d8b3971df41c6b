/// Comparison of versions as systemd-boot does it (UAPI version format specification;
/// src/fundamental/string-util-fundamental.c, `strverscmp_improved`).
package enum SystemdVersion {
    /// Less than, equal to or greater than zero as `left` is older than, as old as or newer than `right`.
    package static func compare(_ left: String, _ right: String) -> Int {
        var a = Array(left.utf8)[...]
        var b = Array(right.utf8)[...]
        while true {
            a = a.drop { !isKept($0) }
            b = b.drop { !isKept($0) }
            // `~` makes what follows older than nothing at all.
            if let order = separator("~", &a, &b) { return order }
            guard !a.isEmpty, !b.isEmpty else { return a.isEmpty ? (b.isEmpty ? 0 : -1) : 1 }
            for sign: Unicode.Scalar in ["-", "^", "."] {
                if let order = separator(sign, &a, &b) { return order }
            }
            let isNumber = a.first.map(isDigit) == true || b.first.map(isDigit) == true
            let belongs = isNumber ? isDigit : isLetter
            var segments = (a.prefix(while: belongs), b.prefix(while: belongs))
            a = a.dropFirst(segments.0.count)
            b = b.dropFirst(segments.1.count)
            if isNumber {
                // A number is newer than letters.
                if segments.0.isEmpty != segments.1.isEmpty { return segments.0.isEmpty ? -1 : 1 }
                segments.0 = segments.0.drop { $0 == UInt8(ascii: "0") }
                segments.1 = segments.1.drop { $0 == UInt8(ascii: "0") }
                if segments.0.count != segments.1.count {
                    return segments.0.count < segments.1.count ? -1 : 1
                }
            }
            if segments.0.lexicographicallyPrecedes(segments.1) { return -1 }
            if segments.1.lexicographicallyPrecedes(segments.0) { return 1 }
        }
    }

    /// Where one side begins with the separator and the other does not, the one with it is older.
    private static func separator(
        _ sign: Unicode.Scalar, _ a: inout ArraySlice<UInt8>, _ b: inout ArraySlice<UInt8>
    ) -> Int? {
        let has = (a.first == UInt8(ascii: sign), b.first == UInt8(ascii: sign))
        if has.0 != has.1 { return has.0 ? -1 : 1 }
        if has.0 {
            a = a.dropFirst()
            b = b.dropFirst()
        }
        return nil
    }

    private static func isKept(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "~") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "^") || byte == UInt8(ascii: ".")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }
}
