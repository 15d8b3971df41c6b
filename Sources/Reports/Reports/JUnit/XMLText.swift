/// Text made fit for XML 1.0: no guest text closes an attribute, an element or a CDATA section, and what XML cannot
/// hold at all (section 2.2: most control characters, U+FFFE, U+FFFF) is shown as `\u{1b}`, as are the characters that
/// mislead readers.
enum XMLText {
    /// The value of an attribute. Line breaks are written as references: a parser would turn them into spaces.
    static func attribute(_ text: String) -> String { escaped(text, isAttribute: true) }

    /// Character data.
    static func content(_ text: String) -> String { escaped(text, isAttribute: false) }

    private static func escaped(_ text: String, isAttribute: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            // `]]>` may not stand in character data.
            case ">": result += "&gt;"
            case "\"": result += isAttribute ? "&quot;" : "\""
            case "\n": result += isAttribute ? "&#10;" : "\n"
            case "\t": result += isAttribute ? "&#9;" : "\t"
            default:
                if TerminalText.isHarmful(scalar) {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
