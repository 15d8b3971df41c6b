import GuestFacts
import Targets

/// `NET.Managers`
enum NetManagers: Check {
    static let metadata = CheckMetadata(
        id: "NET.Managers", title: "Network managers", link: .network,
        summary: "Looks which programs configure the network at boot, and whether exactly one is in charge.",
        rationale: """
            Configuration files do nothing when the program that reads them does not start. Two programs that claim \
            the same interface take the address from each other.
            """,
        codes: [
            ("Managers.None", "There is configuration, and no program that reads it starts."),
            ("Managers.Conflict", "Several programs configure the same interface."),
            ("Managers.Waits", "The boot waits until interfaces are up that no instance has."),
            ("Managers.Problem", "A configuration file is invalid and is ignored, or stops its manager."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let network = linux.network
        if let gap = network.gap { return .judged(questions: [OpenQuestion(gap)]) }
        let active = NetworkFacts.Manager.allCases.filter { network.activeManagers[$0] != nil }
        var findings = network.problems.map { problem in
            Finding(
                "Managers.Problem", .warning, problem.message, evidence: [problem.evidence],
                fixes: [.byHand("Correct the file, or remove it")])
        }
        if active.isEmpty, network.uncertainManagers.isEmpty,
            linux.cloudInit.rendersNetwork(at: context.target) == .no
        {
            // GUESTOS.Dhcp says what it means for the launch.
            findings.append(
                Finding(
                    "Managers.None", .error, "No program that configures the network starts at boot.",
                    evidence: [
                        Evidence(path: "/etc/systemd/system", excerpt: "no network manager is enabled")
                    ],
                    fixes: DhcpFix(linux: linux).fixes))
        }
        let claims = network.interfaces.filter {
            $0.appliesToPrimary == .yes && $0.startsAtBoot && $0.setAside == nil && !$0.renderedByCloudInit
                && $0.method != .none && active.contains($0.manager)
        }
        let claiming = active.filter { manager in claims.contains { $0.manager == manager } }
        if claiming.count > 1 {
            findings.append(
                Finding(
                    "Managers.Conflict", .warning,
                    "\(claiming.map(\.rawValue).joined(separator: " and ")) configure the same interface.",
                    evidence: claims.map(\.evidence), fixes: [.byHand("Keep one of them")]))
        }
        let waitsInVain = network.interfaces.first { interface in
            interface.appliesToPrimary == .no && interface.setAside == nil && interface.startsAtBoot
                && interface.virtualKind == nil
                && [.networkd, .netplan, .ifupdown].contains(interface.manager)
                && active.contains(interface.manager)
                && interface.evidence.path?.hasPrefix("/usr/lib/systemd") == false
        }
        if let service = network.waitsOnline.first, let waitsInVain {
            findings.append(
                Finding(
                    "Managers.Waits", .info,
                    "The boot waits, for two minutes at most, for an interface that an instance does not have.",
                    evidence: [waitsInVain.evidence, service],
                    fixes: [.byHand("Remove the configuration, or mark it optional")]))
        }
        return .judged(
            value: active.map(\.rawValue).joined(separator: ", "), "One program configures the network.",
            findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("systemd-networkd", .example(), .pass),
            CheckExample(
                "nothing starts",
                .example {
                    $0.linux.network.activeManagers = [:]
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["Managers.None"]),
            CheckExample(
                "networkd and ifupdown",
                .example {
                    $0.linux.network.activeManagers[.ifupdown] = []
                    $0.linux.network.interfaces.append(
                        InterfaceFacts(
                            manager: .ifupdown, match: InterfaceFacts.Match(names: ["ens5"]), method: .dhcp,
                            startsAtBoot: true, appliesToPrimary: .yes,
                            evidence: Evidence(path: "/etc/network/interfaces", line: 4)))
                }, .fail, codes: ["Managers.Conflict"]),
            CheckExample(
                "NetworkManager reads what the network service would, and only one of them does",
                .example {
                    $0.linux.network.activeManagers = [.networkManager: [], .sysconfig: []]
                    $0.linux.network.interfaces[0].manager = .networkManager
                }, .pass),
            CheckExample(
                "the boot waits for an interface of the old machine",
                .example {
                    $0.linux.network.waitsOnline = [Evidence(path: "systemd-networkd-wait-online.service")]
                    $0.linux.network.interfaces.append(
                        InterfaceFacts(
                            manager: .networkd, match: InterfaceFacts.Match(names: ["ens192"]), method: .dhcp,
                            startsAtBoot: true, appliesToPrimary: .no,
                            evidence: Evidence(path: "/etc/systemd/network/10-ens192.network", line: 2)))
                }, .fail, codes: ["Managers.Waits"]),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.network.gap = .example("/etc/systemd") }, .unknown),
        ]
    }
}
