import GuestFacts
import Targets

/// `GUESTOS.SecurityCenterAgent`
enum GuestOSSecurityCenterAgent: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.SecurityCenterAgent", title: "Security Center agent", link: .operation,
        summary: "Looks whether the Security Center agent of Alibaba Cloud is installed and starts.",
        rationale: "Without it the instance is not watched by the platform's security service.",
        codes: [
            ("SecurityCenterAgent.NotInstalled", "The agent is not installed."),
            ("SecurityCenterAgent.Disabled", "The agent does not start at boot."),
        ], references: ["Security Center: install the agent"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        return AgentItem(
            agent: "security-center", family: "SecurityCenterAgent", title: "The Security Center agent",
            path: "/usr/local/aegis", unit: "aegis.service",
            install: .byHand("Install it with the vendor's command after the first boot")
        ).judge(context, linux)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("installed", .example(), .pass),
            CheckExample(
                "not installed", .example { $0.linux.operation.agents = [] }, .fail,
                codes: ["SecurityCenterAgent.NotInstalled"]),
            CheckExample("a plain KVM host", .example { $0.target = .kvm }, .notApplicable),
        ]
    }
}
