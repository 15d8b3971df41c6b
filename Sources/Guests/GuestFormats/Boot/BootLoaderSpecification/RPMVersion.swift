/// Comparison of versions as rpm does it (`rpmvercmp`), in the variants of boot loaders.
package enum RPMVersion {
    /// Less than, equal to or greater than zero as `left` is older than, as old as or newer than `right`.
    /// `~` sorts before everything. With `plusIsLower`, as in later versions of GRUB's `blscfg`, `+` sorts
    /// before everything except the end.
    package static func compare(_ left: String, _ right: String, plusIsLower: Bool = true) -> Int {
        var one = Array(left.utf8)[...]
        var two = Array(right.utf8)[...]
        if Array(one) == Array(two) { return 0 }
        func isKept(_ byte: UInt8) -> Bool {
            isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "~")
                || plusIsLower && byte == UInt8(ascii: "+")
        }
        while !one.isEmpty || !two.isEmpty {
            one = one.drop { !isKept($0) }
            two = two.drop { !isKept($0) }
            let tildes = (one.first == UInt8(ascii: "~"), two.first == UInt8(ascii: "~"))
            if tildes.0 || tildes.1 {
                if !tildes.0 { return 1 }
                if !tildes.1 { return -1 }
                one = one.dropFirst()
                two = two.dropFirst()
                continue
            }
            let pluses = (one.first == UInt8(ascii: "+"), two.first == UInt8(ascii: "+"))
            if plusIsLower, pluses.0 || pluses.1 {
                if one.isEmpty { return -1 }
                if two.isEmpty { return 1 }
                if !pluses.0 { return 1 }
                if !pluses.1 { return -1 }
                one = one.dropFirst()
                two = two.dropFirst()
                continue
            }
            guard let first = one.first, !two.isEmpty else { break }
            let isNumber = isDigit(first)
            let belongs = isNumber ? isDigit : isLetter
            var segments = (one.prefix(while: belongs), two.prefix(while: belongs))
            one = one.dropFirst(segments.0.count)
            two = two.dropFirst(segments.1.count)
            if segments.1.isEmpty { return isNumber ? 1 : -1 }
            if isNumber {
                segments.0 = segments.0.drop { $0 == UInt8(ascii: "0") }
                segments.1 = segments.1.drop { $0 == UInt8(ascii: "0") }
                if segments.0.count != segments.1.count {
                    return segments.0.count > segments.1.count ? 1 : -1
                }
            }
            if segments.0.lexicographicallyPrecedes(segments.1) { return -1 }
            if segments.1.lexicographicallyPrecedes(segments.0) { return 1 }
        }
        if one.isEmpty, two.isEmpty { return 0 }
        return one.isEmpty ? -1 : 1
    }

    /// Compares names of BLS files as GRUB's `blscfg` does: split into name, version and release at the last
    /// two dashes (`split_cmp`).
    package static func compareEntryNames(_ left: String, _ right: String) -> Int {
        let (a, b) = (parts(left), parts(right))
        for index in 0..<3 {
            let order = compare(a[index], b[index])
            if order != 0 { return order }
        }
        return 0
    }

    /// Name, version and release; missing ones are empty, the name is filled first.
    private static func parts(_ text: String) -> [String] {
        let pieces = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        switch pieces.count {
        case ...1: return [text, "", ""]
        case 2: return [pieces[0], pieces[1], ""]
        default:
            return [
                pieces.dropLast(2).joined(separator: "-"), pieces[pieces.count - 2], pieces[pieces.count - 1],
            ]
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }
}
