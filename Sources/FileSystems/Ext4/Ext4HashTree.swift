import ByteReading
import FileSystemCore

/// The hash index of a large directory (kernel documentation, filesystems/ext4/directory.rst, "Hash Tree
/// Directories").
struct Ext4HashTree {
    /// Where the entries of an index block are, and how many.
    struct Layout {
        let entriesOffset: Int
        /// `limit`: the room for entries, counting the first, which holds these numbers.
        let limit: Int
        let count: Int
    }

    let volume: Ext4Volume
    let inode: Ext4Inode
    let directory: Ext4Directory
    private let root: Bytes
    private let layout: Layout
    private let hash: Ext4NameHash
    /// `indirect_levels`: index levels below the root.
    private let levels: Int

    /// Reads the root of the index; nil when it is not one that can be used, as the kernel then falls back
    /// on the linear walk.
    init?(volume: Ext4Volume, inode: Ext4Inode, directory: Ext4Directory) throws(ImageFault) {
        guard !inode.hasInlineData, !inode.flags.contains(.encrypted) else { return nil }
        self.volume = volume
        self.inode = inode
        self.directory = directory
        root = try directory.block(0)
        guard let layout = try Ext4HashTree.layout(of: root, at: 0), layout.entriesOffset == 32,
            let hash = Ext4NameHash(version: try root.byte(at: 28), superblock: volume.superblock)
        else { return nil }
        levels = Int(try root.byte(at: 30))
        guard levels < (volume.superblock.incompatible.contains(.largeDirectories) ? 3 : 2) else {
            return nil
        }
        self.layout = layout
        self.hash = hash
    }

    /// Recognises an index block: the root starts with "." and "..", others with one entry over the block.
    static func layout(of block: Bytes, at logical: UInt64) throws(ImageFault) -> Layout? {
        func length(_ offset: Int) throws(ImageFault) -> Int {
            let stored = Int(try block.little(UInt16.self, at: offset))
            return block.count >= 65536 && (stored == 0xFFFF || stored == 0) ? 65536 : stored
        }
        let first = try length(4)
        let offset: Int
        if first == block.count {
            offset = 8
        } else if logical == 0, first == 12, try length(16) == block.count - 12,
            try block.little(UInt32.self, at: 24) == 0, try block.byte(at: 29) == 8
        {
            offset = 32
        } else {
            return nil
        }
        return Layout(
            entriesOffset: offset, limit: Int(try block.little(UInt16.self, at: offset)),
            count: Int(try block.little(UInt16.self, at: offset + 2)))
    }

    /// The leaf blocks in which `name` may be; nil when the index is damaged and only a linear walk tells.
    func leaves(for name: FileName) throws(ImageFault) -> [UInt64]? {
        let wanted = hash.of(name.bytes)
        return try leaves(wanted, in: root, layout, level: levels)
    }

    private func leaves(
        _ wanted: UInt32, in block: Bytes, _ layout: Layout, level: Int
    ) throws(ImageFault) -> [UInt64]? {
        guard layout.count >= 1, layout.count <= layout.limit,
            layout.entriesOffset + 8 * layout.limit <= block.count
        else { return nil }
        func hash(_ index: Int) throws(ImageFault) -> UInt32 {
            index == 0 ? 0 : try block.little(at: layout.entriesOffset + 8 * index)
        }
        // The last entry that starts at or before the hash; names of one hash may go on in the next entries,
        // which then start with it, the lowest bit set.
        var low = 0
        var high = layout.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if try hash(middle) <= wanted { low = middle } else { high = middle }
        }
        var found: [UInt64] = []
        var index = low
        while index < layout.count {
            if index > low, try hash(index) & ~1 != wanted { break }
            // The upper four bits are kept for other uses (`dx_get_block`).
            let next = UInt64(
                try block.little(UInt32.self, at: layout.entriesOffset + 8 * index + 4) & 0x0FFF_FFFF)
            if level == 0 {
                found.append(next)
            } else {
                let child = try directory.block(next)
                guard let childLayout = try Ext4HashTree.layout(of: child, at: next),
                    let below = try leaves(wanted, in: child, childLayout, level: level - 1)
                else { return nil }
                found += below
            }
            // So many names of one hash are no directory's; a linear walk has its own bounds.
            guard found.count <= 4096 else { return nil }
            index += 1
        }
        return found
    }
}
