package import BlockIO
package import ByteReading

/// What a device says of the file system it is a part of: enough to bring the devices of one together.
package struct BtrfsDeviceIdentity: Sendable, Hashable {
    /// The UUID that blkid prints, lower-case; the same on all devices.
    package let fsid: String
    /// What tree blocks carry; differs from ``fsid`` after `btrfstune -m`.
    package let metadataUUID: String
    /// The number of the device in the file system.
    package let deviceID: UInt64
    /// blkid's `UUID_SUB`.
    package let deviceUUID: String
    /// How many devices the file system has.
    package let deviceCount: UInt64
    /// Rises with each commit; a device left out for a while stays behind.
    package let generation: UInt64
    package let label: String?
}

extension BtrfsFileSystem {
    /// Whether the device says it is a part of a btrfs: the magic of the first superblock.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try hasMagic(source, at: BtrfsSuperblock.places[0])
    }

    /// Whether a copy of a superblock stands where mkfs.btrfs puts one: for devices whose first is gone.
    package static func probeBackups(_ source: any BlockSource) throws(ImageFault) -> Bool {
        for place in BtrfsSuperblock.places.dropFirst() where try hasMagic(source, at: place) { return true }
        return false
    }

    private static func hasMagic(_ source: any BlockSource, at place: UInt64) throws(ImageFault) -> Bool {
        try source.readUpTo(at: place + 64, count: 8).starts(with: BtrfsSuperblock.magic)
    }

    /// What the superblock of a device says, or the newest copy of it where the first is damaged.
    package static func identity(of source: any BlockSource) throws(ImageFault) -> BtrfsDeviceIdentity {
        let superblock = try BtrfsSuperblock.best(on: source).superblock
        return BtrfsDeviceIdentity(
            fsid: superblock.fsid.description, metadataUUID: superblock.metadataID.description,
            deviceID: superblock.device.id, deviceUUID: superblock.device.uuid.description,
            deviceCount: superblock.deviceCount, generation: superblock.generation,
            label: superblock.label.isEmpty ? nil : superblock.label)
    }
}
