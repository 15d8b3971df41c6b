package import GuestFacts
package import Targets

/// The links of a launch, in the order in which they are reached.
public enum LaunchLink: String, Sendable, Hashable, Codable, CaseIterable {
    case container, firmware, bootloader, kernel, initramfs, root, `init`, network, access, provisioning,
        operation, hygiene
}

/// The weight of a failing item.
public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Advice.
    case info
    /// A function is lost, or some instance types are.
    case warning
    /// The instance does not boot, or nobody can reach it.
    case error

    private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }

    /// Advice is less than a warning, a warning less than an error.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// What a check item says of itself. Its documentation page, `explain` and the rule tables come from here.
package struct CheckMetadata: Sendable {
    /// Stable and published where it has been: `GUESTOS.Fstab`.
    package var id: String
    package var title: String
    /// The link of the launch it belongs to.
    package var link: LaunchLink
    /// What it looks at, in one or two sentences.
    package var summary: String
    /// Why it matters: what happens on the instance.
    package var rationale: String
    /// Reason codes it can give and what each means.
    package var codes: [(code: String, meaning: String)]
    package var references: [String]
    /// Older or compliance names for the same item.
    package var aliases: [String]

    package init(
        id: String, title: String, link: LaunchLink, summary: String, rationale: String,
        codes: [(code: String, meaning: String)] = [], references: [String] = [], aliases: [String] = []
    ) {
        self.id = id
        self.title = title
        self.link = link
        self.summary = summary
        self.rationale = rationale
        self.codes = codes
        self.references = references
        self.aliases = aliases
    }
}

/// A check item: one file with its metadata, its logic and the examples that are its tests and its page.
package protocol Check: Sendable {
    static var metadata: CheckMetadata { get }
    static var examples: [CheckExample] { get }
    /// Judges the facts. It sees facts and the target, never a disk.
    static func evaluate(_ context: CheckContext) -> CheckOutcome
}

/// Facts with the verdict they must get.
package struct CheckExample: Sendable {
    package var title: String
    package var context: CheckContext
    /// The status expected and, for a fail, the codes.
    package var expected: CheckStatus
    package var codes: [String]

    package init(_ title: String, _ context: CheckContext, _ expected: CheckStatus, codes: [String] = []) {
        self.title = title
        self.context = context
        self.expected = expected
        self.codes = codes
    }
}

/// What a check is given.
package struct CheckContext: Sendable {
    @Shared package var image: ImageFacts
    /// The system that is judged; nil when the image has none: then only checks of the image answer.
    package var system: GuestSystem?
    /// How many systems the image holds.
    package var systemCount: Int
    @Shared package var target: Target
    /// The launches that are judged.
    package var launches: [Launch]
    /// Seconds since 1970: for dates of expiry. Not the host's clock in tests.
    package var now: Int64

    package init(
        image: ImageFacts, system: GuestSystem?, systemCount: Int = 1, target: Target, launches: [Launch],
        now: Int64
    ) {
        self.image = image
        self.system = system
        self.systemCount = systemCount
        self.target = target
        self.launches = launches
        self.now = now
    }

    /// The system, when it is Linux, with its network as the target's NIC finds it.
    package var linux: LinuxFacts? {
        guard case .linux(var linux) = system else { return nil }
        if let network = target.hardware.networkDrivers.first.flatMap({ linux.otherNetworks[$0] }) {
            linux.network = network
        }
        return linux
    }

    /// The system, when it is Windows.
    package var windows: WindowsFacts? {
        if case .windows(let windows) = system { windows } else { nil }
    }

    /// The system, when it is one that is only recognised.
    package var other: OtherSystem? {
        if case .other(let other) = system { other } else { nil }
    }
}
