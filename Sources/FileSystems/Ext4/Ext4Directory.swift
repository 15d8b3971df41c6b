import BlockIO
import ByteReading
import FileSystemCore

/// The entries of a directory, linear or hash-indexed (kernel documentation, filesystems/ext4/directory.rst).
/// The blocks of a hash index look like blocks with one unused entry, so that a linear walk is always right.
struct Ext4Directory {
    let volume: Ext4Volume
    let inode: Ext4Inode

    /// Directories beyond this many bytes are refused: more than a quarter of a million names.
    private static let largest: UInt64 = 256 << 20
    /// How much of a directory is read at once, in bytes.
    private static let readAhead = 256 << 10

    /// All entries but "." and "..".
    func entries() throws(ImageFault) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        var budget = Budget(1 << 18, of: "directory entries")
        try forEachChunk { chunk throws(ImageFault) in
            var cursor = Ext4DirectoryCursor(chunk, volume: volume)
            while let entry = try cursor.next() {
                let name = try chunk.slice(at: entry.nameOffset, count: entry.nameLength).array
                guard name != [0x2E], name != [0x2E, 0x2E] else { continue }
                guard !name.isEmpty, !name.contains(UInt8(ascii: "/")) else {
                    throw ImageFault(
                        .corrupt, "directory \(inode.number) has a name that is none",
                        at: chunk.origin + UInt64(entry.nameOffset))
                }
                try budget.spend()
                entries.append(
                    DirectoryEntry(
                        name: FileName(name), node: NodeID(UInt64(entry.inode)), type: entry.type))
            }
            return true
        }
        return entries
    }

    /// The inode behind `name`; nil when it is not there.
    func lookup(_ name: FileName) throws(ImageFault) -> Ext4InodeNumber? {
        guard !name.bytes.isEmpty, name.bytes.count <= 255 else { return nil }
        let foldsCase = inode.flags.contains(.caseFolding)
        if inode.flags.contains(.hashIndexed), !foldsCase,
            let leaves = try Ext4HashTree(volume: volume, inode: inode, directory: self)?.leaves(for: name)
        {
            for leaf in leaves {
                if let found = try find(name, in: try block(leaf)) { return found }
            }
            return nil
        }
        var found: Ext4InodeNumber?
        try forEachChunk { chunk throws(ImageFault) in
            found = try find(name, in: chunk)
            return found == nil
        }
        return found == nil && foldsCase ? try lookupFolded(name) : found
    }

    private func find(_ name: FileName, in chunk: Bytes) throws(ImageFault) -> Ext4InodeNumber? {
        var cursor = Ext4DirectoryCursor(chunk, volume: volume)
        while let entry = try cursor.next() {
            if entry.nameLength == name.bytes.count, chunk.starts(with: name.bytes, at: entry.nameOffset) {
                return Ext4InodeNumber(entry.inode)
            }
        }
        return nil
    }

    /// Compares ASCII letters without case. What needs Unicode tables to decide is said to be unsupported.
    private func lookupFolded(_ name: FileName) throws(ImageFault) -> Ext4InodeNumber? {
        let wanted = name.bytes.map(Ext4Directory.lowercase)
        let needsUnicode = wanted.contains { $0 >= 0x80 }
        var sawUnicode = false
        for entry in try entries() {
            if entry.name.bytes.map(Ext4Directory.lowercase) == wanted {
                return Ext4InodeNumber(UInt32(truncatingIfNeeded: entry.node.rawValue))
            }
            sawUnicode = sawUnicode || entry.name.bytes.contains { $0 >= 0x80 }
        }
        guard !(needsUnicode && sawUnicode) else {
            throw ImageFault(.unsupported, "the directory folds case and the name is not ASCII")
        }
        return nil
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}

extension Ext4Directory {
    /// Calls `body` with each stretch of entries: the blocks in order, or the two parts of inline data. Stops
    /// when it answers false.
    private func forEachChunk(_ body: (Bytes) throws(ImageFault) -> Bool) throws(ImageFault) {
        guard !inode.flags.contains(.encrypted) else {
            throw ImageFault(.unsupported, "the directory is encrypted")
        }
        if inode.hasInlineData {
            // i_block starts with the number of the parent directory.
            guard try body(inode.blockArea.dropFirst(4)) else { return }
            if let rest = try Ext4ExtendedAttributes(volume: volume, inode: inode).inlineData(), !rest.isEmpty
            {
                _ = try body(rest)
            }
            return
        }
        guard inode.size <= Ext4Directory.largest else {
            throw ImageFault(.limit, "directory \(inode.number) of \(inode.size) bytes")
        }
        let width = UInt64(volume.blockSize)
        let blocksAtOnce = UInt64(Swift.max(1, Ext4Directory.readAhead / volume.blockSize))
        let blockCount = (inode.size + width - 1) / width
        for extent in try volume.extents(of: inode, in: 0..<blockCount) where extent.isWritten {
            var done: UInt64 = 0
            let wanted = Swift.min(extent.end, blockCount)
            while extent.logical + done < wanted {
                let count = Swift.min(blocksAtOnce, wanted - extent.logical - done)
                let start = volume.offset(of: extent.physical) + done * width
                let run = try volume.source.read(at: start, count: Int(count * width))
                for index in 0..<count {
                    let block = try run.slice(at: Int(index * width), count: volume.blockSize)
                    try verify(block, at: extent.logical + done + index)
                    guard try body(block) else { return }
                }
                done += count
            }
        }
    }

    /// Block `logical` of the directory, verified.
    func block(_ logical: UInt64) throws(ImageFault) -> Bytes {
        guard let extent = try volume.extents(of: inode, in: logical..<(logical + 1)).first, extent.isWritten
        else { throw ImageFault(.corrupt, "directory \(inode.number) has a hole at block \(logical)") }
        let place = Ext4BlockNumber(extent.physical.rawValue + (logical - extent.logical))
        let block = try volume.block(place, "a block of directory \(inode.number)")
        try verify(block, at: logical)
        return block
    }

    /// Throws `corrupt` when the checksum of a directory block is wrong or has no place, as the kernel does.
    private func verify(_ block: Bytes, at logical: UInt64) throws(ImageFault) {
        guard volume.checksums.isEnabled else { return }
        let key = VerifiedBlocks.Key(inode: inode.number, logical: logical, origin: block.origin)
        if volume.verified.contains(key) { return }
        let holds =
            if inode.flags.contains(.hashIndexed),
                let layout = try Ext4HashTree.layout(of: block, at: logical)
            {
                try indexChecksumHolds(block, layout)
            } else {
                try leafChecksumHolds(block)
            }
        guard holds else {
            throw volume.checksumFault("block \(logical) of directory \(inode.number)", at: block.origin)
        }
        volume.verified.insert(key)
    }

    /// `struct ext4_dir_entry_tail`: looks like an unused entry of twelve bytes.
    private func leafChecksumHolds(_ block: Bytes) throws(ImageFault) -> Bool {
        let tail = block.count - 12
        guard try block.little(UInt32.self, at: tail) == 0, try block.little(UInt16.self, at: tail + 4) == 12,
            try block.little(UInt16.self, at: tail + 6) == 0xDE00
        else { return false }
        return try block.little(UInt32.self, at: tail + 8)
            == volume.checksums.block(block.prefix(tail), seed: inode.checksumSeed)
    }

    /// `struct dx_tail`: behind the room for index entries.
    private func indexChecksumHolds(_ block: Bytes, _ layout: Ext4HashTree.Layout) throws(ImageFault) -> Bool
    {
        let tail = layout.entriesOffset + 8 * layout.limit
        guard layout.count <= layout.limit, tail + 8 <= block.count else { return false }
        return try block.little(UInt32.self, at: tail + 4)
            == volume.checksums.index(
                block.prefix(layout.entriesOffset + 8 * layout.count),
                reserved: try block.slice(at: tail, count: 4), seed: inode.checksumSeed)
    }
}
