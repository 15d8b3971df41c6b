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
            (
                "State.Kept",
                "State of an earlier instance is kept for ever: first-boot work never runs again."
            ),
            ("State.Hostname", "The name of the source stays."),
            ("State.Prompt", "A program asks at the console at first boot and waits."),
            ("State.NetworkDisabled", "cloud-init is told to leave the network alone."),
        ], references: ["cloud-init(1): clean"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let cloudInit = linux.cloudInit
        if let gap = cloudInit.gap { return .judged(questions: [OpenQuestion(gap)]) }
        var findings = prompts(linux)
        guard cloudInit.program != nil else {
            return findings.isEmpty
                ? .notApplicable("cloud-init is not installed") : .judged(findings: findings)
        }
        let isNeeded = context.target.rules.needsProvisioning
        if let kept = cloudInit.keepsState, !cloudInit.staleState.isEmpty {
            findings.append(
                Finding(
                    "State.Kept", isNeeded ? .error : .warning,
                    "manual_cache_clean keeps the state of the source: first-boot work never runs again.",
                    evidence: [kept] + cloudInit.staleState,
                    fixes: [
                        Fix(
                            "Remove the state", where: .online, kind: .autoChroot,
                            commands: ["cloud-init clean --logs"]),
                        .edit("Let cloud-init see a new instance", kept, to: nil),
                    ], consequence: isNeeded ? .notReady : .none, link: .provisioning))
        }
        if let hostname = cloudInit.preservesHostname {
            findings.append(
                Finding(
                    "State.Hostname", .info, "Instances keep the host name of the source.",
                    evidence: [hostname],
                    fixes: [.edit("Let cloud-init set it", hostname, to: "preserve_hostname: false")]))
        }
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

    private static func prompts(_ linux: LinuxFacts) -> [Finding] {
        linux.cloudInit.prompts.map { prompt in
            let blocks = prompt.code == "blocks"
            let path = prompt.evidence.path ?? ""
            let unit = path.split(separator: "/").last.map(String.init) ?? ""
            let isUnit = unit.hasSuffix(".service")
            return Finding(
                "State.Prompt", blocks ? .error : .warning,
                prompt.message + (blocks ? " The network and logins come after it." : ""),
                evidence: [prompt.evidence],
                fixes: [
                    isUnit
                        ? .stop(unit, "Do not start it", in: linux)
                        : Fix("Remove the file", kind: .autoEdit, commands: ["rm \(quoted(path))"])
                ], consequence: blocks ? .stopsBoot : .none, link: blocks ? .`init` : nil)
        }
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
            CheckExample(
                "the state of the source is kept for ever",
                .example {
                    $0.linux.cloudInit.keepsState = Evidence(path: "/etc/cloud/cloud.cfg", line: 9)
                    $0.linux.cloudInit.staleState = [Evidence(path: "/var/lib/cloud/instance")]
                }, .fail, codes: ["State.Kept", "State.Stale"]),
            CheckExample(
                "jeos-firstboot waits for a keyboard",
                .example {
                    $0.linux.cloudInit.prompts = [
                        StructureFinding(
                            code: "blocks", message: "jeos-firstboot.service asks for settings and waits.",
                            evidence: Evidence(
                                path: "/etc/systemd/system/default.target.wants/jeos-firstboot.service"))
                    ]
                }, .fail, codes: ["State.Prompt"]),
            CheckExample("no cloud-init", .example { $0.linux.cloudInit = CloudInitFacts() }, .notApplicable),
            CheckExample(
                "the directory could not be read",
                .example { $0.linux.cloudInit.gap = .example("/var/lib/cloud") }, .unknown),
        ]
    }
}
