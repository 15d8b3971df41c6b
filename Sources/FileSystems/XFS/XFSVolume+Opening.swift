import BlockIO
import ByteReading
import FileSystemCore

extension XFSVolume {
    /// Groups up to this number are summed for the free space of a dirty volume.
    private static let groupsSummed: UInt32 = 16384

    /// Finds the superblock, replays the log and notes what the volume says of itself.
    init(opening base: any BlockSource, replaying: Bool = true) throws(ImageFault) {
        let log = ConditionLog()
        let (superblock, isCopy) = try XFSVolume.superblock(on: base, log)
        let unreplayed = XFSVolume(source: base, overlay: nil, superblock: superblock, log: log)
        if replaying, let overlay = unreplayed.replayLog() {
            var replayed = superblock
            if !isCopy, overlay.changes(0, count: XFSSuperblock.byteCount) {
                replayed = try XFSSuperblock(
                    parsing: overlay.read(at: 0, count: XFSSuperblock.byteCount))
                try replayed.requireReadable()
                try replayed.checkGeometry()
            }
            self.init(source: overlay, overlay: overlay, superblock: replayed, log: log)
        } else {
            self = unreplayed
        }
        noteState()
    }

    /// The primary superblock, or a copy when the primary cannot be used. The kernel does not look at copies
    /// by itself, so that is a condition.
    private static func superblock(
        on base: any BlockSource, _ log: ConditionLog
    ) throws(ImageFault) -> (XFSSuperblock, isCopy: Bool) {
        let damage: ImageFault
        var primary: XFSSuperblock?
        do throws(ImageFault) {
            let superblock = try XFSSuperblock(
                parsing: try base.read(at: 0, count: XFSSuperblock.byteCount))
            try superblock.requireReadable()
            try superblock.checkGeometry()
            guard !superblock.isInProgress else {
                throw ImageFault(.corrupt, "mkfs did not finish", at: 0x7E)
            }
            if try checksumHolds(of: superblock, on: base, at: 0) { return (superblock, false) }
            primary = superblock
            damage = ImageFault(.corrupt, "checksum of the superblock does not match", at: 0xE0)
        } catch {
            damage = error
        }
        guard damage.kind == .corrupt else { throw damage }
        if primary != nil { log.record(.checksumMismatch, damage.message, at: damage.offset) }
        if let (group, copy) = try firstCopy(on: base, as: primary) {
            log.record(
                .backupSuperblockUsed,
                "\(damage.message), so the kernel refuses to mount it; read by the copy in group \(group)",
                at: damage.offset)
            return (copy, true)
        }
        guard let primary else { throw damage }
        log.record(
            .backupSuperblockUsed, "\(damage.message), so the kernel refuses to mount it", at: damage.offset)
        return (primary, true)
    }

    /// The checksum covers the sector.
    private static func checksumHolds(
        of superblock: XFSSuperblock, on base: any BlockSource, at offset: UInt64
    ) throws(ImageFault) -> Bool {
        guard superblock.isV5 else { return true }
        return try XFSChecksum.holds(base.read(at: offset, count: superblock.sectorSize), at: 0xE0)
    }

    /// A usable copy where groups would start: by the damaged primary's own numbers, or where mkfs puts the
    /// second group of a volume of this size. The cost is a few sectors.
    static func firstCopy(
        on base: any BlockSource, as primary: XFSSuperblock?
    ) throws(ImageFault) -> (group: UInt32, XFSSuperblock)? {
        var places: [UInt64] = []
        if let primary {
            places.append(UInt64(primary.blocksPerGroup) * UInt64(primary.blockSize))
        }
        for blockSize in [UInt64(4096), 1024, 2048, 512] {
            let blocks = base.size / blockSize
            for groups in [UInt64(4), 2, 3, 8, 16, 32] {
                places.append((blocks + groups - 1) / groups * blockSize)
            }
        }
        var tried: Set<UInt64> = []
        for place in places where place >= 8192 && tried.insert(place).inserted {
            guard
                let bytes = try? base.read(at: place, count: XFSSuperblock.byteCount),
                let copy = try? XFSSuperblock(parsing: bytes),
                (try? copy.requireReadable()) != nil, (try? copy.checkGeometry()) != nil,
                UInt64(copy.blocksPerGroup) * UInt64(copy.blockSize) == place,
                (try? checksumHolds(of: copy, on: base, at: place)) == true
            else { continue }
            return (1, copy)
        }
        return nil
    }

    /// Notes what the superblock says of the volume's state.
    private func noteState() {
        let claimed = superblock.blockCount * UInt64(blockSize)
        if claimed > source.size {
            log.record(
                .largerThanDevice,
                "\(claimed) bytes (\(superblock.blockCount) blocks) on a device of \(source.size) bytes",
                at: 8)
        }
        if superblock.incompatible.contains(.needsRepair) {
            log.record(
                .recordedErrors, "marked as needing repair: the kernel refuses to mount it before xfs_repair",
                at: 0xD8)
        }
        let unknown =
            superblock.readOnlyCompatible.rawValue & ~XFSSuperblock.ReadOnlyCompatible.known.rawValue
        if unknown != 0 {
            log.record(
                .inconsistent,
                "unknown features 0x\(String(unknown, radix: 16)) allow the kernel no more than reading",
                at: 0xD4)
        }
    }

    /// How full the volume is: by the superblock, or by the groups when the superblock was not written at the
    /// end of the last mount (`xfs_initialize_perag_data`).
    func usage() -> FileSystemUsage {
        var freeBlocks = superblock.freeBlockCount
        let stale: Set<FileSystemCondition.Code> = [
            .journalReplayed, .journalNotReplayed, .backupSuperblockUsed,
        ]
        if log.conditions.contains(where: { stale.contains($0.code) }),
            superblock.groupCount <= XFSVolume.groupsSummed
        {
            // What cannot be read is a condition; the superblock's number then stands.
            do throws(ImageFault) {
                freeBlocks = 0
                for group in 0..<superblock.groupCount { freeBlocks += try freeBlocksOfGroup(group) }
            } catch {
                freeBlocks = superblock.freeBlockCount
                log.record(.inconsistent, "group headers: \(error.message)", at: error.offset)
            }
        }
        let width = UInt64(blockSize)
        // The log is no space of the volume (`xfs_fs_statfs`).
        let logBlocks = superblock.logStart.rawValue == 0 ? 0 : UInt64(superblock.logBlockCount)
        let total = superblock.blockCount - Swift.min(superblock.blockCount, logBlocks)
        freeBlocks = Swift.min(freeBlocks, total)
        // What a mount sets aside: eight blocks per group (`xfs_alloc_set_aside`) and a pool of a twentieth, at
        // most 8192 blocks (`xfs_default_resblks`).
        let reserved =
            UInt64(superblock.groupCount) * 8 + Swift.min(superblock.blockCount / 20, 8192)
        return FileSystemUsage(
            blockSize: width, totalBytes: total * width, freeBytes: freeBlocks * width,
            availableBytes: (freeBlocks - Swift.min(freeBlocks, reserved)) * width)
    }

    /// What the header of a group (`struct xfs_agf`, its second sector) counts as free.
    private func freeBlocksOfGroup(_ group: UInt32) throws(ImageFault) -> UInt64 {
        let start = UInt64(group) * UInt64(superblock.blocksPerGroup) * UInt64(blockSize)
        let header = try source.read(
            at: start + UInt64(superblock.sectorSize), count: superblock.sectorSize)
        guard try header.big(UInt32.self, at: 0) == 0x5841_4746 else {
            throw ImageFault(.corrupt, "group \(group) has no header", at: header.origin)
        }
        if superblock.isV5, try !checksumHolds(header, at: 216) {
            throw checksumFault("the header of group \(group)", at: header.origin)
        }
        // agf_freeblks, agf_flcount, agf_btreeblks.
        var sum: UInt64 = 0
        for field in [52, 48, 60] { sum += UInt64(try header.big(UInt32.self, at: field)) }
        return sum
    }
}
