internal import Mustache

/// How guest text becomes text of an HTML page, in its content and its attributes alike.
///
/// The escaping that comes with the templates goes by grapheme clusters: a quotation mark with an accent on it
/// passes, and ends an attribute all the same. A browser goes by code points, and so does this. What a terminal
/// must not get (controls, marks that turn the reading direction, what cannot be seen) is shown as `\u{202e}`;
/// line breaks and tabs stay, for blocks of several lines.
struct MarkupText: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var result = ""
        var line = ""
        var isAfterReturn = false
        func flush() {
            for scalar in TerminalText.escaped(line).unicodeScalars {
                switch scalar {
                case "&": result += "&amp;"
                case "<": result += "&lt;"
                case ">": result += "&gt;"
                case "\"": result += "&quot;"
                case "'": result += "&#39;"
                default: result.unicodeScalars.append(scalar)
                }
            }
            line = ""
        }
        for scalar in text.unicodeScalars {
            // A carriage return belongs to the line break behind it; alone it is shown.
            if isAfterReturn, scalar != "\n" { line.unicodeScalars.append("\r") }
            isAfterReturn = scalar == "\r"
            switch scalar {
            case "\r": break
            case "\n", "\t":
                flush()
                result.unicodeScalars.append(scalar)
            default: line.unicodeScalars.append(scalar)
            }
        }
        if isAfterReturn { line.unicodeScalars.append("\r") }
        flush()
        return result
    }
}
