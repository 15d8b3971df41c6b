/// Builds text line by line. Everything put on it is escaped here and nowhere else, so no guest text can reach
/// the terminal raw; colours are added by the canvas alone.
package struct TextCanvas {
    package let style: TextStyle
    package private(set) var lines: [String] = []

    package init(_ style: TextStyle) { self.style = style }

    /// The whole text, with a line feed at its end.
    package var text: String { lines.map { $0 + "\n" }.joined() }

    /// Adds an empty line, unless there is one already or nothing before it.
    package mutating func gap() {
        if let last = lines.last, !last.isEmpty { lines.append("") }
    }

    /// Adds one line as it is, however long: for commands that are to be copied.
    package mutating func line(_ pieces: [Piece], indent: Int = 0) {
        var text = String(repeating: " ", count: indent)
        for piece in pieces { text += painted(Piece(limited(piece.text), piece.ink)) }
        while text.last == " " { text.removeLast() }
        lines.append(text)
    }

    /// Adds one line of plain text.
    package mutating func line(_ text: String, _ ink: Ink = .plain, indent: Int = 0) {
        line([Piece(text, ink)], indent: indent)
    }

    /// Adds one line, cut where the page ends.
    package mutating func cutLine(_ pieces: [Piece], indent: Int = 0) {
        var room = style.width - indent
        var kept: [Piece] = []
        for piece in pieces where room > 0 {
            let text = TerminalText.cut(shown(piece.text), to: room, ellipsis: style.unicode ? "…" : "...")
            room -= TerminalText.width(text)
            kept.append(Piece(text, piece.ink))
        }
        line(kept, indent: indent)
    }

    /// Adds a paragraph: `head`, then `text` word by word, broken at the page's width; further lines begin at
    /// `indent` plus `hang` columns.
    package mutating func paragraph(
        head: [Piece] = [], _ text: String, _ ink: Ink = .plain, indent: Int = 0, hang: Int = 0
    ) {
        let words = limited(text).split(separator: " ").map { Piece(String($0), ink) }
        flow(head, words, between: " ", indent: indent, hang: hang)
    }

    /// Adds `items`, each of which stays whole, broken at the page's width.
    ///
    /// - Parameter continuing: what further lines begin with.
    package mutating func flow(
        _ head: [Piece] = [], _ items: [Piece], between: String, indent: Int, hang: Int,
        continuing: [Piece] = []
    ) {
        var current = head
        var used = indent + head.reduce(0) { $0 + TerminalText.width(shown($1.text)) }
        var isStart = true
        var margin = indent
        for item in items {
            let width = TerminalText.width(shown(item.text))
            let gap = isStart ? 0 : between.count
            if !isStart, used + gap + width > style.width {
                line(current, indent: margin)
                current = continuing
                margin = indent + hang
                used = margin + continuing.reduce(0) { $0 + TerminalText.width(shown($1.text)) }
                isStart = true
            }
            if !isStart { current.append(Piece(between)) }
            current.append(item)
            used += (isStart ? 0 : gap) + width
            isStart = false
        }
        line(current, indent: margin)
    }

    /// The most one piece may take: a guest's word must not fill the screen.
    private static let pieceLimit = 800

    private func limited(_ text: String) -> String {
        // Escaping can only lengthen, so what lies beyond the limit need not be looked at.
        let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(TextCanvas.pieceLimit + 1)))
        return TerminalText.cut(
            shown(start), to: TextCanvas.pieceLimit, ellipsis: style.unicode ? "…" : "...")
    }

    /// What is shown of `text`: escaped, and in ASCII where that is all there is.
    package func shown(_ text: String) -> String {
        guard !style.unicode else { return TerminalText.escaped(text) }
        var plain = ""
        for character in text { plain += TextCanvas.asciiForms[character] ?? String(character) }
        return TerminalText.escaped(plain, unicode: false)
    }

    /// Stand-ins for the few characters that our own sentences use.
    private static let asciiForms: [Character: String] = [
        "✓": "ok", "✗": "FAILS", "›": ">", "…": "...", "·": "-", "–": "-", "—": "-", "“": "\"", "”": "\"",
        "’": "'",
        "├": "|", "└": "`", "─": "-", "│": "|",
    ]

    private func painted(_ piece: Piece) -> String {
        guard style.colour, let sequence = piece.ink.sequence, !piece.text.isEmpty else { return piece.text }
        return sequence + piece.text + "\u{1b}[0m"
    }
}
