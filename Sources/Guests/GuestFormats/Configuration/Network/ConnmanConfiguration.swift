package import ByteReading

/// connman's `main.conf`, its provisioning files `/var/lib/connman/*.config` (connman.conf(5),
/// connman-service.config(5)) and what it saved of itself, all in key file syntax.
package struct ConnmanConfiguration: Sendable {
    /// Interfaces it leaves alone: names that start with one of these.
    package private(set) var ignored: [String] = ["vmnet", "vboxnet", "virbr", "ifb", "ve-", "vb-"]
    /// The line that names them; nil for those that are built in.
    private var ignoring: SourceLine?
    /// The line for which it connects no cable by itself.
    package private(set) var refusesEthernet: SourceLine?
    /// The line for which it leaves every cable switched off, whatever a service says.
    package private(set) var switchesEthernetOff: SourceLine?
    /// Services of type ethernet that are given an address, or are told to ask for one.
    package private(set) var configurations: [NetworkInterfaceConfiguration] = []

    /// The built-in settings.
    package init() {}

    /// Reads `main.conf`.
    package mutating func readMain(_ file: ConfigurationFile) throws(ImageFault) {
        let keys = try KeyFile(file.bytes, name: file.path)
        if let list = keys.last("General", "NetworkInterfaceBlacklist") {
            ignored = KeyFile.list(list.value)
            ignoring = list.source
        }
        if let list = keys.last("General", "DefaultAutoConnectTechnologies"),
            !KeyFile.list(list.value).contains("ethernet")
        {
            refusesEthernet = list.source
        }
    }

    /// Reads `/var/lib/connman/settings`, where it saves what was switched off (`technology_load`).
    package mutating func readState(_ file: ConfigurationFile) throws(ImageFault) {
        let keys = try KeyFile(file.bytes, name: file.path)
        if let enable = keys.last("Wired", "Enable"), AsciiText.boolean(enable.value) == false {
            switchesEthernetOff = enable.source
        }
    }

    /// Reads a provisioning file, or the settings it saved of a service (`/var/lib/connman/ethernet_…/settings`).
    package mutating func readServices(_ file: ConfigurationFile) throws(ImageFault) {
        let keys = try KeyFile(file.bytes, name: file.path)
        var groups: [String] = []
        for entry in keys.entries where !groups.contains(entry.group) { groups.append(entry.group) }
        for group in groups.prefix(64) {
            let isEthernet = keys.last(group, "Type")?.value == "ethernet" || group.hasPrefix("ethernet_")
            guard isEthernet else { continue }
            var match = InterfaceMatch()
            if let name = keys.last(group, "DeviceName")?.value { match = InterfaceMatch(name: name) }
            if let address = keys.last(group, "MAC")?.value {
                match.macAddresses = [InterfaceMatch.normalized(address)]
            } else if group.hasPrefix("ethernet_") {
                let digits = group.dropFirst(9).prefix { $0.isHexDigit }
                if digits.count == 12 { match.macAddresses = [InterfaceMatch.normalized(String(digits))] }
            }
            let address = keys.last(group, "IPv4") ?? keys.last(group, "IPv4.method")
            guard let address else { continue }
            let method: NetworkInterfaceConfiguration.Method =
                switch address.value {
                case "dhcp", "auto": .dhcp
                case "off": .none
                case "manual": .fixed
                default: address.value.contains("/") ? .fixed : .other(address.value)
                }
            var result = NetworkInterfaceConfiguration(
                source: address.source, stack: .connman, match: match, method: method)
            if method == .fixed {
                let local = keys.last(group, "IPv4.local_address")?.value
                let parts = address.value.split(separator: "/").map(String.init)
                result.addresses = [local ?? parts.first ?? address.value]
                result.gateway = parts.count > 2 ? parts[2] : keys.last(group, "IPv4.gateway")?.value
            }
            configurations.append(result)
        }
    }

    /// What connman does with the NIC: what a service says, else DHCP.
    package func all(path: String) -> [NetworkInterfaceConfiguration] {
        var match = InterfaceMatch()
        match.names = ignored.map { "!\($0)*" }
        let off = switchesEthernetOff ?? refusesEthernet
        var byItself = NetworkInterfaceConfiguration(
            source: off ?? ignoring ?? SourceLine(file: path, line: 1, excerpt: ""), stack: .connman,
            match: match, method: .dhcp)
        byItself.startsAtBoot = Ternary(off == nil)
        return (configurations + [byItself]).map { configuration in
            var configuration = configuration
            if switchesEthernetOff != nil { configuration.startsAtBoot = .no }
            return configuration
        }
    }
}
