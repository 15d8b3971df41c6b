package import ByteReading

/// `loader/loader.conf` of systemd-boot (loader.conf(5)).
package struct SystemdBootConfiguration: Sendable {
    /// What `default` names: a pattern of entry identifiers, or `@saved`.
    package let defaultPattern: String?
    /// What `preferred` names (systemd 258 and later): like `default`, passed over once its starts are used up.
    package let preferredPattern: String?
    /// Seconds until the default entry starts; nil when it is not set (0, no menu) or `menu-force` (forever).
    package let timeout: Int?
    /// Whether the menu waits for a key forever.
    package let waitsForever: Bool

    /// Reads the file; lines that are not understood are passed over, as systemd-boot does.
    package init(parsing bytes: Bytes) {
        var pattern: String?
        var preferred: String?
        var timeout: Int?
        var waits = false
        for line in bytes.array.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        ) {
            let words = line.split(maxSplits: 1, whereSeparator: GrubNumber.isSpace).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard words.count == 2, !words[0].hasPrefix("#") else { continue }
            var value = String(decoding: words[1].utf8.drop(while: GrubNumber.isSpace), as: UTF8.self)
            while let last = value.utf8.last, GrubNumber.isSpace(last) { value = String(value.dropLast()) }
            if value.utf8.count >= 2, let quote = value.first, quote == value.last,
                quote == "\"" || quote == "'"
            {
                value = String(value.dropFirst().dropLast())
            }
            switch words[0] {
            case "default": pattern = value
            case "preferred": preferred = value
            case "timeout":
                waits = value == "menu-force"
                timeout = Int(value).flatMap { $0 >= 0 ? $0 : nil }
            default: break
            }
        }
        defaultPattern = pattern
        preferredPattern = preferred
        self.timeout = timeout
        waitsForever = waits
    }
}
