import GuestFacts
import Targets

/// `GUESTOS.Dhcp`
enum GuestOSDhcp: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Dhcp", title: "Address by DHCP", link: .network,
        summary: """
            Looks whether a program that starts at boot will ask for an address by DHCP on the first network \
            interface of an instance, under the name that it gets there.
            """,
        rationale: """
            The platform hands out addresses by DHCP. A fixed address of the old network, a configuration for a \
            name such as ens192 that no interface will have, or one bound to the old hardware address leaves the \
            instance running and unreachable.
            """,
        codes: [
            ("Dhcp.Static", "The interface gets a fixed address of another network."),
            ("Dhcp.NameMismatch", "There is a configuration, but for a name that no interface will have."),
            ("Dhcp.MacBound", "The configuration is bound to another hardware address."),
            ("Dhcp.NoConfig", "Nothing configures the interface."),
            ("Dhcp.NotAtBoot", "The configuration is right, but not brought up at boot."),
            ("Dhcp.NoRoute", "The configuration does not take the default route of the network."),
            ("Dhcp.NoClient", "The configuration asks for DHCP, and no DHCP client is installed."),
            ("Dhcp.Ignored", "There is a configuration that its program does not use."),
            ("Dhcp.InvalidConfig", "An error in the configuration makes its program refuse all of it."),
            ("Dhcp.Virtual", "The address belongs to a bridge, bond or VLAN over the interface."),
        ],
        references: [
            "interfaces(5)", "systemd.network(5)", "netplan(5)", "nm-settings-keyfile(5)",
            "systemd.net-naming-scheme(7)",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        return DhcpReview(context: context, linux: linux).outcome
    }

    static var examples: [CheckExample] {
        let file = Evidence(path: "/etc/systemd/network/80-lan.network", line: 2, excerpt: "Name=ens192")
        func only(
            _ match: InterfaceFacts.Match, _ method: InterfaceFacts.Method, applies: Answer,
            cloudInit: Bool = false, atBoot: Bool = true
        ) -> CheckContext {
            .example {
                var interface = InterfaceFacts(
                    manager: .networkd, match: match, method: method, startsAtBoot: atBoot,
                    appliesToPrimary: applies,
                    evidence: file)
                if method == .static { interface.addresses = ["192.168.77.10/24"] }
                $0.linux.network.interfaces = [interface]
                if !cloudInit { $0.linux.cloudInit = CloudInitFacts() }
            }
        }
        let any = InterfaceFacts.Match(names: ["en*"])
        let vmware = InterfaceFacts.Match(names: ["ens192"])
        let slot = InterfaceFacts.Match(names: ["ens5"])
        let mac = InterfaceFacts.Match(macAddresses: ["00:50:56:aa:bb:cc"])
        return [
            CheckExample("networkd with DHCP for en* and eth*", .example(), .pass),
            CheckExample("a fixed address", only(any, .static, applies: .yes), .fail, codes: ["Dhcp.Static"]),
            CheckExample(
                "DHCP for ens192 only", only(vmware, .dhcp, applies: .no), .fail, codes: ["Dhcp.NameMismatch"]
            ),
            CheckExample(
                "DHCP for another MAC", only(mac, .dhcp, applies: .no), .fail, codes: ["Dhcp.MacBound"]),
            CheckExample(
                "DHCP for ens192 only, but cloud-init writes a new configuration",
                only(vmware, .dhcp, applies: .no, cloudInit: true), .pass),
            CheckExample(
                "connman is told to leave en* alone",
                .example {
                    let interface = InterfaceFacts(
                        manager: .connman, match: .init(names: ["!vmnet*", "!en*"]), method: .dhcp,
                        startsAtBoot: true, appliesToPrimary: .no,
                        evidence: Evidence(
                            path: "/etc/connman/main.conf", line: 3,
                            excerpt: "NetworkInterfaceBlacklist=vmnet,en"))
                    $0.linux.network.interfaces = [interface]
                    $0.linux.network.activeManagers = [.connman: [Evidence(path: "connman.service")]]
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Dhcp.NameMismatch"]),
            CheckExample(
                "DHCP whose default route is not taken",
                .example {
                    var interface = InterfaceFacts(
                        manager: .networkd, match: any, method: .dhcp, startsAtBoot: true,
                        appliesToPrimary: .yes,
                        evidence: file)
                    interface.defaultRouteRefused = Evidence(
                        path: "/etc/systemd/network/80-lan.network", line: 7, excerpt: "UseRoutes=no")
                    $0.linux.network.interfaces = [interface]
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Dhcp.NoRoute"]),
            CheckExample(
                "DHCP that is not brought up at boot", only(any, .dhcp, applies: .yes, atBoot: false), .fail,
                codes: ["Dhcp.NotAtBoot"]),
            CheckExample(
                "no configuration and no manager",
                .example {
                    $0.linux.network.interfaces = []
                    $0.linux.network.activeManagers = [:]
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Dhcp.NoConfig"]),
            CheckExample(
                "NetworkManager without any profile makes one itself",
                .example {
                    $0.linux.network.interfaces = []
                    $0.linux.network.activeManagers = [.networkManager: []]
                    $0.linux.network.automaticDHCP = Located(true, Evidence(path: "/etc/NetworkManager"))
                    $0.linux.cloudInit = CloudInitFacts()
                }, .pass),
            CheckExample(
                "no KVM has a slot 192", only(vmware, .dhcp, applies: .unknown), .fail,
                codes: ["Dhcp.NameMismatch"]),
            CheckExample(
                "whether the interface will be ens5 is not known", only(slot, .dhcp, applies: .unknown),
                .unknown),
            CheckExample(
                "the profile is readable to others, so NetworkManager ignores it",
                .example {
                    let path = "/etc/NetworkManager/system-connections/eth0.nmconnection"
                    var profile = InterfaceFacts(
                        manager: .networkManager, match: any, method: .dhcp, startsAtBoot: true,
                        appliesToPrimary: .yes, evidence: Evidence(path: path))
                    profile.setAside = "NetworkManager ignores it: mode 644, owner 0"
                    $0.linux.network.interfaces = [profile]
                    $0.linux.network.activeManagers = [.networkManager: []]
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Dhcp.Ignored"]),
            CheckExample(
                "a tab in netplan's file",
                .example {
                    $0.linux.network.interfaces = []
                    $0.linux.network.activeManagers = [.netplan: [], .networkd: []]
                    $0.linux.network.refusing[.netplan] = StructureFinding(
                        code: "invalid", message: "netplan refuses its configuration: line 3: found a tab",
                        evidence: Evidence(path: "/etc/netplan/01-netcfg.yaml", line: 3))
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Dhcp.InvalidConfig"]),
            CheckExample(
                "the NIC is in a bridge that asks by DHCP",
                .example {
                    $0.linux.network.interfaces[0].controller = "br0"
                    var bridge = InterfaceFacts(
                        manager: .networkd, match: InterfaceFacts.Match(names: ["br0"]), method: .dhcp,
                        startsAtBoot: true, appliesToPrimary: .yes, evidence: file)
                    bridge.virtualKind = "bridge"
                    $0.linux.network.interfaces.append(bridge)
                }, .fail, codes: ["Dhcp.Virtual"]),
            CheckExample(
                "cloud-init writes for a program that does not start",
                .example {
                    $0.linux.network.interfaces = []
                    $0.linux.network.activeManagers = [:]
                    $0.linux.cloudInit.renderer = Located(
                        .networkManager, Evidence(path: "/etc/NetworkManager/NetworkManager.conf"))
                }, .fail, codes: ["Dhcp.NoConfig"]),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.network.gap = .example("/etc/network/interfaces") }, .unknown),
        ]
    }
}
