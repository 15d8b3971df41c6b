import ByteReading

/// The superblock (XFS Algorithms & Data Structures, "Superblocks"; offsets are those of `struct xfs_dsb`).
/// All numbers are big-endian but the checksum.
struct XFSSuperblock: Sendable {
    /// `sb_magicnum`, 0x00: "XFSB".
    static let magic: UInt32 = 0x5846_5342
    /// The bytes the fields take; the sector that holds them may be larger.
    static let byteCount = 512

    /// The bytes it was read from, without the rest of its sector.
    let raw: Bytes
    /// `sb_blocksize`, 0x04, in bytes.
    let blockSize: Int
    /// `sb_blocklog`, 0x78.
    let blockLog: Int
    /// `sb_dblocks`, 0x08.
    let blockCount: UInt64
    /// `sb_rblocks`, 0x10: blocks of the realtime device.
    let realtimeBlockCount: UInt64
    /// `sb_uuid`, 0x20: what users see.
    let uuid: GUID
    /// `sb_logstart`, 0x30: zero when the log is on a device of its own.
    let logStart: XFSBlockNumber
    /// `sb_rootino`, 0x38.
    let rootInode: XFSInodeNumber
    /// `sb_agblocks`, 0x54.
    let blocksPerGroup: UInt32
    /// `sb_agcount`, 0x58.
    let groupCount: UInt32
    /// `sb_logblocks`, 0x60.
    let logBlockCount: UInt32
    /// `sb_versionnum`, 0x64.
    let versionBits: Version
    /// `sb_sectsize`, 0x66, in bytes.
    let sectorSize: Int
    /// `sb_inodesize`, 0x68, in bytes.
    let inodeSize: Int
    /// `sb_inopblog`, 0x7B.
    let inodesPerBlockLog: Int
    /// `sb_agblklog`, 0x7C.
    let groupBlockLog: Int
    /// `sb_fname`, 0x6C, up to its NUL.
    let label: String
    /// `sb_inprogress`, 0x7E: mkfs has not finished; always set in copies.
    let isInProgress: Bool
    /// `sb_icount`, 0x80, and `sb_ifree`, 0x88.
    let inodeCount: UInt64
    let freeInodeCount: UInt64
    /// `sb_fdblocks`, 0x90.
    let freeBlockCount: UInt64
    /// `sb_qflags`, 0xB0.
    let quotaFlags: UInt16
    /// `sb_dirblklog`, 0xC0, as the size of a directory block in bytes.
    let directoryBlockSize: Int
    /// `sb_features2`, 0xC8; version 4 and 5.
    let features2: Features2
    /// `sb_features_ro_compat`, 0xD4; version 5 only, like the next three.
    let readOnlyCompatible: ReadOnlyCompatible
    /// `sb_features_incompat`, 0xD8.
    let incompatible: Incompatible
    /// `sb_features_log_incompat`, 0xDC.
    let logIncompatible: UInt32
    /// `sb_meta_uuid`, 0xF8, or `sb_uuid` where that is the one in metadata.
    let metadataUUID: GUID

    /// Reads the fields. Throws `corrupt` when the magic or the sizes on which everything rests are wrong;
    /// ``checkGeometry()`` and ``requireReadable()`` look at the rest.
    init(parsing raw: Bytes) throws(ImageFault) {
        let found: UInt32 = try raw.big(at: 0)
        guard found == XFSSuperblock.magic else {
            throw ImageFault(
                .corrupt, "superblock magic is 0x\(Hexadecimal.lower(found, width: 8)), not 0x58465342",
                at: raw.origin)
        }
        self.raw = try raw.slice(at: 0, count: XFSSuperblock.byteCount)
        blockLog = Int(try raw.byte(at: 0x78))
        blockSize = try powerOfTwo(blockLog, in: 9...16, "sb_blocklog")
        blockCount = try raw.big(at: 0x08)
        realtimeBlockCount = try raw.big(at: 0x10)
        uuid = try GUID(bigEndian: raw, at: 0x20)
        logStart = XFSBlockNumber(try raw.big(at: 0x30))
        rootInode = XFSInodeNumber(try raw.big(at: 0x38))
        blocksPerGroup = try raw.big(at: 0x54)
        groupCount = try raw.big(at: 0x58)
        logBlockCount = try raw.big(at: 0x60)
        versionBits = Version(rawValue: try raw.big(at: 0x64))
        sectorSize = Int(try raw.big(UInt16.self, at: 0x66))
        inodeSize = Int(try raw.big(UInt16.self, at: 0x68))
        inodesPerBlockLog = Int(try raw.byte(at: 0x7B))
        groupBlockLog = Int(try raw.byte(at: 0x7C))
        label = try raw.slice(at: 0x6C, count: 12).textToNUL
        isInProgress = try raw.byte(at: 0x7E) != 0
        inodeCount = try raw.big(at: 0x80)
        freeInodeCount = try raw.big(at: 0x88)
        freeBlockCount = try raw.big(at: 0x90)
        quotaFlags = try raw.big(at: 0xB0)
        directoryBlockSize =
            blockSize
            * (try powerOfTwo(
                try raw.byte(at: 0xC0), in: 0...(16 - blockLog), "sb_dirblklog"))
        features2 = Features2(
            rawValue: versionBits.contains(.moreBits) || versionBits.number == 5
                ? try raw.big(at: 0xC8) : 0)
        let isV5 = versionBits.number == 5
        readOnlyCompatible = ReadOnlyCompatible(rawValue: isV5 ? try raw.big(at: 0xD4) : 0)
        incompatible = Incompatible(rawValue: isV5 ? try raw.big(at: 0xD8) : 0)
        logIncompatible = isV5 ? try raw.big(at: 0xDC) : 0
        metadataUUID =
            incompatible.contains(.metadataUUID) ? try GUID(bigEndian: raw, at: 0xF8) : uuid
    }
}

extension XFSSuperblock {
    /// Whether metadata has checksums and says where it belongs.
    var isV5: Bool { versionBits.number == 5 }
    /// Whether directory entries hold the type of what they name.
    var hasFileTypes: Bool { incompatible.contains(.fileType) || !isV5 && features2.contains(.fileType) }
    /// The bytes of an inode before its data fork: those of `struct xfs_dinode`.
    var inodeCoreSize: Int { isV5 ? 176 : 100 }
    /// Blocks that one block of a directory takes.
    var blocksPerDirectoryBlock: UInt64 { UInt64(directoryBlockSize / blockSize) }
    var inodesPerBlock: Int { blockSize / inodeSize }

    /// Throws `corrupt` for sizes that contradict one another, as the kernel refuses to mount them
    /// (`xfs_validate_sb_common`). After it no derived value can trap.
    func checkGeometry() throws(ImageFault) {
        func require(_ condition: Bool, _ field: Int, _ message: @autoclosure () -> String) throws(ImageFault)
        {
            guard condition else { throw ImageFault(.corrupt, message(), at: raw.origin + UInt64(field)) }
        }
        try require(
            versionBits.number == 4 || versionBits.number == 5, 0x64,
            "superblock of version \(versionBits.number)")
        try require(
            try raw.big(UInt32.self, at: 0x04) == UInt32(blockSize), 0x04,
            "sb_blocksize does not fit sb_blocklog \(blockLog)")
        let sectorLog = Int(try raw.byte(at: 0x79))
        try require(
            sectorLog >= 9 && sectorLog <= 15 && sectorSize == 1 << sectorLog, 0x66,
            "sectors of \(sectorSize) bytes, sb_sectlog \(sectorLog)")
        try require(
            inodeSize >= 256 && inodeSize <= 2048 && inodeSize & (inodeSize - 1) == 0
                && inodeSize <= blockSize && inodeSize >= inodeCoreSize + 64, 0x68,
            "inodes of \(inodeSize) bytes in blocks of \(blockSize)")
        try require(
            inodesPerBlockLog == blockLog - inodeSize.trailingZeroBitCount, 0x7B,
            "sb_inopblog is \(inodesPerBlockLog)")
        try require(blocksPerGroup >= 16 && groupCount > 0, 0x54, "\(groupCount) groups of \(blocksPerGroup)")
        let log = 32 - (blocksPerGroup - 1).leadingZeroBitCount
        try require(
            groupBlockLog == log, 0x7C, "sb_agblklog is \(groupBlockLog) for \(blocksPerGroup) blocks")
        let before = UInt64(groupCount - 1) * UInt64(blocksPerGroup)
        try require(
            blockCount > before && blockCount <= before + UInt64(blocksPerGroup), 0x08,
            "\(blockCount) blocks in \(groupCount) groups of \(blocksPerGroup)")
        try require(
            blockCount <= UInt64(Int64.max) / UInt64(blockSize), 0x08, "\(blockCount) blocks")
        try require(
            logBlockCount > 0 && UInt64(logBlockCount) <= UInt64(1 << 31) / UInt64(blockSize), 0x60,
            "a log of \(logBlockCount) blocks")
    }
}
