import GuestFacts
import Targets

/// The breaks on the way from the firmware to the kernel of Windows, shared out to the items that speak about them.
///
/// A step's code starts with the name of its item: `BootMgr.Missing` belongs to GUESTOS.BootMgr.
struct WindowsBootBreaks {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    /// The first broken step of each path, and the steps before it that could not be followed, as far as they belong
    /// to `item`.
    init(for item: String, in context: CheckContext, of windows: WindowsFacts) {
        for (path, launches) in context.firmwarePaths(of: windows) {
            for step in path.stepsTaken where step.code.hasPrefix(item + ".") {
                let scope = context.scope(launches)
                if step.state == .unknown {
                    ask(OpenQuestion(step.message, consequence: .stopsBoot, launches: scope, link: step.link))
                    continue
                }
                add(
                    Finding(
                        step.code, .error, step.message,
                        evidence: step.evidence.isEmpty
                            ? [Evidence(layer: path.firmware.rawValue)] : step.evidence,
                        fixes: WindowsBootFixes(path, windows, context.image).fixes(for: step.code),
                        consequence: .stopsBoot, launches: scope, link: step.link))
            }
        }
    }

    /// Says once what is so for both firmware.
    mutating func add(_ finding: Finding) {
        if let same = findings.firstIndex(where: { $0.code == finding.code && $0.message == finding.message })
        {
            findings[same].launches = nil
        } else {
            findings.append(finding)
        }
    }

    mutating func ask(_ question: OpenQuestion) {
        if let same = questions.firstIndex(where: { $0.message == question.message }) {
            questions[same].launches = nil
        } else {
            questions.append(question)
        }
    }
}

extension WindowsBootPath {
    /// The steps up to the first broken one, which included: what comes after is not reached.
    var stepsTaken: ArraySlice<BootStep> {
        guard let end = steps.firstIndex(where: { $0.state == .broken }) else { return steps[...] }
        return steps[...end]
    }

    /// Where the way ends; nil when it comes to the kernel or is not known further.
    var breakStep: BootStep? { steps.first { $0.state == .broken } }
}

extension BootStep {
    /// The link a step of Windows belongs to.
    fileprivate var link: LaunchLink {
        if code.hasPrefix("BootLoader.") || code.hasPrefix("EfiFallback.") { return .firmware }
        return code.hasPrefix("OSLoader.Kernel") ? .kernel : .bootloader
    }
}

extension CheckContext {
    /// The paths of the firmware that the launches use, with those launches.
    func firmwarePaths(of windows: WindowsFacts) -> [(path: WindowsBootPath, launches: [Launch])] {
        Firmware.allCases.compactMap { firmware in
            let users = launches.filter { $0.firmware.rawValue == firmware.rawValue }
            return users.isEmpty ? nil : (windows.boot.path(for: firmware), users)
        }
    }
}
