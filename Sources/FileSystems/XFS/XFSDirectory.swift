import BlockIO
import ByteReading
import FileSystemCore

/// A directory (XFS Algorithms & Data Structures, "Directories"): in the inode, in one block, or in blocks of
/// data with a hash tree 32 GiB further on in the same fork.
struct XFSDirectory {
    /// Where the hash tree starts in the fork, in bytes (`XFS_DIR2_LEAF_OFFSET`).
    private static let leafOffset: UInt64 = 1 << 35
    /// The most data that is listed, in bytes: a million names take some forty.
    private static let largestListing: UInt64 = 256 << 20
    /// Blocks that one look-up may read.
    private static let lookupBlocks = 4096

    let volume: XFSVolume
    let inode: XFSInode

    private var name: String { "inode \(inode.number)" }
    private var tree: XFSExtentTree { XFSExtentTree(volume: volume, fork: inode.data) }
    /// Whether entries and hash list share one block.
    private var isSingleBlock: Bool { inode.size == UInt64(volume.superblock.directoryBlockSize) }
    private var isCaseInsensitive: Bool { volume.superblock.versionBits.contains(.caseInsensitive) }

    /// All entries but "." and "..", in the order of the disk.
    func entries() throws(ImageFault) -> [DirectoryEntry] {
        if inode.data.format == .local { return try shortEntries() }
        guard inode.size <= XFSDirectory.largestListing else {
            throw ImageFault(
                .limit,
                "\(name): directory of \(inode.size) bytes, more than the "
                    + "\(XFSDirectory.largestListing) that are listed")
        }
        let width = volume.superblock.blocksPerDirectoryBlock
        var entries: [DirectoryEntry] = []
        var index: UInt64 = 0
        let end = inode.size / UInt64(volume.blockSize)
        while index < end {
            if let block = try dataBlock(at: index) {
                try block.forEachEntry { (entry) throws(ImageFault) in
                    entries.append(
                        DirectoryEntry(
                            name: try entry.name(), node: NodeID(entry.inode.rawValue), type: entry.type))
                }
            }
            index += width
        }
        return entries
    }

    /// The inode behind `name`; in a large directory by its hash, without reading the rest.
    func lookup(_ name: FileName) throws(ImageFault) -> XFSInodeNumber? {
        if inode.data.format == .local {
            return try shortEntries().first { matches($0.name.bytes, name.bytes) }
                .map { XFSInodeNumber($0.node.rawValue) }
        }
        let hash = XFSNameHash.hash(name.bytes, isCaseInsensitive: isCaseInsensitive)
        return isSingleBlock
            ? try lookupInBlock(name, hash: hash) : try lookupInTree(name, hash: hash)
    }

    private func matches(_ stored: [UInt8], _ name: [UInt8]) -> Bool {
        guard isCaseInsensitive else { return stored == name }
        return stored.map(XFSNameHash.lower) == name.map(XFSNameHash.lower)
    }
}

extension XFSDirectory {
    /// Entries in the inode: a count, the width of numbers, the parent; then length, offset, name, type and
    /// number of each ("Short Form Directories").
    private func shortEntries() throws(ImageFault) -> [DirectoryEntry] {
        guard let size = Int(exactly: inode.size), size <= inode.data.area.count else {
            throw ImageFault(
                .corrupt, "\(name): \(inode.size) bytes in a fork of \(inode.data.area.count)",
                at: inode.raw.origin)
        }
        var cursor = ByteCursor(inode.data.area.prefix(size))
        let count = Int(try cursor.bytes(1).byte(at: 0))
        let isWide = try cursor.bytes(1).byte(at: 0) != 0
        func number() throws(ImageFault) -> UInt64 {
            isWide ? try cursor.big(UInt64.self) : UInt64(try cursor.big(UInt32.self))
        }
        _ = try number()
        var entries: [DirectoryEntry] = []
        for _ in 0..<count {
            let length = Int(try cursor.bytes(1).byte(at: 0))
            try cursor.skip(2)
            guard length > 0 else {
                throw ImageFault(.corrupt, "\(name): entry without a name", at: inode.raw.origin)
            }
            let text = try cursor.bytes(length).array
            let type: FileType =
                volume.superblock.hasFileTypes
                ? XFSDirectoryBlock.type(try cursor.bytes(1).byte(at: 0)) : .unknown
            entries.append(
                DirectoryEntry(name: FileName(text), node: NodeID(try number()), type: type))
        }
        return entries
    }

    /// The bytes of the directory block that starts at block `index` of the fork; nil in a hole.
    private func rawBlock(at index: UInt64) throws(ImageFault) -> (bytes: Bytes, isChanged: Bool)? {
        let width = volume.superblock.blocksPerDirectoryBlock
        let extents = try tree.extents(in: index..<index + width)
        guard let first = extents.first else { return nil }
        guard extents.reduce(0, { $0 + $1.count }) == width, extents.allSatisfy(\.isWritten) else {
            throw ImageFault(.corrupt, "\(name): directory block \(index) has holes")
        }
        let start = try volume.offset(of: first.physical, count: first.count, "\(name), directory block")
        if extents.count == 1 {
            return (try volume.source.read(at: start, count: volume.superblock.directoryBlockSize), false)
        }
        var array: [UInt8] = []
        var isChanged = false
        for extent in extents {
            let place = try volume.offset(
                of: extent.physical, count: extent.count, "\(name), directory block")
            let part = try volume.source.read(at: place, count: Int(extent.count) * volume.blockSize)
            if let overlay = volume.overlay, overlay.changes(place, count: part.count) { isChanged = true }
            array += part.array
        }
        return (Bytes(array, origin: start), isChanged)
    }

    private func dataBlock(at index: UInt64) throws(ImageFault) -> XFSDirectoryBlock? {
        guard let raw = try rawBlock(at: index) else { return nil }
        return try XFSDirectoryBlock(
            raw.bytes, isWhole: isSingleBlock, isChanged: raw.isChanged, volume: volume, name: name)
    }

    private func treeNode(at index: UInt64) throws(ImageFault) -> XFSTreeNode {
        guard let raw = try rawBlock(at: index) else {
            throw ImageFault(.corrupt, "\(name): hash tree block \(index) is a hole")
        }
        return try XFSTreeNode(raw.bytes, isChanged: raw.isChanged, volume: volume, name: name)
    }

    private func lookupInBlock(_ name: FileName, hash: UInt32) throws(ImageFault) -> XFSInodeNumber? {
        guard let block = try dataBlock(at: 0) else {
            throw ImageFault(.corrupt, "\(self.name): directory without its block")
        }
        var low = 0
        var high = block.leafCount
        while low < high {
            let middle = (low + high) / 2
            if try block.leaf(middle).hash < hash { low = middle + 1 } else { high = middle }
        }
        while low < block.leafCount {
            let leaf = try block.leaf(low)
            guard leaf.hash == hash else { return nil }
            low += 1
            // A stale entry has no address.
            guard leaf.address != 0 else { continue }
            let entry = try block.entry(at: (UInt64(leaf.address) * 8).bounded(to: 1 << 16, "an address"))
            if matches(try entry.name().bytes, name.bytes) { return entry.inode }
        }
        return nil
    }

    private func lookupInTree(_ name: FileName, hash: UInt32) throws(ImageFault) -> XFSInodeNumber? {
        var budget = Budget(XFSDirectory.lookupBlocks, of: "blocks for a name in a directory")
        var node = try treeNode(at: XFSDirectory.leafOffset / UInt64(volume.blockSize))
        while node.kind == .node {
            try budget.spend()
            let index = try node.firstIndex(of: hash)
            // All hashes of the directory are lower.
            guard index < node.count else { return nil }
            let child = try treeNode(at: UInt64(try node.entry(index).value))
            guard child.level == node.level - 1 else {
                throw ImageFault(
                    .corrupt, "\(self.name): level \(child.level) below \(node.level)", at: child.bytes.origin
                )
            }
            node = child
        }
        var data: (index: UInt64, block: XFSDirectoryBlock)?
        var index = try node.firstIndex(of: hash)
        while true {
            guard node.kind == .leaf || node.kind == .singleLeaf else {
                throw ImageFault(.corrupt, "\(self.name): attributes in a directory", at: node.bytes.origin)
            }
            while index < node.count {
                let entry = try node.entry(index)
                guard entry.hash == hash else { return nil }
                index += 1
                guard entry.value != 0 else { continue }
                let address = UInt64(entry.value) * 8
                let size = UInt64(volume.superblock.directoryBlockSize)
                let first = address / size * volume.superblock.blocksPerDirectoryBlock
                if data?.index != first {
                    try budget.spend()
                    data = try dataBlock(at: first).map { (first, $0) }
                }
                guard let block = data?.block else {
                    throw ImageFault(
                        .corrupt, "\(self.name): a hash leads to a hole at \(address)", at: node.bytes.origin)
                }
                let found = try block.entry(at: Int(address % size))
                if matches(try found.name().bytes, name.bytes) { return found.inode }
            }
            // Names with one hash may go on in the next leaf; so may none when the first had only lower ones.
            guard node.kind == .leaf, node.next != 0 else { return nil }
            try budget.spend()
            node = try treeNode(at: UInt64(node.next))
            index = try node.firstIndex(of: hash)
        }
    }
}
