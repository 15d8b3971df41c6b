package import BlockIO
package import ByteReading

/// An array of Linux MD, as far as its members are here.
package struct RaidArray: Sendable {
    /// As `mdadm` prints it: four groups of eight digits with colons.
    package var uuid: String
    /// As the superblock has it, often `host:name`; nil where it has none, as in version 0.90.
    package var name: String?
    /// The number after `/dev/md` that a superblock of version 0.90 asks for.
    package var preferredMinor: Int?
    /// `raid1`, `linear`, `raid0`, `raid10` …
    package var level: String
    /// `0.90`, `1.0`, `1.1` or `1.2`.
    package var metadataVersion: String
    /// Devices of the whole array, spares apart.
    package var raidDisks: Int
    /// In the order in which the devices came.
    package var members: [RaidMember]
    /// In bytes; zero where it cannot be told.
    package var size: UInt64 = 0
    /// In bytes; zero for levels without chunks.
    package var chunkSize: UInt64
    /// Whether it was shut down with all members alike.
    package var isClean: Bool
    /// The contents, when they can be read.
    package var source: (any BlockSource)?
    /// Why there is no ``source``.
    package var fault: ImageFault?
    package var findings: [VolumeFinding] = []

    /// Members of which the contents count.
    package var presentCount: Int { members.count { $0.state == .inSync } }
    /// Devices that are missing, too old or not filled yet.
    package var missingCount: Int { Swift.max(0, raidDisks - presentCount) }
}

/// A device with the superblock of an array.
package struct RaidMember: Sendable, Hashable {
    /// What a member is good for.
    package enum State: String, Sendable, Hashable {
        case inSync
        /// It left the array before the others were last changed: its contents are old.
        case stale
        /// It was being filled from the others.
        case recovering
        case spare
        case faulty
        case journal
        /// It was to take the place of another member.
        case replacement
        /// Its superblock cannot be relied on.
        case damaged
        /// Another device has its place.
        case duplicate
    }

    /// The ``BlockDevice/id``.
    package var deviceID: String
    /// Its place among the raid disks; nil for a spare.
    package var role: Int?
    package var state: State
    /// How often the superblock was written: the highest is the newest.
    package var events: UInt64
    /// Where the superblock is, in bytes.
    package var superblockOffset: UInt64
    /// Where the contents begin, in bytes.
    package var dataOffset: UInt64
    /// Read only when no other can be.
    package var isWriteMostly: Bool = false
}
