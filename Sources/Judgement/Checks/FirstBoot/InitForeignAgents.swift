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
    private static let inert: Set = [
        "open-vm-tools", "xe-guest-utilities", "hyperv-daemons", "google-rsyslog", "azure-udev-rules",
    ]
    /// What the others do that do more than wait.
    private static let harm: [String: String] = [
        "waagent": "it may set the hostname, the network and the accounts anew",
        "ec2-net-utils": "its rules may break DHCP",
        "kudzu": "it waits at the console when the hardware has changed",
        "azure-cloud-config": "cloud-init looks for Azure only",
        "google-os-login": "logins may be asked of Google Cloud",
        "ec2-instance-connect": "sshd asks Amazon for keys",
    ]

    /// Packages by agent, where the name differs from the agent's; nil for what no package brings.
    private static func package(_ agent: String, _ linux: LinuxFacts) -> String? {
        let isDebian = linux.identity.family == .debian
        switch agent {
        case "waagent" where linux.identity.family == .suse: return "python-azure-agent"
        case "waagent": return isDebian ? "walinuxagent" : "WALinuxAgent"
        case "hyperv-daemons" where linux.identity.family == .suse: return "hyper-v"
        case "virtualbox-guest-additions": return isDebian ? "virtualbox-guest-utils" : nil
        case "cloud-assistant": return isDebian ? "aliyun-assist" : "aliyun_assist"
        case "google-os-login": return "google-compute-engine-oslogin"
        case "ec2-net-utils": return "amazon-ec2-net-utils"
        case "nutanix-guest-tools", "security-center", "cloudmonitor", "vmware-tools", "tencent-cloud",
            "tat-agent",
            "yunjing", "huawei-cloud", "hostguard", "telescope", "uniagent", "uvp-tools", "parallels-tools",
            "azure-udev-rules", "azure-cloud-config", "google-rsyslog":
            return nil
        default: return agent
        }
    }

    private static func removal(_ agent: AgentFacts, _ linux: LinuxFacts) -> Fix {
        if let package = package(agent.name, linux) {
            return .remove([package], "Remove the package", in: linux)
        }
        let path = agent.evidence.path ?? ""
        switch agent.name {
        case "azure-udev-rules", "azure-cloud-config", "google-rsyslog":
            return Fix("Remove the file", kind: .manual, commands: ["rm \(quoted(path))"])
        case "vmware-tools":
            return Fix(
                "Remove it with its own uninstaller", where: .online, kind: .manual,
                commands: ["/usr/bin/vmware-uninstall-tools.pl"])
        default: return .byHand("Remove it with its own uninstaller")
        }
    }

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let agents = context.target.rules.agents
        let own = Set(agents.required + agents.recommended + agents.unwanted)
        // What belongs to the platform of an agent that the target expects is at home there.
        let home = Set(agents.required + agents.recommended)
        let origins = Set(home.compactMap { origin(of: $0, linux) })
        // COMPLIANCE.QemuGa speaks about the QEMU guest agent.
        let foreign = linux.operation.agents.filter { agent in
            !own.contains(agent.name) && agent.name != "qemu-guest-agent"
                && !(agent.origin.map(origins.contains) ?? false)
        }
        let findings = foreign.map { agent in
            let isInert = inert.contains(agent.name) || agent.enabled == .no
            let what =
                isInert ? "; it does nothing here" : harm[agent.name].map { ": \($0)" } ?? " and starts"
            return Finding(
                "ForeignAgents.Found", isInert ? .info : .warning, "\(agent.name) is installed\(what).",
                evidence: [agent.evidence], fixes: [removal(agent, linux)])
        }
        return .judged("No agent of another platform was found.", findings: findings)
    }

    /// The platform of an agent that a target names.
    private static func origin(of agent: String, _ linux: LinuxFacts) -> String? {
        let known = [
            "cloud-assistant": "alibaba", "security-center": "alibaba", "waagent": "azure",
            "amazon-ssm-agent": "aws",
            "google-guest-agent": "gcp", "tat-agent": "tencent", "tencent-cloud": "tencent",
            "huawei-cloud": "huawei",
            "uniagent": "huawei", "open-vm-tools": "vmware", "xe-guest-utilities": "xen",
        ]
        return known[agent] ?? linux.operation.agents.first { $0.name == agent }?.origin
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
            CheckExample(
                "another agent of the target's own platform",
                .example {
                    var monitor = AgentFacts(
                        name: "cloudmonitor",
                        evidence: Evidence(path: "/usr/local/cloudmonitor/bin/argusagent"),
                        enabled: .yes)
                    monitor.origin = "alibaba"
                    $0.linux.operation.agents.append(monitor)
                }, .pass),
            CheckExample(
                "the agents of Alibaba Cloud elsewhere", .example { $0.target = .kvm }, .fail,
                codes: ["ForeignAgents.Found"]),
            CheckExample("kudzu of Red Hat 5", with("kudzu"), .fail, codes: ["ForeignAgents.Found"]),
            CheckExample("OS Login", with("google-os-login"), .fail, codes: ["ForeignAgents.Found"]),
            CheckExample("no system", .withoutSystem(), .notApplicable),
        ]
    }
}
