public import Checks
public import GuestFacts
public import LaunchChain

/// The whole answer for one image: everything every output format says comes from here. Its JSON form is the
/// contract of `schema/report-1.schema.json`; absent means absent, never an empty string.
public struct ScanReport: Sendable, Hashable, Codable {
    /// The version of the schema.
    public var schemaVersion: Int = 1
    public var tool: Tool
    public var image: Image
    public var guests: [Guest]
    /// Findings about the image itself, when it holds no system to attach them to.
    public var checks: [CheckItem]?
    /// What could not be read, where and why.
    public var gaps: [Gap]
    public var coverage: Coverage
    public var cost: Cost

    /// Makes a report.
    public init(
        tool: Tool, image: Image, guests: [Guest], checks: [CheckItem]?, gaps: [Gap], coverage: Coverage,
        cost: Cost
    ) {
        self.tool = tool
        self.image = image
        self.guests = guests
        self.checks = checks
        self.gaps = gaps
        self.coverage = coverage
        self.cost = cost
    }

    /// The program that made the report.
    public struct Tool: Sendable, Hashable, Codable {
        public var name: String
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
        public var format: String
        /// In bytes.
        public var virtualSize: UInt64
        /// In bytes.
        public var fileSize: UInt64
        /// Files the image refers to.
        public var backing: [Backing]?
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
        public var name: String
        public var opened: Bool
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
        /// `qcow2`, `gpt`, `partition`, `ext4` …
        public var kind: String
        /// The partition number.
        public var number: Int?
        /// In bytes from the start of the disk.
        public var offset: UInt64?
        public var size: UInt64?
        /// Bytes used, of a file system.
        public var used: UInt64?
        public var identity: [String: String]?
        /// `ok`, or what is wrong.
        public var health: String?
        /// Why it could not be read.
        public var unreadable: String?
        public var children: [Layer]?

        /// Makes a layer.
        public init(
            kind: String, number: Int? = nil, offset: UInt64? = nil, size: UInt64? = nil, used: UInt64? = nil,
            identity: [String: String]? = nil, health: String? = nil, unreadable: String? = nil,
            children: [Layer]? = nil
        ) {
            self.kind = kind
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
        public var os: OperatingSystem
        /// The volume of its root: `mbr:1`.
        public var root: String
        public var verdicts: [TargetVerdict]
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
        public var distribution: String?
        public var name: String?
        public var version: String?
        public var architecture: String?
        public var kernelVersion: String?
        /// `bios`, `uefi`, `bios+uefi`.
        public var bootMode: String?
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
        public var id: String
        public var title: String
        public var link: LaunchLink
        public var status: CheckStatus
        public var severity: Severity?
        public var code: String?
        public var value: String?
        /// The targets the result holds for; absent when it holds for all that were asked for.
        public var targets: [String]?
        /// The launches it concerns (`nvme, bios`); absent when it concerns all.
        public var launches: [String]?
        public var message: String?
        public var evidence: [Evidence]?
        public var fixes: [Fix]?
        /// Why the answer is unknown.
        public var gaps: [String]?

        /// Makes a result.
        public init(
            id: String, title: String, link: LaunchLink, status: CheckStatus, severity: Severity? = nil,
            code: String? = nil, value: String? = nil, targets: [String]? = nil, launches: [String]? = nil,
            message: String? = nil, evidence: [Evidence]? = nil, fixes: [Fix]? = nil, gaps: [String]? = nil
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
        }
    }

    /// How much was asked and answered.
    public struct Coverage: Sendable, Hashable, Codable {
        public var checksRun: Int
        public var unknown: Int

        /// Makes a count.
        public init(checksRun: Int, unknown: Int) {
            self.checksRun = checksRun
            self.unknown = unknown
        }
    }

    /// What the answer cost.
    public struct Cost: Sendable, Hashable, Codable {
        public var seconds: Double
        public var bytesRead: UInt64
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
