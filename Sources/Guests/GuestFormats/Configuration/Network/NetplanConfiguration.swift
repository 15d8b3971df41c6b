package import ByteReading

/// The netplan files of a system, merged (netplan(5)).
package struct NetplanConfiguration: Sendable {
    /// What every interface gets.
    package private(set) var configurations: [NetworkInterfaceConfiguration] = []
    /// `network: renderer:`; networkd when nil.
    package private(set) var renderer: String?
    /// What is wrong with the files. With one that is `corrupt`, `netplan generate` fails and **nothing** is
    /// configured by netplan; the others (a key given twice, an absurd document) only say that this reader cannot
    /// follow.
    package private(set) var faults: [ImageFault] = []

    /// Reads files in the order in which netplan merges them: sorted by file name over `/lib`, `/etc` and
    /// `/run/netplan`, a file in `/etc` hiding its namesake in `/lib`.
    package init(files: [ConfigurationFile]) {
        var merged: YAMLValue?
        var places: [String: String] = [:]
        for file in files {
            do throws(ImageFault) {
                guard let root = try YAMLValue.read(file.bytes, name: file.path) else { continue }
                guard case .mapping = root.content else {
                    throw ImageFault(.corrupt, "line \(root.line): expected a mapping").inLayer(file.path)
                }
                if let stray = root.pairs.first(where: { $0.key != "network" }) {
                    throw ImageFault(.corrupt, "line \(stray.value.line): unknown key \(stray.key)")
                        .inLayer(file.path)
                }
                guard let network = root["network"] else { continue }
                for (key, value) in network.pairs where Self.kinds[key] == nil && !Self.settings.contains(key)
                {
                    throw ImageFault(.corrupt, "line \(value.line): unknown key \(key)").inLayer(file.path)
                }
                guard case .mapping = network.content else {
                    if network.isNull { continue }
                    throw ImageFault(.corrupt, "line \(network.line): network is no mapping").inLayer(
                        file.path)
                }
                if let version = network["version"]?.text, version != "2" {
                    throw ImageFault(.corrupt, "line \(network.line): version \(version)").inLayer(file.path)
                }
                for (type, definitions) in network.pairs {
                    for (id, _) in definitions.pairs { places["\(type)/\(id)"] = file.path }
                }
                merged = merged?.merging(network, joiningSequences: true) ?? network
            } catch {
                faults.append(error)
            }
        }
        guard let network = merged else { return }
        read(network) { type, id in places["\(type)/\(id)"] ?? "" }
    }

    /// Takes one `network:` mapping of version 2, as cloud-init's configuration may hold it.
    package init(network: YAMLValue, path: String) { read(network) { _, _ in path } }

    private mutating func read(_ network: YAMLValue, place: (String, String) -> String) {
        renderer = network["renderer"]?.text
        for (type, definitions) in network.pairs where Self.kinds[type] != nil {
            if !definitions.isNull, definitions.pairs.isEmpty, definitions.text != nil {
                faults.append(ImageFault(.corrupt, "line \(definitions.line): \(type) is no mapping"))
            }
            for (id, definition) in definitions.pairs where id != "renderer" {
                add(
                    id, definition, type: type, path: place(type, id),
                    renderer: definition["renderer"]?.text ?? definitions["renderer"]?.text ?? renderer)
            }
        }
    }

    private static let kinds: [String: NetworkInterfaceConfiguration.Kind] = [
        "ethernets": .physical, "wifis": .wireless, "modems": .other("modem"), "bridges": .bridge,
        "bonds": .bond,
        "vlans": .vlan(parent: nil), "tunnels": .other("tunnel"), "vrfs": .other("vrf"),
        "dummy-devices": .other("dummy"), "nm-devices": .other("nm-device"),
        "virtual-ethernets": .other("veth"),
    ]

    private static let settings: Set<String> = ["version", "renderer", "openvswitch"]

    private mutating func add(
        _ id: String, _ definition: YAMLValue, type: String, path: String, renderer: String?
    ) {
        func boolean(_ key: String) -> Bool {
            guard let value = definition[key], !value.isNull else { return false }
            if let known = value.boolean { return known }
            faults.append(
                ImageFault(.corrupt, "line \(value.line): \(key): \(value.text ?? "") is no boolean").inLayer(
                    path))
            return false
        }
        let addresses = definition["addresses"]
        if let addresses, !addresses.isNull, addresses.elements == nil {
            faults.append(
                ImageFault(.corrupt, "line \(addresses.line): addresses is no sequence").inLayer(path))
        }
        let list = (addresses?.elements ?? []).compactMap { $0.text ?? $0.pairs.first?.key }
        if let bare = list.first(where: { !$0.contains("/") }) {
            let line = addresses?.line ?? definition.line
            faults.append(
                ImageFault(.corrupt, "line \(line): address \(bare) without prefix length").inLayer(path))
        }
        let hasV4 = list.contains { !$0.contains(":") }
        let isDHCP = boolean("dhcp4")
        var result = NetworkInterfaceConfiguration(
            source: SourceLine(file: path, line: definition.line, excerpt: "\(id):"), stack: .netplan,
            match: match(id, definition, type: type), method: isDHCP ? .dhcp : hasV4 ? .fixed : .none)
        result.addresses = list
        result.dhcp6 = boolean("dhcp6")
        result.gateway = definition["gateway4"]?.text ?? defaultRoute(definition)
        result.renderer = renderer
        result.newName = definition["set-name"]?.text
        result.startsAtBoot = Ternary(!["manual", "off"].contains(definition["activation-mode"]?.text ?? ""))
        result.members = definition["interfaces"]?.texts ?? []
        if let uses = definition["dhcp4-overrides"]?["use-dns"], uses.boolean == false {
            result.refusesNameServers = SourceLine(file: path, line: uses.line, excerpt: "use-dns: false")
        }
        if let uses = definition["dhcp4-overrides"]?["use-routes"], uses.boolean == false, isDHCP,
            result.gateway == nil
        {
            result.refusesDefaultRoute = SourceLine(file: path, line: uses.line, excerpt: "use-routes: false")
        }
        if let servers = definition["nameservers"]?["addresses"] {
            result.nameServers = servers.texts.map {
                ($0, SourceLine(file: path, line: servers.line, excerpt: $0))
            }
        }
        result.kind = Self.kinds[type] ?? .other(type)
        if type == "vlans" { result.kind = .vlan(parent: definition["link"]?.text) }
        configurations.append(result)
    }

    private func defaultRoute(_ definition: YAMLValue) -> String? {
        let route = definition["routes"]?.elements?.first {
            ["default", "0.0.0.0/0"].contains($0["to"]?.text ?? "")
        }
        return route?["via"]?.text
    }

    private func match(_ id: String, _ definition: YAMLValue, type: String) -> InterfaceMatch {
        guard let section = definition["match"], type == "ethernets" || type == "wifis" || type == "modems"
        else {
            return InterfaceMatch(name: id)
        }
        // `match: {}` is every interface of the type.
        var match = InterfaceMatch()
        match.names = section["name"]?.texts ?? []
        match.drivers = section["driver"]?.texts ?? []
        match.macAddresses = (section["macaddress"]?.texts ?? []).map(InterfaceMatch.normalized)
        if let path = section["path"]?.text { match.others.append("path: \(path)") }
        return match
    }

    /// Whether netplan refuses to generate anything; unknown when a file could not be followed.
    package var isRefused: Ternary {
        if faults.contains(where: { $0.kind == .corrupt }) { return .yes }
        return faults.isEmpty ? .no : .unknown
    }
}
