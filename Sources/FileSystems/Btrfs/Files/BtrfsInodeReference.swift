import ByteReading

/// A name of an inode as the inode knows it (`struct btrfs_inode_ref`, `struct btrfs_inode_extref`).
struct BtrfsInodeReference: Sendable, Hashable {
    /// The directory.
    let parent: UInt64
    /// The key's offset of the entry in the directory's index.
    let index: UInt64
    let name: [UInt8]

    /// All names in an item of type `inodeReference` or `extendedInodeReference`.
    static func all(in item: BtrfsItem) throws(ImageFault) -> [BtrfsInodeReference] {
        var cursor = ByteCursor(item.data)
        var references: [BtrfsInodeReference] = []
        while !cursor.isAtEnd {
            let parent =
                item.key.type == .extendedInodeReference ? try cursor.little(UInt64.self) : item.key.offset
            let index: UInt64 = try cursor.little()
            let length = Int(try cursor.little(UInt16.self))
            references.append(
                BtrfsInodeReference(parent: parent, index: index, name: try cursor.bytes(length).array))
        }
        return references
    }

    /// The reference as it is stored in an item of `type`.
    func encoded(as type: BtrfsItemType) -> [UInt8] {
        var bytes: [UInt8] = []
        if type == .extendedInodeReference { bytes += BtrfsInodeReference.little(parent) }
        bytes += BtrfsInodeReference.little(index)
        bytes += [UInt8(truncatingIfNeeded: name.count), UInt8(truncatingIfNeeded: name.count >> 8)]
        return bytes + name
    }

    private static func little(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }
}
