import GuestFacts
import Targets

/// `COMPLIANCE.Network`
enum ComplianceNetwork: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Network", title: "Classic network service", link: .operation,
        summary: "On systems of the generation of CentOS 7, looks whether the network service is used.",
        rationale: """
            The published tool wants the network service and not NetworkManager. That is sound advice for old systems \
            only; later ones do not have the service any more.
            """,
        codes: [("Network.NetworkManager", "NetworkManager is in charge on an old system.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let major = linux.identity.versionID?.split(separator: ".").first.flatMap { Int($0) }
        let isOld: Bool
        switch linux.identity.family {
        case .rhel:
            isOld = linux.identity.distribution != "fedora" && major.map { (5...7).contains($0) } ?? false
        case .suse: isOld = major == 11
        default: isOld = false
        }
        guard isOld else {
            return .notApplicable("the rule is for systems of the generation of CentOS 7 and SLES 11")
        }
        if let gap = linux.network.gap { return .judged(questions: [OpenQuestion(gap)]) }
        guard let evidence = linux.network.activeManagers[.networkManager] else {
            return .judged("NetworkManager does not start.")
        }
        return .judged(
            findings: [
                Finding(
                    "Network.NetworkManager", .info, "NetworkManager starts instead of the network service.",
                    evidence: evidence.isEmpty ? [Evidence(path: "/etc/systemd/system")] : evidence,
                    fixes: [
                        Fix(
                            "Use the network service", where: .online, kind: .autoChroot,
                            commands: commands(linux, major: major ?? 7))
                    ])
            ])
    }

    private static func commands(_ linux: LinuxFacts, major: Int) -> [String] {
        if linux.identity.family == .suse {
            return ["sed -i 's/^NETWORKMANAGER=.*/NETWORKMANAGER=no/' /etc/sysconfig/network/config"]
        }
        return major >= 7
            ? ["systemctl disable NetworkManager", "systemctl enable network"]
            : ["chkconfig NetworkManager off", "chkconfig network on"]
    }

    static var examples: [CheckExample] {
        func centOS(_ change: (inout ExampleFacts) -> Void = { _ in }) -> CheckContext {
            .example {
                $0.linux.identity.family = .rhel
                $0.linux.identity.distribution = "centos"
                $0.linux.identity.versionID = "7"
                $0.linux.network.activeManagers = [.sysconfig: []]
                change(&$0)
            }
        }
        return [
            CheckExample("CentOS 7 with the network service", centOS(), .pass),
            CheckExample(
                "CentOS 7 with NetworkManager",
                centOS { $0.linux.network.activeManagers[.networkManager] = [] }, .fail,
                codes: ["Network.NetworkManager"]),
            CheckExample("Debian", .example(), .notApplicable),
            CheckExample("not readable", centOS { $0.linux.network.gap = .example("/etc") }, .unknown),
        ]
    }
}
