/// What the place the text goes to can show.
public struct TextStyle: Sendable, Hashable {
    /// Whether escape sequences for colours may be used.
    public var colour: Bool
    /// Columns to a line.
    public var width: Int
    /// Whether characters outside ASCII can be shown.
    public var unicode: Bool

    /// A style; the width is held between 40 and 120 columns, what is wider is hard to read.
    public init(colour: Bool = false, width: Int = 80, unicode: Bool = true) {
        self.colour = colour
        self.width = min(120, max(40, width))
        self.unicode = unicode
    }
}

/// What a piece of text is, as far as its colour goes.
package enum Ink: Sendable {
    case plain, strong, quiet, good, bad, warning

    var sequence: String? {
        switch self {
        case .plain: nil
        case .strong: "\u{1b}[1m"
        case .quiet: "\u{1b}[2m"
        case .good: "\u{1b}[32m"
        case .bad: "\u{1b}[31m"
        case .warning: "\u{1b}[33m"
        }
    }
}

/// A piece of text in one ink.
package struct Piece: Sendable {
    package var text: String
    package var ink: Ink

    package init(_ text: String, _ ink: Ink = .plain) {
        self.text = text
        self.ink = ink
    }
}
