public import Checks
public import GuestFacts
public import Targets

/// The answer for one target over all its launches.
public struct TargetVerdict: Sendable, Hashable, Codable {
    /// Yes, no, some launches only, or not known.
    public enum Answer: String, Sendable, Hashable, Codable {
        case yes, no, partly, unknown
    }

    /// What the user has to register with the image.
    public struct Registration: Sendable, Hashable, Codable {
        /// The firmware to choose.
        public var firmware: String

        /// Makes a registration.
        public init(firmware: String) { self.firmware = firmware }
    }

    /// The target's id.
    public var target: String
    /// Whether its launches reach their normal target.
    public var boots: Answer
    /// Whether somebody can log in from outside.
    public var reachable: Answer
    /// Whether first-boot customisation works.
    public var ready: Answer
    /// What to register with the image; absent where there is no choice.
    public var register: Registration?
    /// Every launch that was judged.
    public var launches: [LaunchVerdict]

    /// Makes a verdict.
    public init(
        target: String, boots: Answer, reachable: Answer, ready: Answer, register: Registration?,
        launches: [LaunchVerdict]
    ) {
        self.target = target
        self.boots = boots
        self.reachable = reachable
        self.ready = ready
        self.register = register
        self.launches = launches
    }
}

/// The answer for one launch, link by link.
public struct LaunchVerdict: Sendable, Hashable, Codable {
    /// The bus of the root disk.
    public var disk: DiskBus
    /// What starts the guest.
    public var firmware: FirmwareKind
    /// Whether it reaches its normal target.
    public var boots: GuestFacts.Answer
    /// Whether somebody can log in from outside.
    public var reachable: GuestFacts.Answer
    /// Whether first-boot customisation works.
    public var ready: GuestFacts.Answer
    /// Where the launch stops and why; absent when it does not stop.
    public var stopsAt: Stop?
    /// What would stop it as well or leave nobody a way in, once the first is mended; absent when nothing would.
    public var alsoStopsAt: [Stop]?
    /// Why an answer is unknown; absent when none is.
    public var unknownBecause: [String]?
    /// What the stop hides: questions without an answer that would matter once it is mended; absent when there are
    /// none.
    public var alsoUnknown: [String]?
    /// All links, in their order.
    public var links: [LinkState]

    /// Makes a verdict of a launch.
    public init(
        disk: DiskBus, firmware: FirmwareKind, boots: GuestFacts.Answer, reachable: GuestFacts.Answer,
        ready: GuestFacts.Answer, stopsAt: Stop?, unknownBecause: [String]?, links: [LinkState],
        alsoStopsAt: [Stop]? = nil, alsoUnknown: [String]? = nil
    ) {
        self.disk = disk
        self.firmware = firmware
        self.boots = boots
        self.reachable = reachable
        self.ready = ready
        self.stopsAt = stopsAt
        self.alsoStopsAt = alsoStopsAt
        self.alsoUnknown = alsoUnknown
        self.unknownBecause = unknownBecause
        self.links = links
    }

    /// Where a launch stops.
    public struct Stop: Sendable, Hashable, Codable {
        /// The first link that does not hold.
        public var link: LaunchLink
        /// The reason code of the finding.
        public var code: String
        /// The finding in words.
        public var message: String
        /// Why the finding does not count for the gate; absent when it counts.
        public var accepted: Acceptance?

        /// Makes a stop.
        public init(link: LaunchLink, code: String, message: String, accepted: Acceptance? = nil) {
            self.link = link
            self.code = code
            self.message = message
            self.accepted = accepted
        }
    }

    /// One link of the chain.
    public struct LinkState: Sendable, Hashable, Codable {
        /// What became of a link.
        public enum State: String, Sendable, Hashable, Codable {
            case holds, broken, unknown, notReached
        }

        /// Which link.
        public var name: LaunchLink
        /// What became of it.
        public var state: State

        /// Makes a state.
        public init(name: LaunchLink, state: State) {
            self.name = name
            self.state = state
        }
    }
}
