/// Text and addresses as SARIF wants them.
package enum SARIFText {
    private static let limit = 4000

    /// A message of plain text. What a viewer would take for one of its placeholders (`{0}`) or embedded links
    /// (`[text](target)`) is escaped (SARIF 2.1.0, 3.11.5 and 3.11.6); other text stays as it is.
    static func message(_ text: String) -> SARIF.Message {
        let scalars = Array(text.unicodeScalars.prefix(limit))
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            if scalar == "{", isPlaceholder(scalars[(index + 1)...]) {
                result.append("{")
            } else if scalar == "]", index + 1 < scalars.count, scalars[index + 1] == "(" {
                result.append("\\")
            } else if scalar == "}", isPlaceholderEnd(scalars[..<index]) {
                result.append("}")
            }
            result.append(scalar)
        }
        return SARIF.Message(text: String(result) + (text.unicodeScalars.count > limit ? "…" : ""))
    }

    private static func isPlaceholder(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
        let digits = rest.prefix(10).prefix { ("0"..."9").contains($0) }
        return !digits.isEmpty && digits.endIndex < rest.endIndex && rest[digits.endIndex] == "}"
    }

    private static func isPlaceholderEnd(_ before: ArraySlice<Unicode.Scalar>) -> Bool {
        let digits = before.suffix(10).reversed().prefix { ("0"..."9").contains($0) }.count
        let open = before.endIndex - digits - 1
        return digits > 0 && before.indices.contains(open) && before[open] == "{"
    }

    /// The address of a file of the host: `file:///…` for an absolute path, a relative reference for another.
    static func uri(hostPath path: String) -> String {
        (path.hasPrefix("/") ? "file://" : "") + URIText.encoded(path)
    }

    /// The address of a file within its volume, from the root of that; nil for what is no path of a file, like a key
    /// of the registry.
    static func uri(guestPath path: String) -> String? {
        if path.hasPrefix("/") { return nonEmpty(URIText.encoded(String(path.drop { $0 == "/" }))) }
        // C:\Windows\… is the volume itself, whatever letter it has.
        let drive = path.prefix(3)
        guard drive.count == 3, drive.hasSuffix(":\\"), drive.first?.isLetter == true else { return nil }
        return nonEmpty(URIText.encoded(String(path.dropFirst(3).replacing("\\", with: "/"))))
    }

    private static func nonEmpty(_ text: String) -> String { text.isEmpty ? "." : text }

    /// A name of 16 digits for `parts`, the same on every machine and in every run (FNV-1a, 64 bits).
    package static func fingerprint(_ parts: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            // A byte that no UTF-8 holds keeps the parts apart.
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
