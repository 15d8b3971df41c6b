package import ByteReading

/// An `ifcfg-*` file of Red Hat's or SUSE's network scripts, taken as data.
package struct IfcfgFile: Sendable {
    /// Whose rules hold.
    package enum Dialect: String, Sendable, Hashable {
        /// `/etc/sysconfig/network-scripts`: the `network` service and NetworkManager's ifcfg-rh plug-in.
        case redHat
        /// `/etc/sysconfig/network`: wicked and SUSE's old ifup.
        case suse
    }

    /// Which program reads it; they differ in what an absent or oddly written value means.
    package enum Reader: String, Sendable, Hashable {
        /// The shell scripts of the `network` service, Red Hat's or SUSE's, and wicked.
        case scripts
        /// NetworkManager with its ifcfg-rh plug-in.
        case networkManager
    }

    /// The path of the file.
    package let path: String
    /// Whose rules hold.
    package let dialect: Dialect
    /// The assignments.
    package let values: ShellAssignments

    /// Reads the file.
    package init(_ file: ConfigurationFile, dialect: Dialect) throws(ImageFault) {
        path = file.path
        self.dialect = dialect
        values = try ShellAssignments(file.bytes, name: file.path)
    }

    /// Whether a program looks at a file of this name. Each has a list of its own of what it takes for a copy
    /// (`is_ignored_file` of initscripts, `utils_should_ignore_file` of the ifcfg-rh plug-in, wicked's list).
    package static func isInterfaceFile(_ name: String, readBy reader: Reader, of dialect: Dialect) -> Bool {
        guard name.hasPrefix("ifcfg-"), name.utf8.count > 6 else { return false }
        let copies: [String] =
            switch (dialect, reader) {
            case (.redHat, .scripts): ["~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave"]
            case (.redHat, .networkManager): ["~", ".bak", ".orig", ".rej", ".rpmnew", ".augnew", ".augtmp"]
            case (.suse, _): ["~", ".bak", ".old", ".orig", ".scpmbackup", ".rpmnew", ".rpmorig", ".rpmsave"]
            }
        // rpm unpacks into a name with a semicolon first.
        return !copies.contains { name.hasSuffix($0) } && !name.contains(";")
    }

    /// The part of the file name after `ifcfg-`.
    package var suffix: String {
        let name = SystemdUnits.lastComponent(path)
        return name.hasPrefix("ifcfg-") ? String(name.dropFirst(6)) : name
    }

    private func value(_ name: String) -> String? {
        guard let value = values.value(name).map({ AsciiText.trimmed($0) }), !value.isEmpty else {
            return nil
        }
        return value
    }

    private func isYes(_ name: String) -> Bool { value(name).flatMap(AsciiText.boolean) ?? false }

    /// `BOOTPROTO` as written, with its line.
    package var bootProtocol: (value: String, source: SourceLine)? {
        values["BOOTPROTO"].map { ($0.value, $0.source) }
    }

    /// Whether NetworkManager leaves the interface to the `network` service.
    package var isOutsideNetworkManager: Bool { value("NM_CONTROLLED").flatMap(AsciiText.boolean) == false }

    /// The MAC address the file is bound to, with its line. `MACADDR` sets an address instead.
    package var hardwareAddress: (address: String, source: SourceLine)? {
        guard let entry = values["HWADDR"], !AsciiText.trimmed(entry.value).isEmpty else { return nil }
        return (InterfaceMatch.normalized(AsciiText.trimmed(entry.value)), entry.source)
    }

    /// What the file sets up for the scripts.
    package var configuration: NetworkInterfaceConfiguration { configuration(readBy: .scripts) }

    /// `AUTOCONNECT_PRIORITY` of NetworkManager.
    package var priority: Int { value("AUTOCONNECT_PRIORITY").flatMap { Int($0) } ?? 0 }
    /// `UUID` of NetworkManager.
    package var uuid: String? { value("UUID") }

    /// Whether the file is for an additional address of another interface (`ifcfg-eth0:1`, `ifcfg-eth0-range0`).
    package var isAlias: Bool { suffix.contains(":") || suffix.contains("-range") }

    /// What the file sets up.
    package func configuration(readBy reader: Reader) -> NetworkInterfaceConfiguration {
        let device = dialect == .redHat ? value("DEVICE") : nil
        let start = bootProtocol?.source ?? values.assignments.first?.source
        var result = NetworkInterfaceConfiguration(
            source: start ?? SourceLine(file: path, line: 1, excerpt: ""),
            stack: dialect == .redHat ? .ifcfg : .wicked, match: match(device, reader),
            method: method(reader))
        result.addresses = addresses
        result.gateway = value("GATEWAY") ?? value("GATEWAY0")
        result.dhcp6 =
            isYes("DHCPV6C")
            || ["dhcp", "dhcp6"].contains(AsciiText.lowercased(value("BOOTPROTO") ?? ""))
                && dialect == .suse
        result.startsAtBoot = startsAtBoot(reader)
        result.kind = isAlias ? .other("alias") : kind(device ?? suffix)
        result.controller =
            value("MASTER") ?? value("BRIDGE").flatMap { isYes("BRIDGE") ? nil : $0 } ?? value("TEAM_MASTER")
        result.members = members
        if dialect == .redHat {
            if let entry = values["PEERDNS"], refuses(entry.value, reader) {
                result.refusesNameServers = entry.source
            }
            if result.method == .dhcp, let entry = values["DEFROUTE"], refuses(entry.value, reader) {
                result.refusesDefaultRoute = entry.source
            }
            result.nameServers = ["DNS1", "DNS2", "DNS3"].compactMap { name in
                guard let address = value(name), let entry = values[name] else { return nil }
                return (address, entry.source)
            }
        }
        return result
    }

    /// `PEERDNS`, `DEFROUTE`: dhclient-script compares with `no`, NetworkManager knows other words for it.
    private func refuses(_ value: String, _ reader: Reader) -> Bool {
        reader == .scripts ? value == "no" : AsciiText.boolean(AsciiText.trimmed(value)) == false
    }

    private func match(_ device: String?, _ reader: Reader) -> InterfaceMatch {
        var match = InterfaceMatch()
        if dialect == .suse, suffix.hasPrefix("eth-id-") {
            match.macAddresses = [InterfaceMatch.normalized(String(suffix.dropFirst(7)))]
            return match
        }
        if dialect == .suse, suffix.hasPrefix("eth-bus-") {
            match.others = [suffix]
            return match
        }
        if let device {
            match = InterfaceMatch(name: device)
        } else if dialect == .suse {
            match = InterfaceMatch(name: suffix)
        } else if hardwareAddress == nil, reader == .scripts || value("TYPE") == nil {
            // The file's name counts for nothing: ifup says "Device name does not seem to be present" (ifup-eth), and
            // NetworkManager takes any card where TYPE= is given, and none where it is not.
            match.matchesNothing = true
        }
        if let address = hardwareAddress?.address { match.macAddresses = [address] }
        return match
    }

    private func method(_ reader: Reader) -> NetworkInterfaceConfiguration.Method {
        let text = value("BOOTPROTO") ?? ""
        let lower = AsciiText.lowercased(text)
        switch dialect {
        case .redHat:
            // The scripts compare with `dhcp` as it is written; NetworkManager does not mind the case.
            switch reader == .scripts ? text : lower {
            case "dhcp", "bootp": return .dhcp
            case "", "none", "static": return addresses.isEmpty ? .none : .fixed
            case "autoip": return .linkLocal
            case "shared": return .fixed
            default: return .other(text)
            }
        case .suse:
            let parts = lower.split(separator: "+").map(String.init)
            if parts.contains("dhcp") || parts.contains("dhcp4") { return .dhcp }
            if parts.contains("autoip") { return .linkLocal }
            if lower.isEmpty || lower == "static" { return addresses.isEmpty ? .none : .fixed }
            return lower == "none" || lower == "dhcp6" ? .none : .other(text)
        }
    }

    private var addresses: [String] {
        var result: [String] = []
        for assignment in values.assignments where assignment.name.hasPrefix("IPADDR") {
            let suffix = assignment.name.dropFirst(6)
            guard !assignment.value.isEmpty, values[assignment.name] == assignment else { continue }
            if dialect == .redHat, !suffix.allSatisfy(\.isNumber) { continue }
            var text = assignment.value
            if !text.contains("/") {
                let length =
                    value("PREFIX\(suffix)") ?? value("PREFIXLEN\(suffix)")
                    ?? value("PREFIXLEN") ?? value("NETMASK\(suffix)").flatMap(Self.prefixLength)
                if let length { text += "/\(length)" }
            }
            result.append(text)
        }
        if let six = value("IPV6ADDR") { result.append(six) }
        return result
    }

    private static func prefixLength(_ mask: String) -> String? {
        let parts = mask.split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return String(parts.reduce(0) { $0 + $1.nonzeroBitCount })
    }

    private func startsAtBoot(_ reader: Reader) -> Ternary {
        switch dialect {
        case .redHat:
            if isAlias || isYes("ONPARENT") { return .unknown }
            let text = AsciiText.lowercased(value("ONBOOT") ?? "yes")
            // Both start what does not say no. The scripts look for a value that begins with "no"; those of Red Hat 7
            // and later know other words, as NetworkManager does.
            let isDenied = AsciiText.boolean(text) == false
            if reader == .networkManager { return Ternary(!isDenied) }
            return text.hasPrefix("no") ? .no : isDenied ? .unknown : .yes
        case .suse:
            switch AsciiText.lowercased(value("STARTMODE") ?? "manual") {
            case "auto", "onboot", "on", "boot", "hotplug", "nfsroot", "ifplugd": return .yes
            default: return .no
            }
        }
    }

    private func kind(_ device: String) -> NetworkInterfaceConfiguration.Kind {
        let type = AsciiText.lowercased(value("TYPE") ?? value("DEVICETYPE") ?? "")
        if device == "lo" || type == "loopback" { return .loopback }
        if type == "bridge" || (dialect == .suse && isYes("BRIDGE")) { return .bridge }
        if type == "bond" || isYes("BONDING_MASTER") || values["BONDING_OPTS"] != nil { return .bond }
        if type == "team" || values["TEAM_CONFIG"] != nil { return .team }
        let parent = value("PHYSDEV") ?? value("ETHERDEVICE")
        if type == "vlan" || isYes("VLAN") || parent != nil {
            return .vlan(parent: parent ?? device.split(separator: ".").first.map(String.init))
        }
        if type == "wireless" || value("ESSID") != nil { return .wireless }
        return type.isEmpty || type == "ethernet" || type == "eth" ? .physical : .other(type)
    }

    private var members: [String] {
        if let ports = value("BRIDGE_PORTS") { return AsciiText.words(ports) }
        return values.names.filter { $0.hasPrefix("BONDING_SLAVE") }.compactMap(value)
    }
}
