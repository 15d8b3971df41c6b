/// Guest text made fit for a terminal: nothing that moves the cursor, changes colours, reverses the reading
/// direction or hides reaches it. What is escaped is shown as `\n`, `\t` or `\u{1b}`.
public enum TerminalText {
    /// Whether a terminal or a reader could be misled by `scalar`: control and format characters, separators
    /// of lines, private and unassigned code points.
    public static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            true
        // U+3164 and its kin are letters that look like nothing.
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    /// `text` with everything harmful escaped, and everything outside ASCII too unless `unicode`.
    public static func escaped(_ text: String, unicode: Bool = true) -> String {
        var result = ""
        var marks = 0
        for scalar in text.unicodeScalars {
            let isMark = isCombining(scalar)
            marks = isMark ? marks + 1 : 0
            // A letter with more than four marks is meant to run over its neighbours.
            if isHarmful(scalar) || (!unicode && scalar.value > 0x7E) || marks > 4 {
                result += escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }

    /// The name of a guest's file: like `escaped`, with a backslash doubled so that no two names look alike.
    /// Bytes that are no UTF-8 are shown as `\xNN`.
    public static func escapedName(_ bytes: [UInt8], unicode: Bool = true) -> String {
        if let text = String(validating: bytes, as: UTF8.self) {
            return text.split(separator: "\\", omittingEmptySubsequences: false)
                .map { escaped(String($0), unicode: unicode) }.joined(separator: "\\\\")
        }
        return bytes.map { byte in
            switch byte {
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20..<0x7F: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: true
        default: false
        }
    }

    /// How many columns `text` takes: wide characters of East Asia and emoji count twice, marks not at all.
    public static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case ..<0x300: 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default: isCombining(scalar) ? 0 : 1
        }
    }

    /// `text` cut to `columns`, the last of them an ellipsis when something was cut off.
    public static func cut(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
        guard width(text) > columns else { return text }
        var result = ""
        var used = width(ellipsis)
        for scalar in text.unicodeScalars {
            used += width(scalar)
            if used > columns { break }
            result.unicodeScalars.append(scalar)
        }
        return result + ellipsis
    }

    /// `text` filled up with spaces to `columns`.
    public static func padded(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }
}
