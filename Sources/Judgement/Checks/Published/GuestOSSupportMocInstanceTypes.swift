import GuestFacts
import Targets

/// `GUESTOS.SupportMocInstanceTypes`
enum GuestOSSupportMocInstanceTypes: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.SupportMocInstanceTypes", title: "Current instance families", link: .operation,
        summary: "Looks whether the system is new enough for instance families of the present generation.",
        rationale:
            "Published: old systems may not start on families such as g6 and g7; CentOS 5 has to be 5.11.",
        codes: [("Moc.TooOld", "The system is older than what the families of today support.")],
        references: ["ECS: image check items"])

    /// Only the rule for CentOS 5 is published; the rest is our reading of it.
    private static let oldest: [String: Int] = ["debian": 7, "ubuntu": 12, "sles": 11]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let identity = linux.identity
        let major = identity.versionID?.split(separator: ".").first.flatMap { Int($0) }
        var why: String?
        if let major, let minimum = oldest[identity.distribution], major < minimum {
            why = "\(identity.name ?? identity.distribution) is older than release \(minimum)"
        }
        // CentOS 5 has to be 5.11.
        let numbers = identity.versionNumbers
        if identity.family == .rhel, identity.distribution != "fedora", identity.distribution != "amzn",
            numbers.count > 1, numbers[0] == 5, numbers[1] < 11
        {
            why = "\(identity.name ?? identity.distribution) is \(numbers[0]).\(numbers[1]), older than 5.11"
        }
        let survey = context.boots(of: linux)
        let texts = survey.ways.compactMap { $0.kernel?.version }
        for text in texts {
            if identity.family == .rhel, text.hasPrefix("2.6.18-") {
                let build = text.dropFirst("2.6.18-".count).prefix { $0.isNumber }
                if let number = Int(build), number < 398 {
                    why = "the kernel \(text) is older than that of 5.11"
                }
            } else if let version = KernelVersion(text), version < KernelVersion(2, 6) || isBefore2632(text) {
                why = "the kernel \(text) is older than 2.6.32"
            }
        }
        guard let why else {
            if texts.isEmpty, major == nil {
                return .judged(
                    questions: survey.questions + [OpenQuestion("the version of the system is not known")])
            }
            return .judged(value: "Supported", "The system is new enough.")
        }
        return .judged(
            value: "NotSupported",
            findings: [
                Finding(
                    "Moc.TooOld", .warning,
                    "The system may not start on families of the present generation: \(why).",
                    evidence: identity.evidence.isEmpty
                        ? [Evidence(path: "/etc/os-release")] : identity.evidence,
                    fixes: [.byHand("Upgrade the system")])
            ])
    }

    private static func isBefore2632(_ text: String) -> Bool {
        guard text.hasPrefix("2.6.") else { return false }
        return Int(text.dropFirst(4).prefix { $0.isNumber }).map { $0 < 32 } ?? false
    }

    static var examples: [CheckExample] {
        [
            CheckExample("Debian 12", .example(), .pass),
            CheckExample(
                "Debian 6",
                .example {
                    $0.linux.identity.versionID = "6.0"
                    $0.kernel.version = "2.6.32-5-amd64"
                }, .fail, codes: ["Moc.TooOld"]),
            CheckExample(
                "CentOS 5.10",
                .example {
                    $0.linux.identity.distribution = "centos"
                    $0.linux.identity.family = .rhel
                    $0.kernel.version = "2.6.18-371.el5"
                }, .fail, codes: ["Moc.TooOld"]),
            CheckExample(
                "CentOS 5.9 whose kernel is not known",
                .example {
                    $0.linux.identity.distribution = "centos"
                    $0.linux.identity.family = .rhel
                    $0.linux.identity.version = "5.9"
                    $0.linux.identity.versionID = "5.9"
                    $0.kernel.version = nil
                }, .fail, codes: ["Moc.TooOld"]),
            CheckExample(
                "neither version is known",
                .example {
                    $0.linux.identity.versionID = nil
                    $0.kernel.version = nil
                }, .unknown),
        ]
    }
}
