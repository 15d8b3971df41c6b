/// Shell patterns as fnmatch(3) without flags reads them: `*`, `?`, `[a-z]`, `[!a]`, `\x`.
package enum Glob {
    /// Whether `pattern` matches all of `text`. Linear in memory, no recursion: only the last `*` is retried.
    package static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var p = 0
        var t = 0
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, t)
                p += 1
            } else if p < pattern.count, let next = one(pattern, p, text[t]) {
                p = next
                t += 1
            } else if let (afterStar, from) = star {
                p = afterStar
                t = from + 1
                star = (afterStar, t)
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }

    /// Whether `pattern` matches all of `text`.
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(Array(pattern.utf8), Array(text.utf8))
    }

    /// Matches one byte; returns the position behind the pattern's element, or nil.
    private static func one(_ pattern: [UInt8], _ p: Int, _ byte: UInt8) -> Int? {
        switch pattern[p] {
        case UInt8(ascii: "?"): return p + 1
        case UInt8(ascii: "\\") where p + 1 < pattern.count: return pattern[p + 1] == byte ? p + 2 : nil
        case UInt8(ascii: "["):
            guard let (end, isMatch) = set(pattern, p + 1, byte) else {
                return byte == pattern[p] ? p + 1 : nil
            }
            return isMatch ? end : nil
        default: return pattern[p] == byte ? p + 1 : nil
        }
    }

    private static func set(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> (end: Int, isMatch: Bool)? {
        var p = start
        var negated = false
        if p < pattern.count, pattern[p] == UInt8(ascii: "!") || pattern[p] == UInt8(ascii: "^") {
            negated = true
            p += 1
        }
        var isMatch = false
        let first = p
        while p < pattern.count {
            if pattern[p] == UInt8(ascii: "]"), p > first { return (p + 1, isMatch != negated) }
            if p + 2 < pattern.count, pattern[p + 1] == UInt8(ascii: "-"), pattern[p + 2] != UInt8(ascii: "]")
            {
                if pattern[p] <= byte, byte <= pattern[p + 2] { isMatch = true }
                p += 3
            } else {
                if pattern[p] == byte { isMatch = true }
                p += 1
            }
        }
        return nil
    }
}
