import GuestFacts
import Targets

/// `GUESTOS.KernelVersion`
enum GuestOSKernelVersion: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.KernelVersion", title: "Kernel version", link: .kernel,
        summary: "Reports the version of the kernel that the default boot entry starts.",
        rationale: """
            It decides which drivers and file system features there are. It is not the newest directory of \
            /lib/modules: after an interrupted update the default entry can still start an older kernel.
            """)

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows {
            guard let version = windows.identity.fullVersion, windows.identity.build != nil else {
                return .judged(questions: [OpenQuestion("the registry does not say the build of Windows")])
            }
            return .info(value: version, evidence: windows.identity.evidence)
        }
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        let versions = survey.ways.compactMap { $0.kernel?.version }
        var unique: [String] = []
        for version in versions where !unique.contains(version) { unique.append(version) }
        guard !unique.isEmpty else {
            return .judged(
                questions: survey.questions.isEmpty
                    ? [OpenQuestion("the kernel of the default entry does not say its version")]
                    : survey.questions)
        }
        let others = linux.boot.moduleVersions.filter { !unique.contains($0) }
        return .info(
            value: unique.joined(separator: ", "),
            others.isEmpty ? nil : "Also installed: \(others.joined(separator: ", ")).",
            evidence: survey.ways.compactMap(\.entry.kernelEvidence))
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the kernel of the default entry", .example(), .info),
            CheckExample("Windows: build and revision", .windows(), .info),
            CheckExample(
                "another kernel is installed and not the default",
                .example { $0.linux.boot.moduleVersions.append("6.1.0-51-amd64") }, .info),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
