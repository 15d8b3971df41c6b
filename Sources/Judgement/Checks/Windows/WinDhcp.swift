import GuestFacts
import Targets

/// `WIN.Dhcp`
enum WinDhcp: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Dhcp", title: "Address of a Windows", link: .network,
        summary: """
            Looks whether the DHCP client runs, and whether an adapter that a new instance would have again carries \
            a fixed address, fixed name servers, routes or a proxy of the old network.
            """,
        rationale: """
            A new instance has a new network card. Windows gives a card it has never seen DHCP, whatever was set for \
            the old one; but without the DHCP client no card ever gets an address. A card of the same kind in the \
            same slot is the old one to Windows, with the old address.
            """,
        codes: [
            ("Dhcp.ServiceDisabled", "The DHCP client does not start, so no adapter gets an address."),
            (
                "Dhcp.StaticAddress",
                "An adapter has a fixed address; it counts if the target has such a card."
            ),
            ("Dhcp.StaticDns", "An adapter of the target's kind, or all, have fixed name servers."),
            ("Dhcp.Compound", "A bridge or team takes the addresses over from the cards."),
            ("Dhcp.PersistentRoutes", "Routes of the old network are set at every start."),
            ("Dhcp.Proxy", "System services go through a proxy of the old network."),
            ("Dhcp.NoIPv6", "IPv6 is switched off."),
        ], references: ["Windows: Tcpip\\Parameters\\Interfaces", "ECS: image import, network configuration"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let services = WindowsServices(windows)
        let network = windows.network
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        if let gap = services.doubt(about: "Dhcp") {
            questions.append(OpenQuestion(gap, consequence: .unreachable))
        } else if let found = services.fault(of: "Dhcp") {
            findings.append(
                Finding(
                    "Dhcp.ServiceDisabled", .error,
                    "The DHCP client does not start, so the network card of the instance gets no address.",
                    evidence: found.evidence, fixes: services.mend(found), consequence: .unreachable))
        }
        switch network.adapters {
        case .unknown(let gap): questions.append(OpenQuestion(gap, consequence: .unreachable))
        case .known(let adapters):
            for adapter in adapters {
                if context.target.hardware.networkDrivers.contains(where: { adapter.isCard(of: $0) }) {
                    judge(adapter, &findings, &questions)
                } else if let interface = adapter.configuration, interface.isStatic {
                    findings.append(ghost(adapter, interface))
                }
            }
        }
        judgeRest(network, &findings)
        return .judged(
            value: findings.allSatisfy { $0.severity == .info } && questions.isEmpty ? "DHCP" : nil,
            "The network card of a new instance asks for its address.", findings: findings,
            questions: questions,
            evidence: windows.service("Dhcp").map { [$0.startEvidence] } ?? [])
    }

    private static func judge(
        _ adapter: WindowsAdapter, _ findings: inout [Finding], _ questions: inout [OpenQuestion]
    ) {
        guard let interface = adapter.configuration else { return }
        let title = adapter.title ?? adapter.component ?? "the adapter"
        let command = "netsh interface ip set address name=\"NAME\" source=dhcp"
        if interface.isStatic {
            findings.append(
                Finding(
                    "Dhcp.StaticAddress", .warning,
                    "\(title) has the fixed address \(interface.addresses.joined(separator: ", ")); an instance with such a card in the same place keeps it.",
                    evidence: [interface.evidence],
                    fixes: [
                        .registry(
                            "Let the adapter ask for its address",
                            [.set(key: interface.key, name: "EnableDHCP", .dword(1))]
                                + ["IPAddress", "SubnetMask", "DefaultGateway", "NameServer"].map {
                                    .removeValue(key: interface.key, name: $0)
                                }),
                        Fix(
                            "Or in the source system", where: .online, kind: .online,
                            commands: [command, "netsh interface ip set dns name=\"NAME\" source=dhcp"]),
                    ]))
            questions.append(
                OpenQuestion(
                    "whether the instance has its network card in the place of \(title), which has a fixed address, is not known",
                    consequence: .unreachable))
        } else if !interface.nameServers.isEmpty {
            findings.append(
                Finding(
                    "Dhcp.StaticDns", .warning,
                    "\(title) has the fixed name servers \(interface.nameServers.joined(separator: ", ")).",
                    evidence: [
                        Evidence(
                            path: interface.key,
                            excerpt: "NameServer = \(interface.nameServers.joined(separator: ","))")
                    ],
                    fixes: [
                        .registry(
                            "Take the name servers from DHCP",
                            [.removeValue(key: interface.key, name: "NameServer")])
                    ]))
        }
    }

    /// A card that the target does not have: its address stays with it, and Windows only asks once somebody
    /// wants to use the address again.
    private static func ghost(_ adapter: WindowsAdapter, _ interface: WindowsInterface) -> Finding {
        Finding(
            "Dhcp.StaticAddress", .info,
            "\(adapter.title ?? adapter.component ?? "an adapter") keeps the address \(interface.addresses.joined(separator: ", ")); the instance does not have such a card, its own one asks for an address.",
            evidence: [interface.evidence],
            fixes: [
                .registry("Forget the address", [.remove(key: interface.key)])
            ])
    }

    private static func judgeRest(_ network: WindowsNetworkFacts, _ findings: inout [Finding]) {
        if let servers = network.nameServers, !servers.value.isEmpty, let key = servers.evidence.path {
            findings.append(
                Finding(
                    "Dhcp.StaticDns", .warning, "All adapters use the name servers \(servers.value).",
                    evidence: [servers.evidence],
                    fixes: [
                        .registry(
                            "Take the name servers from DHCP", [.removeValue(key: key, name: "NameServer")])
                    ]))
        }
        if !network.compounds.isEmpty {
            findings.append(
                Finding(
                    "Dhcp.Compound", .warning,
                    "A bridge or team of network cards is set up; its cards are not those of the instance.",
                    evidence: network.compounds,
                    fixes: [.byHand("Dissolve the team or bridge in the source system")]))
        }
        if !network.persistentRoutes.isEmpty {
            findings.append(
                Finding(
                    "Dhcp.PersistentRoutes", .warning,
                    "Routes are set at every start; they lead into the old network.",
                    evidence: network.persistentRoutes.map(\.evidence),
                    fixes: [
                        .registry(
                            "Remove the routes",
                            network.persistentRoutes.compactMap { route in
                                route.evidence.path.map { .removeValue(key: $0, name: route.value) }
                            })
                    ]))
        }
        if let proxy = network.proxy, let key = proxy.evidence.path {
            findings.append(
                Finding(
                    "Dhcp.Proxy", .info,
                    "System services go through the proxy \(proxy.value); agents may not find the platform.",
                    evidence: [proxy.evidence],
                    fixes: [
                        .registry(
                            "Let them connect directly", hive: "SOFTWARE",
                            [.removeValue(key: key, name: "WinHttpSettings")]),
                        Fix(
                            "Or in the source system", where: .online, kind: .online,
                            commands: ["netsh winhttp reset proxy"]),
                    ]))
        }
        if let components = network.disabledComponents, components.value & 0xFF == 0xFF,
            let key = components.evidence.path
        {
            findings.append(
                Finding(
                    "Dhcp.NoIPv6", .info, "IPv6 is switched off.", evidence: [components.evidence],
                    fixes: [
                        .registry(
                            "Switch it on, where it is wanted",
                            [.removeValue(key: key, name: "DisabledComponents")])
                    ]))
        }
    }

    static var examples: [CheckExample] {
        func with(_ component: String, _ change: (inout WindowsInterface) -> Void) -> CheckContext {
            .windows {
                var adapter = WindowsAdapter(key: ExampleWindows.adapterClass + "\\0007")
                adapter.title = component.contains("1af4") ? "Red Hat VirtIO Ethernet Adapter" : "vmxnet3"
                adapter.component = component
                adapter.interface = "{4A6A2C5F-9A3D-4A0C-8A55-0A3C2B1D7E01}"
                var interface = WindowsInterface(
                    key: ExampleWindows.interfaces + "\\{4A6A2C5F-9A3D-4A0C-8A55-0A3C2B1D7E01}")
                change(&interface)
                adapter.configuration = interface
                $0.windows.network.adapters = .known([adapter])
            }
        }
        let route = "10.1.0.0,255.255.0.0,192.168.1.254,1"
        return [
            CheckExample("DHCP on a virtio adapter", .windows(), .pass),
            CheckExample(
                "the DHCP client is disabled", .windows { $0[service: "Dhcp"].start = 4 }, .fail,
                codes: ["Dhcp.ServiceDisabled"]),
            CheckExample(
                "the DHCP client is gone", .windows { $0.remove(service: "Dhcp") }, .fail,
                codes: ["Dhcp.ServiceDisabled"]),
            CheckExample(
                "a fixed address on a virtio adapter",
                with(#"pci\ven_1af4&dev_1000"#) {
                    $0.usesDHCP = false
                    $0.addresses = ["192.168.1.20"]
                }, .fail, codes: ["Dhcp.StaticAddress"]),
            CheckExample(
                "a fixed address on a VMware adapter, which stays behind",
                with(#"pci\ven_15ad&dev_07b0"#) {
                    $0.usesDHCP = false
                    $0.addresses = ["192.168.1.20"]
                }, .fail, codes: ["Dhcp.StaticAddress"]),
            CheckExample(
                "DHCP with fixed name servers",
                with(#"pci\ven_1af4&dev_1041"#) {
                    $0.usesDHCP = true
                    $0.nameServers = ["192.168.1.1"]
                }, .fail, codes: ["Dhcp.StaticDns"]),
            CheckExample(
                "a persistent route, a proxy, a team, no IPv6",
                .windows {
                    let key = #"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters\PersistentRoutes"#
                    $0.windows.network.persistentRoutes = [
                        Located(route, Evidence(path: key, excerpt: route))
                    ]
                    $0.windows.network.proxy = Located(
                        "proxy.corp:3128",
                        Evidence(
                            path:
                                #"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"#
                        ))
                    $0.windows.network.compounds = [Evidence(path: ExampleWindows.adapterClass + "\\0009")]
                    $0.windows.network.disabledComponents = Located(
                        0xFF,
                        Evidence(path: #"HKLM\SYSTEM\ControlSet001\Services\Tcpip6\Parameters"#))
                }, .fail,
                codes: ["Dhcp.PersistentRoutes", "Dhcp.Proxy", "Dhcp.Compound", "Dhcp.NoIPv6"]),
            CheckExample(
                "name servers for all adapters",
                .windows {
                    $0.windows.network.nameServers = Located(
                        "192.168.1.1",
                        Evidence(path: #"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters"#))
                }, .fail, codes: ["Dhcp.StaticDns"]),
            CheckExample(
                "the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) },
                .unknown),
            CheckExample(
                "the adapters could not be read",
                .windows { $0.windows.network.adapters = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
