/// A shell pattern: `*`, `?`, `[a-z]`, `[!a-z]`, `\x` (fnmatch(3) without flags, so `*` matches `/` too).
///
/// Matching takes time proportional to pattern times text at most; there is no backtracking beyond the last `*`.
package struct FileNamePattern: Hashable, Sendable {
    /// The pattern as written.
    package let text: String
    private let pattern: [UInt8]

    /// A pattern.
    package init(_ text: String) {
        self.text = text
        pattern = Array(text.utf8)
    }

    /// Whether the pattern has a character with a meaning of its own.
    package var isGlob: Bool { pattern.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B } }

    /// The text before the first character with a meaning of its own.
    package var literalPrefix: String {
        AsciiText.string(pattern.prefix { $0 != 0x2A && $0 != 0x3F && $0 != 0x5B && $0 != 0x5C })
    }

    /// Whether the pattern matches the whole of `name`.
    package func matches(_ name: String) -> Bool {
        let name = Array(name.utf8)
        var position = 0
        var index = 0
        var starPosition: Int?
        var starIndex = 0
        while index < name.count {
            if position < pattern.count, pattern[position] == 0x2A {
                starPosition = position
                starIndex = index
                position += 1
            } else if let next = step(position, name[index]) {
                position = next
                index += 1
            } else if let star = starPosition {
                starIndex += 1
                index = starIndex
                position = star + 1
            } else {
                return false
            }
        }
        while position < pattern.count, pattern[position] == 0x2A { position += 1 }
        return position == pattern.count
    }

    /// The position after the element at `position` if that matches `byte`.
    private func step(_ position: Int, _ byte: UInt8) -> Int? {
        guard position < pattern.count else { return nil }
        switch pattern[position] {
        case 0x3F:
            return position + 1
        case 0x5C where position + 1 < pattern.count:
            return pattern[position + 1] == byte ? position + 2 : nil
        case 0x5B:
            guard let (end, matches) = bracket(position, byte) else {
                return byte == 0x5B ? position + 1 : nil
            }
            return matches ? end : nil
        default:
            return pattern[position] == byte ? position + 1 : nil
        }
    }

    /// The bracket expression at `position`: where it ends and whether it matches; nil when it is not closed.
    private func bracket(_ position: Int, _ byte: UInt8) -> (end: Int, matches: Bool)? {
        var index = position + 1
        var negated = false
        if index < pattern.count, pattern[index] == 0x21 || pattern[index] == 0x5E {
            negated = true
            index += 1
        }
        var found = false
        var isFirst = true
        while index < pattern.count, isFirst || pattern[index] != 0x5D {
            isFirst = false
            let low = pattern[index]
            if index + 2 < pattern.count, pattern[index + 1] == 0x2D, pattern[index + 2] != 0x5D {
                if low <= byte, byte <= pattern[index + 2] { found = true }
                index += 3
            } else {
                if low == byte { found = true }
                index += 1
            }
        }
        guard index < pattern.count else { return nil }
        return (index + 1, found != negated)
    }
}
