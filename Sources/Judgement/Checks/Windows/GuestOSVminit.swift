import GuestFacts
import Targets

/// `GUESTOS.Vminit`
enum GuestOSVminit: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Vminit", title: "Vminit", link: .provisioning,
        summary: """
            Looks whether Vminit, by which the platform sets a Windows up, or another agent that it takes is installed \
            and starts.
            """,
        rationale: """
            Vminit sets network, hostname and password, activates Windows and runs the user's script when an instance \
            is created. Without it nothing that was chosen for the instance takes effect.
            """,
        codes: [
            ("Vminit.NotInstalled", "No agent that the target uses is installed."),
            ("Vminit.Disabled", "The agent's service does not start with the system."),
            ("Vminit.ProgramMissing", "The agent's program is not there."),
        ], references: ["ECS: initialization tools (Vminit)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        guard context.target.rules.agents.windowsInitialization.contains("vminit") else {
            return .notApplicable("\(context.target.title) does not use it")
        }
        return WindowsInitialization(family: "Vminit").judge(context, windows)
    }

    static var examples: [CheckExample] {
        func with(_ agent: WindowsAgent?) -> CheckContext {
            .windows { $0.windows.agents.agents = .known(agent.map { [$0] } ?? []) }
        }
        var disabled = ExampleWindows.agent("vminit")
        disabled.enabled = .no
        var gone = ExampleWindows.agent("vminit")
        gone.programExists = .no
        return [
            CheckExample("Vminit starts", .windows(), .pass),
            CheckExample("Cloudbase-Init instead", with(ExampleWindows.agent("cloudbase-init")), .pass),
            CheckExample("none", with(nil), .fail, codes: ["Vminit.NotInstalled"]),
            CheckExample("disabled", with(disabled), .fail, codes: ["Vminit.Disabled"]),
            CheckExample("its program is gone", with(gone), .fail, codes: ["Vminit.ProgramMissing"]),
            CheckExample("a plain KVM host", .windows { $0.target = .kvm }, .notApplicable),
            CheckExample(
                "the agents could not be read",
                .windows { $0.windows.agents.agents = .unknown(.example("SYSTEM")) }, .unknown),
        ]
    }
}
