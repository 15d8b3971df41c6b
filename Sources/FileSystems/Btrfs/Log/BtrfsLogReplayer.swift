import ByteReading
import FileSystemCore

/// Replays the log of one subvolume into an overlay, in the steps of the kernel (fs/btrfs/tree-log.c, `walk_log_tree`
/// with `LOG_WALK_REPLAY_INODES`, `_DIR_INDEX`, `_ALL`): first the inodes exist, then the names of directories that
/// were logged whole, then references, extents and attributes; at last links are counted.
struct BtrfsLogReplayer {
    let log: BtrfsTree
    var tree: BtrfsSubvolumeTree
    var budget: Budget
    /// Checksums of data by address.
    private(set) var checksums: [UInt64: [UInt8]] = [:]
    /// Inodes that had no name when they were logged: nothing of them is replayed.
    private var nameless: Set<UInt64> = []
    /// Inodes whose links are counted at the end.
    var touched: Set<UInt64> = []

    var superblock: BtrfsSuperblock { tree.tree.pool.superblock }

    init(log: BtrfsTree, into tree: BtrfsSubvolumeTree, budget: Budget) {
        self.log = log
        self.tree = tree
        self.budget = budget
    }

    mutating func replay() throws(ImageFault) {
        let items = try loggedItems()
        for item in items where item.key.type == .inode { try replayInode(item) }
        let named = items.filter { !nameless.contains($0.key.objectID) }
        for item in named where item.key.type == .directoryIndex { try replayEntries(item) }
        for item in named {
            switch item.key.type {
            case .extendedAttribute: tree.overlay.set(item.key, item.data)
            case .inodeReference, .extendedInodeReference: try replayReferences(item)
            case .extentData: try replayExtent(item)
            case .extentChecksum: try keepChecksums(item)
            default: break
            }
        }
        for inode in touched.sorted() { try countLinks(of: inode) }
    }

    private mutating func loggedItems() throws(ImageFault) -> [BtrfsItem] {
        var items: [BtrfsItem] = []
        var budget = budget
        let range =
            BtrfsKey(0, BtrfsItemType(rawValue: 0), 0)...BtrfsKey(.max, BtrfsItemType(rawValue: .max), .max)
        try log.scan(range) { item throws(ImageFault) in
            try budget.spend()
            items.append(item)
            return true
        }
        self.budget = budget
        return items
    }

    private mutating func keepChecksums(_ item: BtrfsItem) throws(ImageFault) {
        let width = superblock.checksum.byteCount
        for index in 0..<(item.data.count / width) {
            let address = try item.key.offset.adding(UInt64(index * superblock.sectorSize))
            checksums[address] = try item.data.slice(at: index * width, count: width).array
        }
    }

    /// The items of an object as they are now, to be changed while they are gone through.
    func items(
        _ objectID: UInt64, _ type: BtrfsItemType, _ offsets: ClosedRange<UInt64> = 0...UInt64.max
    ) throws(ImageFault) -> [BtrfsItem] {
        var items: [BtrfsItem] = []
        var budget = Budget(1 << 20, of: "items of inode \(objectID)")
        try tree.scan(objectID, type, offsets) { item throws(ImageFault) in
            try budget.spend()
            items.append(item)
            return true
        }
        return items
    }
}

// MARK: - Inodes

extension BtrfsLogReplayer {
    func inode(_ number: UInt64) throws(ImageFault) -> BtrfsInode? {
        guard let item = try tree.item(BtrfsKey(number, .inode, 0)) else { return nil }
        return try BtrfsInode(parsing: item.data, number: number)
    }

    private mutating func replayInode(_ item: BtrfsItem) throws(ImageFault) {
        let number = item.key.objectID
        let logged = try BtrfsInode(parsing: item.data, number: number)
        guard logged.linkCount > 0 else {
            nameless.insert(number)
            return
        }
        try removeAttributes(notLoggedOf: number)
        if logged.type == .directory { try removeEntries(notLoggedOf: number) }
        try overwriteInode(item, logged)
        if logged.type == .regular, let size = try inode(number)?.size {
            let sector = UInt64(superblock.sectorSize)
            try dropExtents(of: number, from: (size + sector - 1) / sector * sector, to: .max)
        }
        touched.insert(number)
    }

    /// `overwrite_item` of an inode: the sizes of directories follow from their names, and an inode that was
    /// logged only because it exists (generation 0) changes nothing but perhaps its size.
    private mutating func overwriteInode(_ item: BtrfsItem, _ logged: BtrfsInode) throws(ImageFault) {
        guard item.data.count >= BtrfsInode.byteCount else {
            throw ImageFault(.corrupt, "short inode in the log", at: item.data.origin)
        }
        guard let stored = try tree.item(item.key) else {
            let size = logged.type == .directory ? 0 : logged.size
            tree.overlay.set(item.key, item.data.replacing(size, at: BtrfsInode.sizePlace))
            return
        }
        let known = try BtrfsInode(parsing: stored.data, number: item.key.objectID)
        if logged.generation == 0 {
            if logged.type == .regular, known.type == .regular, logged.size != 0 {
                tree.overlay.set(item.key, stored.data.replacing(logged.size, at: BtrfsInode.sizePlace))
            }
            return
        }
        let keepsSize = logged.type == .directory && known.type == .directory
        let size = keepsSize ? known.size : logged.type == .directory ? 0 : logged.size
        tree.overlay.set(item.key, item.data.replacing(size, at: BtrfsInode.sizePlace))
    }

    /// `replay_xattr_deletes`: all attributes of a logged inode are in the log.
    private mutating func removeAttributes(notLoggedOf inode: UInt64) throws(ImageFault) {
        for item in try items(inode, .extendedAttribute) {
            for entry in try BtrfsDirectoryEntry.all(in: item.data) {
                if try loggedEntry(entry.name, at: item.key) == nil {
                    try removeEntry(entry.name, from: item.key)
                }
            }
        }
    }

    /// `fixup_inode_link_count`: as many links as there are names.
    private mutating func countLinks(of inode: UInt64) throws(ImageFault) {
        let key = BtrfsKey(inode, .inode, 0)
        guard let item = try tree.item(key) else { return }
        var count: UInt32 = 0
        for type in [BtrfsItemType.inodeReference, .extendedInodeReference] {
            for item in try items(inode, type) {
                count = try count.adding(UInt32(try BtrfsInodeReference.all(in: item).count))
            }
        }
        tree.overlay.set(key, item.data.replacing(count, at: BtrfsInode.linkCountPlace))
    }
}

extension Bytes {
    /// A copy with `value`, little-endian, at `offset`; what does not fit is left out.
    func replacing<Value: FixedWidthInteger>(_ value: Value, at offset: Int) -> Bytes {
        var bytes = array
        for index in 0..<(Value.bitWidth / 8) where offset + index < bytes.count {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> Value(index * 8))
        }
        return Bytes(bytes, origin: origin)
    }
}
