import ByteReading
import FileSystemCore

/// One inode (kernel documentation, filesystems/ext4/inodes.rst; offsets are those of `struct ext4_inode`).
struct Ext4Inode: Sendable {
    /// `i_flags`, 0x20.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt32
        static let compressed = Flags(rawValue: 0x4)
        static let immutable = Flags(rawValue: 0x10)
        static let appendOnly = Flags(rawValue: 0x20)
        static let encrypted = Flags(rawValue: 0x800)
        static let hashIndexed = Flags(rawValue: 0x1000)
        static let extents = Flags(rawValue: 0x80000)
        static let verity = Flags(rawValue: 0x100000)
        static let attributeInode = Flags(rawValue: 0x200000)
        static let inlineData = Flags(rawValue: 0x1000_0000)
        static let caseFolding = Flags(rawValue: 0x4000_0000)
    }

    let number: Ext4InodeNumber
    /// The inode as stored, with what follows its fixed part.
    let raw: Bytes
    /// `i_mode`, 0x00.
    let mode: UInt16
    let owner: UInt32
    let group: UInt32
    /// In bytes.
    let size: UInt64
    /// `i_mtime`, 0x10, with the epoch bits of `i_mtime_extra`, 0x88; seconds since 1970.
    let modified: Int64
    /// `i_links_count`, 0x1A.
    let linkCount: UInt16
    /// `i_blocks_lo`, 0x1C, and `_hi`, 0x74; sectors of 512 bytes, or blocks where huge_file says so.
    let storedBlocks: UInt64
    let flags: Flags
    /// `i_block`, 0x28: 60 bytes of block numbers, extents, a link's target or data.
    let blockArea: Bytes
    /// `i_file_acl_lo`, 0x68, and `_hi`, 0x76: the block of extended attributes, zero for none.
    let attributeBlock: Ext4BlockNumber
    /// `i_extra_isize`, 0x80: how far the fields reach behind 0x80; attributes start there. Zero when unused.
    let extraSize: Int
    /// Seeds the checksums of all blocks that belong to this inode.
    let checksumSeed: UInt32
    /// Whether `i_checksum` matches, or there is none.
    let checksumHolds: Bool

    init(
        parsing raw: Bytes, number: Ext4InodeNumber, superblock: Ext4Superblock, checksums: Ext4Checksums
    ) throws(ImageFault) {
        self.number = number
        self.raw = raw
        mode = try raw.little(at: 0x00)
        let type = FileType(mode: mode)
        func pair(_ low: Int, _ high: Int) throws(ImageFault) -> UInt32 {
            UInt32(try raw.little(UInt16.self, at: high)) << 16 | UInt32(try raw.little(UInt16.self, at: low))
        }
        owner = try pair(0x02, 0x78)
        group = try pair(0x18, 0x7A)
        linkCount = try raw.little(at: 0x1A)
        storedBlocks =
            UInt64(try raw.little(UInt16.self, at: 0x74)) << 32
            | UInt64(try raw.little(UInt32.self, at: 0x1C))
        flags = Flags(rawValue: try raw.little(at: 0x20))
        blockArea = try raw.slice(at: 0x28, count: 60)
        let low = UInt64(try raw.little(UInt32.self, at: 0x04))
        let hasHighSize = type == .regular || superblock.incompatible.contains(.largeDirectories)
        size = hasHighSize ? UInt64(try raw.little(UInt32.self, at: 0x6C)) << 32 | low : low
        let attributesLow = UInt64(try raw.little(UInt32.self, at: 0x68))
        let attributesHigh =
            superblock.incompatible.contains(.is64Bit) ? UInt64(try raw.little(UInt16.self, at: 0x76)) : 0
        attributeBlock = Ext4BlockNumber(attributesHigh << 32 | attributesLow)

        extraSize = raw.count > 128 ? Int(try raw.little(UInt16.self, at: 0x80)) : 0
        var epoch: Int64 = 0
        if extraSize >= 12, raw.count >= 0x8C {
            epoch = Int64(try raw.little(UInt32.self, at: 0x88) & 3) << 32
        }
        modified = Int64(try raw.little(Int32.self, at: 0x10)) + epoch

        checksumSeed = checksums.seed(of: number, generation: try raw.little(at: 0x64))
        let hasHigh = raw.count > 128 && extraSize >= 4
        if checksums.isEnabled, superblock.creatorOS == 0 {
            let stored =
                UInt32(try raw.little(UInt16.self, at: 0x7C))
                | (hasHigh ? UInt32(try raw.little(UInt16.self, at: 0x82)) << 16 : 0)
            checksumHolds = checksums.inode(raw, seed: checksumSeed, hasHigh: hasHigh) == stored
        } else {
            checksumHolds = true
        }
    }
}

extension Ext4Inode {
    var type: FileType { FileType(mode: mode) }
    var usesExtents: Bool { flags.contains(.extents) }
    var hasInlineData: Bool { flags.contains(.inlineData) }

    /// Throws `corrupt` for what the kernel refuses in any inode it is led to (`ext4_iget`).
    func check() throws(ImageFault) {
        guard extraSize & 3 == 0, extraSize <= Swift.max(0, raw.count - 128) else {
            throw ImageFault(.corrupt, "inode \(number) has \(extraSize) extra bytes", at: raw.origin + 0x80)
        }
        guard linkCount > 0 else {
            throw ImageFault(.corrupt, "inode \(number) is deleted", at: raw.origin + 0x1A)
        }
        guard type != .unknown else {
            throw ImageFault(
                .corrupt, "inode \(number) has mode 0x\(Hexadecimal.lower(mode, width: 4))", at: raw.origin)
        }
        guard size <= UInt64(Int64.max) else {
            throw ImageFault(.corrupt, "inode \(number) has \(size) bytes", at: raw.origin + 4)
        }
        guard type != .symlink || flags.isDisjoint(with: [.immutable, .appendOnly]) else {
            throw ImageFault(
                .corrupt, "inode \(number) is an immutable or append-only link", at: raw.origin + 0x20)
        }
    }

    /// What the reader above is told.
    var info: FileInfo {
        var attributes: FileFlags = []
        let known: [(Flags, FileFlags)] = [
            (.immutable, .immutable), (.appendOnly, .appendOnly), (.encrypted, .encrypted),
            (.compressed, .compressed), (.caseFolding, .caseFolding), (.verity, .verity),
        ]
        for (flag, attribute) in known where flags.contains(flag) { attributes.insert(attribute) }
        return FileInfo(
            type: type, permissions: mode & 0xFFF, owner: owner, group: group, size: size,
            linkCount: UInt32(linkCount), modified: modified, flags: attributes)
    }
}
