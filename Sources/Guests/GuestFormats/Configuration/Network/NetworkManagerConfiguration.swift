package import ByteReading

/// NetworkManager.conf with its conf.d (NetworkManager.conf(5)).
package struct NetworkManagerConfiguration: Sendable {
    /// What is set, later files on top: group, key, value, line.
    package let entries: [KeyFile.Entry]

    /// Reads files in the order in which later ones win: `/usr/lib/NetworkManager/conf.d` by name,
    /// `NetworkManager.conf`, `/etc/NetworkManager/conf.d` by name. A file in `/etc/…/conf.d` hides its namesake
    /// in `/usr/lib`.
    package init(files: [ConfigurationFile]) throws(ImageFault) {
        var entries: [KeyFile.Entry] = []
        for file in files { entries += try KeyFile(file.bytes, name: file.path).entries }
        self.entries = entries
    }

    /// The value of a key after all files, with `key+=` and `key-=` applied.
    package func list(_ group: String, _ key: String) -> (values: [String], source: SourceLine?) {
        var values: [String] = []
        var source: SourceLine?
        for entry in entries where entry.group == group {
            let parts = KeyFile.list(entry.value)
            switch entry.key {
            case key: values = parts
            case key + "+": values += parts
            case key + "-": values.removeAll { parts.contains($0) }
            default: continue
            }
            source = entry.source
        }
        return (values, source)
    }

    /// The last value of a key.
    package func last(_ group: String, _ key: String) -> KeyFile.Entry? {
        entries.last { $0.group == group && $0.key == key }
    }

    /// Whether NetworkManager makes no DHCP profile of its own for a NIC without one (`no-auto-default=*`, which
    /// package NetworkManager-config-server sets). Entries for single devices count as they apply.
    package func deniesAutomaticDefault(for interface: ExpectedInterface) -> (
        answer: Ternary, source: SourceLine?
    ) {
        let (values, source) = list("main", "no-auto-default")
        return (Self.holds(values, for: interface), source)
    }

    /// Whether NetworkManager leaves the interface alone (`unmanaged-devices`, `[device] managed=0`).
    package func isUnmanaged(_ interface: ExpectedInterface) -> (answer: Ternary, source: SourceLine?) {
        let (values, source) = list("keyfile", "unmanaged-devices")
        let answer = Self.holds(values, for: interface)
        if answer != .no { return (answer, source) }
        return isSetAside(interface)
    }

    /// `managed` of the first `[device…]` section that is for the interface and has the key. Sections count in the
    /// order in which they appear, the one without a name last (NetworkManager.conf(5)).
    private func isSetAside(_ interface: ExpectedInterface) -> (answer: Ternary, source: SourceLine?) {
        var groups: [String] = []
        for entry in entries where entry.group == "device" || entry.group.hasPrefix("device-") {
            if !groups.contains(entry.group) { groups.append(entry.group) }
        }
        groups = groups.filter { $0 != "device" } + groups.filter { $0 == "device" }
        for group in groups {
            guard let managed = last(group, "managed"), let value = AsciiText.boolean(managed.value) else {
                continue
            }
            let match = last(group, "match-device").map { KeyFile.list($0.value) } ?? ["*"]
            switch Self.holds(match, for: interface) {
            case .yes: return (Ternary(!value), managed.source)
            // A section that may be for it, and lets it be managed, changes nothing where no other says otherwise.
            case .unknown where !value: return (.unknown, managed.source)
            case .unknown, .no: continue
            }
        }
        return (.no, nil)
    }

    /// The line for which NetworkManager leaves `/etc/resolv.conf` alone: `rc-manager=unmanaged`, or a `dns=` that
    /// does the same (`init_resolv_conf_mode` in nm-dns-manager.c).
    package var leavesResolver: SourceLine? {
        let mode = last("main", "dns")
        if let mode, ["none", "systemd-resolved", "dnsconfd"].contains(mode.value) {
            // `dns=` decides unless the other one names a way to write the file.
            let manager = last("main", "rc-manager")?.value ?? "auto"
            if mode.value == "none" || manager == "auto" { return mode.source }
        }
        guard let manager = last("main", "rc-manager"), manager.value == "unmanaged" else { return nil }
        return manager.source
    }

    /// Whether the ifupdown plugin lets NetworkManager manage interfaces that `/etc/network/interfaces` names
    /// (`[ifupdown] managed`, default false).
    package var managesIfupdown: (value: Bool, source: SourceLine?) {
        let entry = last("ifupdown", "managed")
        return (entry.flatMap { AsciiText.boolean($0.value) } ?? false, entry?.source)
    }

    /// Whether a settings plugin is named; nil when `plugins=` is absent and the defaults of the build hold.
    package func loadsPlugin(_ name: String) -> Bool? {
        let (values, source) = list("main", "plugins")
        return source == nil ? nil : values.contains(name)
    }

    /// A device list (`device-spec` in NetworkManager.conf(5)): any entry holds and no `except:` entry does.
    static func holds(_ list: [String], for interface: ExpectedInterface) -> Ternary {
        var found = Ternary.no
        var hasPositive = false
        for entry in list {
            if entry.hasPrefix("except:") {
                let excluded = holds(String(entry.dropFirst(7)), for: interface)
                if excluded == .yes { return .no }
                if excluded == .unknown { return .unknown }
            } else {
                hasPositive = true
                found = found || holds(entry, for: interface)
            }
        }
        return list.isEmpty ? .no : hasPositive ? found : .yes
    }

    private static func holds(_ entry: String, for interface: ExpectedInterface) -> Ternary {
        if entry == "*" { return .yes }
        guard let (kind, value) = AsciiText.split(entry, at: ":") else {
            return interface.names.matches([entry], globs: false)
        }
        switch kind {
        case "interface-name":
            let isLiteral = value.hasPrefix("=")
            let name = isLiteral || value.hasPrefix("~") ? String(value.dropFirst()) : value
            return interface.names.matches([name], globs: !isLiteral)
        case "mac":
            return Ternary(
                interface.macAddress.map { InterfaceMatch.normalized($0) == InterfaceMatch.normalized(value) }
                    ?? false)
        case "type":
            return Ternary(value == "ethernet" || value == "802-3-ethernet")
        case "driver":
            guard let driver = interface.driver else { return .unknown }
            let pattern = value.split(separator: "/").first.map(String.init) ?? value
            return Ternary(FileNamePattern(pattern).matches(driver))
        case "s390-subchannels", "dhcp-plugin":
            return .no
        default:
            // A bare MAC address has colons too.
            if entry.split(separator: ":").count == 6 {
                return Ternary(
                    interface.macAddress.map {
                        InterfaceMatch.normalized($0) == InterfaceMatch.normalized(entry)
                    }
                        ?? false)
            }
            return .unknown
        }
    }
}
