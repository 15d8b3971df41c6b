import ByteReading

/// A block of a tree and what its parent says of it.
struct BtrfsPointer: Hashable, Sendable {
    /// In the address space of the file system, bytes.
    var address: UInt64
    var generation: UInt64
    var level: Int
    /// The first key of the block; nil where nothing says it (roots).
    var firstKey: BtrfsKey?
    /// Whether the block is of the chunk tree: it is found by the chunks of the superblock alone.
    var isOfChunkTree = false
}

/// A block of a tree (`struct btrfs_header`, then items or pointers). What it says of itself has been checked by
/// whoever made it; positions in it are checked here.
struct BtrfsNode: Sendable {
    static let headerSize = 101
    private static let itemSize = 25
    private static let pointerSize = 33
    /// `BTRFS_MAX_LEVEL` - 1.
    static let highestLevel = 7

    let bytes: Bytes
    let isOfChunkTree: Bool
    let level: Int
    let count: Int
    let address: UInt64
    let generation: UInt64

    init(parsing bytes: Bytes, isOfChunkTree: Bool) throws(ImageFault) {
        self.bytes = bytes
        self.isOfChunkTree = isOfChunkTree
        address = try bytes.little(at: 48)
        generation = try bytes.little(at: 80)
        level = Int(try bytes.byte(at: 100))
        let width = level == 0 ? BtrfsNode.itemSize : BtrfsNode.pointerSize
        count = try bytes.little(UInt32.self, at: 96).bounded(
            to: Swift.max(0, bytes.count - BtrfsNode.headerSize) / width,
            "the number of items of a tree block")
    }

    /// The key of an item or pointer.
    func key(_ index: Int) throws(ImageFault) -> BtrfsKey {
        let width = level == 0 ? BtrfsNode.itemSize : BtrfsNode.pointerSize
        return try BtrfsKey(parsing: bytes, at: BtrfsNode.headerSize + index * width)
    }

    func child(_ index: Int) throws(ImageFault) -> BtrfsPointer {
        let at = BtrfsNode.headerSize + index * BtrfsNode.pointerSize
        return BtrfsPointer(
            address: try bytes.little(at: at + 17), generation: try bytes.little(at: at + 25),
            level: level - 1,
            firstKey: try key(index), isOfChunkTree: isOfChunkTree)
    }

    func item(_ index: Int) throws(ImageFault) -> BtrfsItem {
        let at = BtrfsNode.headerSize + index * BtrfsNode.itemSize
        let start = try bytes.little(UInt32.self, at: at + 17).bounded(to: bytes.count, "place of an item")
        let size = try bytes.little(UInt32.self, at: at + 21).bounded(to: bytes.count, "size of an item")
        return BtrfsItem(
            key: try key(index), data: try bytes.slice(at: BtrfsNode.headerSize + start, count: size))
    }

    /// The first index whose key is not below `key`; ``count`` when there is none.
    func firstIndex(notBefore key: BtrfsKey) throws(ImageFault) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last index whose key is not above `key`; nil when there is none.
    func lastIndex(notAfter key: BtrfsKey) throws(ImageFault) -> Int? {
        let index = try firstIndex(notBefore: key)
        if index < count, try self.key(index) == key { return index }
        return index > 0 ? index - 1 : nil
    }
}
