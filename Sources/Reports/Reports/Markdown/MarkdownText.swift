/// Text made fit for GitHub Flavored Markdown: a guest's words stay words. They cannot open markup, HTML, a link, an
/// image, a heading, a code fence or a table cell, and nobody is mentioned by them.
///
/// Escapes of CommonMark do not stop what a forge looks for in the finished page (`@name`, `#1`, `www.`, `:smile:`):
/// there a zero-width space, written as `&#8203;`, stands between.
package enum MarkdownText {
    private static let proseLimit = 800
    private static let codeLimit = 400
    private static let lineLimit = 2000
    private static let gap = "&#8203;"

    /// A sentence within a paragraph or a table cell.
    package static func prose(_ text: String) -> String {
        let scalars = Array(shown(text, limit: proseLimit).unicodeScalars)
        // What begins a line begins a list, a rule or a heading there.
        var result = scalars.first.map { " -+=#0123456789".unicodeScalars.contains($0) } ?? false ? gap : ""
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\\", "`", "*", "_", "[", "]", "|", "~", "$":
                result += "\\"
                result.unicodeScalars.append(scalar)
            case "@": result += "@" + gap
            // A reference (#1, !1 of other forges), and a heading at the start of a line.
            case "#", "!": result += next == " " ? "\\\(scalar)" : "\(scalar)\(gap)"
            case ":" where next == "/" || opensEmoji(scalars[(index + 1)...]): result += ":" + gap
            case "." where isWord("www", before: index, in: scalars): result += gap + "."
            case "-" where isWord("gh", before: index, in: scalars): result += gap + "-"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A code span; line breaks and what a terminal would act on are shown as escapes.
    package static func code(_ text: String) -> String {
        let shown = shown(text, limit: codeLimit)
        guard !shown.isEmpty else { return "` `" }
        let fence = String(repeating: "`", count: longestRun(of: "`", in: shown) + 1)
        // One space at each end is taken away again when there is one at both.
        let isPadded =
            shown.hasPrefix("`") || shown.hasSuffix("`") || shown.hasPrefix(" ") || shown.hasSuffix(" ")
        return isPadded ? "\(fence) \(shown) \(fence)" : fence + shown + fence
    }

    /// A code span in a cell of a table, where a pipe ends the cell whatever it stands in.
    package static func cell(_ text: String) -> String { code(text).replacing("|", with: "\\|") }

    /// A fenced block. Its lines are shown whole, as they are to be copied; the fence is longer than any run of
    /// backticks in them.
    static func block(_ lines: [String], language: String) -> [String] {
        let shown = lines.map { MarkdownText.shown($0, limit: lineLimit) }
        let fence = String(
            repeating: "`", count: max(3, (shown.map { longestRun(of: "`", in: $0) }.max() ?? 0) + 1))
        return [fence + language] + shown + [fence]
    }

    private static func shown(_ text: String, limit: Int) -> String {
        // Escaping only lengthens: what lies beyond the limit need not be looked at.
        let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit + 1)))
        return TerminalText.cut(TerminalText.escaped(start), to: limit)
    }

    static func longestRun(of character: Unicode.Scalar, in text: String) -> Int {
        var (longest, run) = (0, 0)
        for scalar in text.unicodeScalars {
            run = scalar == character ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    /// Whether a colon before `rest` begins a shortcode: `:name:`.
    private static func opensEmoji(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
        let name = rest.prefix {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789_+-".unicodeScalars.contains($0))
        }
        return !name.isEmpty && name.endIndex < rest.endIndex && rest[name.endIndex] == ":"
    }

    private static func isWord(_ word: String, before index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        let count = word.unicodeScalars.count
        guard index >= count else { return false }
        return String(String.UnicodeScalarView(scalars[(index - count)..<index])).lowercased() == word
    }
}
