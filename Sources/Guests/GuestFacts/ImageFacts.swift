/// What is known of an image before any guest is looked at: its container, partitions and volumes.
package struct ImageFacts: Sendable, Hashable, Codable {
    package var container: ContainerFacts
    /// Nil when nothing below the container could be read.
    package var partitions: PartitionTableFacts?
    package var volumes: [VolumeFacts] = []
    /// Volume groups of LVM2, whole or not.
    package var groups: [VolumeGroupFacts] = []
    /// Boot code of the first sector and what it leads to, in words; nil when the disk is empty.
    package var gaps: [Gap] = []

    package init(container: ContainerFacts) { self.container = container }

    /// The volume with this id.
    package func volume(_ id: VolumeID?) -> VolumeFacts? {
        volumes.first { $0.id == id }
    }
}

/// Names a volume inside one image: `gpt:2`, `mbr:1`, `disk` for a file system on the whole disk.
package typealias VolumeID = String

/// The container file.
package struct ContainerFacts: Sendable, Hashable, Codable {
    /// `raw`, `qcow2`, or what else was recognised.
    package var format: String
    /// The kind of container within its format: `fixed`, `dynamic`, `streamOptimized`; nil where there is one only.
    package var kind: String?
    /// What the guest sees, in bytes.
    package var virtualSize: UInt64
    package var fileSize: UInt64
    package var findings: [StructureFinding] = []
    package var backingFiles: [BackingReference] = []
    /// What the file is when it is not a disk at all.
    package var content: Content = .disk

    /// What a file turned out to hold.
    package enum Content: String, Sendable, Hashable, Codable {
        case disk
        /// No bytes, or nothing but zeros.
        case empty
        /// An ISO 9660 image, hybrid or not.
        case iso
        /// File systems, but no system among them.
        case dataDisk
        /// A live or installation medium.
        case installer
    }

    package init(format: String, virtualSize: UInt64, fileSize: UInt64) {
        self.format = format
        self.virtualSize = virtualSize
        self.fileSize = fileSize
    }
}

/// A file that an image refers to.
package struct BackingReference: Sendable, Hashable, Codable {
    package var name: String
    package var opened: Bool
    package var reason: String?

    package init(name: String, opened: Bool, reason: String? = nil) {
        self.name = name
        self.opened = opened
        self.reason = reason
    }
}

/// Something a parser found out about a structure: stable code, sentence, place.
package struct StructureFinding: Sendable, Hashable, Codable {
    package var code: String
    package var message: String
    package var evidence: Evidence

    package init(code: String, message: String, evidence: Evidence) {
        self.code = code
        self.message = message
        self.evidence = evidence
    }
}

/// The partition table.
package struct PartitionTableFacts: Sendable, Hashable, Codable {
    /// How the disk is divided.
    package enum Kind: String, Sendable, Hashable, Codable {
        case none, mbr, gpt, hybrid
    }

    package var kind: Kind
    package var sectorSize: Int
    /// MBR disk signature (8 digits) or GPT disk GUID.
    package var identity: String?
    package var findings: [StructureFinding] = []
    package var partitions: [PartitionFacts] = []

    package init(kind: Kind, sectorSize: Int) {
        self.kind = kind
        self.sectorSize = sectorSize
    }
}

/// One partition.
package struct PartitionFacts: Sendable, Hashable, Codable {
    package var number: Int
    /// In bytes from the start of the disk.
    package var offset: UInt64
    package var size: UInt64
    /// GPT type GUID or `0x83`.
    package var type: String
    package var partUUID: String?
    package var partLabel: String?
    package var active: Bool
    package var isEFISystem: Bool
    package var isBIOSBoot: Bool
    package var volume: VolumeID

    package init(
        number: Int, offset: UInt64, size: UInt64, type: String, partUUID: String? = nil,
        partLabel: String? = nil, active: Bool = false, isEFISystem: Bool = false, isBIOSBoot: Bool = false,
        volume: VolumeID
    ) {
        self.number = number
        self.offset = offset
        self.size = size
        self.type = type
        self.partUUID = partUUID
        self.partLabel = partLabel
        self.active = active
        self.isEFISystem = isEFISystem
        self.isBIOSBoot = isBIOSBoot
        self.volume = volume
    }
}

/// A volume and what lies on it.
package struct VolumeFacts: Sendable, Hashable, Codable {
    package var id: VolumeID
    package var size: UInt64
    /// As `blkid` names it; nil when nothing was recognised.
    package var kind: String?
    package var uuid: String?
    package var label: String?
    package var partUUID: String?
    package var partLabel: String?
    /// The partition number, nil for a whole disk.
    package var partitionNumber: Int?
    package var features: [String] = []
    package var usage: VolumeUsage?
    package var conditions: [StructureFinding] = []
    /// Why it could not be opened, if it could not.
    package var gap: Gap?
    /// The volumes this one is made of: physical volumes, members of an array. Empty for a partition.
    package var madeOf: [VolumeID] = []
    /// The volume whose part this one is: a further device of a btrfs. Nil otherwise.
    package var memberOf: VolumeID?
    package var logicalVolume: LogicalVolumeFacts?
    package var array: ArrayFacts?
    /// Empty where the file system has none.
    package var subvolumes: [SubvolumeFacts] = []

    package init(id: VolumeID, size: UInt64) {
        self.id = id
        self.size = size
    }
}

/// Where a logical volume of LVM2 belongs.
package struct LogicalVolumeFacts: Sendable, Hashable, Codable {
    package var group: String
    package var name: String
    /// As `lvs` prints them, with dashes; links named `dm-uuid-LVM-…` have them without.
    package var groupUUID: String
    package var uuid: String
    /// `linear`, `striped`, `raid1`, `thin`, `cache` …: what its segments are, without repetition.
    package var kinds: [String]
    /// Physical volumes it needs that are not in this image, by UUID.
    package var missing: [String] = []
    /// Physical volumes of its group that are not in this image, whether it needs them or not, by UUID.
    package var groupMissing: [String] = []
    /// Whether it comes up by itself: neither it nor its group is set to be left out (`--setautoactivation n`).
    package var isAutomatic = true

    package init(
        group: String, name: String, groupUUID: String, uuid: String, kinds: [String], missing: [String] = []
    ) {
        self.group = group
        self.name = name
        self.groupUUID = groupUUID
        self.uuid = uuid
        self.kinds = kinds
        self.missing = missing
    }

    /// The name below `/dev/mapper`: dashes of either name doubled, one dash between (libdevmapper,
    /// `dm_build_dm_name`).
    package var mapperName: String {
        LogicalVolumeFacts.escaped(group) + "-" + LogicalVolumeFacts.escaped(name)
    }

    private static func escaped(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
    }
}

/// A volume group of LVM2.
package struct VolumeGroupFacts: Sendable, Hashable, Codable {
    package var name: String
    /// As `vgs` prints it, with dashes.
    package var uuid: String
    /// In bytes.
    package var size: UInt64
    /// The physical volumes in this image.
    package var physicalVolumes: [VolumeID]
    /// UUIDs of those that are not.
    package var missing: [String] = []
    /// What is wrong with its metadata.
    package var findings: [StructureFinding] = []

    package init(name: String, uuid: String, size: UInt64, physicalVolumes: [VolumeID]) {
        self.name = name
        self.uuid = uuid
        self.size = size
        self.physicalVolumes = physicalVolumes
    }
}

/// An array of Linux MD.
package struct ArrayFacts: Sendable, Hashable, Codable {
    /// As the superblock has it, `host:name` for 1.x; nil for 0.90.
    package var name: String?
    /// As `mdadm` prints it: four groups of eight digits with colons.
    package var uuid: String
    /// `raid1`, `linear` …
    package var level: String
    /// `0.90`, `1.0`, `1.1`, `1.2`.
    package var metadata: String
    package var deviceCount: Int
    /// Members in this image that are in sync.
    package var presentCount: Int

    package init(
        name: String?, uuid: String, level: String, metadata: String, deviceCount: Int, presentCount: Int
    ) {
        self.name = name
        self.uuid = uuid
        self.level = level
        self.metadata = metadata
        self.deviceCount = deviceCount
        self.presentCount = presentCount
    }
}

/// A subvolume of a btrfs.
package struct SubvolumeFacts: Sendable, Hashable, Codable {
    /// What `subvolid=` names; 5 is the topmost.
    package var id: UInt64
    /// As `subvol=` names it; empty for the topmost, nil when nothing leads to it.
    package var path: String?
    package var isDefault: Bool
    package var isReadOnly: Bool
    package var isSnapshot: Bool

    package init(id: UInt64, path: String?, isDefault: Bool, isReadOnly: Bool, isSnapshot: Bool) {
        self.id = id
        self.path = path
        self.isDefault = isDefault
        self.isReadOnly = isReadOnly
        self.isSnapshot = isSnapshot
    }
}

/// How full a volume is.
package struct VolumeUsage: Sendable, Hashable, Codable {
    package var totalBytes: UInt64
    package var freeBytes: UInt64
    package var availableBytes: UInt64
    /// Zero where inodes are allocated on demand.
    package var totalInodes: UInt64
    package var freeInodes: UInt64

    package init(
        totalBytes: UInt64, freeBytes: UInt64, availableBytes: UInt64, totalInodes: UInt64,
        freeInodes: UInt64
    ) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.availableBytes = availableBytes
        self.totalInodes = totalInodes
        self.freeInodes = freeInodes
    }
}
