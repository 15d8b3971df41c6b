package import ByteReading

/// The rules of modprobe.d(5), from several files.
package struct ModprobeConfiguration: Sendable, Hashable {
    /// What a line orders.
    package enum Command: Sendable, Hashable {
        /// `blacklist NAME`: not loaded by alias.
        case blacklist
        /// `install NAME COMMAND`: the command runs instead of loading.
        case install(String)
        /// `remove NAME COMMAND`.
        case remove(String)
        /// `alias PATTERN NAME`: `module` of the rule is the pattern.
        case alias(String)
        /// `options NAME TEXT`.
        case options(String)
        /// `softdep NAME TEXT`.
        case softDependency(String)
    }

    /// One line.
    package struct Rule: Sendable, Hashable {
        /// The module, normalised; of an alias the pattern, normalised too.
        package var module: String
        /// What the line orders.
        package var command: Command
        /// The file it stands in.
        package var file: String
        /// The number of the line, from 1.
        package var line: Int
        /// The line as written.
        package var text: String

        /// For `install`: whether the command only pretends to load (`/bin/true`, `/bin/false`, `:`).
        package var disablesModule: Bool {
            guard case .install(let command) = command else { return false }
            let first = command.split(separator: " ").first.map(String.init) ?? ""
            let name = first.split(separator: "/").last.map(String.init) ?? first
            return ["true", "false", ":", "echo", "exit", "logger"].contains(name)
        }
    }

    /// All rules in the order in which they count.
    package private(set) var rules: [Rule] = []

    /// A configuration without rules.
    package init() {}

    /// The directories in falling precedence: a file hides those of the same name further down.
    package static let directories = [
        "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d",
        "lib/modprobe.d",
    ]

    /// Reads the files that count, given as paths without leading `/`, in the order in which kmod does: by file
    /// name, whatever the directory. `/etc/modprobe.conf` comes first where it exists (module-init-tools).
    package init(files: [(path: String, bytes: Bytes)]) {
        var chosen: [String: (rank: Int, path: String, bytes: Bytes)] = [:]
        for file in files {
            let name = String(file.path.split(separator: "/").last ?? "")
            if file.path == "etc/modprobe.conf" {
                add(file.bytes, file: file.path)
                continue
            }
            guard name.hasSuffix(".conf") || name.hasSuffix(".alias") else { continue }
            let rank = Self.directories.firstIndex { file.path == $0 + "/" + name }
            guard let rank else { continue }
            if let other = chosen[name], other.rank <= rank { continue }
            chosen[name] = (rank, file.path, file.bytes)
        }
        for name in chosen.keys.sorted(by: { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }) {
            if let file = chosen[name] { add(file.bytes, file: file.path) }
        }
    }

    /// Adds the rules of one file. A backslash at the end of a line continues it.
    package mutating func add(_ bytes: Bytes, file: String) {
        var number = 0
        var pending: (text: String, line: Int)?
        for line in TextLines(bytes) {
            number += 1
            var text = line.text
            if let start = pending { text = start.text + text }
            let first = pending?.line ?? number
            pending = nil
            if text.hasSuffix("\\"), text.utf8.count < 1 << 16 {
                pending = (String(text.dropLast()), first)
                continue
            }
            addLine(text, file: file, line: first)
        }
        if let pending { addLine(pending.text, file: file, line: pending.line) }
    }

    private mutating func addLine(_ text: String, file: String, line: Int) {
        let words = text.split { $0 == " " || $0 == "\t" }
        guard let keyword = words.first, !keyword.hasPrefix("#"), words.count >= 2 else { return }
        let rest = words.dropFirst(2).joined(separator: " ")
        let command: Command
        switch keyword {
        case "blacklist": command = .blacklist
        case "install": command = .install(rest)
        case "remove": command = .remove(rest)
        case "alias": command = .alias(ModuleName.normalized(rest))
        case "options": command = .options(rest)
        case "softdep": command = .softDependency(rest)
        default: return
        }
        rules.append(
            Rule(
                module: ModuleName.normalized(words[1]), command: command, file: file, line: line, text: text)
        )
    }

    /// The rules for one module, `-` and `_` being the same.
    package func rules(for module: String) -> [Rule] {
        let name = ModuleName.normalized(module)
        return rules.filter { $0.module == name }
    }

    /// The `blacklist` line for a module.
    package func blacklist(_ module: String) -> Rule? {
        rules(for: module).first { $0.command == .blacklist }
    }

    /// The `install` line that keeps a module from being loaded. kmod uses the first `install` line for a
    /// name.
    package func disablingInstall(_ module: String) -> Rule? {
        let first = rules(for: module).first {
            if case .install = $0.command { true } else { false }
        }
        guard let first, first.disablesModule else { return nil }
        return first
    }

    /// The `alias NAME off` line, with which older module tools switched a module off.
    package func disablingAlias(_ module: String) -> Rule? {
        rules(for: module).first { $0.command == .alias("off") || $0.command == .alias("/bin/true") }
    }

    /// The text of all `options` lines for a module, in order.
    package func options(for module: String) -> [String] {
        rules(for: module).compactMap {
            if case .options(let text) = $0.command { text } else { nil }
        }
    }
}
