extension Target {
    /// The rules of a target, with their sources.
    public struct Rules: Sendable, Hashable, Codable {
        /// Formats it accepts, `raw`; with a kind of its own behind a slash where only that is taken: `vhd/fixed`.
        public var formats: [String]
        /// Virtual sizes it accepts, in GiB.
        public var sizeGiB: SizeRange?
        /// cloud-init data sources that work there, best first. Empty when first-boot data is optional.
        public var datasources: [String]
        /// Agents by their stable names.
        public var agents: Agents
        /// Users log in as root there.
        public var rootLogin: Bool
        /// The ports that people log in by.
        public var loginPorts: LoginPorts
        /// The host firewall is expected to be off.
        public var firewallOff: Bool
        /// SELinux is expected to be off.
        public var selinuxOff: Bool
        /// NVMe time-outs are expected on the kernel command line.
        public var nvmeTimeouts: Bool
        /// The time-out for NVMe in seconds; absent for the longest that the kernel takes.
        public var nvmeTimeoutSeconds: Int?
        /// The console log of the platform is what people have when an instance does not answer, so that an image
        /// that does not write it gets a warning.
        public var consoleExpected: Bool
        /// File systems that the root may be on.
        public var fileSystems: [String]
        /// Whether the root may be a subvolume of a btrfs.
        public var btrfsSubvolumes: Bool
        /// Whether the root should not be on LVM.
        public var lvmDiscouraged: Bool
        /// Whether 32-bit systems run on some instance families only.
        public var limits32Bit: Bool
        /// Architectures whose hardware clock must be in UTC.
        public var utcClock: [String]
        /// The network interface should be called `eth0`.
        public var kernelInterfaceNames: Bool
        /// Whether instances have IPv6 addresses only.
        public var needsIPv6: Bool
        /// Without first-boot customisation an instance is of no use there.
        public var needsProvisioning: Bool
        /// Instances of these systems get passwords and keys through QEMU's fw_cfg.
        public var firmwareConfiguration: [SystemRule]
        /// Instances verify what firmware starts (Secure Boot); nil where they do not.
        public var secureBoot: Bool?
        /// Systems that the place itself does not cover.
        public var unsupported: [SystemRule]
        /// Systems that its import takes; empty when it takes any.
        public var imports: [SystemRule]
        /// Beginnings of the names of packages that bring the licensed repositories of this place.
        public var licenceClients: [String]
        /// Hosts that Windows activates at there.
        public var activationHosts: [String]
        /// What it wants of the boot configuration of Windows.
        public var windowsBoot: WindowsBoot
        /// Severity of a check or reason code where it differs here (`QemuGa.Present`: `info`).
        public var severities: [String: String]
        /// Where the rules were read, and when.
        public var sources: [Source]

        enum CodingKeys: String, CodingKey, CaseIterable {
            case formats, sizeGiB, datasources, agents, rootLogin, loginPorts, firewallOff, selinuxOff,
                nvmeTimeouts,
                nvmeTimeoutSeconds, consoleExpected, fileSystems, btrfsSubvolumes, lvmDiscouraged,
                limits32Bit,
                utcClock, kernelInterfaceNames, needsIPv6, needsProvisioning, firmwareConfiguration,
                secureBoot,
                unsupported,
                imports, licenceClients, activationHosts, windowsBoot, severities, sources
        }

        /// Reads the rules. Those that are absent are the rules of a place that has none.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            formats = try values.decode([String].self, forKey: .formats)
            sizeGiB = try values.decodeIfPresent(SizeRange.self, forKey: .sizeGiB)
            datasources = try values.value(.datasources, or: [])
            agents = try values.value(.agents, or: Agents())
            rootLogin = try values.value(.rootLogin, or: false)
            loginPorts = try values.value(.loginPorts, or: LoginPorts())
            firewallOff = try values.value(.firewallOff, or: false)
            selinuxOff = try values.value(.selinuxOff, or: false)
            nvmeTimeouts = try values.value(.nvmeTimeouts, or: false)
            nvmeTimeoutSeconds = try values.decodeIfPresent(Int.self, forKey: .nvmeTimeoutSeconds)
            consoleExpected = try values.value(.consoleExpected, or: false)
            fileSystems = try values.value(.fileSystems, or: ["ext3", "ext4", "xfs", "btrfs"])
            btrfsSubvolumes = try values.value(.btrfsSubvolumes, or: true)
            lvmDiscouraged = try values.value(.lvmDiscouraged, or: false)
            limits32Bit = try values.value(.limits32Bit, or: true)
            utcClock = try values.value(.utcClock, or: [])
            kernelInterfaceNames = try values.value(.kernelInterfaceNames, or: false)
            needsIPv6 = try values.value(.needsIPv6, or: false)
            needsProvisioning = try values.value(.needsProvisioning, or: false)
            firmwareConfiguration = try values.value(.firmwareConfiguration, or: [])
            secureBoot = try values.decodeIfPresent(Bool.self, forKey: .secureBoot)
            unsupported = try values.value(.unsupported, or: [])
            imports = try values.value(.imports, or: [])
            licenceClients = try values.value(.licenceClients, or: [])
            activationHosts = try values.value(.activationHosts, or: [])
            windowsBoot = try values.value(.windowsBoot, or: WindowsBoot())
            severities = try values.value(.severities, or: [:])
            sources = try values.value(.sources, or: [])
        }

        /// The accepted formats without their kinds: `vhd` of `vhd/fixed`.
        public var formatNames: [String] {
            formats.map { $0.split(separator: "/").first.map(String.init) ?? $0 }
        }

        /// Whether it takes a container of this format and, where it asks for one, kind.
        public func accepts(format: String, kind: String?) -> Bool {
            formats.contains(format) || kind.map { formats.contains("\(format)/\($0)") } ?? false
        }
    }

    /// The sizes a target takes.
    public struct SizeRange: Sendable, Hashable, Codable {
        /// The smallest size, in GiB.
        public var min: Int
        /// The largest size that is advised, in GiB.
        public var max: Int
        /// The size above which it refuses a disk, by firmware and in GiB; `max` for those it does not name.
        public var hardMax: [String: Int]
        /// The size has to be a multiple of so many MiB.
        public var alignMiB: Int
        /// It refuses a size that is no such multiple; otherwise it rounds.
        public var alignmentRequired: Bool

        enum CodingKeys: String, CodingKey, CaseIterable {
            case min, max, hardMax, alignMiB, alignmentRequired
        }

        /// Makes a range.
        public init(
            min: Int, max: Int, hardMax: [String: Int] = [:], alignMiB: Int = 1,
            alignmentRequired: Bool = false
        ) {
            self.min = min
            self.max = max
            self.hardMax = hardMax
            self.alignMiB = alignMiB
            self.alignmentRequired = alignmentRequired
        }

        /// Reads a range.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            min = try values.decode(Int.self, forKey: .min)
            max = try values.decode(Int.self, forKey: .max)
            hardMax = try values.value(.hardMax, or: [:])
            alignMiB = try values.value(.alignMiB, or: 1)
            alignmentRequired = try values.value(.alignmentRequired, or: false)
        }

        /// The size above which machines of this firmware refuse a disk, in GiB.
        public func limit(for firmware: FirmwareKind) -> Int { hardMax[firmware.rawValue] ?? max }
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

        enum CodingKeys: String, CodingKey, CaseIterable {
            case required, recommended, unwanted, windowsInitialization
        }

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

        /// Reads a list.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            required = try values.value(.required, or: [])
            recommended = try values.value(.recommended, or: [])
            unwanted = try values.value(.unwanted, or: [])
            windowsInitialization = try values.value(.windowsInitialization, or: [])
        }
    }

    /// The ports that people log in by.
    public struct LoginPorts: Sendable, Hashable, Codable {
        /// Of the SSH server.
        public var linux: Int
        /// Of Remote Desktop.
        public var windows: Int

        enum CodingKeys: String, CodingKey, CaseIterable {
            case linux, windows
        }

        /// The usual ports.
        public init(linux: Int = 22, windows: Int = 3389) {
            self.linux = linux
            self.windows = windows
        }

        /// Reads the ports.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            linux = try values.value(.linux, or: 22)
            windows = try values.value(.windows, or: 3389)
        }
    }

    /// What a target wants of the boot configuration of Windows.
    public struct WindowsBoot: Sendable, Hashable, Codable {
        /// Its import refuses systems with emergency management services.
        public var refusesEMS: Bool
        /// Starts should go on after failed ones, because nobody sees the question.
        public var continuesAfterFailures: Bool

        enum CodingKeys: String, CodingKey, CaseIterable {
            case refusesEMS, continuesAfterFailures
        }

        /// Wants nothing, unless told.
        public init(refusesEMS: Bool = false, continuesAfterFailures: Bool = false) {
            self.refusesEMS = refusesEMS
            self.continuesAfterFailures = continuesAfterFailures
        }

        /// Reads the wishes.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            refusesEMS = try values.value(.refusesEMS, or: false)
            continuesAfterFailures = try values.value(.continuesAfterFailures, or: false)
        }
    }
}
