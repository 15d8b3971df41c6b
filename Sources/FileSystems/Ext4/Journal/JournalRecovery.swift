import ByteReading

/// Reads the log of a journal from its start to the last whole transaction, as `fs/jbd2/recovery.c` describes
/// it: what a replay would write, and what would make the kernel give up.
struct JournalRecovery {
    /// What a replay comes to.
    struct Outcome {
        /// The blocks it would write, newest content only.
        var copies: [Ext4BlockNumber: JournalOverlay.Copy] = [:]
        /// Whole transactions.
        var transactionCount = 0
        /// The transaction that would come next; fast commits belong to it.
        var nextSequence: UInt32 = 0
        /// Why the kernel refuses to mount, nil when it does not.
        var failure: String?
    }

    private struct Write {
        let block: Ext4BlockNumber
        let copy: JournalOverlay.Copy
        let checksumHolds: Bool
    }

    /// What was read of the transaction that is not committed yet.
    private struct Pending {
        var writes: [Write] = []
        var revoked: [Ext4BlockNumber] = []
        /// Whether the checksum of a descriptor or revoke block is wrong: damage, or left from an older log.
        var isDoubtful = false
        /// The running checksum of version 1.
        var checksum: UInt32 = ~0
    }

    private enum Step { case next, stop }

    private var log: JournalLog
    private let superblock: JournalSuperblock
    private var position: UInt64
    private var sequence: UInt32
    private var pending = Pending()
    private var outcome = Outcome()
    private var lastCommitTime: UInt64 = 0
    private var damagedWrites: [(block: Ext4BlockNumber, sequence: UInt32)] = []
    private var revokedIn: [Ext4BlockNumber: UInt32] = [:]
    private var budget: Budget

    init(_ log: JournalLog) {
        self.log = log
        superblock = log.superblock
        position = UInt64(superblock.start)
        sequence = superblock.sequence
        // The log holds each of its blocks once.
        budget = Budget(Int(superblock.blockCount), of: "journal blocks")
    }

    /// Walks the log. Throws when a block of it cannot be read.
    mutating func run() throws(ImageFault) -> Outcome {
        while try step() == .next {}
        let lost = damagedWrites.filter { write in
            guard let revoked = revokedIn[write.block] else { return true }
            return JournalRecovery.isLater(write.sequence, than: revoked)
        }
        if outcome.failure == nil, let first = lost.first {
            outcome.failure =
                "\(lost.count) blocks in it have a wrong checksum or place, block \(first.block) among them"
        }
        outcome.nextSequence = sequence
        return outcome
    }

    /// `tid_gt`: sequence numbers wrap around.
    private static func isLater(_ a: UInt32, than b: UInt32) -> Bool { Int32(bitPattern: a &- b) > 0 }

    private mutating func nextBlock() throws(ImageFault) -> (Bytes, number: UInt64) {
        try budget.spend()
        let number = position
        position += 1
        if position >= UInt64(superblock.end) { position = UInt64(superblock.first) }
        return (try log.block(number), number)
    }

    private mutating func step() throws(ImageFault) -> Step {
        guard budget.remaining > 0 else { return .stop }
        let (block, _) = try nextBlock()
        guard try block.big(UInt32.self, at: 0) == JournalSuperblock.magic,
            try block.big(UInt32.self, at: 8) == sequence
        else { return .stop }
        switch try block.big(UInt32.self, at: 4) {
        case JournalSuperblock.BlockType.descriptor:
            try readDescriptor(block)
            return .next
        case JournalSuperblock.BlockType.revoke:
            try readRevocations(block)
            return .next
        case JournalSuperblock.BlockType.commit:
            return try readCommit(block)
        default:
            return .stop
        }
    }

    private mutating func readDescriptor(_ block: Bytes) throws(ImageFault) {
        if superblock.hasBlockChecksums, try !tailChecksumHolds(block) { pending.isDoubtful = true }
        if superblock.hasTransactionChecksums {
            pending.checksum = BigEndianCRC32.update(pending.checksum, block)
        }
        for tag in try JournalTag.all(in: block, superblock) {
            guard budget.remaining > 0 else { return }
            let (data, number) = try nextBlock()
            if superblock.hasTransactionChecksums {
                pending.checksum = BigEndianCRC32.update(pending.checksum, data)
            }
            let isInside = tag.block.rawValue < log.volume.superblock.blockCount
            pending.writes.append(
                Write(
                    block: tag.block,
                    copy: JournalOverlay.Copy(place: try log.place(of: number), isEscaped: tag.isEscaped),
                    checksumHolds: isInside && dataChecksumHolds(data, tag)))
        }
    }

    private mutating func readRevocations(_ block: Bytes) throws(ImageFault) {
        if superblock.hasBlockChecksums, try !tailChecksumHolds(block) { pending.isDoubtful = true }
        // r_count, 0x0C: the bytes in use, header included.
        let used: UInt32 = try block.big(at: 12)
        let room = block.count - (superblock.hasBlockChecksums ? 4 : 0)
        let width = superblock.is64Bit ? 8 : 4
        let end = try used.bounded(to: room, "the length of a revoke block")
        var position = 16
        while position + width <= end {
            let number: UInt64 =
                superblock.is64Bit
                ? try block.big(at: position) : UInt64(try block.big(UInt32.self, at: position))
            pending.revoked.append(Ext4BlockNumber(number))
            position += width
        }
    }

    private mutating func readCommit(_ block: Bytes) throws(ImageFault) -> Step {
        // h_commit_sec, 0x30. Time that runs backwards tells blocks left from an older log from damage.
        let time: UInt64 = try block.big(at: 0x30)
        if pending.isDoubtful {
            if time >= lastCommitTime {
                outcome.copies = [:]
                outcome.failure = "a descriptor of transaction \(sequence) has a wrong checksum"
            }
            return .stop
        }
        guard try commitChecksumHolds(block) else {
            if superblock.hasTransactionChecksums || time >= lastCommitTime,
                !superblock.incompatible.contains(.asynchronousCommit)
            {
                outcome.failure = "transaction \(sequence) has a wrong checksum"
            }
            return .stop
        }
        lastCommitTime = time
        apply()
        sequence &+= 1
        pending = Pending()
        return .next
    }

    private mutating func apply() {
        for block in pending.revoked {
            revokedIn[block] = sequence
            outcome.copies[block] = nil
        }
        for write in pending.writes where revokedIn[write.block] != sequence {
            if write.checksumHolds {
                outcome.copies[write.block] = write.copy
            } else {
                damagedWrites.append((write.block, sequence))
            }
        }
        outcome.transactionCount += 1
    }
}

extension JournalRecovery {
    private func checksum(_ block: Bytes, zeroing field: Range<Int>) -> UInt32 {
        let crc = CRC32.castagnoli
        var register = crc.update(superblock.checksumSeed, block.prefix(field.lowerBound))
        register = crc.update(register, Bytes([UInt8](repeating: 0, count: field.count)))
        return crc.update(register, block.dropFirst(field.upperBound))
    }

    /// `struct jbd2_journal_block_tail`: the last four bytes of descriptor and revoke blocks.
    private func tailChecksumHolds(_ block: Bytes) throws(ImageFault) -> Bool {
        let tail = block.count - 4
        return try block.big(UInt32.self, at: tail) == checksum(block, zeroing: tail..<block.count)
    }

    /// The checksum in a tag covers the number of the transaction and the block as the log holds it.
    private func dataChecksumHolds(_ data: Bytes, _ tag: JournalTag) -> Bool {
        guard superblock.hasBlockChecksums else { return true }
        let number = (0..<4).map { UInt8(truncatingIfNeeded: sequence >> (24 - 8 * UInt32($0))) }
        let crc = CRC32.castagnoli
        let register = crc.update(crc.update(superblock.checksumSeed, Bytes(number)), data)
        return superblock.incompatible.contains(.checksumV3)
            ? register == tag.checksum : register & 0xFFFF == tag.checksum
    }

    private func commitChecksumHolds(_ block: Bytes) throws(ImageFault) -> Bool {
        // h_chksum[0], 0x10; h_chksum_type, 0x0C; h_chksum_size, 0x0D.
        let stored: UInt32 = try block.big(at: 0x10)
        if superblock.hasTransactionChecksums {
            let type = try block.byte(at: 0x0C)
            let size = try block.byte(at: 0x0D)
            // JBD2_CRC32_CHKSUM, or none written at all.
            return type == 1 && size == 4 && stored == pending.checksum
                || type == 0 && size == 0 && stored == 0
        }
        return superblock.hasBlockChecksums ? stored == checksum(block, zeroing: 0x10..<0x14) : true
    }
}

/// CRC-32 with the polynomial 0x04C11DB7, highest bit first, as version 1 of the journal's checksums uses it.
enum BigEndianCRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index) << 24) { value, _ in
            value & 0x8000_0000 != 0 ? value << 1 ^ 0x04C1_1DB7 : value << 1
        }
    }

    static func update(_ seed: UInt32, _ bytes: Bytes) -> UInt32 {
        bytes.withSpan { span in
            var register = seed
            for index in span.indices {
                register = register << 8 ^ table[Int(register >> 24 ^ UInt32(span[index]))]
            }
            return register
        }
    }
}
