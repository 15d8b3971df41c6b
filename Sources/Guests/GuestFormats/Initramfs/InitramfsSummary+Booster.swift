import ByteReading

/// booster keeps all modules in one directory, their aliases beside them in a form of its own, and the rest in a
/// small YAML file (github.com/anatol/booster: init/config.go, init/module.go).
extension InitramfsSummary {
    static let boosterFile = "etc/booster.init.yaml"

    /// The kernel that the archive was built for; booster refuses to go on under another one.
    var boosterKernel: String? {
        guard generator == .booster else { return nil }
        for line in boosterLines {
            if let value = Self.value(of: "kernel", in: line) { return value.isEmpty ? nil : value }
        }
        return nil
    }

    /// Whether a switch of the configuration is on.
    package func boosterEnables(_ key: String) -> Bool {
        boosterLines.contains { Self.value(of: key, in: $0) == "true" }
    }

    /// `booster.alias`: a pattern and a module on each line. Without `universal: true` it holds only what the machine
    /// had that the archive was made on.
    mutating func readBooster() {
        var tree = moduleTrees[""] ?? InitramfsModuleTree()
        if let text = contents.text("usr/lib/modules/booster.alias") {
            tree.aliases = ModuleAliases(parsingPairs: Bytes(Array(text.utf8)))
        }
        var entries: [(name: String, dependencies: [String])] = []
        for (key, values) in boosterMap("moduledependencies") { entries.append((key, values)) }
        let listed = Set(entries.map(\.name))
        for name in tree.modules.keys where !listed.contains(name) { entries.append((name, [])) }
        tree.dependencies = ModuleDependencies(entries)
        let builtin = boosterMap("builtinmodules").map(\.name)
        if !builtin.isEmpty { tree.builtin = BuiltinModules(names: builtin) }
        moduleTrees[""] = tree
    }

    /// The items of a list at the top level, block or flow style, with the numbers of their lines.
    func boosterList(_ key: String) -> [(line: Int, name: String)] {
        var items: [(Int, String)] = []
        var isInside = false
        for (number, line) in boosterLines.enumerated() {
            if line.first == " " || line.first == "-" {
                let text = line.drop { $0 == " " }
                if isInside, text.first == "-" { items.append((number + 1, Self.plain(text.dropFirst()))) }
                continue
            }
            isInside = false
            guard let value = Self.value(of: key, in: line) else { continue }
            isInside = value.isEmpty
            items += Self.flow(value).map { (number + 1, $0) }
        }
        return items
    }

    /// The keys of a map at the top level and the items of each.
    private func boosterMap(_ key: String) -> [(name: String, values: [String])] {
        var result: [(name: String, values: [String])] = []
        var isInside = false
        for line in boosterLines {
            guard line.first == " " else {
                isInside = Self.value(of: key, in: line) == ""
                continue
            }
            guard isInside else { continue }
            let text = line.drop { $0 == " " }
            if text.first == "-" {
                if !result.isEmpty { result[result.count - 1].values.append(Self.plain(text.dropFirst())) }
            } else if let colon = text.firstIndex(of: ":") {
                let value = String(text[text.index(after: colon)...])
                result.append((ModuleName.normalized(Self.plain(text[..<colon])), Self.flow(value)))
            }
        }
        return result
    }

    private var boosterLines: [String] {
        (contents.text(Self.boosterFile) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .prefix(65_536).map(String.init)
    }

    /// What stands behind `key:` at the start of a line.
    private static func value(of key: String, in line: String) -> String? {
        guard line.hasPrefix(key + ":") else { return nil }
        return plain(line.dropFirst(key.count + 1))
    }

    private static func flow(_ value: String) -> [String] {
        guard value.contains("[") else { return [] }
        return value.split(whereSeparator: { "[],".contains($0) }).map { plain($0) }.filter { !$0.isEmpty }
    }

    private static func plain(_ text: some StringProtocol) -> String {
        String(text.filter { $0 != " " && $0 != "\"" && $0 != "'" && $0 != "\r" })
    }
}
