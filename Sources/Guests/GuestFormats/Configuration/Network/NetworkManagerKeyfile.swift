package import ByteReading

/// A connection profile of NetworkManager (`*.nmconnection`, nm-settings-keyfile(5)).
package struct NetworkManagerKeyfile: Sendable {
    /// The file.
    package let file: KeyFile

    /// Reads a profile.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        file = try KeyFile(bytes, name: name)
    }

    /// `id`, for messages.
    package var id: String { file.last("connection", "id")?.value ?? SystemdUnits.lastComponent(file.name) }
    /// `uuid`, by which NetworkManager remembers when a profile was last in use.
    package var uuid: String? { file.last("connection", "uuid")?.value }
    /// `autoconnect-priority`: of the profiles for a card the highest is taken; -999 to 999.
    package var priority: Int {
        guard let text = file.last("connection", "autoconnect-priority")?.value else { return 0 }
        let isNegative = text.hasPrefix("-")
        let number = AsciiText.number(isNegative ? String(text.dropFirst()) : text) ?? 0
        return isNegative ? -number : number
    }
    /// `type` with old names replaced.
    package var type: String {
        let type = file.last("connection", "type")?.value ?? ""
        return ["802-3-ethernet": "ethernet", "802-11-wireless": "wifi"][type] ?? type
    }

    /// Whether NetworkManager takes a profile with this owner and mode: root's, and nobody else may read it
    /// (`nms_keyfile_utils_check_file_permissions`).
    package static func isAccepted(owner: UInt32, mode: UInt32) -> Bool { owner == 0 && mode & 0o077 == 0 }

    /// Whether NetworkManager looks at a file of this name in `/etc/NetworkManager/system-connections`; below
    /// `/usr/lib` and `/run` it has to end in `.nmconnection` (`nm_keyfile_utils_ignore_filename`). A copy called
    /// `eth0.bak` is a profile like any other; names that end in a point and six letters are taken for temporary.
    package static func isProfileName(_ name: String, requiresExtension: Bool = false) -> Bool {
        if name.isEmpty || name.hasPrefix(".") || name.hasSuffix("~") { return false }
        let lowercased = AsciiText.lowercased(name)
        if [".pem", ".der"].contains(where: { lowercased.hasSuffix($0) && lowercased != $0 }) {
            return false
        }
        if let point = name.utf8.lastIndex(of: 0x2E) {
            let end = name.utf8[name.utf8.index(after: point)...]
            let isTemporary =
                end.count == 6
                && end.allSatisfy { AsciiText.isDigit($0) || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }
            if isTemporary { return false }
        }
        return !requiresExtension || name.hasSuffix(".nmconnection") && name != ".nmconnection"
    }

    /// What it sets up; nil for profiles that are no network connection of a card (VPN, loopback, mobile) or that
    /// NetworkManager refuses.
    package var configuration: NetworkInterfaceConfiguration? {
        guard file.invalidLine == nil else { return nil }
        let kind: NetworkInterfaceConfiguration.Kind
        switch type {
        case "ethernet", "": kind = .physical
        case "wifi": kind = .wireless
        case "bridge": kind = .bridge
        case "bond": kind = .bond
        case "team": kind = .team
        case "vlan": kind = .vlan(parent: file.last("vlan", "parent")?.value)
        case "loopback": kind = .loopback
        default: kind = .other(type)
        }
        let method = file.last("ipv4", "method")
        let addresses = self.addresses
        let hasV4 = addresses.contains { !$0.value.contains(":") }
        let method4: NetworkInterfaceConfiguration.Method =
            switch method?.value {
            case "auto", nil: .dhcp
            case "manual": hasV4 ? .fixed : .other("manual without address")
            case "disabled": .none
            case "link-local": .linkLocal
            case "shared": .fixed
            case let other?: .other(other)
            }
        let first = method?.source ?? file.entries.first?.source
        var result = NetworkInterfaceConfiguration(
            source: first ?? SourceLine(file: file.name, line: 1, excerpt: ""), stack: .networkManager,
            match: match,
            method: method4)
        result.addresses = addresses.map(\.value)
        result.gateway = gateway
        result.dhcp6 = ["auto", "dhcp"].contains(file.last("ipv6", "method")?.value ?? "auto")
        let autoconnect = file.last("connection", "autoconnect")
        result.startsAtBoot = Ternary(autoconnect.flatMap { AsciiText.boolean($0.value) } ?? true)
        result.kind = kind
        if let entry = file.last("ipv4", "ignore-auto-dns"), AsciiText.boolean(entry.value) == true {
            result.refusesNameServers = entry.source
        }
        if method4 == .dhcp, let entry = file.last("ipv4", "never-default"),
            AsciiText.boolean(entry.value) == true, !hasDefaultRoute
        {
            result.refusesDefaultRoute = entry.source
        }
        if let entry = file.last("ipv4", "dns") {
            result.nameServers = KeyFile.list(entry.value).map { ($0, entry.source) }
        }
        result.controller =
            file.last("connection", "controller")?.value ?? file.last("connection", "master")?.value
        return result
    }

    private var addresses: [(value: String, source: SourceLine)] {
        var result: [(value: String, source: SourceLine)] = []
        for entry in file.entries where entry.group == "ipv4" || entry.group == "ipv6" {
            // `address1=10.0.0.2/24,10.0.0.1`; the old `addresses` may hold several.
            let rest = entry.key.hasPrefix("addresses") ? entry.key.dropFirst(9) : entry.key.dropFirst(7)
            guard entry.key.hasPrefix("address"), rest.allSatisfy(\.isNumber) else { continue }
            for part in entry.value.split(separator: ";") where !part.isEmpty {
                let address = part.split(separator: ",").first.map(String.init) ?? String(part)
                result.append((AsciiText.trimmed(address), entry.source))
            }
        }
        return result
    }

    /// A route to everywhere among the fixed ones: `route1=0.0.0.0/0,10.0.0.1`.
    private var hasDefaultRoute: Bool {
        file.entries.contains {
            $0.group == "ipv4" && $0.key.hasPrefix("route") && $0.value.hasPrefix("0.0.0.0/0")
        }
    }

    private var gateway: String? {
        if let gateway = file.last("ipv4", "gateway") { return gateway.value }
        let first = file.entries.first { $0.group == "ipv4" && $0.key.hasPrefix("address") }
        guard let parts = first?.value.split(separator: ","), parts.count > 1 else { return nil }
        return AsciiText.trimmed(String(parts[1].split(separator: ";").first ?? parts[1]))
    }

    private var match: InterfaceMatch {
        var match = InterfaceMatch()
        if let name = file.last("connection", "interface-name") {
            match.names = [name.value]
            match.namesAreGlobs = false
        }
        if let names = file.last("match", "interface-name") {
            // `&` and `|` in front only combine; `!` excludes.
            match.names += KeyFile.list(names.value).map {
                $0.first == "|" || $0.first == "&" ? String($0.dropFirst()) : $0
            }
            match.namesAreGlobs = true
        }
        if let drivers = file.last("match", "driver") { match.drivers = KeyFile.list(drivers.value) }
        for key in ["kernel-command-line", "path"] {
            if let other = file.last("match", key) { match.others.append("\(key)=\(other.value)") }
        }
        let groups = ["ethernet", "802-3-ethernet"]
        if let address = file.last(groups, "mac-address") {
            match.macAddresses = [Self.address(address.value)]
        }
        let denied = file.last(groups, "mac-address-denylist") ?? file.last(groups, "mac-address-blacklist")
        if let denied { match.excludedMACAddresses = KeyFile.list(denied.value).map(Self.address) }
        return match
    }

    /// A MAC address, in the old form of decimal numbers (`0;34;69;…`) too.
    private static func address(_ value: String) -> String {
        let numbers = value.split(separator: ";").compactMap { UInt8($0) }
        guard value.contains(";"), numbers.count == 6 else { return InterfaceMatch.normalized(value) }
        return numbers.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
