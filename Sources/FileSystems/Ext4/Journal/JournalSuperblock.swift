import ByteReading

/// The first block of a journal (kernel documentation, filesystems/ext4/journal.rst, "Super Block"; all
/// fields are big-endian).
struct JournalSuperblock: Sendable {
    /// `JBD2_MAGIC_NUMBER`, at the start of every block that the journal keeps for itself.
    static let magic: UInt32 = 0xC03B_3998
    /// `h_blocktype` of every such block.
    enum BlockType {
        static let descriptor: UInt32 = 1
        static let commit: UInt32 = 2
        static let superblockV1: UInt32 = 3
        static let superblockV2: UInt32 = 4
        static let revoke: UInt32 = 5
    }
    /// `s_feature_incompat`, 0x28.
    struct Incompatible: OptionSet, Sendable {
        let rawValue: UInt32
        static let revoke = Incompatible(rawValue: 0x1)
        static let is64Bit = Incompatible(rawValue: 0x2)
        static let asynchronousCommit = Incompatible(rawValue: 0x4)
        static let checksumV2 = Incompatible(rawValue: 0x8)
        static let checksumV3 = Incompatible(rawValue: 0x10)
        static let fastCommit = Incompatible(rawValue: 0x20)
        static let known: Incompatible = [
            .revoke, .is64Bit, .asynchronousCommit, .checksumV2, .checksumV3, .fastCommit,
        ]
    }
    /// More blocks than any tool makes a journal of; what follows is sized by the count.
    private static let mostBlocks: UInt32 = 1 << 24
    /// `JBD2_MIN_JOURNAL_BLOCKS`.
    private static let fewestBlocks: UInt32 = 1024

    /// `s_maxlen`, 0x10: blocks in the journal, this one included.
    let blockCount: UInt32
    /// `s_first`, 0x14: the first block of the log.
    let first: UInt32
    /// Behind the last block of the log; fast commits follow.
    let end: UInt32
    /// `s_sequence`, 0x18: the transaction that the log starts with.
    let sequence: UInt32
    /// `s_start`, 0x1C: where the log starts; zero when there is nothing to replay.
    let start: UInt32
    /// `s_errno`, 0x20: the error that stopped the journal, negative; zero for none.
    let errorNumber: Int32
    /// `s_feature_compat`, 0x24, bit 0: commit blocks have a CRC over their transaction.
    let hasTransactionChecksums: Bool
    let incompatible: Incompatible
    /// What the checksums of version 2 and 3 start from: the CRC of `s_uuid`, 0x30.
    let checksumSeed: UInt32

    /// Reads and checks as `journal_get_superblock` of the kernel does.
    ///
    /// - Parameter available: the blocks that the journal's file has.
    init(parsing block: Bytes, available: UInt64) throws(ImageFault) {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ImageFault) {
            guard condition else { throw ImageFault(.corrupt, "journal: \(message())", at: block.origin) }
        }
        try require(try block.big(UInt32.self, at: 0) == JournalSuperblock.magic, "no magic")
        let type: UInt32 = try block.big(at: 4)
        try require(
            type == BlockType.superblockV1 || type == BlockType.superblockV2, "superblock of type \(type)")
        let blockSize: UInt32 = try block.big(at: 0x0C)
        try require(Int(blockSize) == block.count, "blocks of \(blockSize) bytes")
        blockCount = try block.big(at: 0x10)
        try require(
            UInt64(blockCount) <= available && blockCount <= JournalSuperblock.mostBlocks,
            "\(blockCount) blocks in a file of \(available)")
        first = try block.big(at: 0x14)
        try require(first > 0 && first < blockCount, "log starts at block \(first) of \(blockCount)")
        sequence = try block.big(at: 0x18)
        start = try block.big(at: 0x1C)
        errorNumber = try block.big(at: 0x20)
        let isV2 = type == BlockType.superblockV2
        hasTransactionChecksums = isV2 ? try block.big(UInt32.self, at: 0x24) & 1 != 0 : false
        incompatible = Incompatible(rawValue: isV2 ? try block.big(at: 0x28) : 0)
        let unknown = incompatible.subtracting(.known).rawValue
        guard unknown == 0 else {
            throw ImageFault(
                .unsupported, "journal: unknown features 0x\(Hexadecimal.lower(unknown, width: 1))",
                at: block.origin + 0x28)
        }
        let crc = CRC32.castagnoli
        checksumSeed = crc.update(~0, try block.slice(at: 0x30, count: 16))
        let isV2Or3 = !incompatible.isDisjoint(with: [.checksumV2, .checksumV3])
        if isV2Or3 {
            try require(
                !incompatible.isSuperset(of: [.checksumV2, .checksumV3]), "checksums of versions 2 and 3")
            try require(!hasTransactionChecksums, "checksums of versions 1 and 2")
            // JBD2_CRC32C_CHKSUM
            try require(try block.byte(at: 0x50) == 4, "unknown checksum type")
            var register = crc.update(~0, block.prefix(0xFC))
            register = crc.update(register, Bytes([0, 0, 0, 0]))
            register = crc.update(register, try block.slice(0x100..<0x400))
            try require(
                try block.big(UInt32.self, at: 0xFC) == register, "checksum of its superblock does not match")
        }
        if incompatible.contains(.fastCommit) {
            let stored: UInt32 = try block.big(at: 0x54)
            // JBD2_DEFAULT_FAST_COMMIT_BLOCKS
            let fastBlocks = stored == 0 ? 256 : stored
            end =
                blockCount >= fastBlocks && blockCount - fastBlocks >= JournalSuperblock.fewestBlocks
                ? blockCount - fastBlocks : blockCount
        } else {
            end = blockCount
        }
        try require(first < end, "no room for a log")
        try require(start == 0 || (start >= first && start < end), "log continues at block \(start)")
    }

    /// Whether blocks carry CRC-32C checksums of their own.
    var hasBlockChecksums: Bool { !incompatible.isDisjoint(with: [.checksumV2, .checksumV3]) }
    /// Whether block numbers have 64 bits.
    var is64Bit: Bool { incompatible.contains(.is64Bit) }
}
