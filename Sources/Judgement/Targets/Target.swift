/// A place to launch an image: the hardware the guest will meet and the rules of the house. It is data; a
/// target of a user's own is a JSON file of the same shape.
public struct Target: Sendable, Hashable, Codable {
    /// What the command line calls it: `alibaba-ecs`.
    public var id: String
    /// What people call it.
    public var title: String
    /// What the guest will meet.
    public var hardware: Hardware
    /// What the place wants.
    public var rules: Rules

    /// Makes a target.
    public init(id: String, title: String, hardware: Hardware, rules: Rules) {
        self.id = id
        self.title = title
        self.hardware = hardware
        self.rules = rules
    }

    /// The hardware of a target.
    public struct Hardware: Sendable, Hashable, Codable {
        /// Disk buses a verdict always covers.
        public var disks: [DiskBus]
        /// Disk buses that are judged when asked for.
        public var optionalDisks: [DiskBus]
        /// Firmware by architecture (`x86_64`: `bios`, `uefi`).
        public var firmware: [String: [FirmwareKind]]
        /// Kernel modules for the NIC; one of them is enough.
        public var networkDrivers: [String]
        /// Serial consoles by architecture (`ttyS0`).
        public var consoles: [String: String]

        /// Makes a description of hardware.
        public init(
            disks: [DiskBus], optionalDisks: [DiskBus] = [], firmware: [String: [FirmwareKind]],
            networkDrivers: [String], consoles: [String: String]
        ) {
            self.disks = disks
            self.optionalDisks = optionalDisks
            self.firmware = firmware
            self.networkDrivers = networkDrivers
            self.consoles = consoles
        }
    }

    /// The rules of a target, each with its source.
    public struct Rules: Sendable, Hashable, Codable {
        /// Formats it accepts.
        public var formats: [String]
        /// Virtual sizes it accepts, in GiB.
        public var sizeGiB: SizeRange?
        /// cloud-init data sources that work there, best first. Empty when first-boot data is optional.
        public var datasources: [String]
        /// Agents by their stable names.
        public var agents: Agents
        /// Users log in as root there.
        public var rootLogin: Bool
        /// The host firewall is expected to be off.
        public var firewallOff: Bool
        /// SELinux is expected to be off.
        public var selinuxOff: Bool
        /// NVMe time-outs are expected on the kernel command line.
        public var nvmeTimeouts: Bool
        /// Without first-boot customisation an instance is of no use there.
        public var needsProvisioning: Bool
        /// Instances verify what firmware starts (Secure Boot); nil where they do not.
        public var secureBoot: Bool?
        /// Severity of a check or reason code where it differs here (`QemuGa.Present`: `info`).
        public var severities: [String: String]
        /// Where the rules were read, and when.
        public var sources: [Source]

        /// Makes a set of rules.
        public init(
            formats: [String], sizeGiB: SizeRange? = nil, datasources: [String] = [],
            agents: Agents = Agents(),
            rootLogin: Bool = false, firewallOff: Bool = false, selinuxOff: Bool = false,
            nvmeTimeouts: Bool = false, needsProvisioning: Bool = false, severities: [String: String] = [:],
            sources: [Source] = []
        ) {
            self.formats = formats
            self.sizeGiB = sizeGiB
            self.datasources = datasources
            self.agents = agents
            self.rootLogin = rootLogin
            self.firewallOff = firewallOff
            self.selinuxOff = selinuxOff
            self.nvmeTimeouts = nvmeTimeouts
            self.needsProvisioning = needsProvisioning
            self.severities = severities
            self.sources = sources
        }
    }

    /// The sizes a target takes.
    public struct SizeRange: Sendable, Hashable, Codable {
        /// The smallest size, in GiB.
        public var min: Int
        /// The largest size, in GiB.
        public var max: Int

        /// Makes a range.
        public init(min: Int, max: Int) {
            self.min = min
            self.max = max
        }
    }

    /// Agents a target expects, likes or does not want, by stable name.
    public struct Agents: Sendable, Hashable, Codable {
        /// Nothing works without them.
        public var required: [String]
        /// Functions are lost without them.
        public var recommended: [String]
        /// They disturb there.
        public var unwanted: [String]
        /// Those that put hostname, password and scripts into a new Windows there, best first; one is enough.
        public var windowsInitialization: [String]

        /// Makes a list of agents.
        public init(
            required: [String] = [], recommended: [String] = [], unwanted: [String] = [],
            windowsInitialization: [String] = []
        ) {
            self.required = required
            self.recommended = recommended
            self.unwanted = unwanted
            self.windowsInitialization = windowsInitialization
        }

        /// Reads a list; a target that was written before Windows was judged does not name its agents.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            required = try values.decode([String].self, forKey: .required)
            recommended = try values.decode([String].self, forKey: .recommended)
            unwanted = try values.decode([String].self, forKey: .unwanted)
            windowsInitialization =
                try values.decodeIfPresent([String].self, forKey: .windowsInitialization) ?? []
        }
    }

    /// Where a rule comes from.
    public struct Source: Sendable, Hashable, Codable {
        /// The document.
        public var title: String
        /// The day it was read, `2026-11`.
        public var date: String

        /// Names a source.
        public init(title: String, date: String) {
            self.title = title
            self.date = date
        }
    }
}

/// Firmware of a target, by the names of the command line.
public enum FirmwareKind: String, Sendable, Hashable, Codable, CaseIterable {
    case bios, uefi
}
