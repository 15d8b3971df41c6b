import GuestFacts
import Targets

/// `INIT.State`
enum InitState: Check {
    static let metadata = CheckMetadata(
        id: "INIT.State", title: "State of an earlier first boot", link: .operation,
        summary: "Looks for what cloud-init kept of the source instance, and for settings that limit it.",
        rationale: """
            cloud-init starts anew when the id of the instance differs from the one it kept, so old state is mostly \
            harmless; logs and user data of the source are published with the image, though. With its network part \
            switched off, the image's own configuration has to fit.
            """,
        codes: [
            ("State.Stale", "State of an earlier instance is left over."),
            ("State.NetworkDisabled", "cloud-init is told to leave the network alone."),
        ], references: ["cloud-init(1): clean"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let cloudInit = linux.cloudInit
        if let gap = cloudInit.gap { return .judged(questions: [OpenQuestion(gap)]) }
        guard cloudInit.program != nil else { return .notApplicable("cloud-init is not installed") }
        var findings: [Finding] = []
        if !cloudInit.staleState.isEmpty {
            findings.append(
                Finding(
                    "State.Stale", .info, "cloud-init kept state of an earlier instance.",
                    evidence: cloudInit.staleState,
                    fixes: [
                        Fix(
                            "Remove it", where: .online, kind: .autoChroot,
                            commands: ["cloud-init clean --logs"])
                    ]))
        }
        if let evidence = cloudInit.networkDisabled {
            findings.append(
                Finding(
                    "State.NetworkDisabled", .info, "cloud-init does not configure the network.",
                    evidence: [evidence],
                    fixes: [.edit("Let it configure the network", evidence, to: nil)]))
        }
        return .judged("No state of an earlier instance is left.", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing is left", .example(), .pass),
            CheckExample(
                "an instance directory",
                .example {
                    $0.linux.cloudInit.staleState = [Evidence(path: "/var/lib/cloud/instances/i-0123")]
                }, .fail,
                codes: ["State.Stale"]),
            CheckExample(
                "network: {config: disabled}",
                .example {
                    $0.linux.cloudInit.networkDisabled = Evidence(
                        path: "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg", line: 1)
                }, .fail, codes: ["State.NetworkDisabled"]),
            CheckExample("no cloud-init", .example { $0.linux.cloudInit = CloudInitFacts() }, .notApplicable),
            CheckExample(
                "the directory could not be read",
                .example { $0.linux.cloudInit.gap = .example("/var/lib/cloud") }, .unknown),
        ]
    }
}
