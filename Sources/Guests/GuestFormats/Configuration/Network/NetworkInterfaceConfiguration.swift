/// What any network stack says about one interface, or about all that match.
package struct NetworkInterfaceConfiguration: Sendable {
    /// Which program the configuration is for.
    package enum Stack: String, Sendable, Hashable {
        case ifupdown
        case networkd
        case netplan
        case networkManager
        /// `ifcfg-*` of Red Hat systems.
        case ifcfg
        /// `ifcfg-*` of SUSE systems.
        case wicked
        case dhcpcd
        case connman
        case netctl
        case netifrc
    }

    /// How IPv4 is set up.
    package enum Method: Hashable, Sendable {
        case dhcp
        /// Fixed addresses.
        case fixed
        /// Brought up without an address.
        case none
        case linkLocal
        /// Not managed by this stack at all.
        case unmanaged
        /// Something this reader does not know.
        case other(String)
    }

    /// What the interface is.
    package enum Kind: Hashable, Sendable {
        /// A NIC, as far as the configuration says.
        case physical
        case loopback
        case bridge
        case bond
        case team
        case vlan(parent: String?)
        case wireless
        case other(String)
    }

    /// Where it stands.
    package var source: SourceLine
    /// Which program it is for.
    package var stack: Stack
    /// Which interfaces it is for.
    package var match: InterfaceMatch
    /// IPv4.
    package var method: Method
    /// Fixed addresses, IPv4 and IPv6, with prefix length where given.
    package var addresses: [String] = []
    /// The IPv4 gateway.
    package var gateway: String?
    /// Whether IPv6 asks a DHCP server.
    package var dhcp6 = false
    /// Whether it is brought up without anyone asking: `auto`, `ONBOOT=yes`, `autoconnect`.
    package var startsAtBoot: Ternary = .yes
    /// What the interface is.
    package var kind: Kind = .physical
    /// Interfaces it is made of (bridge ports, bond members).
    package var members: [String] = []
    /// The bridge, bond or team it belongs to; then its own addresses do not count.
    package var controller: String?
    /// The name it is given (`set-name`).
    package var newName: String?
    /// The line for which the name servers of the DHCP server are not taken (`PEERDNS=no`, `ignore-auto-dns`).
    package var refusesNameServers: SourceLine?
    /// The line for which the default route of the DHCP server is not taken (`UseGateway=no`, `never-default`), and
    /// nothing sets another.
    package var refusesDefaultRoute: SourceLine?
    /// The name servers it sets itself.
    package var nameServers: [(address: String, source: SourceLine)] = []
    /// The program that netplan gives it to (`networkd`, `NetworkManager`).
    package var renderer: String?

    /// A configuration with the rest as it is for most.
    package init(source: SourceLine, stack: Stack, match: InterfaceMatch, method: Method) {
        self.source = source
        self.stack = stack
        self.match = match
        self.method = method
    }
}

/// A NIC as the target will have it.
package struct ExpectedInterface: Sendable {
    /// The names it may come up with.
    package var names: InterfaceNames
    /// The kernel driver: `virtio_net`, `ena`; nil when unknown.
    package var driver: String?
    /// Its MAC address; nil for a new one, which equals none that the image remembers.
    package var macAddress: String?

    /// A NIC.
    package init(names: InterfaceNames, driver: String? = nil, macAddress: String? = nil) {
        self.names = names
        self.driver = driver
        self.macAddress = macAddress
    }
}

/// Which interfaces a configuration is for. All conditions have to hold; within one, any entry.
package struct InterfaceMatch: Hashable, Sendable {
    /// Name patterns; one that starts with `!` excludes.
    package var names: [String] = []
    /// Whether `names` are shell patterns or literal.
    package var namesAreGlobs = true
    /// MAC addresses, in lower case with colons.
    package var macAddresses: [String] = []
    /// MAC addresses that exclude.
    package var excludedMACAddresses: [String] = []
    /// Driver patterns.
    package var drivers: [String] = []
    /// Device types: `ether`, `wlan`.
    package var types: [String] = []
    /// Conditions that only the running system can answer (path, host, kernel command line …), as written.
    package var others: [String] = []
    /// Whether nothing at all matches (a `[Match]` section that is empty or missing).
    package var matchesNothing = false

    /// Matches everything.
    package init() {}

    /// Matches the interface of this name.
    package init(name: String) {
        names = [name]
        namesAreGlobs = false
    }

    /// Whether every condition but the name is absent and the name is one literal.
    package var literalName: String? {
        guard names.count == 1, let name = names.first, !namesAreGlobs || !FileNamePattern(name).isGlob,
            !name.hasPrefix("!")
        else { return nil }
        return name
    }

    /// Whether the match is bound to the MAC address of one machine.
    package var isBoundToMAC: Bool { !macAddresses.isEmpty }

    /// Whether this is for `interface`.
    package func applies(to interface: ExpectedInterface) -> Ternary {
        if matchesNothing { return .no }
        var answer = Ternary.yes
        if !names.isEmpty { answer = answer && interface.names.matches(names, globs: namesAreGlobs) }
        if !macAddresses.isEmpty {
            answer =
                answer
                && Ternary(interface.macAddress.map { macAddresses.contains(Self.normalized($0)) } ?? false)
        }
        if let address = interface.macAddress, excludedMACAddresses.contains(Self.normalized(address)) {
            return .no
        }
        if !drivers.isEmpty { answer = answer && Self.matches(drivers, interface.driver) }
        if !types.isEmpty {
            answer = answer && Ternary(Self.matches(types, "ether") == .yes || types.contains("ethernet"))
        }
        if !others.isEmpty { answer = answer && .unknown }
        return answer
    }

    private static func matches(_ patterns: [String], _ text: String?) -> Ternary {
        guard let text else { return patterns.contains("*") ? .yes : .unknown }
        let excluded = patterns.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
        if excluded.contains(where: { FileNamePattern($0).matches(text) }) { return .no }
        let wanted = patterns.filter { !$0.hasPrefix("!") }
        return Ternary(wanted.isEmpty || wanted.contains { FileNamePattern($0).matches(text) })
    }

    /// A MAC address in lower case with colons and two digits in each group.
    package static func normalized(_ address: String) -> String {
        let digits = AsciiText.lowercased(address)
        if !digits.contains(":"), !digits.contains("-"), digits.utf8.count == 12 {
            let bytes = Array(digits.utf8)
            return stride(from: 0, to: 12, by: 2).map { AsciiText.string(bytes[$0..<($0 + 2)]) }.joined(
                separator: ":")
        }
        return digits.split { $0 == ":" || $0 == "-" || $0 == "." }
            .map { $0.utf8.count == 1 ? "0\($0)" : String($0) }.joined(separator: ":")
    }
}
