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
    private static let inert: Set = ["open-vm-tools", "xe-guest-utilities", "hyperv-daemons"]
    /// Packages by agent, where the name differs from the agent's.
    private static func package(_ agent: String, _ linux: LinuxFacts) -> String? {
        let isDebian = linux.identity.family == .debian
        switch agent {
        case "waagent": return isDebian ? "walinuxagent" : "WALinuxAgent"
        case "virtualbox-guest-additions":
            return isDebian ? "virtualbox-guest-utils" : "virtualbox-guest-additions"
        case "cloud-assistant": return isDebian ? "aliyun-assist" : "aliyun_assist"
        case "security-center", "vmware-tools", "tencent-cloud", "huawei-cloud": return nil
        default: return agent
        }
    }

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
                evidence: [agent.evidence],
                fixes: [
                    package(agent.name, linux).map { .remove([$0], "Remove the package", in: linux) }
                        ?? .byHand("Remove it with its own uninstaller")
                ])
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
            CheckExample("waagent", with("waagent"), .fail, codes: ["ForeignAgents.Found"]),
            CheckExample("no system", .withoutSystem(), .notApplicable),
        ]
    }
}
