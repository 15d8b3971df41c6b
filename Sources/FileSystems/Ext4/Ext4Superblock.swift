import ByteReading

/// The superblock (kernel documentation, filesystems/ext4/super.rst; offsets are those of `struct
/// ext4_super_block`).
struct Ext4Superblock: Sendable {
    /// Where the primary superblock starts on the volume, in bytes.
    static let byteOffset: UInt64 = 1024
    /// The size of a superblock, in bytes.
    static let byteCount = 1024
    /// `s_magic`, 0x38.
    static let magic: UInt16 = 0xEF53

    /// The 1024 bytes it was read from.
    let raw: Bytes
    /// `s_inodes_count`, 0x00.
    let inodeCount: UInt32
    /// `s_blocks_count_lo`, 0x04, and `_hi`, 0x150.
    let blockCount: UInt64
    /// `s_r_blocks_count_lo`, 0x08, and `_hi`, 0x154: kept for root.
    let reservedBlockCount: UInt64
    /// `s_free_blocks_count_lo`, 0x0C, and `_hi`, 0x158.
    let freeBlockCount: UInt64
    /// `s_free_inodes_count`, 0x10.
    let freeInodeCount: UInt32
    /// `s_first_data_block`, 0x14: 1 where blocks have 1 KiB, else 0.
    let firstDataBlock: UInt64
    /// `s_log_block_size`, 0x18, as a size in bytes.
    let blockSize: Int
    /// `s_log_cluster_size`, 0x1C, as a number of blocks; 1 without bigalloc.
    let blocksPerCluster: UInt64
    /// `s_blocks_per_group`, 0x20.
    let blocksPerGroup: UInt64
    /// `s_inodes_per_group`, 0x28.
    let inodesPerGroup: UInt32
    /// `s_state`, 0x3A.
    let state: UInt16
    /// `s_creator_os`, 0x48.
    let creatorOS: UInt32
    /// `s_first_ino`, 0x54: the first inode that is not reserved.
    let firstInode: UInt32
    /// `s_inode_size`, 0x58, in bytes.
    let inodeSize: Int
    /// `s_block_group_nr`, 0x5A: the group this copy is in; revision 0 does not say.
    let groupOfCopy: UInt16?
    /// `s_feature_compat`, 0x5C.
    let compatible: Compatible
    /// `s_feature_incompat`, 0x60.
    let incompatible: Incompatible
    /// `s_feature_ro_compat`, 0x64.
    let readOnlyCompatible: ReadOnlyCompatible
    /// `s_uuid`, 0x68.
    let uuid: GUID
    /// `s_volume_name`, 0x78, up to its NUL.
    let label: String
    /// `s_journal_inum`, 0xE0; zero when the journal is on a device of its own.
    let journalInode: Ext4InodeNumber
    /// `s_hash_seed`, 0xEC.
    let hashSeed: [UInt32]
    /// `s_desc_size`, 0xFE, or 32 without the 64bit feature; in bytes.
    let descriptorSize: Int
    /// `s_first_meta_bg`, 0x104: the first block of descriptors that is spread over the groups.
    let firstMetaGroup: UInt64
    /// `s_flags`, 0x160, bit 2: directory hashes take characters as unsigned.
    let hashesUnsigned: Bool
    /// `s_checksum_type`, 0x175; 1 is CRC-32C.
    let checksumType: UInt8
    /// `s_error_count`, 0x194, and the functions named in 0x1A8 and 0x1E0.
    let errorCount: UInt32
    let firstErrorFunction: String
    let lastErrorFunction: String
    /// `s_backup_bgs`, 0x24C: the groups with copies under sparse_super2.
    let backupGroups: [UInt32]
    /// `s_checksum_seed`, 0x270.
    let checksumSeed: UInt32
    /// `s_checksum`, 0x3FC.
    let checksum: UInt32

    /// Reads the fields. Throws `corrupt` when the magic or the sizes on which everything rests are wrong;
    /// ``checkGeometry()`` and ``requireReadable()`` look at the rest.
    init(parsing raw: Bytes) throws(ImageFault) {
        let found = try raw.little(UInt16.self, at: 0x38)
        guard found == Ext4Superblock.magic else {
            throw ImageFault(
                .corrupt, "superblock magic is 0x\(Hexadecimal.lower(found, width: 4)), not 0xef53",
                at: raw.origin + 0x38)
        }
        self.raw = try raw.slice(at: 0, count: Ext4Superblock.byteCount)
        func wide(_ low: Int, _ high: Int, _ is64Bit: Bool) throws(ImageFault) -> UInt64 {
            let value = UInt64(try raw.little(UInt32.self, at: low))
            return is64Bit ? value | UInt64(try raw.little(UInt32.self, at: high)) << 32 : value
        }
        let revision: UInt32 = try raw.little(at: 0x4C)
        let isDynamic = revision > 0
        compatible = Compatible(rawValue: isDynamic ? try raw.little(at: 0x5C) : 0)
        incompatible = Incompatible(rawValue: isDynamic ? try raw.little(at: 0x60) : 0)
        readOnlyCompatible = ReadOnlyCompatible(rawValue: isDynamic ? try raw.little(at: 0x64) : 0)
        let is64Bit = incompatible.contains(.is64Bit)
        inodeCount = try raw.little(at: 0x00)
        blockCount = try wide(0x04, 0x150, is64Bit)
        reservedBlockCount = try wide(0x08, 0x154, is64Bit)
        freeBlockCount = try wide(0x0C, 0x158, is64Bit)
        freeInodeCount = try raw.little(at: 0x10)
        firstDataBlock = UInt64(try raw.little(UInt32.self, at: 0x14))
        let logBlockSize: UInt32 = try raw.little(at: 0x18)
        blockSize = 1024 * (try powerOfTwo(logBlockSize, in: 0...6, "s_log_block_size"))
        let logClusterSize: UInt32 = try raw.little(at: 0x1C)
        if readOnlyCompatible.contains(.bigalloc) {
            guard logClusterSize >= logBlockSize else {
                throw ImageFault(.corrupt, "clusters are smaller than blocks", at: raw.origin + 0x1C)
            }
            blocksPerCluster = UInt64(
                try powerOfTwo(
                    logClusterSize - logBlockSize, in: 0...20, "the logarithm of blocks per cluster"))
        } else {
            blocksPerCluster = 1
        }
        blocksPerGroup = UInt64(try raw.little(UInt32.self, at: 0x20))
        inodesPerGroup = try raw.little(at: 0x28)
        state = try raw.little(at: 0x3A)
        creatorOS = try raw.little(at: 0x48)
        firstInode = isDynamic ? try raw.little(at: 0x54) : 11
        inodeSize = isDynamic ? Int(try raw.little(UInt16.self, at: 0x58)) : 128
        groupOfCopy = isDynamic ? try raw.little(UInt16.self, at: 0x5A) : nil
        uuid = try GUID(bigEndian: raw, at: 0x68)
        label = try raw.slice(at: 0x78, count: 16).textToNUL
        journalInode = Ext4InodeNumber(try raw.little(at: 0xE0))
        var seed: [UInt32] = []
        for index in 0..<4 { seed.append(try raw.little(at: 0xEC + 4 * index)) }
        hashSeed = seed
        descriptorSize = is64Bit ? Int(try raw.little(UInt16.self, at: 0xFE)) : 32
        firstMetaGroup = UInt64(try raw.little(UInt32.self, at: 0x104))
        hashesUnsigned = try raw.little(UInt32.self, at: 0x160) & 2 != 0
        checksumType = try raw.byte(at: 0x175)
        errorCount = try raw.little(at: 0x194)
        firstErrorFunction = try raw.slice(at: 0x1A8, count: 32).textToNUL
        lastErrorFunction = try raw.slice(at: 0x1E0, count: 32).textToNUL
        backupGroups = [try raw.little(at: 0x24C), try raw.little(at: 0x250)]
        checksumSeed = try raw.little(at: 0x270)
        checksum = try raw.little(at: 0x3FC)
    }
}

extension Ext4Superblock {
    /// How many block groups there are.
    var groupCount: UInt64 {
        (blockCount - firstDataBlock + blocksPerGroup - 1) / blocksPerGroup
    }

    /// Group descriptors in one block.
    var descriptorsPerBlock: UInt64 { UInt64(blockSize / descriptorSize) }

    /// Throws `corrupt` for sizes that contradict one another, as the kernel refuses to mount them
    /// (`ext4_check_geometry`, `ext4_block_group_meta_init`). After it no derived value can trap.
    func checkGeometry() throws(ImageFault) {
        func require(_ condition: Bool, _ field: Int, _ message: @autoclosure () -> String) throws(ImageFault)
        {
            guard condition else { throw ImageFault(.corrupt, message(), at: raw.origin + UInt64(field)) }
        }
        try require(
            inodeSize >= 128 && inodeSize <= blockSize && inodeSize & (inodeSize - 1) == 0, 0x58,
            "inode size \(inodeSize) with blocks of \(blockSize)")
        try require(firstInode >= 11, 0x54, "the first ordinary inode is \(firstInode)")
        try require(
            descriptorSize >= (incompatible.contains(.is64Bit) ? 64 : 32) && descriptorSize <= 1024
                && descriptorSize & (descriptorSize - 1) == 0, 0xFE,
            "group descriptors of \(descriptorSize) bytes")
        let bitsPerBlock = UInt64(blockSize) * 8
        try require(
            blocksPerGroup > 0 && blocksPerGroup / blocksPerCluster <= bitsPerBlock
                && blocksPerGroup % blocksPerCluster == 0, 0x20,
            "\(blocksPerGroup) blocks per group")
        try require(
            inodesPerGroup >= UInt32(blockSize / inodeSize) && UInt64(inodesPerGroup) <= bitsPerBlock, 0x28,
            "\(inodesPerGroup) inodes per group")
        try require(
            firstDataBlock < blockCount && (blockSize > 1024 ? firstDataBlock == 0 : firstDataBlock <= 1),
            0x14,
            "first data block \(firstDataBlock) of \(blockCount)")
        try require(blockCount <= UInt64(Int64.max) / UInt64(blockSize), 0x04, "\(blockCount) blocks")
        let groups = groupCount
        try require(
            groups <= UInt64(UInt32.max) && groups * UInt64(inodesPerGroup) == UInt64(inodeCount), 0x00,
            "\(inodeCount) inodes in \(groups) groups of \(inodesPerGroup)")
    }

    /// Whether `group` starts with a copy of the superblock (`ext4_bg_has_super`).
    func hasCopy(inGroup group: UInt64) -> Bool {
        if group == 0 { return true }
        if compatible.contains(.sparseSuper2) { return backupGroups.contains { UInt64($0) == group } }
        if group == 1 || !readOnlyCompatible.contains(.sparseSuper) { return true }
        return [3, 5, 7].contains { base in
            var power = base
            while power < group { power *= base }
            return power == group
        }
    }

    /// The type as blkid names it: what is beyond ext3 is ext4, a journal makes ext3.
    var kind: String {
        let beyondExt3 =
            !incompatible.isSubset(of: [.fileType, .recovery, .metaGroups])
            || !readOnlyCompatible.isSubset(of: [.sparseSuper, .largeFile, .btreeDirectories])
        if beyondExt3 { return "ext4" }
        return compatible.contains(.hasJournal) ? "ext3" : "ext2"
    }
}
