import GuestFacts
import Targets

/// `COMPLIANCE.QemuGa`
enum ComplianceQemuGa: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.QemuGa", title: "QEMU guest agent", link: .operation,
        summary: "Looks whether the QEMU guest agent is installed, and whether the target wants it.",
        rationale: """
            A plain KVM host uses it for clean snapshots and to see addresses. Alibaba Cloud publishes that it should \
            not be in an image; it does no harm to the boot.
            """,
        codes: [
            ("QemuGa.Present", "The agent is installed, and the target does not want it."),
            ("QemuGa.Missing", "The agent is not installed, and the target recommends it."),
        ])
    private static let agent = "qemu-guest-agent"

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let agents = context.target.rules.agents
        let found = linux.operation.agents.first { $0.name == agent }
        if agents.unwanted.contains(agent) {
            guard let found else { return .judged(value: "Absent", "The agent is not installed.") }
            return .judged(
                value: "Present",
                findings: [
                    Finding(
                        "QemuGa.Present", .warning, "The QEMU guest agent is installed.",
                        evidence: [found.evidence],
                        fixes: [.remove([agent], "Remove the agent", in: linux)])
                ])
        }
        guard (agents.recommended + agents.required).contains(agent) else {
            return .notApplicable("the target has no opinion about the QEMU guest agent")
        }
        if let found {
            return .judged(value: "Present", "The agent is installed.", evidence: [found.evidence])
        }
        return .judged(
            value: "Absent",
            findings: [
                Finding(
                    "QemuGa.Missing", .info, "The QEMU guest agent is not installed.",
                    evidence: [Evidence(path: "/usr/sbin/qemu-ga", excerpt: "absent")],
                    fixes: [.install([agent], "Install the agent", in: linux)])
            ])
    }

    static var examples: [CheckExample] {
        let present = AgentFacts(name: agent, evidence: Evidence(path: "/usr/sbin/qemu-ga"), enabled: .yes)
        var silent = Target.kvm
        silent.rules.agents = Target.Agents()
        return [
            CheckExample("not installed, not wanted", .example(), .pass),
            CheckExample(
                "installed, not wanted", .example { $0.linux.operation.agents.append(present) }, .fail,
                codes: ["QemuGa.Present"]),
            CheckExample(
                "not installed, recommended", .example { $0.target = .kvm }, .fail, codes: ["QemuGa.Missing"]),
            CheckExample("a target without an opinion", .example { $0.target = silent }, .notApplicable),
        ]
    }
}
