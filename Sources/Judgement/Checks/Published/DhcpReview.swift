import GuestFacts
import Targets

/// Finds out what will configure the first network interface of an instance.
struct DhcpReview {
    private let context: CheckContext
    private let linux: LinuxFacts
    private let active: [InterfaceFacts]

    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
        let managers = linux.network.activeManagers
        let rendersAnew = linux.cloudInit.rendersNetwork(at: context.target)
        active = linux.network.interfaces.filter { interface in
            guard managers[interface.manager] != nil else { return false }
            return !(interface.renderedByCloudInit && rendersAnew == .yes)
        }
    }

    var outcome: CheckOutcome {
        if let gap = linux.network.gap {
            return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
        }
        let physical = active.filter { $0.virtualKind == nil }
        var applying = physical.filter { $0.appliesToPrimary == .yes }
        // networkd takes the first file that matches.
        if let first = applying.firstIndex(where: { $0.manager == .networkd }) {
            let decided = applying[first]
            applying.removeAll { $0.manager == .networkd }
            applying.insert(decided, at: 0)
        }
        let dhcp = applying.filter { $0.method == .dhcp }
        let fixed = applying.filter { $0.method == .static }
        if let good = dhcp.first(where: \.startsAtBoot) {
            if let other = fixed.first(where: \.startsAtBoot) {
                return contested(good, other)
            }
            if good.manager == .ifupdown, linux.network.dhcpClients.isEmpty {
                return fail(
                    "Dhcp.NoClient",
                    "ifupdown is to ask for an address by DHCP, and no DHCP client is installed.",
                    [good.evidence],
                    [.install(["isc-dhcp-client"], "Install a DHCP client", in: linux)])
            }
            return .judged(
                value: good.manager.rawValue, "\(good.manager.rawValue) asks for an address by DHCP.",
                evidence: [good.evidence])
        }
        if let bridge = active.first(where: { $0.virtualKind != nil && $0.method == .dhcp && $0.startsAtBoot }
        ) {
            return virtual(bridge)
        }
        if let wrong = fixed.first(where: \.startsAtBoot) { return decided(static: wrong) }
        switch linux.cloudInit.rendersNetwork(at: context.target) {
        case .yes:
            return .judged(value: "cloud-init", "cloud-init writes a configuration with DHCP at first boot.")
        case .unknown:
            return .judged(
                questions: [
                    OpenQuestion(
                        "no configuration of the image is for the interface of an instance; whether cloud-init writes"
                            + " one depends on the data it is given", consequence: .unreachable)
                ])
        case .no: break
        }
        return withoutCloudInit(dhcp, physical)
    }

    /// A name of a slot that PCI of KVM does not have: VMware numbers its slots 160, 192, 224 and 256.
    private func isOfOtherMachine(_ interface: InterfaceFacts) -> Bool {
        let names = interface.match.names
        return !names.isEmpty
            && names.allSatisfy { name in
                name.hasPrefix("ens") && (Int(name.dropFirst(3)).map { $0 >= 160 } ?? false)
            }
    }

    /// systemd brings files for the interfaces of containers and tunnels; nobody wrote them for this system.
    private func isShippedWithSystemd(_ interface: InterfaceFacts) -> Bool {
        interface.evidence.path?.hasPrefix("/usr/lib/systemd/network/") == true
    }

    private func withoutCloudInit(_ dhcp: [InterfaceFacts], _ physical: [InterfaceFacts]) -> CheckOutcome {
        let isNetworkManager = linux.network.activeManagers[.networkManager] != nil
        if isNetworkManager, let automatic = linux.network.automaticDHCP, automatic.value {
            return .judged(
                value: "networkManager", "NetworkManager makes a profile with DHCP by itself.",
                evidence: [automatic.evidence])
        }
        if let late = dhcp.first {
            return fail(
                "Dhcp.NotAtBoot", "The configuration asks for DHCP, but nothing brings it up at boot.",
                [late.evidence], fixes)
        }
        if let open = physical.first(where: { $0.appliesToPrimary == .unknown && !isOfOtherMachine($0) }) {
            return .judged(
                questions: [
                    OpenQuestion(
                        "whether \(place(open)) is for the interface of an instance is not known",
                        consequence: .unreachable)
                ], evidence: [open.evidence])
        }
        if let bound = physical.first(where: { !$0.match.macAddresses.isEmpty }) {
            return fail(
                "Dhcp.MacBound",
                "The only configuration is for the hardware address \(bound.match.macAddresses.joined(separator: ", "));"
                    + " the interface of an instance has another one.", [bound.evidence], fixes)
        }
        let written = physical.filter { !isShippedWithSystemd($0) }
        let physical = written.isEmpty ? physical : written
        if let other = physical.first(where: { !$0.match.names.isEmpty }) {
            let names = physical.flatMap(\.match.names).joined(separator: ", ")
            let own = linux.network.naming.value == .kernel ? "eth0" : "ens5, enp0s3 or the like"
            return fail(
                "Dhcp.NameMismatch",
                "The configuration is for \(names); on an instance the interface is called \(own).",
                [other.evidence, linux.network.naming.evidence], nameFixes(other))
        }
        let notStarted = linux.network.interfaces.filter { linux.network.activeManagers[$0.manager] == nil }
        let idle = notStarted.first { !isShippedWithSystemd($0) } ?? notStarted.first
        return fail(
            "Dhcp.NoConfig",
            idle.map { "There is a configuration for \($0.manager.rawValue), which does not start at boot." }
                ?? "Nothing configures the network interface at boot.",
            [idle?.evidence ?? Evidence(path: "/etc", excerpt: "no network configuration for the interface")],
            idle.map { [enable($0.manager)] } ?? fixes)
    }

    /// Both DHCP and a fixed address claim the interface.
    private func contested(_ good: InterfaceFacts, _ other: InterfaceFacts) -> CheckOutcome {
        .judged(
            findings: [
                Finding(
                    "Dhcp.Static", .warning,
                    "\(place(other)) gives the interface a fixed address while \(place(good)) asks for DHCP.",
                    evidence: [other.evidence, good.evidence], fixes: fixes)
            ],
            questions: [
                OpenQuestion(
                    "which of two configurations of the interface wins is not known",
                    consequence: .unreachable)
            ])
    }

    private func decided(static wrong: InterfaceFacts) -> CheckOutcome {
        let addresses = wrong.addresses.isEmpty ? "" : " \(wrong.addresses.joined(separator: ", "))"
        let message = "The interface gets the fixed address\(addresses), which another network gave it."
        if linux.cloudInit.rendersNetwork(at: context.target) == .yes {
            return .judged(
                findings: [
                    Finding(
                        "Dhcp.Static", .warning,
                        message + " cloud-init writes another configuration beside it.",
                        evidence: [wrong.evidence], fixes: fixes)
                ],
                questions: [
                    OpenQuestion(
                        "whether the fixed address or the configuration of cloud-init wins is not known",
                        consequence: .unreachable)
                ])
        }
        return fail("Dhcp.Static", message, [wrong.evidence], fixes)
    }

    private func virtual(_ bridge: InterfaceFacts) -> CheckOutcome {
        .judged(
            findings: [
                Finding(
                    "Dhcp.Virtual", .warning,
                    "The address is asked for on a \(bridge.virtualKind ?? "virtual interface"), not on the interface"
                        + " itself.", evidence: [bridge.evidence], fixes: fixes)
            ],
            questions: [
                OpenQuestion(
                    "whether the \(bridge.virtualKind ?? "virtual interface") takes in the interface of an instance was"
                        + " not followed", consequence: .unreachable)
            ])
    }

    private func fail(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix])
        -> CheckOutcome
    {
        .judged(
            value: code.split(separator: ".").last.map(String.init),
            findings: [
                Finding(code, .error, message, evidence: evidence, fixes: fixes, consequence: .unreachable)
            ])
    }

    private func place(_ interface: InterfaceFacts) -> String {
        interface.evidence.path ?? interface.manager.rawValue
    }

    private func enable(_ manager: NetworkFacts.Manager) -> Fix {
        let unit =
            switch manager {
            case .ifupdown: "networking.service"
            case .networkd, .netplan: "systemd-networkd.service"
            case .networkManager: "NetworkManager.service"
            case .sysconfig: "network.service"
            case .wicked: "wicked.service"
            case .dhcpcd: "dhcpcd.service"
            case .connman: "connman.service"
            case .kernel: "systemd-networkd.service"
            }
        return .enable([unit], "Let it start at boot")
    }

    private func nameFixes(_ other: InterfaceFacts) -> [Fix] {
        guard other.match.names.contains("eth0") else { return fixes }
        return fixes + [
            .commandLine(adding: ["net.ifnames=0"], "Or keep the name eth0", in: linux)
        ]
    }

    /// The smallest configuration with DHCP of each family.
    private var fixes: [Fix] {
        let managers = linux.network.activeManagers
        let title = "Configure the interface by DHCP (and move the old files away)"
        func write(_ path: String, _ lines: [String], mode: String? = nil) -> Fix {
            let list = lines.map { "'\($0)'" }.joined(separator: " ")
            let commands = ["printf '%s\\n' \(list) > \(path)"] + (mode.map { ["chmod \($0) \(path)"] } ?? [])
            return Fix(title, kind: .autoEdit, commands: commands)
        }
        let name = linux.network.naming.value == .kernel ? "eth0" : "en*"
        if managers[.netplan] != nil {
            return [
                write(
                    "/etc/netplan/50-dhcp.yaml",
                    [
                        "network:", "  version: 2", "  ethernets:", "    all:", "      match: {name: \"e*\"}",
                        "      dhcp4: true",
                    ], mode: "600")
            ]
        }
        if managers[.networkManager] != nil {
            return [
                write(
                    "/etc/NetworkManager/system-connections/dhcp.nmconnection",
                    ["[connection]", "id=dhcp", "type=ethernet", "[ipv4]", "method=auto"], mode: "600")
            ]
        }
        if managers[.wicked] != nil {
            return [write("/etc/sysconfig/network/ifcfg-eth0", ["BOOTPROTO=dhcp", "STARTMODE=auto"])]
        }
        if managers[.sysconfig] != nil {
            return [
                write(
                    "/etc/sysconfig/network-scripts/ifcfg-eth0",
                    ["DEVICE=eth0", "TYPE=Ethernet", "BOOTPROTO=dhcp", "ONBOOT=yes"])
            ]
        }
        if managers[.ifupdown] != nil, name == "eth0" {
            return [write("/etc/network/interfaces.d/eth0", ["auto eth0", "iface eth0 inet dhcp"])]
        }
        return [
            write(
                "/etc/systemd/network/80-dhcp.network",
                ["[Match]", "Name=en* eth*", "[Network]", "DHCP=ipv4"]),
            .enable(["systemd-networkd.service"], "Let systemd-networkd start at boot"),
        ]
    }
}
