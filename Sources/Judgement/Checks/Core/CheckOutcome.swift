public import GuestFacts
public import Targets

/// What became of a check item.
public enum CheckStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pass, fail, unknown, notApplicable, info
}

/// What a finding means for a launch: which of its three answers it turns to no.
public enum Consequence: String, Sendable, Hashable, Codable {
    /// The guest does not reach its normal target.
    case stopsBoot
    /// It boots, but nobody can log in from outside.
    case unreachable
    /// It boots and is reachable, but first-boot customisation fails.
    case notReady
    /// Nothing of the three.
    case none
}

/// One thing that is wrong, on its evidence, with what to change.
public struct Finding: Sendable, Hashable {
    /// Stable reason code: `Fstab.DeviceNotFound`.
    public var code: String
    /// Its weight.
    public var severity: Severity
    /// The link it breaks, when that is not the link of its check.
    public var link: LaunchLink?
    /// What is wrong, or open, in words.
    public var message: String
    /// Where it shows.
    public var evidence: [Evidence]
    /// What to change, the safest first.
    public var fixes: [Fix]
    /// What it means for a launch.
    public var consequence: Consequence
    /// The launches it concerns; nil for all.
    public var launches: [Launch]?
    /// The severity is not lowered to a warning when only some launches are concerned.
    public var fixedSeverity: Bool

    /// Makes a finding.
    public init(
        _ code: String, _ severity: Severity, _ message: String, evidence: [Evidence] = [], fixes: [Fix] = [],
        consequence: Consequence = .none, launches: [Launch]? = nil, link: LaunchLink? = nil,
        fixedSeverity: Bool = false
    ) {
        self.code = code
        self.severity = severity
        self.message = message
        self.evidence = evidence
        self.fixes = fixes
        self.consequence = consequence
        self.launches = launches
        self.link = link
        self.fixedSeverity = fixedSeverity
    }
}

/// Why a check could not decide, and which answers that leaves open.
public struct OpenQuestion: Sendable, Hashable {
    /// What is wrong, or open, in words.
    public var message: String
    /// What would be the worst if the answer were bad.
    public var consequence: Consequence
    /// The launches it concerns; nil for all.
    public var launches: [Launch]?
    /// The link it leaves open, when that is not the link of its check.
    public var link: LaunchLink?

    /// Makes an open question.
    public init(
        _ message: String, consequence: Consequence = .none, launches: [Launch]? = nil,
        link: LaunchLink? = nil
    ) {
        self.message = message
        self.consequence = consequence
        self.launches = launches
        self.link = link
    }

    /// A gap met while reading.
    package init(
        _ gap: Gap, consequence: Consequence = .none, launches: [Launch]? = nil, link: LaunchLink? = nil
    ) {
        self.init(
            "\(gap.where): \(gap.message)", consequence: consequence, launches: launches, link: link)
    }
}

/// What a check answers. A check may find several things and leave others open; its status follows from them.
public struct CheckOutcome: Sendable, Hashable {
    /// The short value the item reports: `UEFI`, `Supported`, `6.1.0-50-amd64`.
    public var value: String?
    /// What is wrong.
    public var findings: [Finding]
    /// What could not be decided.
    public var questions: [OpenQuestion]
    /// For a pass or an info: one sentence, or why the item does not apply.
    public var message: String?
    /// Evidence of a pass or an info.
    public var evidence: [Evidence]
    private var quiet: CheckStatus

    private init(
        _ quiet: CheckStatus, value: String?, message: String?, findings: [Finding] = [],
        questions: [OpenQuestion] = [], evidence: [Evidence] = []
    ) {
        self.quiet = quiet
        self.value = value
        self.message = message
        self.findings = findings
        self.questions = questions
        self.evidence = evidence
    }

    /// Everything looked at is right, unless `findings` or `questions` say otherwise.
    public static func judged(
        value: String? = nil, _ message: String? = nil, findings: [Finding] = [],
        questions: [OpenQuestion] = [],
        evidence: [Evidence] = []
    ) -> CheckOutcome {
        CheckOutcome(
            .pass, value: value, message: message, findings: findings, questions: questions,
            evidence: evidence)
    }

    /// The item only reports a value, unless `findings` or `questions` say otherwise.
    public static func info(
        value: String?, _ message: String? = nil, findings: [Finding] = [], questions: [OpenQuestion] = [],
        evidence: [Evidence] = []
    ) -> CheckOutcome {
        CheckOutcome(
            .info, value: value, message: message, findings: findings, questions: questions,
            evidence: evidence)
    }

    /// The item makes no sense for this system or target.
    public static func notApplicable(_ why: String) -> CheckOutcome {
        CheckOutcome(.notApplicable, value: nil, message: why)
    }

    /// A finding outweighs an open question, an open question outweighs a pass.
    public var status: CheckStatus {
        if !findings.isEmpty { return .fail }
        if !questions.isEmpty { return .unknown }
        return quiet
    }
}
