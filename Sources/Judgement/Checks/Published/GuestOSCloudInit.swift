import GuestFacts
import Targets

/// `GUESTOS.CloudInit`
enum GuestOSCloudInit: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.CloudInit", title: "cloud-init", link: .provisioning,
        summary:
            "Looks whether cloud-init is installed, runs at boot, and is not older than the target can use.",
        rationale: """
            The platform hands hostname, keys, password and scripts to cloud-init. Without it an instance is an exact \
            copy of the source, and nothing that was chosen for it takes effect.
            """,
        codes: [
            ("CloudInit.NotInstalled", "cloud-init is not installed."),
            ("CloudInit.Disabled", "cloud-init is installed and does not run at boot."),
            ("CloudInit.TooOld", "cloud-init is older than what the target needs for this system."),
            ("CloudInit.ConfigInvalid", "A configuration file is invalid and is ignored."),
        ], references: ["cloud-init documentation", "ECS: install cloud-init"])

    /// Systems for which a minimum version is published.
    private static let modern: Set = [
        "centos-stream", "anolis", "almalinux", "rocky", "uos", "kylin",
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let cloudInit = linux.cloudInit
        let isNeeded = context.target.rules.needsProvisioning
        let consequence: Consequence = isNeeded ? .notReady : .none
        if let gap = cloudInit.gap {
            return .judged(questions: [OpenQuestion(gap, consequence: consequence)])
        }
        func fail(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix]) -> Finding {
            Finding(
                code, isNeeded ? .warning : .info, message, evidence: evidence, fixes: fixes,
                consequence: consequence)
        }
        let enable = enabling(linux)
        if cloudInit.program == nil, let why = linux.identity.notFollowed(.provisioning) {
            return .judged(questions: [OpenQuestion(why, consequence: consequence)])
        }
        guard let program = cloudInit.program else {
            return .judged(
                value: "NotInstalled",
                findings: [
                    fail(
                        "CloudInit.NotInstalled", "cloud-init is not installed.",
                        [Evidence(path: "/usr/bin/cloud-init", excerpt: "absent")],
                        [.install(["cloud-init"], "Install cloud-init", in: linux)])
                ])
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        switch cloudInit.enabled {
        case .yes: break
        case .unknown:
            questions.append(
                OpenQuestion("whether cloud-init runs at boot is not known", consequence: consequence))
        case .no:
            var fixes = [enable]
            for evidence in cloudInit.disabledBy where evidence.path == "/etc/cloud/cloud-init.disabled" {
                fixes.insert(
                    Fix("Remove the file", kind: .autoEdit, commands: ["rm \(quoted(evidence.path ?? ""))"]),
                    at: 0)
            }
            findings.append(
                fail(
                    "CloudInit.Disabled", "cloud-init is installed and does not run at boot.",
                    cloudInit.disabledBy.isEmpty ? [program] : cloudInit.disabledBy, fixes))
        }
        let needsNew = linux.identity.architecture == "arm64" || modern.contains(linux.identity.distribution)
        if isNeeded, needsNew, let text = cloudInit.version, isTooOld(text) {
            findings.append(
                fail(
                    "CloudInit.TooOld",
                    "cloud-init is \(text); this system needs 19.1.3, or 0.7.6a15 of the vendor.",
                    [program], [.install(["cloud-init"], "Update cloud-init", in: linux)]))
        }
        for problem in cloudInit.problems {
            findings.append(
                Finding(
                    "CloudInit.ConfigInvalid", .warning, problem.message, evidence: [problem.evidence],
                    fixes: [.byHand("Correct the file", commands: ["cloud-init schema --system"])],
                    link: .operation))
        }
        return .judged(
            value: cloudInit.version, "cloud-init runs at boot.", findings: findings, questions: questions,
            evidence: [program])
    }

    /// Its stages; the second was renamed in 24.3, with a service in front of all.
    private static func enabling(_ linux: LinuxFacts) -> Fix {
        let isNew = linux.cloudInit.version.map { !numbers($0).lexicographicallyPrecedes([24, 3]) } ?? false
        let stages =
            isNew
            ? ["cloud-init-main", "cloud-init-local", "cloud-init-network", "cloud-config", "cloud-final"]
            : ["cloud-init-local", "cloud-init", "cloud-config", "cloud-final"]
        return .enable(stages, "Let it run at boot", in: linux)
    }

    /// Compares number by number, so that 0.7.6a15 comes after 0.7.6a4.
    private static func isTooOld(_ text: String) -> Bool {
        let version = numbers(text)
        let line = Array(version.prefix(3))
        if line == [0, 7, 6] { return version.lexicographicallyPrecedes([0, 7, 6, 15]) }
        return version.lexicographicallyPrecedes([19, 1, 3])
    }

    private static func numbers(_ text: String) -> [Int] {
        let upstream = text.split(separator: "-", maxSplits: 1).first ?? ""
        return upstream.split { !($0.isASCII && $0.isNumber) }.map { Int($0) ?? Int.max }
    }

    static var examples: [CheckExample] {
        func anolis(_ version: String) -> CheckContext {
            .example {
                $0.linux.identity.distribution = "anolis"
                $0.linux.cloudInit.version = version
            }
        }
        return [
            CheckExample("installed and enabled", .example(), .pass),
            CheckExample(
                "not installed", .example { $0.linux.cloudInit = CloudInitFacts() }, .fail,
                codes: ["CloudInit.NotInstalled"]),
            CheckExample(
                "not installed, in a system that comes as an image and has its own way",
                .example {
                    $0.linux.cloudInit = CloudInitFacts()
                    $0.linux.identity.imageBased = Located(
                        .flatcar, Evidence(path: "/usr/share/flatcar/release"))
                }, .unknown),
            CheckExample(
                "switched off by a file",
                .example {
                    $0.linux.cloudInit.enabled = .no
                    $0.linux.cloudInit.disabledBy = [Evidence(path: "/etc/cloud/cloud-init.disabled")]
                }, .fail, codes: ["CloudInit.Disabled"]),
            CheckExample("0.7.6a4 on Anolis", anolis("0.7.6a4"), .fail, codes: ["CloudInit.TooOld"]),
            CheckExample("0.7.6a15 on Anolis", anolis("0.7.6a15"), .pass),
            CheckExample("18.5 on Anolis", anolis("18.5"), .fail, codes: ["CloudInit.TooOld"]),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.cloudInit.gap = .example("/etc/cloud/cloud.cfg") }, .unknown),
        ]
    }
}
