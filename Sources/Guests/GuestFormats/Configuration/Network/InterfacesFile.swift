package import ByteReading

/// `/etc/network/interfaces` of ifupdown with what it sources (interfaces(5)).
package struct InterfacesFile: Sendable {
    /// One `iface` stanza.
    package struct Stanza: Sendable {
        /// The interface.
        package let name: String
        /// `inet`, `inet6` …
        package let family: String
        /// `dhcp`, `static`, `manual`, `loopback` …
        package let method: String
        /// The options in order.
        package internal(set) var options: [(name: String, value: String, source: SourceLine)]
        /// The stanza's first line.
        package let source: SourceLine

        /// The first value of an option.
        package func value(_ name: String) -> String? { options.first { $0.name == name }?.value }
    }

    /// Something that makes `ifup` refuse the whole configuration.
    package struct Problem: Sendable {
        /// What, as ifupdown would say.
        package let message: String
        /// Where it stands.
        package let source: SourceLine
    }

    /// Reads what a `source` line names: files in the order of wordexp(3). No match is no error. For
    /// `source-directory` the pattern ends in `/*`.
    package typealias Sources = (String) throws(ImageFault) -> [ConfigurationFile]

    /// The stanzas in order.
    package private(set) var stanzas: [Stanza] = []
    /// Interfaces of `auto` lines: brought up at boot, waited for.
    package private(set) var automatic: [(name: String, source: SourceLine)] = []
    /// Interfaces of `allow-CLASS` lines, with the class.
    package private(set) var allowed: [(name: String, group: String, source: SourceLine)] = []
    /// `mapping` patterns.
    package private(set) var mappings: [(patterns: [String], source: SourceLine)] = []
    /// What makes ifup refuse.
    package private(set) var problems: [Problem] = []
    /// The files read, in order.
    package private(set) var files: [String] = []

    /// Reads `file` and what it sources.
    package init(_ file: ConfigurationFile, sources: Sources) throws(ImageFault) {
        var budget = Budget(512, of: "sourced interface files")
        try read(file, depth: 0, budget: &budget, sources: sources)
    }

    private enum Context {
        case none
        case stanza(Int)
        case mapping
    }

    private mutating func read(
        _ file: ConfigurationFile, depth: Int, budget: inout Budget, sources: Sources
    ) throws(ImageFault) {
        try budget.spend()
        files.append(file.path)
        let text = try ConfigurationText(file.bytes, name: file.path)
        var context = Context.none
        var index = 0
        while index < text.lines.count {
            let line = text.lines[index]
            index += 1
            var content = AsciiText.trimmed(line.bytes)
            guard let first = content.first, first != 0x23 else { continue }
            var joined = Array(content)
            while joined.last == 0x5C, index < text.lines.count {
                joined.removeLast()
                joined.append(contentsOf: text.lines[index].withoutCarriageReturn)
                index += 1
            }
            content = AsciiText.trimmed(joined[...])
            let words = AsciiText.words(content).map(AsciiText.string)
            guard let keyword = words.first else { continue }
            let source = text.source(line)
            let arguments = Array(words.dropFirst())
            switch keyword {
            case "iface":
                context = stanza(arguments, source: source)
            case "auto":
                context = .none
                for name in arguments { automatic.append((name, source)) }
            case "mapping":
                context = .mapping
                mappings.append((arguments, source))
            case "source", "source-directory":
                context = .none
                guard depth < 16 else {
                    problems.append(Problem(message: "sourced too deep", source: source))
                    continue
                }
                try include(keyword, arguments, from: file, depth: depth, budget: &budget, sources: sources)
            case "no-auto-down", "no-scripts", "rename", "template":
                context = .none
            case _ where keyword.hasPrefix("allow-"):
                context = .none
                let group = String(keyword.dropFirst(6))
                for name in arguments {
                    if group == "auto" {
                        automatic.append((name, source))
                    } else {
                        allowed.append((name, group, source))
                    }
                }
            default:
                option(keyword, content, source: source, context: context)
            }
        }
    }

    private mutating func stanza(_ arguments: [String], source: SourceLine) -> Context {
        guard let name = arguments.first else {
            problems.append(Problem(message: "too few parameters for iface line", source: source))
            return .none
        }
        if arguments.count >= 3, arguments[1] != "inherits" {
            let families: [String: Set<String>] = [
                "inet": [
                    "loopback", "static", "manual", "dhcp", "bootp", "tunnel", "ppp", "wvdial", "ipv4ll",
                    "auto",
                ],
                "inet6": ["auto", "loopback", "static", "manual", "dhcp", "v4tunnel", "6to4", "tunnel"],
                "ipx": ["static", "dynamic"], "can": ["static"], "link": ["manual"],
            ]
            if let methods = families[arguments[1]] {
                if !methods.contains(arguments[2]) {
                    problems.append(Problem(message: "unknown method \(arguments[2])", source: source))
                }
            } else {
                problems.append(Problem(message: "unknown address type \(arguments[1])", source: source))
            }
            stanzas.append(
                Stanza(name: name, family: arguments[1], method: arguments[2], options: [], source: source))
        } else {
            // ifupdown-ng and busybox take a name alone, with `use dhcp` below it; Debian's takes `inherits`.
            stanzas.append(Stanza(name: name, family: "inet", method: "", options: [], source: source))
        }
        return .stanza(stanzas.count - 1)
    }

    private mutating func option(
        _ keyword: String, _ content: AsciiText.Piece, source: SourceLine, context: Context
    ) {
        switch context {
        case .none:
            problems.append(Problem(message: "misplaced option \(keyword)", source: source))
        case .mapping:
            break
        case .stanza(let index):
            let value = AsciiText.string(AsciiText.trimmed(content.dropFirst(keyword.utf8.count)))
            if value.isEmpty, keyword != "accept_ra" {
                problems.append(Problem(message: "option \(keyword) with empty value", source: source))
            }
            stanzas[index].options.append((keyword, value, source))
        }
    }

    private mutating func include(
        _ keyword: String, _ arguments: [String], from file: ConfigurationFile, depth: Int,
        budget: inout Budget,
        sources: Sources
    ) throws(ImageFault) {
        let directory = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? ""
        for argument in arguments {
            let absolute = argument.hasPrefix("/") ? argument : "\(directory)/\(argument)"
            let isDirectory = keyword == "source-directory"
            let pattern =
                isDirectory ? (absolute.hasSuffix("/") ? absolute + "*" : absolute + "/*") : absolute
            for found in try sources(pattern) {
                let name = SystemdUnits.lastComponent(found.path)
                // Only names of letters, digits, underscores and dashes count in a directory.
                if isDirectory, !name.utf8.allSatisfy({ AsciiText.isName($0) || $0 == 0x2D }) { continue }
                try read(found, depth: depth + 1, budget: &budget, sources: sources)
            }
        }
    }

    /// Whether `ifup -a` brings the interface up at boot, or udev when it appears.
    package func startsAtBoot(_ name: String) -> Bool {
        startedNames.contains { matches($0, name) }
    }

    /// `auto` names may be patterns: `/eth*`.
    private func matches(_ pattern: String, _ name: String) -> Bool {
        if pattern == name { return true }
        guard pattern.hasPrefix("/") else { return false }
        let bare = pattern.dropFirst().split(separator: "/").first.map(String.init) ?? ""
        return FileNamePattern(bare).matches(name)
    }

    /// One configuration for each interface with an IPv4 stanza, or with an IPv6 one only.
    package var configurations: [NetworkInterfaceConfiguration] {
        var names: [String] = []
        var groups: [String: [Stanza]] = [:]
        for stanza in stanzas {
            if groups[stanza.name] == nil { names.append(stanza.name) }
            groups[stanza.name, default: []].append(stanza)
        }
        let literal = Set(startedNames.filter { !$0.hasPrefix("/") })
        let patterns = startedNames.filter { $0.hasPrefix("/") }.prefix(64)
        var result = names.compactMap { name in
            let starts = literal.contains(name) || patterns.contains { matches($0, name) }
            return configuration(name, groups[name] ?? [], startsAtBoot: starts)
        }
        // `auto eth0=office` brings eth0 up by the stanza called office.
        for entry in startedNames.prefix(256) {
            guard let (device, logical) = AsciiText.split(entry, at: "="), groups[device] == nil else {
                continue
            }
            guard var configuration = configuration(logical, groups[logical] ?? [], startsAtBoot: true) else {
                continue
            }
            configuration.match = InterfaceMatch(name: device)
            result.append(configuration)
        }
        return result + mapped(literal.union(patterns), defined: Set(names))
    }

    /// Interfaces that a `mapping` hands to a script, which picks the stanza: what it picks is not known.
    private func mapped(_ started: Set<String>, defined: Set<String>) -> [NetworkInterfaceConfiguration] {
        mappings.prefix(64).flatMap { mapping in
            mapping.patterns.prefix(64).compactMap { pattern in
                let chosen = started.filter { FileNamePattern(pattern).matches($0) && !defined.contains($0) }
                guard let name = chosen.sorted().first else { return nil }
                return NetworkInterfaceConfiguration(
                    source: mapping.source, stack: .ifupdown, match: InterfaceMatch(name: name),
                    method: .other("mapping"))
            }
        }
    }

    /// The names and patterns of `auto` and `allow-hotplug` lines.
    private var startedNames: [String] {
        automatic.map(\.name) + allowed.filter { $0.group == "hotplug" }.map(\.name)
    }

    private func configuration(
        _ name: String, _ own: [Stanza], startsAtBoot: Bool
    ) -> NetworkInterfaceConfiguration? {
        guard let main = own.first(where: { $0.family == "inet" }) ?? own.first else { return nil }
        let uses = main.options.filter { $0.name == "use" }.map(\.value)
        let method: NetworkInterfaceConfiguration.Method =
            switch main.family == "inet" ? main.method : "manual" {
            case "dhcp", "bootp": .dhcp
            case "static", "tunnel": .fixed
            case "manual": .none
            case "loopback": .none
            case "ipv4ll", "auto": .linkLocal
            case "": uses.contains("dhcp") ? .dhcp : main.value("address") != nil ? .fixed : .none
            case let other: .other(other)
            }
        var match = InterfaceMatch(name: name)
        if name.hasPrefix("/") {
            match.names = [name.dropFirst().split(separator: "/").first.map(String.init) ?? ""]
            match.namesAreGlobs = true
        }
        var result = NetworkInterfaceConfiguration(
            source: main.source, stack: .ifupdown, match: match, method: method)
        result.addresses = own.flatMap { stanza in
            stanza.options.filter { $0.name == "address" }.map(\.value)
        }
        result.gateway = main.value("gateway")
        result.dhcp6 = own.contains { $0.family == "inet6" && $0.method == "dhcp" }
        result.startsAtBoot = Ternary(startsAtBoot)
        let all = own.flatMap(\.options)
        func option(_ names: String...) -> String? { all.first { names.contains($0.name) }?.value }
        if main.method == "loopback" || name == "lo" {
            result.kind = .loopback
        } else if let ports = option("bridge_ports", "bridge-ports") {
            result.kind = .bridge
            result.members = AsciiText.words(ports).filter { $0 != "none" }
        } else if let members = option("bond-slaves", "bond_slaves", "slaves") {
            result.kind = .bond
            result.members = AsciiText.words(members).filter { $0 != "none" }
        } else if let parent = option("vlan-raw-device", "vlan_raw_device") {
            result.kind = .vlan(parent: parent)
        } else if let dot = name.lastIndex(of: "."),
            AsciiText.number(String(name[name.index(after: dot)...])) != nil
        {
            result.kind = .vlan(parent: String(name[..<dot]))
        } else if option("bond-mode", "bond_mode") != nil {
            result.kind = .bond
        } else if option("wpa-ssid", "wpa-conf") != nil {
            result.kind = .wireless
        }
        result.controller = option("bond-master", "bond_master")
        return result
    }
}
