/// Patterns of `*` and `?`, as boot loaders compare file names with.
package enum BootGlob {
    /// Whether `name` matches `pattern`. Takes at most the product of both lengths.
    package static func matches(_ name: String, _ pattern: String, isCaseSensitive: Bool = true) -> Bool {
        func folded(_ text: String) -> [UInt8] {
            text.utf8.map {
                !isCaseSensitive && $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 + 32 : $0
            }
        }
        let name = folded(name)
        let pattern = folded(pattern)
        var (n, p) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                n += 1
                p += 1
            } else if let back = star {
                star = (back.pattern, back.name + 1)
                p = back.pattern + 1
                n = back.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
