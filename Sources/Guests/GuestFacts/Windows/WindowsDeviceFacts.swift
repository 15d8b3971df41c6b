/// A device a target gives to the guest, and the drivers this Windows would take for it.
package struct WindowsDeviceFacts: Sendable, Hashable, Codable {
    /// What a launch calls it: a bus of disks (`virtio-blk`, `nvme`) or the Linux driver of a network card
    /// (`virtio_net`), as targets do.
    package var kind: String
    /// Which of several models of the kind: `PCI\VEN_1AF4&DEV_1001`.
    package var model: String
    /// The drivers that are bound to one of its identifiers, the one Windows takes first.
    package var bindings: [DriverBinding] = []
    /// What could not be read: there may be bindings that are not in the list.
    package var gap: Gap?

    package init(kind: String, model: String) {
        self.kind = kind
        self.model = model
    }
}

/// What makes Windows give a device to a driver.
package struct DriverBinding: Sendable, Hashable, Codable {
    /// Where it says so.
    package enum Source: String, Sendable, Hashable, Codable {
        /// `DriverDatabase` of the SYSTEM hive, Windows 8 and later: what a start needs.
        case database
        /// `DriverDatabase` of the DRIVERS hive: what is found when the system volume is there.
        case driversHive
        /// `Control\CriticalDeviceDatabase`, Windows 7 and before.
        case criticalDevices
        /// A device with this identifier has been in the machine: `Enum`.
        case device
    }

    package var source: Source
    /// The identifier that matched.
    package var identifier: String
    /// The service; nil when the record leads to none.
    package var service: String?
    /// `oem3.inf`
    package var inf: String?
    /// Where it stands.
    package var evidence: Evidence

    package init(source: Source, identifier: String, service: String?, inf: String? = nil, evidence: Evidence)
    {
        self.source = source
        self.identifier = identifier
        self.service = service
        self.inf = inf
        self.evidence = evidence
    }

    /// Whether it counts before the system volume can be read.
    package var servesStart: Bool { source != .driversHive }
}
