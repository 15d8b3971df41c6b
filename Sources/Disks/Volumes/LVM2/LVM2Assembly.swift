package import BlockIO
package import ByteReading

/// What LVM2 makes of some devices.
package struct LVM2Assembly: Sendable {
    /// In the order in which their first device came.
    package var groups: [VolumeGroup] = []
    /// Physical volumes that no group has, or none that could be read.
    package var unused: [PhysicalVolume] = []
    /// What belongs to no group; a group has its own.
    package var findings: [VolumeFinding] = []
}

/// A volume group of LVM2.
package struct VolumeGroup: Sendable {
    package var name: String
    /// As the tools print it, with dashes.
    package var uuid: String
    /// The number of the metadata that was used.
    package var sequence: UInt64
    /// In bytes.
    package var extentSize: UInt64
    /// `RESIZEABLE`, `EXPORTED`, `CLUSTERED`, `SHARED` …
    package var flags: [String]
    /// The system that owns the group; others do not activate it. Nil or empty: any.
    package var systemID: String?
    /// `sanlock` or `dlm` for a shared group.
    package var lockType: String?
    /// In the order of the metadata.
    package var physicalVolumes: [PhysicalVolume]
    /// In the order of the metadata, hidden ones included.
    package var logicalVolumes: [LogicalVolume]
    package var findings: [VolumeFinding]

    /// UUIDs of physical volumes that are not here.
    package var missing: [String] { physicalVolumes.filter { $0.deviceID == nil }.map(\.uuid) }
    package var isPartial: Bool { physicalVolumes.contains { $0.deviceID == nil } }
    package var isExported: Bool { flags.contains("EXPORTED") }
    /// Whether a lock manager of a cluster decides who uses it.
    package var isClustered: Bool {
        flags.contains("CLUSTERED") || flags.contains("SHARED") || (lockType ?? "none") != "none"
    }

    package func logicalVolume(_ name: String) -> LogicalVolume? { logicalVolumes.first { $0.name == name } }
}

/// A physical volume as its group or its own label describes it.
package struct PhysicalVolume: Sendable, Hashable {
    package var uuid: String
    /// The ``BlockDevice/id`` of the device used; nil when it is not here.
    package var deviceID: String?
    /// In bytes, as the metadata has it.
    package var size: UInt64
}

/// A logical volume of LVM2.
package struct LogicalVolume: Sendable {
    package var name: String
    /// As the tools print it, with dashes.
    package var uuid: String
    /// Hidden volumes are parts of others.
    package var isVisible: Bool
    /// Whether `vgchange -aay` activates it: visible, not set to be skipped, in a group that is activated at all.
    package var isActiveByDefault: Bool
    package var isWritable: Bool
    /// Its segments' types without repetition, in order: `linear`, `striped`, `raid1`, `thin`, `snapshot` …
    package var kinds: [String]
    /// In bytes.
    package var size: UInt64
    /// UUIDs of the physical volumes it lies on, those of its parts included.
    package var physicalVolumes: [String]
    /// Those that are not here. A mirror may be whole without them.
    package var missing: [String]
    /// The contents, when all or some can be read; what lies on a missing physical volume faults.
    package var source: (any BlockSource)?
    /// Why there is no ``source``.
    package var fault: ImageFault?
    /// The volume this is a snapshot of, or that a cache is in front of.
    package var origin: String?
    /// The volume outside the pool that a thin volume reads unwritten parts from.
    package var externalOrigin: String?
    /// The pool a thin, cached or VDO volume uses.
    package var pool: String?
    /// The volumes it is made of, directly.
    package var parts: [String]
}
