/// What is known of an image before any guest is looked at: its container, partitions and volumes.
package struct ImageFacts: Sendable, Hashable, Codable {
    package var container: ContainerFacts
    /// Nil when nothing below the container could be read.
    package var partitions: PartitionTableFacts?
    package var volumes: [VolumeFacts] = []
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

    package init(id: VolumeID, size: UInt64) {
        self.id = id
        self.size = size
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
