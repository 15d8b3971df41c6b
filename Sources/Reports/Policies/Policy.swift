public import Checks
public import Reports
public import Targets

/// What an organisation makes of findings: where its images are launched, which items matter to it, what they weigh,
/// which findings it lives with and for how long. A policy never changes what is true of an image.
public struct Policy: Sendable {
    /// The most bytes a policy file may have.
    public static let sizeLimit = 1 << 20

    /// What people call it: the last component of its path.
    public var name: String
    /// Where images are launched; empty when the policy does not say.
    public var targets: [Target] = []
    /// What the command line would call them.
    public var targetArguments: [String] = []
    /// From which severity on a finding fails the run.
    public var threshold: Gate.Threshold?
    /// Ids of the items to run; empty for all.
    public var only: [String] = []
    /// Ids of the items to leave out.
    public var skip: [String] = []
    /// Other weights, in the order of the file.
    public var severities: [Weight] = []
    /// Findings to live with, in the order of the file.
    public var exceptions: [Exception] = []

    /// A policy that says nothing.
    public init(name: String) { self.name = name }

    /// What a rule of the policy is about.
    public enum Subject: Sendable, Hashable, CustomStringConvertible {
        /// A reason code.
        case code(String)
        /// Everything an item finds, by its id.
        case item(String)

        /// As the file names it.
        public var description: String {
            switch self {
            case .code(let name), .item(let name): name
            }
        }

        func fits(_ item: ScanReport.CheckItem) -> Bool {
            switch self {
            case .code(let code): item.code == code
            case .item(let id): item.id == id
            }
        }
    }

    /// Another weight for findings.
    public struct Weight: Sendable, Hashable {
        /// Which findings.
        public var subject: Subject
        /// What they weigh.
        public var severity: Severity
    }

    /// A finding to live with, and until when.
    public struct Exception: Sendable, Hashable {
        /// Which findings.
        public var subject: Subject
        /// At these targets only, by their ids; nil for all.
        public var targets: [String]?
        /// In these images only; nil for all.
        public var images: [NamePattern]?
        /// Why.
        public var reason: String
        /// The last day on which it counts.
        public var expires: CalendarDay
        /// Where it stands: `policy.yaml:14:5`.
        public var source: String

        /// Whether it counts no more.
        public func isExpired(on day: CalendarDay) -> Bool { expires < day }
    }

    /// The exceptions that count on a day, for those who remember answers: when this changes, so may an answer.
    public func inForce(on day: CalendarDay) -> [Exception] {
        exceptions.filter { !$0.isExpired(on: day) }
    }
}
