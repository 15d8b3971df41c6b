import GuestFacts
import Targets

/// `WIN.ForeignTools`
enum WinForeignTools: Check {
    static let metadata = CheckMetadata(
        id: "WIN.ForeignTools", title: "Tools of other platforms", link: .operation,
        summary: "Looks for guest tools and agents of the hypervisor or cloud that the image comes from.",
        rationale: """
            Their drivers and services look for a platform that is not there; some slow the start down, some reset \
            network or accounts. VMware Tools refuse to be removed anywhere but on VMware, so the time for that is \
            before the move.
            """,
        codes: [
            ("ForeignTools.Found", "Tools or an agent of another platform are installed."),
            ("ForeignTools.Unwanted", "An agent is installed that the target does not want."),
        ], references: ["VMware KB: uninstalling VMware Tools", "virt-v2v: Windows guests"])

    /// Tools that work on any platform or wait for their own in peace.
    private static let neutral: Set = ["cloudbase-init", "qemu-guest-agent", "spice-tools"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        switch windows.agents.agents {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let agents): return judge(agents, context, gaps: windows.agents.gaps)
        }
    }

    private static func judge(
        _ agents: [WindowsAgent], _ context: CheckContext, gaps: [Gap]
    ) -> CheckOutcome {
        let rules = context.target.rules.agents
        let own = Set(rules.required + rules.recommended + rules.windowsInitialization)
        var findings: [Finding] = []
        for agent in agents where !own.contains(agent.name) {
            if rules.unwanted.contains(agent.name) {
                findings.append(
                    Finding(
                        "ForeignTools.Unwanted", .info,
                        "\(agent.title) is installed; \(context.target.title) does without it.",
                        evidence: agent.evidence, fixes: [.uninstall(agent)]))
            } else if !neutral.contains(agent.name) {
                let starts = agent.enabled == .yes
                findings.append(
                    Finding(
                        "ForeignTools.Found", starts ? .warning : .info,
                        "\(agent.title) is installed\(starts ? " and starts" : ", and does not start").",
                        evidence: agent.evidence, fixes: [.uninstall(agent)]))
            }
        }
        return .judged(
            "No tools of another platform were found.", findings: findings,
            questions: gaps.map { OpenQuestion($0) })
    }

    static var examples: [CheckExample] {
        func with(_ name: String, _ change: (inout WindowsAgent) -> Void = { _ in }) -> CheckContext {
            var agent = ExampleWindows.agent(name)
            change(&agent)
            return .windows {
                $0.windows.agents.agents = .known(($0.windows.agents.agents.value ?? []) + [agent])
            }
        }
        return [
            CheckExample("the target's own agents", .windows(), .pass),
            CheckExample(
                "VMware Tools",
                with("vmware-tools") {
                    $0.uninstall = "MsiExec.exe /I{D2F7DC4D-9F6A-4B5B-9C2E-5A6D4B7F9E10}"
                }, .fail, codes: ["ForeignTools.Found"]),
            CheckExample(
                "an agent of Azure that is disabled", with("azure-agent") { $0.enabled = .no }, .fail,
                codes: ["ForeignTools.Found"]),
            CheckExample(
                "the QEMU guest agent on ECS", with("qemu-guest-agent"), .fail,
                codes: ["ForeignTools.Unwanted"]),
            CheckExample(
                "the agents could not be read",
                .windows { $0.windows.agents.agents = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample(
                "the list of installed programs could not be read",
                .windows { $0.windows.agents.gaps = [.example("SOFTWARE")] }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
