package import ByteReading

/// Where a value stands: file, line and what the line says. Every value a configuration parser returns has one,
/// so that a finding can show it.
package struct SourceLine: Hashable, Sendable, CustomStringConvertible {
    /// The path of the file inside the guest, as the caller named it.
    package let file: String
    /// The line, counted from 1. A value that spans lines has the number of its first.
    package let line: Int
    /// The text of the line without its line end, cut after 200 characters. Hostile text: escape before showing.
    package let excerpt: String

    /// A line of `file`.
    package init(file: String, line: Int, excerpt: String) {
        self.file = file
        self.line = line
        self.excerpt = excerpt.utf8.count <= 200 ? excerpt : String(excerpt.prefix(200)) + "…"
    }

    /// `/etc/fstab:3`.
    package var description: String { "\(file):\(line)" }
}

/// A configuration file that has been read: its path and what is in it.
package struct ConfigurationFile: Sendable {
    /// The path inside the guest.
    package let path: String
    /// What is in it.
    package let bytes: Bytes

    /// A file at `path`.
    package init(path: String, bytes: Bytes) {
        self.path = path
        self.bytes = bytes
    }
}

/// A yes or no that may be open, because it depends on what only the running guest knows.
package enum Ternary: String, Sendable, Hashable {
    case yes
    case no
    case unknown

    /// `yes` or `no`.
    package init(_ value: Bool) { self = value ? .yes : .no }

    /// Both hold: `no` as soon as one is `no`.
    package static func && (a: Ternary, b: Ternary) -> Ternary {
        if a == .no || b == .no { return .no }
        return a == .yes && b == .yes ? .yes : .unknown
    }

    /// Either holds: `yes` as soon as one is `yes`.
    package static func || (a: Ternary, b: Ternary) -> Ternary {
        if a == .yes || b == .yes { return .yes }
        return a == .no && b == .no ? .no : .unknown
    }

    /// The opposite; what is open stays open.
    package static prefix func ! (a: Ternary) -> Ternary {
        switch a {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }
}
