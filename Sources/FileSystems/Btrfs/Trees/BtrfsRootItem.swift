import ByteReading

/// What the tree of roots says of a tree (`struct btrfs_root_item`).
struct BtrfsRootItem: Sendable {
    let id: UInt64
    let pointer: BtrfsPointer
    /// Zero once the subvolume was deleted and only waits to be cleaned away.
    let referenceCount: UInt32
    let flags: UInt64
    /// Zero where none was recorded.
    let uuid: GUID?
    let parentID: GUID?

    init(parsing item: BtrfsItem) throws(ImageFault) {
        let raw = item.data
        id = item.key.objectID
        let generation: UInt64 = try raw.little(at: 160)
        let level = Int(try raw.byte(at: 238))
        guard level <= BtrfsNode.highestLevel else {
            throw ImageFault(.corrupt, "tree \(id) has level \(level)", at: raw.origin + 238)
        }
        pointer = BtrfsPointer(address: try raw.little(at: 176), generation: generation, level: level)
        flags = try raw.little(at: 208)
        referenceCount = try raw.little(at: 216)
        // Kernels before 3.6 knew no more than 239 bytes and left what follows as it was.
        var isExtended = false
        if raw.count >= 439 { isExtended = try raw.little(UInt64.self, at: 239) == generation }
        uuid = isExtended ? try GUID(bigEndian: raw, at: 247) : nil
        parentID = isExtended ? try GUID(bigEndian: raw, at: 263) : nil
    }

    /// `BTRFS_ROOT_SUBVOL_RDONLY`.
    var isReadOnly: Bool { flags & 1 != 0 }
    /// Deleted: `BTRFS_ROOT_SUBVOL_DEAD`, or nothing refers to it.
    var isDead: Bool { referenceCount == 0 || flags & (1 << 48) != 0 }
}

/// Where a subvolume's directory is (`struct btrfs_root_ref`).
struct BtrfsRootReference: Sendable {
    /// The inode of the directory in the parent.
    let directory: UInt64
    let name: [UInt8]

    init(parsing raw: Bytes) throws(ImageFault) {
        directory = try raw.little(at: 0)
        let length = Int(try raw.little(UInt16.self, at: 16))
        name = try raw.slice(at: 18, count: length).array
    }
}
