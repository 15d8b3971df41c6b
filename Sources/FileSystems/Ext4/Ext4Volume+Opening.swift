import BlockIO
import ByteReading
import FileSystemCore

extension Ext4Volume {
    /// Groups up to this number are all looked at when a volume is opened, at most 1 MiB of descriptors.
    private static let groupsChecked: UInt64 = 16384
    /// Groups up to this number are summed for the free space of a dirty volume.
    private static let groupsSummed: UInt64 = 65536

    /// Finds the superblock, replays the journal and notes what the volume says of itself.
    init(opening base: any BlockSource, replaying: Bool = true) throws(ImageFault) {
        let log = ConditionLog()
        let (superblock, block, isCopy) = try Ext4Volume.superblock(on: base, log)
        try superblock.requireReadable()
        let unreplayed = Ext4Volume(base, superblock, log, superblockBlock: block)
        if replaying, let overlay = unreplayed.replayJournal(isCopy: isCopy) {
            var replayed = superblock
            if !isCopy {
                replayed = try Ext4Superblock(
                    parsing: overlay.read(at: Ext4Superblock.byteOffset, count: Ext4Superblock.byteCount))
                try replayed.checkGeometry()
                try replayed.requireReadable()
                if !Ext4Checksums.holds(replayed) {
                    log.record(
                        .checksumMismatch, "checksum of the replayed superblock does not match",
                        at: Ext4Superblock.byteOffset)
                }
            }
            self.init(overlay, replayed, log, superblockBlock: block)
        } else {
            self = unreplayed
        }
        noteState(isCopy: isCopy)
        try noteDescriptors()
    }

    private init(
        _ source: any BlockSource, _ superblock: Ext4Superblock, _ log: ConditionLog,
        superblockBlock: UInt64
    ) {
        self.source = source
        self.superblock = superblock
        self.log = log
        self.superblockBlock = superblockBlock
        checksums = Ext4Checksums(superblock)
    }

    /// The primary superblock, or a copy when the primary cannot be used. The kernel does not look at copies by
    /// itself, so that is a condition.
    private static func superblock(
        on base: any BlockSource, _ log: ConditionLog
    ) throws(ImageFault) -> (Ext4Superblock, block: UInt64, isCopy: Bool) {
        let damage: ImageFault
        var primary: Ext4Superblock?
        do throws(ImageFault) {
            let superblock = try Ext4Superblock(
                parsing: try base.read(at: Ext4Superblock.byteOffset, count: Ext4Superblock.byteCount))
            // The superblock of a journal's own device has no groups.
            if superblock.incompatible.contains(.journalDevice) { try superblock.requireReadable() }
            try superblock.checkGeometry()
            if Ext4Checksums.holds(superblock) {
                return (superblock, Ext4Superblock.byteOffset / UInt64(superblock.blockSize), false)
            }
            primary = superblock
            damage = ImageFault(
                .corrupt, "checksum of the superblock does not match", at: Ext4Superblock.byteOffset + 0x3FC)
        } catch {
            damage = error
        }
        guard damage.kind == .corrupt else { throw damage }
        let copy = try Ext4SuperblockCopy.first(on: base)
        if primary != nil { log.record(.checksumMismatch, damage.message, at: damage.offset) }
        if let copy {
            log.record(
                .backupSuperblockUsed,
                "\(damage.message); read by the copy in group \(copy.group)",
                at: damage.offset)
            return (copy.superblock, copy.block, true)
        }
        guard let primary else { throw damage }
        return (primary, Ext4Superblock.byteOffset / UInt64(primary.blockSize), false)
    }

    /// Notes what the superblock says of the volume's state; a copy does not say how the last mount ended.
    private func noteState(isCopy: Bool) {
        let size = source.size
        let claimed = superblock.blockCount * UInt64(blockSize)
        if claimed > size {
            log.record(
                .largerThanDevice,
                "\(claimed) bytes (\(superblock.blockCount) blocks) on a device of \(size) bytes",
                at: Ext4Superblock.byteOffset + 4)
        }
        let tableBlocks = (superblock.groupCount - 1) / superblock.descriptorsPerBlock + 1
        if superblock.incompatible.contains(.metaGroups), superblock.firstMetaGroup > tableBlocks {
            log.record(
                .inconsistent,
                "the first meta block group is \(superblock.firstMetaGroup) of \(tableBlocks); the "
                    + "kernel refuses to mount it", at: Ext4Superblock.byteOffset + 0x104)
        }
        // EXT4_ERROR_FS.
        if superblock.state & 2 != 0 || superblock.errorCount > 0 {
            var message = "\(superblock.errorCount) errors recorded"
            if superblock.state & 2 != 0 { message += ", marked as having errors" }
            if !superblock.firstErrorFunction.isEmpty {
                message +=
                    ", first in \(superblock.firstErrorFunction), last in \(superblock.lastErrorFunction)"
            }
            log.record(.recordedErrors, message, at: Ext4Superblock.byteOffset + 0x3A)
        }
        // EXT4_VALID_FS; with a journal the bit stays set while mounted.
        if superblock.state & 1 == 0, !isCopy, !superblock.compatible.contains(.hasJournal) {
            log.record(
                .notClean, "not unmounted cleanly, and there is no journal",
                at: Ext4Superblock.byteOffset + 0x3A)
        }
    }

    /// Looks at the group descriptors as mounting does (`ext4_check_descriptors`).
    private func noteDescriptors() throws(ImageFault) {
        for group in 0..<Swift.min(superblock.groupCount, Ext4Volume.groupsChecked) {
            let descriptor: Ext4GroupDescriptor
            do {
                descriptor = try self.descriptor(group)
            } catch {
                log.record(.inconsistent, "descriptor of group \(group): \(error.message)", at: error.offset)
                continue
            }
            let tableBlocks =
                (UInt64(superblock.inodesPerGroup) * UInt64(superblock.inodeSize) + UInt64(blockSize) - 1)
                / UInt64(blockSize)
            let places = [
                (descriptor.blockBitmap, UInt64(1)), (descriptor.inodeBitmap, 1),
                (descriptor.inodeTable, tableBlocks),
            ]
            for (block, count) in places where !contains(block, count: count) {
                log.record(
                    .inconsistent,
                    "group \(group) has metadata outside the volume (block \(block)); "
                        + "the kernel refuses to mount it")
            }
        }
    }

    private func contains(_ block: Ext4BlockNumber, count: UInt64) -> Bool {
        block.rawValue > superblock.firstDataBlock && block.rawValue < superblock.blockCount
            && count <= superblock.blockCount - block.rawValue
    }

    /// How full the volume is: by the superblock, or by the groups when the superblock was not written at the
    /// end of the last mount.
    func usage() -> FileSystemUsage {
        var freeBlocks = superblock.freeBlockCount
        var freeInodes = UInt64(superblock.freeInodeCount)
        let stale: Set<FileSystemCondition.Code> = [
            .journalReplayed, .journalNotReplayed, .notClean, .backupSuperblockUsed,
        ]
        if log.conditions.contains(where: { stale.contains($0.code) }),
            superblock.groupCount <= Ext4Volume.groupsSummed
        {
            // A descriptor that cannot be read is a condition already; the superblock's numbers then stand.
            do throws(ImageFault) {
                var clusters: UInt64 = 0
                var inodes: UInt64 = 0
                for group in 0..<superblock.groupCount {
                    let descriptor = try descriptor(group)
                    clusters += UInt64(descriptor.freeClusterCount)
                    inodes += UInt64(descriptor.freeInodeCount)
                }
                freeBlocks = clusters * superblock.blocksPerCluster
                freeInodes = inodes
            } catch {
                log.record(.inconsistent, "group descriptors: \(error.message)", at: error.offset)
            }
        }
        let width = UInt64(blockSize)
        freeBlocks = Swift.min(freeBlocks, superblock.blockCount)
        let available = freeBlocks - Swift.min(freeBlocks, superblock.reservedBlockCount)
        return FileSystemUsage(
            blockSize: width, totalBytes: superblock.blockCount * width, freeBytes: freeBlocks * width,
            availableBytes: available * width, totalInodes: UInt64(superblock.inodeCount),
            freeInodes: Swift.min(freeInodes, UInt64(superblock.inodeCount)))
    }
}
