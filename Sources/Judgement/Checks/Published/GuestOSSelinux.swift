import GuestFacts
import Targets

/// `GUESTOS.Selinux`
enum GuestOSSelinux: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Selinux", title: "SELinux", link: .operation,
        summary:
            "Looks whether SELinux is off, or whether its policy and the labels of the files are in order.",
        rationale: """
            SELinux that is to enforce and finds no policy stops init. Files that were written from outside have no \
            label; when SELinux enforces, programs may not read them, and nobody can log in.
            """,
        codes: [
            ("Selinux.PolicyMissing", "SELinux is to enforce, and its policy does not exist."),
            ("Selinux.LabelsMissing", "SELinux enforces, and important files have no label."),
            (
                "Selinux.Contradiction",
                "The file switches SELinux off, and the command line wants it to enforce."
            ),
            ("Selinux.IgnoredFile", "/etc/sysconfig/selinux is a file of its own, which nothing reads."),
            ("Selinux.Enforcing", "SELinux enforces, and the target advises to switch it off."),
        ], references: ["selinux(8)", "selinux_config(5)"], aliases: ["COMPLIANCE.Security"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let selinux = linux.operation.selinux else {
            return .judged(value: "Disabled", "The guest does not use SELinux.")
        }
        let mode = selinux.mode
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        if let ignored = selinux.ignoredFile {
            findings.append(
                Finding(
                    "Selinux.IgnoredFile", .info,
                    "/etc/sysconfig/selinux says \(ignored.value), but is no link to /etc/selinux/config, and only that is"
                        + " read.", evidence: [ignored.evidence, mode.evidence],
                    fixes: [
                        Fix(
                            "Make it a link", kind: .autoEdit,
                            commands: ["ln -sfn ../selinux/config /etc/sysconfig/selinux"])
                    ]))
        }
        if let contradiction = selinux.contradiction {
            findings.append(
                Finding(
                    "Selinux.Contradiction", .error,
                    "SELINUX=disabled loads no policy, and enforcing=1 on the command line lets init stop without one.",
                    evidence: [contradiction],
                    fixes: [.commandLine(removing: ["enforcing=1"], "Take the parameter away", in: linux)],
                    consequence: .stopsBoot, link: .`init`))
        }
        guard mode.value == .enforcing else {
            return .judged(
                value: mode.value.rawValue, off(mode.value, linux), findings: findings,
                evidence: [mode.evidence])
        }
        let disable = disabling(mode, linux)
        let relabel = Fix(
            "Have all files labelled at the next boot", kind: .autoEdit, commands: ["touch /.autorelabel"])
        switch selinux.policyPresent {
        case .yes: break
        case .no:
            findings.append(
                Finding(
                    "Selinux.PolicyMissing", .error,
                    "SELinux is to enforce the policy \(selinux.policyType ?? "?"), which does not exist: init stops.",
                    evidence: [
                        mode.evidence,
                        Evidence(path: "/etc/selinux/\(selinux.policyType ?? "")", excerpt: "absent"),
                    ],
                    fixes: [disable], consequence: .stopsBoot, link: .`init`))
        case .unknown:
            questions.append(
                OpenQuestion(
                    "whether the policy of SELinux is there could not be read", consequence: .stopsBoot,
                    link: .`init`))
        }
        if !selinux.unlabelled.isEmpty, !selinux.autorelabel {
            findings.append(
                Finding(
                    "Selinux.LabelsMissing", .error,
                    "\(selinux.unlabelled.joined(separator: ", ")) have no SELinux label, so logins are refused.",
                    evidence: selinux.unlabelled.map { Evidence(path: $0, excerpt: "no security.selinux") },
                    fixes: [relabel, disable], consequence: .unreachable, link: .access))
        }
        if !selinux.unreadLabels.isEmpty, !selinux.autorelabel {
            questions.append(
                OpenQuestion(
                    "the SELinux labels of \(selinux.unreadLabels.joined(separator: ", ")) could not be read",
                    consequence: .unreachable, link: .access))
        }
        if context.target.rules.selinuxOff {
            findings.append(
                Finding(
                    "Selinux.Enforcing", .warning,
                    "SELinux enforces; \(context.target.title) advises to switch it off.",
                    evidence: [mode.evidence], fixes: [disable]))
        }
        return .judged(
            value: "enforcing", "SELinux enforces, and its policy and labels are there.", findings: findings,
            questions: questions, evidence: [mode.evidence])
    }

    /// From Red Hat 9 on the file cannot switch the kernel's part off any more; without a policy it refuses nothing.
    private static func off(_ mode: SelinuxFacts.Mode, _ linux: LinuxFacts) -> String {
        let keepsKernelPart =
            mode == .disabled && linux.identity.family == .rhel && (linux.identity.majorVersion ?? 0) >= 9
            && linux.identity.distribution != "amzn"
        return keepsKernelPart
            ? "SELinux has no policy; its part of the kernel stays on and refuses nothing."
            : "SELinux does not enforce anything."
    }

    private static func disabling(_ mode: Located<SelinuxFacts.Mode>, _ linux: LinuxFacts) -> Fix {
        var fix = Fix.edit("Switch SELinux off", mode.evidence, to: "SELINUX=disabled")
        // What the command line says goes before the file.
        if (mode.evidence.excerpt ?? "").hasPrefix("SELINUX=") == false {
            fix = .commandLine(adding: ["selinux=0"], "Switch SELinux off", in: linux)
        }
        return fix
    }

    static var examples: [CheckExample] {
        func selinux(
            _ mode: SelinuxFacts.Mode, policy: Answer = .yes, unlabelled: [String] = [],
            relabel: Bool = false,
            target: Target = .kvm
        ) -> CheckContext {
            .example {
                var facts = SelinuxFacts(
                    mode: Located(
                        mode,
                        Evidence(path: "/etc/selinux/config", line: 7, excerpt: "SELINUX=\(mode.rawValue)")),
                    policyType: "targeted", policyPresent: policy)
                facts.unlabelled = unlabelled
                facts.autorelabel = relabel
                $0.linux.operation.selinux = facts
                $0.target = target
            }
        }
        return [
            CheckExample("no SELinux", .example(), .pass),
            CheckExample("permissive", selinux(.permissive), .pass),
            CheckExample("enforcing, and all is in order", selinux(.enforcing), .pass),
            CheckExample(
                "enforcing where the target wants it off", selinux(.enforcing, target: .alibabaECS), .fail,
                codes: ["Selinux.Enforcing"]),
            CheckExample(
                "no policy", selinux(.enforcing, policy: .no), .fail, codes: ["Selinux.PolicyMissing"]),
            CheckExample(
                "files without labels", selinux(.enforcing, unlabelled: ["/etc/shadow"]), .fail,
                codes: ["Selinux.LabelsMissing"]),
            CheckExample(
                "files without labels that the next boot labels",
                selinux(.enforcing, unlabelled: ["/etc/shadow"], relabel: true), .pass),
            CheckExample(
                "off in the file of Red Hat 9, which leaves the kernel's part on",
                .example {
                    $0.linux.identity.family = .rhel
                    $0.linux.identity.version = "9.4"
                    $0.linux.operation.selinux = SelinuxFacts(
                        mode: Located(.disabled, Evidence(path: "/etc/selinux/config", line: 7)),
                        policyType: "targeted", policyPresent: .yes)
                }, .pass),
            CheckExample(
                "off in the file, and enforcing=1 on the command line",
                .example {
                    let place = Evidence(path: "/etc/selinux/config", line: 7, excerpt: "SELINUX=disabled")
                    var facts = SelinuxFacts(
                        mode: Located(.disabled, place), policyType: "targeted", policyPresent: .yes)
                    facts.contradiction = place
                    $0.linux.operation.selinux = facts
                }, .fail, codes: ["Selinux.Contradiction"]),
            CheckExample(
                "a copy in the place of the link",
                .example {
                    var facts = SelinuxFacts(
                        mode: Located(.permissive, Evidence(path: "/etc/selinux/config", line: 7)),
                        policyType: "targeted", policyPresent: .yes)
                    facts.ignoredFile = Located("disabled", Evidence(path: "/etc/sysconfig/selinux", line: 7))
                    $0.linux.operation.selinux = facts
                }, .fail, codes: ["Selinux.IgnoredFile"]),
            CheckExample(
                "labels that could not be read",
                .example {
                    var facts = SelinuxFacts(
                        mode: Located(.enforcing, Evidence(path: "/etc/selinux/config", line: 7)),
                        policyType: "targeted", policyPresent: .yes)
                    facts.unreadLabels = ["/etc/shadow"]
                    $0.linux.operation.selinux = facts
                    $0.target = .kvm
                }, .unknown),
            CheckExample("the policy could not be read", selinux(.enforcing, policy: .unknown), .unknown),
        ]
    }
}
