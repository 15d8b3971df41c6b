import GuestFacts
import Targets

/// `INIT.ForeignAgents`
enum InitForeignAgents: Check {
    static let metadata = CheckMetadata(
        id: "INIT.ForeignAgents", title: "Agents of other platforms", link: .operation,
        summary: "Looks for agents and tools of the hypervisor or cloud that the image comes from.",
        rationale: """
            Most idle when they do not find their platform. Some reset the network or the accounts, and wait for a \
            server that is not there.
            """,
        codes: [("ForeignAgents.Found", "An agent of another platform is installed.")])

    /// Agents that do nothing away from home.
    private static let inert: Set = ["open-vm-tools", "xe-guest-utilities", "qemu-guest-agent"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let agents = context.target.rules.agents
        let own = Set(agents.required + agents.recommended + agents.unwanted)
        // COMPLIANCE.QemuGa speaks about the QEMU guest agent.
        let foreign = linux.operation.agents.filter {
            !own.contains($0.name) && $0.name != "qemu-guest-agent"
        }
        let findings = foreign.map { agent in
            let isInert = inert.contains(agent.name) || agent.enabled == .no
            return Finding(
                "ForeignAgents.Found", isInert ? .info : .warning,
                "\(agent.name) is installed\(isInert ? "; it does nothing here" : " and starts").",
                evidence: [agent.evidence], fixes: [.remove([agent.name], "Remove the package", in: linux)])
        }
        return .judged("No agent of another platform was found.", findings: findings)
    }

    static var examples: [CheckExample] {
        func with(_ name: String) -> CheckContext {
            .example {
                $0.linux.operation.agents.append(
                    AgentFacts(name: name, evidence: Evidence(path: "/usr/bin/\(name)"), enabled: .yes))
            }
        }
        return [
            CheckExample("the target's own agents", .example(), .pass),
            CheckExample("open-vm-tools", with("open-vm-tools"), .fail, codes: ["ForeignAgents.Found"]),
            CheckExample("waagent", with("walinuxagent"), .fail, codes: ["ForeignAgents.Found"]),
            CheckExample("no system", .withoutSystem(), .notApplicable),
        ]
    }
}
