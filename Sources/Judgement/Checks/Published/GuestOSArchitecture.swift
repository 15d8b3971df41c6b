import GuestFacts
import Targets

/// `GUESTOS.Architecture`
enum GuestOSArchitecture: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Architecture", title: "Architecture", link: .kernel,
        summary: "Reports the architecture of the programs, and whether the target has it.",
        rationale: "An instance of another architecture cannot run the kernel at all.",
        codes: [
            ("Architecture.NotSupportedByTarget", "The target has no instances of this architecture."),
            ("Architecture.Mismatch", "init is made for another architecture than the other programs."),
            ("Architecture.32bit", "The programs are for 32-bit processors."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows { return judge(windows, context) }
        guard let linux = context.linux else { return context.withoutLinux }
        guard let architecture = linux.identity.architecture else {
            return .judged(
                questions: [
                    OpenQuestion("no program could be read to see the architecture", consequence: .stopsBoot)
                ])
        }
        let evidence = [Evidence(path: "/sbin/init", excerpt: architecture)]
        var findings: [Finding] = []
        if context.target.hardware.firmware[architecture] == nil {
            findings.append(
                Finding(
                    "Architecture.NotSupportedByTarget", .error,
                    "\(context.target.title) has no instances for \(architecture).", evidence: evidence,
                    fixes: [.byHand("Choose a target of this architecture, or install the system anew")],
                    consequence: .stopsBoot))
        }
        if let own = linux.initSystem.architecture, own != architecture,
            !(own == "i386" && architecture == "x86_64")
        {
            findings.append(
                Finding(
                    "Architecture.Mismatch", .error,
                    "init is made for \(own), the other programs for \(architecture).", evidence: evidence,
                    fixes: [.reinstall("systemd", "Install the init system again", in: linux)],
                    consequence: own == "x86_64" && architecture == "i386" ? .none : .stopsBoot, link: .`init`
                ))
        }
        if architecture == "i386", context.target.rules.limits32Bit {
            findings.append(
                Finding(
                    "Architecture.32bit", .warning,
                    "The system is for 32-bit processors; few instance types take it.",
                    evidence: evidence, fixes: [.byHand("Install the 64-bit edition of the system")]))
        }
        return .info(value: architecture, findings: findings, evidence: evidence)
    }

    private static func judge(_ windows: WindowsFacts, _ context: CheckContext) -> CheckOutcome {
        let kernel = windows.systemPath("System32\\ntoskrnl.exe")
        guard let architecture = windows.identity.architecture else {
            return .judged(
                questions: [
                    OpenQuestion(
                        "\(kernel) could not be read to see the architecture", consequence: .stopsBoot)
                ])
        }
        let evidence = [Evidence(path: kernel, excerpt: architecture)]
        var findings: [Finding] = []
        if context.target.hardware.firmware[architecture] == nil {
            findings.append(
                Finding(
                    "Architecture.NotSupportedByTarget", .error,
                    "\(context.target.title) has no instances for \(architecture).", evidence: evidence,
                    fixes: [.byHand("Choose a target of this architecture, or install the system anew")],
                    consequence: .stopsBoot))
        }
        if architecture == "i386", context.target.rules.limits32Bit {
            findings.append(
                Finding(
                    "Architecture.32bit", .warning,
                    "The system is for 32-bit processors; few instance types take it.",
                    evidence: evidence, fixes: [.byHand("Install the 64-bit edition of the system")]))
        }
        return .info(value: architecture, findings: findings, evidence: evidence)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("x86_64", .example(), .info),
            CheckExample("Windows for x86_64", .windows(), .info),
            CheckExample(
                "Windows for 32-bit processors", .windows { $0.windows.identity.architecture = "i386" },
                .fail,
                codes: ["Architecture.32bit"]),
            CheckExample(
                "the kernel of Windows cannot be read", .windows { $0.windows.identity.architecture = nil },
                .unknown),
            CheckExample(
                "32-bit programs",
                .example {
                    $0.linux.identity.architecture = "i386"
                    $0.linux.initSystem.architecture = "i386"
                }, .fail, codes: ["Architecture.32bit"]),
            CheckExample(
                "32-bit programs, on a plain KVM host",
                .example {
                    $0.target = .kvm
                    $0.linux.identity.architecture = "i386"
                    $0.linux.initSystem.architecture = "i386"
                }, .info),
            CheckExample(
                "32-bit programs, where there are no instances for them",
                .example {
                    $0.target.hardware.firmware["i386"] = nil
                    $0.linux.identity.architecture = "i386"
                    $0.linux.initSystem.architecture = "i386"
                }, .fail, codes: ["Architecture.NotSupportedByTarget", "Architecture.32bit"]),
            CheckExample(
                "s390x",
                .example {
                    $0.linux.identity.architecture = "s390x"
                    $0.linux.initSystem.architecture = "s390x"
                }, .fail, codes: ["Architecture.NotSupportedByTarget"]),
            CheckExample(
                "init of another machine", .example { $0.linux.initSystem.architecture = "arm64" }, .fail,
                codes: ["Architecture.Mismatch"]),
            CheckExample(
                "no program can be read", .example { $0.linux.identity.architecture = nil }, .unknown),
        ]
    }
}
