extension Target {
    /// The hardware of a target.
    public struct Hardware: Sendable, Hashable, Codable {
        /// Disk buses a verdict always covers.
        public var disks: [DiskBus]
        /// Disk buses that are judged when asked for.
        public var optionalDisks: [DiskBus]
        /// Firmware by architecture (`x86_64`: `bios`, `uefi`).
        public var firmware: [String: [FirmwareKind]]
        /// Firmware by disk bus, for buses that machines of some firmware only have.
        public var diskFirmware: [String: [FirmwareKind]]
        /// Kernel modules that a disk on a bus needs here besides the usual ones.
        public var diskDrivers: [String: [String]]
        /// Kernel modules for the NIC; one of them is enough.
        public var networkDrivers: [String]
        /// Kernel modules for the NIC of some instance families, which stay closed to an image without them.
        public var advisedNetworkDrivers: [String]
        /// Serial consoles by architecture (`ttyS0`).
        public var consoles: [String: String]
        /// Parameters of the kernel for the console log, by architecture; made from `consoles` where absent.
        public var consoleParameters: [String: [String]]
        /// The level of the processors that every instance has (`x86_64`: 3 for x86-64-v3); absent when not known.
        public var cpuLevels: [String: Int]

        enum CodingKeys: String, CodingKey, CaseIterable {
            case disks, optionalDisks, firmware, diskFirmware, diskDrivers, networkDrivers,
                advisedNetworkDrivers,
                consoles, consoleParameters, cpuLevels
        }

        /// Reads the hardware.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            disks = try values.decode([DiskBus].self, forKey: .disks)
            optionalDisks = try values.value(.optionalDisks, or: [])
            firmware = try values.decode([String: [FirmwareKind]].self, forKey: .firmware)
            diskFirmware = try values.value(.diskFirmware, or: [:])
            diskDrivers = try values.value(.diskDrivers, or: [:])
            networkDrivers = try values.decode([String].self, forKey: .networkDrivers)
            advisedNetworkDrivers = try values.value(.advisedNetworkDrivers, or: [])
            consoles = try values.value(.consoles, or: [:])
            consoleParameters = try values.value(.consoleParameters, or: [:])
            cpuLevels = try values.value(.cpuLevels, or: [:])
        }

        /// The kernel modules that together make a disk on `bus` appear here.
        public func drivers(for bus: DiskBus) -> [String] { (diskDrivers[bus.rawValue] ?? []) + bus.drivers }

        /// Whether machines of this firmware have disks on this bus.
        public func offers(_ launch: Launch) -> Bool {
            diskFirmware[launch.disk.rawValue]?.contains(launch.firmware) ?? true
        }

        /// What to put on the kernel command line so that the console log of the platform is written.
        public func consoleParameters(for architecture: String) -> [String] {
            if let own = consoleParameters[architecture] { return own }
            return consoles[architecture].map { ["console=tty0", "console=\($0),115200n8"] } ?? []
        }
    }
}
