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
            ("Selinux.Enforcing", "SELinux enforces, and the target advises to switch it off."),
        ], references: ["selinux(8)", "selinux_config(5)"], aliases: ["COMPLIANCE.Security"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let selinux = linux.operation.selinux else {
            return .judged(value: "Disabled", "The guest does not use SELinux.")
        }
        let mode = selinux.mode
        guard mode.value == .enforcing else {
            return .judged(
                value: mode.value.rawValue, "SELinux does not enforce anything.", evidence: [mode.evidence])
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let disable = Fix.edit("Switch SELinux off", mode.evidence, to: "SELINUX=disabled")
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
            CheckExample("the policy could not be read", selinux(.enforcing, policy: .unknown), .unknown),
        ]
    }
}
