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
    /// Where its service is found on Windows.
    var windowsService: String?

    func judge(_ context: CheckContext, _ linux: LinuxFacts) -> CheckOutcome {
        judge(context) {
            guard let found = linux.operation.agents.first(where: { $0.name == agent }) else {
                return notInstalled(context, Evidence(path: path, excerpt: "absent"))
            }
            return judge(
                found.enabled, [found.evidence], [.enable([unit], "Let it start at boot", in: linux)])
        }
    }

    func judge(_ context: CheckContext, _ windows: WindowsFacts) -> CheckOutcome {
        judge(context) {
            switch windows.agents.agents {
            case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
            case .known(let agents):
                let services = WindowsServices(windows)
                guard let found = agents.first(where: { $0.name == agent }) else {
                    return notInstalled(
                        context, Evidence(path: services.key(of: windowsService ?? agent), excerpt: "absent"))
                }
                let enabled: Answer = found.programExists == .no ? .no : found.enabled
                let fixes = found.services.map { services.enable($0) }
                return judge(
                    enabled, found.evidence,
                    found.programExists == .no || fixes.isEmpty ? [install] : fixes)
            }
        }
    }

    private func judge(_ context: CheckContext, _ found: () -> CheckOutcome) -> CheckOutcome {
        let agents = context.target.rules.agents
        guard agents.required.contains(agent) || agents.recommended.contains(agent) else {
            return .notApplicable("\(context.target.title) does not use it")
        }
        return found()
    }

    private func notInstalled(_ context: CheckContext, _ evidence: Evidence) -> CheckOutcome {
        let isRequired = context.target.rules.agents.required.contains(agent)
        return .judged(
            value: "NotInstalled",
            findings: [
                Finding(
                    "\(family).NotInstalled", isRequired ? .error : .info, "\(title) is not installed.",
                    evidence: [evidence], fixes: [install], consequence: isRequired ? .notReady : .none,
                    link: isRequired ? .provisioning : nil)
            ])
    }

    private func judge(_ enabled: Answer, _ evidence: [Evidence], _ fixes: [Fix]) -> CheckOutcome {
        switch enabled {
        case .yes: .judged(value: "Installed", "\(title) starts at boot.", evidence: evidence)
        case .unknown:
            .judged(
                value: "Installed", questions: [OpenQuestion("whether \(title) starts at boot is not known")],
                evidence: evidence)
        case .no:
            .judged(
                value: "Disabled",
                findings: [
                    Finding(
                        "\(family).Disabled", .warning, "\(title) is installed and does not start at boot.",
                        evidence: evidence, fixes: fixes)
                ])
        }
    }
}
