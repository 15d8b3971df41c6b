import GuestFacts
import Targets

/// An agent of a platform as its own item judges it.
struct AgentItem {
    /// The stable name: `cloud-assistant`.
    var agent: String
    /// The first part of the codes.
    var family: String
    var title: String
    /// Where its program is.
    var path: String
    var unit: String
    /// How it is installed.
    var install: Fix

    func judge(_ context: CheckContext, _ linux: LinuxFacts) -> CheckOutcome {
        let agents = context.target.rules.agents
        let isRequired = agents.required.contains(agent)
        guard isRequired || agents.recommended.contains(agent) else {
            return .notApplicable("\(context.target.title) does not use it")
        }
        guard let found = linux.operation.agents.first(where: { $0.name == agent }) else {
            return .judged(
                value: "NotInstalled",
                findings: [
                    Finding(
                        "\(family).NotInstalled", isRequired ? .error : .info, "\(title) is not installed.",
                        evidence: [Evidence(path: path, excerpt: "absent")], fixes: [install],
                        consequence: isRequired ? .notReady : .none, link: isRequired ? .provisioning : nil)
                ])
        }
        switch found.enabled {
        case .yes: return .judged(value: "Installed", "\(title) starts at boot.", evidence: [found.evidence])
        case .unknown:
            return .judged(
                value: "Installed", questions: [OpenQuestion("whether \(title) starts at boot is not known")],
                evidence: [found.evidence])
        case .no:
            return .judged(
                value: "Disabled",
                findings: [
                    Finding(
                        "\(family).Disabled", .warning, "\(title) is installed and does not start at boot.",
                        evidence: [found.evidence], fixes: [.enable([unit], "Let it start at boot")])
                ])
        }
    }
}
