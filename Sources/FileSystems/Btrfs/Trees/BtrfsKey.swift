import ByteReading

/// What an item is, the middle part of its key (include/uapi/linux/btrfs_tree.h).
struct BtrfsItemType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue }

    static let inode = BtrfsItemType(rawValue: 1)
    static let inodeReference = BtrfsItemType(rawValue: 12)
    static let extendedInodeReference = BtrfsItemType(rawValue: 13)
    static let extendedAttribute = BtrfsItemType(rawValue: 24)
    static let directoryLogIndex = BtrfsItemType(rawValue: 72)
    static let directoryItem = BtrfsItemType(rawValue: 84)
    static let directoryIndex = BtrfsItemType(rawValue: 96)
    static let extentData = BtrfsItemType(rawValue: 108)
    static let extentChecksum = BtrfsItemType(rawValue: 128)
    static let root = BtrfsItemType(rawValue: 132)
    static let rootBackReference = BtrfsItemType(rawValue: 144)
    static let rootReference = BtrfsItemType(rawValue: 156)
    static let device = BtrfsItemType(rawValue: 216)
    static let chunk = BtrfsItemType(rawValue: 228)
    static let persistent = BtrfsItemType(rawValue: 249)
}

/// Object ids with a fixed meaning.
enum BtrfsObject {
    static let rootTree: UInt64 = 1
    static let chunkTree: UInt64 = 3
    static let deviceTree: UInt64 = 4
    /// The topmost subvolume.
    static let topSubvolume: UInt64 = 5
    static let checksumTree: UInt64 = 7
    /// Of device items in the chunk tree.
    static let devices: UInt64 = 1
    /// Of device statistics in the device tree.
    static let deviceStatistics: UInt64 = 0
    /// Of chunk items; also the first id that subvolumes and inodes take, and the topmost directory of each.
    static let first: UInt64 = 256
    /// The last id that subvolumes take.
    static let last: UInt64 = 0 &- 256
    static let checksums: UInt64 = 0 &- 10
    static let logTree: UInt64 = 0 &- 6

    /// Whether a tree of this id is a subvolume.
    static func isSubvolume(_ id: UInt64) -> Bool { id == topSubvolume || (first...last).contains(id) }
}

/// What items are ordered by (`struct btrfs_disk_key`).
struct BtrfsKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    static let byteCount = 17

    var objectID: UInt64
    var type: BtrfsItemType
    var offset: UInt64

    init(_ objectID: UInt64, _ type: BtrfsItemType, _ offset: UInt64) {
        self.objectID = objectID
        self.type = type
        self.offset = offset
    }

    init(parsing bytes: Bytes, at position: Int) throws(ImageFault) {
        let raw = try bytes.slice(at: position, count: BtrfsKey.byteCount)
        objectID = try raw.little(at: 0)
        type = BtrfsItemType(rawValue: try raw.byte(at: 8))
        offset = try raw.little(at: 9)
    }

    static func < (a: BtrfsKey, b: BtrfsKey) -> Bool {
        if a.objectID != b.objectID { return a.objectID < b.objectID }
        if a.type != b.type { return a.type.rawValue < b.type.rawValue }
        return a.offset < b.offset
    }

    var description: String { "(\(objectID) \(type.rawValue) \(offset))" }
}

/// One item of a leaf.
struct BtrfsItem: Sendable {
    let key: BtrfsKey
    let data: Bytes
}
