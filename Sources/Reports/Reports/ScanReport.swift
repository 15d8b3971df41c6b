public import Checks
public import GuestFacts
public import LaunchChain

/// The whole answer for one image: everything every output format says comes from here. Its JSON form is the
/// contract of `schema/report-1.schema.json`; absent means absent, never an empty string.
public struct ScanReport: Sendable, Hashable, Codable {
    /// The version of the schema.
    public var schemaVersion: Int = 1
    /// What made the report.
    public var tool: Tool
    /// The file.
    public var image: Image
    /// The systems in it; several are normal, none is a data disk.
    public var guests: [Guest]
    /// Findings about the image itself, when it holds no system to attach them to.
    public var checks: [CheckItem]?
    /// What could not be read, where and why.
    public var gaps: [Gap]
    /// How much was asked and answered.
    public var coverage: Coverage
    /// What the answer cost.
    public var cost: Cost
    /// What a policy and a baseline had to say to it; absent when there was neither.
    public var policy: PolicyUse?

    /// Makes a report.
    public init(
        tool: Tool, image: Image, guests: [Guest], checks: [CheckItem]?, gaps: [Gap], coverage: Coverage,
        cost: Cost, policy: PolicyUse? = nil
    ) {
        self.tool = tool
        self.image = image
        self.guests = guests
        self.checks = checks
        self.gaps = gaps
        self.coverage = coverage
        self.cost = cost
        self.policy = policy
    }

    /// The program that made the report.
    public struct Tool: Sendable, Hashable, Codable {
        /// As the user sees it.
        public var name: String
        /// Its version.
        public var version: String

        /// Names a program.
        public init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    /// The file that was looked at.
    public struct Image: Sendable, Hashable, Codable {
        /// As the user named it.
        public var path: String
        /// `raw`, `qcow2`, or what else was recognised.
        public var format: String
        /// In bytes.
        public var virtualSize: UInt64
        /// In bytes.
        public var fileSize: UInt64
        /// Files the image refers to.
        public var backing: [Backing]?
        /// The layers, outermost first.
        public var layers: [Layer]

        /// Makes a description of an image.
        public init(
            path: String, format: String, virtualSize: UInt64, fileSize: UInt64, backing: [Backing]?,
            layers: [Layer]
        ) {
            self.path = path
            self.format = format
            self.virtualSize = virtualSize
            self.fileSize = fileSize
            self.backing = backing
            self.layers = layers
        }
    }

    /// A file an image refers to, and whether it was opened.
    public struct Backing: Sendable, Hashable, Codable {
        /// As the user sees it.
        public var name: String
        /// Whether the user allowed it and it could be opened.
        public var opened: Bool
        /// Why it was not opened.
        public var reason: String?

        /// Makes a reference.
        public init(name: String, opened: Bool, reason: String?) {
            self.name = name
            self.opened = opened
            self.reason = reason
        }
    }

    /// One layer of the image and what lies in it.
    public struct Layer: Sendable, Hashable, Codable {
        /// `qcow2`, `gpt`, `partition`, `volumeGroup`, `logicalVolume`, `array`, `ext4`, `subvolume` …
        public var kind: String
        /// What people call it: the name of a volume group, a logical volume, an array, the path of a subvolume.
        public var name: String?
        /// The partition number.
        public var number: Int?
        /// In bytes from the start of the disk.
        public var offset: UInt64?
        /// In bytes.
        public var size: UInt64?
        /// Bytes used, of a file system.
        public var used: UInt64?
        /// `uuid`, `label`, `partUUID`, `diskSignature` and their like; `mounted`: where the systems have it (`/, /home`, `C:`).
        public var identity: [String: String]?
        /// `ok`, or what is wrong.
        public var health: String?
        /// Why it could not be read.
        public var unreadable: String?
        /// What lies in it.
        public var children: [Layer]?

        /// Makes a layer.
        public init(
            kind: String, name: String? = nil, number: Int? = nil, offset: UInt64? = nil,
            size: UInt64? = nil, used: UInt64? = nil, identity: [String: String]? = nil,
            health: String? = nil, unreadable: String? = nil,
            children: [Layer]? = nil
        ) {
            self.kind = kind
            self.name = name
            self.number = number
            self.offset = offset
            self.size = size
            self.used = used
            self.identity = identity
            self.health = health
            self.unreadable = unreadable
            self.children = children
        }
    }

    /// One system of the image.
    public struct Guest: Sendable, Hashable, Codable {
        /// Which system it is.
        public var os: OperatingSystem
        /// The volume of its root: `mbr:1`.
        public var root: String
        /// One per target.
        public var verdicts: [TargetVerdict]
        /// The results of all items.
        public var checks: [CheckItem]

        /// Makes a guest.
        public init(os: OperatingSystem, root: String, verdicts: [TargetVerdict], checks: [CheckItem]) {
            self.os = os
            self.root = root
            self.verdicts = verdicts
            self.checks = checks
        }
    }

    /// Which system it is.
    public struct OperatingSystem: Sendable, Hashable, Codable {
        /// `linux` or `windows`.
        public var family: String
        /// `debian`, as os-release names it.
        public var distribution: String?
        /// As the user sees it.
        public var name: String?
        /// Its version.
        public var version: String?
        /// `x86_64`, `arm64`, `i386`.
        public var architecture: String?
        /// The kernel of the default boot entry.
        public var kernelVersion: String?
        /// `bios`, `uefi`, `bios+uefi`.
        public var bootMode: String?
        /// The name it gives itself.
        public var hostname: String?

        /// Makes a description of a system.
        public init(
            family: String, distribution: String? = nil, name: String? = nil, version: String? = nil,
            architecture: String? = nil, kernelVersion: String? = nil, bootMode: String? = nil,
            hostname: String? = nil
        ) {
            self.family = family
            self.distribution = distribution
            self.name = name
            self.version = version
            self.architecture = architecture
            self.kernelVersion = kernelVersion
            self.bootMode = bootMode
            self.hostname = hostname
        }
    }

    /// One result: an item that failed for several reasons has one of these for each.
    public struct CheckItem: Sendable, Hashable, Codable {
        /// Stable: `GUESTOS.Fstab`.
        public var id: String
        /// What the item is called.
        public var title: String
        /// The link of the launch it belongs to.
        public var link: LaunchLink
        /// What became of it.
        public var status: CheckStatus
        /// Its weight; of a fail only.
        public var severity: Severity?
        /// Stable reason: `Fstab.DeviceNotFound`; of a fail only.
        public var code: String?
        /// The short value it reports.
        public var value: String?
        /// The targets the result holds for; absent when it holds for all that were asked for.
        public var targets: [String]?
        /// The launches it concerns (`nvme, bios`); absent when it concerns all.
        public var launches: [String]?
        /// One sentence.
        public var message: String?
        /// Where that stands.
        public var evidence: [Evidence]?
        /// What to change, the safest first.
        public var fixes: [Fix]?
        /// Why the answer is unknown.
        public var gaps: [String]?
        /// The weight that the program gave it, where a policy gives it another.
        public var originalSeverity: Severity?
        /// Why it does not count for the gate; absent when it counts.
        public var accepted: Acceptance?
        /// Of a fail when there is a baseline: whether it stands there.
        public var known: Bool?

        /// Makes a result.
        public init(
            id: String, title: String, link: LaunchLink, status: CheckStatus, severity: Severity? = nil,
            code: String? = nil, value: String? = nil, targets: [String]? = nil, launches: [String]? = nil,
            message: String? = nil, evidence: [Evidence]? = nil, fixes: [Fix]? = nil, gaps: [String]? = nil,
            originalSeverity: Severity? = nil, accepted: Acceptance? = nil, known: Bool? = nil
        ) {
            self.id = id
            self.title = title
            self.link = link
            self.status = status
            self.severity = severity
            self.code = code
            self.value = value
            self.targets = targets
            self.launches = launches
            self.message = message
            self.evidence = evidence
            self.fixes = fixes
            self.gaps = gaps
            self.originalSeverity = originalSeverity
            self.accepted = accepted
            self.known = known
        }
    }

    /// What a policy and a baseline had to say to a report.
    public struct PolicyUse: Sendable, Hashable, Codable {
        /// The day (UTC) by which exceptions were judged: `2026-11-26`.
        public var date: String
        /// The name of the policy file.
        public var policy: String?
        /// The name of the baseline.
        public var baseline: String?
        /// What a reader should know: exceptions that have expired, or will soon.
        public var notes: [String]?
        /// Where the exceptions stand that fit a finding, expired ones among them.
        public var exceptions: [String]?
        /// The entries of the baseline that were found again, by their fingerprints.
        public var found: [String]?

        /// Makes an account.
        public init(
            date: String, policy: String? = nil, baseline: String? = nil, notes: [String]? = nil,
            exceptions: [String]? = nil, found: [String]? = nil
        ) {
            self.date = date
            self.policy = policy
            self.baseline = baseline
            self.notes = notes
            self.exceptions = exceptions
            self.found = found
        }
    }

    /// How much was asked and answered.
    public struct Coverage: Sendable, Hashable, Codable {
        /// Items that were asked.
        public var checksRun: Int
        /// Items among them without an answer.
        public var unknown: Int

        /// Makes a count.
        public init(checksRun: Int, unknown: Int) {
            self.checksRun = checksRun
            self.unknown = unknown
        }
    }

    /// What the answer cost.
    public struct Cost: Sendable, Hashable, Codable {
        /// Wall time.
        public var seconds: Double
        /// Bytes read of the image file.
        public var bytesRead: UInt64
        /// Read calls.
        public var reads: UInt64
        /// The most memory the process held, in bytes.
        public var peakMemory: UInt64

        /// Makes a cost.
        public init(seconds: Double, bytesRead: UInt64, reads: UInt64, peakMemory: UInt64) {
            self.seconds = seconds
            self.bytesRead = bytesRead
            self.reads = reads
            self.peakMemory = peakMemory
        }
    }
}
