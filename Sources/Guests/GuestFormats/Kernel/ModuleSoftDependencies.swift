package import ByteReading

/// Modules that should be loaded before or after another, where they exist (`modules.softdep`, and `softdep`
/// lines in modprobe.d(5)). A missing one is no error.
package struct ModuleSoftDependencies: Sendable {
    /// Before and after, as written: names or aliases.
    package struct Entry: Sendable, Hashable {
        /// Loaded before.
        package var before: [String] = []
        /// Loaded after.
        package var after: [String] = []
    }

    /// By normalised name.
    package private(set) var entries: [String: Entry] = [:]

    /// Parses `modules.softdep`.
    package init(parsing bytes: Bytes) {
        for line in TextLines(bytes) where line.starts(with: "softdep") { add(line.words) }
    }

    mutating func add(_ words: [String]) {
        guard words.count >= 3, words[0] == "softdep" else { return }
        var entry = entries[ModuleName.normalized(words[1])] ?? Entry()
        var isAfter = false
        for word in words.dropFirst(2) {
            switch word {
            case "pre:": isAfter = false
            case "post:": isAfter = true
            default:
                if isAfter { entry.after.append(word) } else { entry.before.append(word) }
            }
        }
        entries[ModuleName.normalized(words[1])] = entry
    }
}
