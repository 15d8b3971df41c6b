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
        if active.isEmpty, linux.cloudInit.rendersNetwork(at: context.target) == .no {
            // GUESTOS.Dhcp says what it means for the launch.
            findings.append(
                Finding(
                    "Managers.None", .error, "No program that configures the network starts at boot.",
                    evidence: [
                        Evidence(path: "/etc/systemd/system", excerpt: "no network manager is enabled")
                    ],
                    fixes: [.enable(["systemd-networkd.service"], "Let systemd-networkd start at boot")]))
        }
        let claiming = active.filter { manager in
            network.interfaces.contains {
                $0.manager == manager && $0.appliesToPrimary == .yes && $0.startsAtBoot
                    && !$0.renderedByCloudInit
            }
        }
        if claiming.count > 1 {
            findings.append(
                Finding(
                    "Managers.Conflict", .warning,
                    "\(claiming.map(\.rawValue).joined(separator: " and ")) configure the same interface.",
                    evidence: network.interfaces.filter { claiming.contains($0.manager) }.map(\.evidence),
                    fixes: [.byHand("Keep one of them")]))
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
                "the configuration could not be read",
                .example { $0.linux.network.gap = .example("/etc/systemd") }, .unknown),
        ]
    }
}
