import GuestFacts
import Targets

/// `WIN.InitAgent`
enum WinInitAgent: Check {
    static let metadata = CheckMetadata(
        id: "WIN.InitAgent", title: "First-boot agent of a Windows", link: .provisioning,
        summary: """
            Looks whether an agent that the target can set a Windows up by is installed and starts, and whether the \
            CD-ROM that brings its data may be used.
            """,
        rationale: """
            The platform hands hostname, password and scripts to an agent in the guest. Without one an instance is \
            an exact copy of the source, with its name and its password.
            """,
        codes: [
            ("InitAgent.NotInstalled", "No agent that the target uses is installed."),
            ("InitAgent.Disabled", "The agent's service does not start with the system."),
            ("InitAgent.ProgramMissing", "The agent's program is not there."),
            ("InitAgent.CdromDisabled", "The CD-ROM driver is disabled, so a data disc cannot be read."),
        ], references: ["Cloudbase-Init documentation", "OpenStack: Windows images"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let names = context.target.rules.agents.windowsInitialization
        guard !names.isEmpty else {
            return .notApplicable("\(context.target.title) uses no agent to set a Windows up")
        }
        guard !names.contains("vminit") else {
            return .notApplicable("GUESTOS.Vminit answers for \(context.target.title)")
        }
        return WindowsInitialization(family: "InitAgent").judge(
            context, windows, more: cdrom(context, windows))
    }

    private static func cdrom(_ context: CheckContext, _ windows: WindowsFacts) -> [Finding] {
        let discs: Set = ["NoCloud", "ConfigDrive"]
        guard !discs.isDisjoint(with: context.target.rules.datasources),
            let service = windows.service("cdrom"), service.isDisabled
        else { return [] }
        return [
            Finding(
                "InitAgent.CdromDisabled", .warning,
                "The CD-ROM driver is disabled; a disc with first-boot data is not seen.",
                evidence: [service.startEvidence],
                fixes: [WindowsServices(windows).enable("cdrom", start: 1)])
        ]
    }

    static var examples: [CheckExample] {
        func kvm(_ agent: WindowsAgent?, _ change: (inout ExampleWindows) -> Void = { _ in }) -> CheckContext
        {
            .windows {
                $0.target = .kvm
                $0.windows.agents.agents = .known(agent.map { [$0] } ?? [])
                change(&$0)
            }
        }
        let agent = ExampleWindows.agent("cloudbase-init")
        var disabled = agent
        disabled.enabled = .no
        var gone = agent
        gone.programExists = .no
        var doubtful = agent
        doubtful.enabled = .unknown
        return [
            CheckExample("Cloudbase-Init starts", kvm(agent), .pass),
            CheckExample("none", kvm(nil), .fail, codes: ["InitAgent.NotInstalled"]),
            CheckExample("disabled", kvm(disabled), .fail, codes: ["InitAgent.Disabled"]),
            CheckExample("its program is gone", kvm(gone), .fail, codes: ["InitAgent.ProgramMissing"]),
            CheckExample(
                "the CD-ROM driver is disabled", kvm(agent) { $0[service: "cdrom"].start = 4 }, .fail,
                codes: ["InitAgent.CdromDisabled"]),
            CheckExample("whether it starts is not known", kvm(doubtful), .unknown),
            CheckExample("another item's question", .windows(), .notApplicable),
        ]
    }
}
