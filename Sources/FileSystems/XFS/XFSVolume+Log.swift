import BlockIO
import ByteReading
import FileSystemCore

extension XFSVolume {
    /// The volume as it is after a replay of its log; nil when there is nothing to replay. What cannot be
    /// replayed is noted, never thrown: the rest of the volume can still be read.
    func replayLog() -> XFSLogOverlay? {
        guard superblock.logStart.rawValue != 0 else {
            log.record(
                .journalNotReplayed,
                "the log is on a device of its own, which is not here: whether it is dirty is not known",
                at: 0x30)
            return nil
        }
        let ends: XFSLogEnds
        let area: XFSLogArea
        do throws(ImageFault) {
            area = try XFSLogArea(self)
            ends = try XFSLogEnds(of: area)
        } catch {
            log.record(
                .journalNotReplayed,
                "the ends of the log are not found, whether it is dirty is not known: \(error)",
                at: error.offset)
            return nil
        }
        guard ends.tail != ends.head else { return nil }
        do throws(ImageFault) {
            // XFS_SB_FEAT_INCOMPAT_LOG_XATTRS is the only one there is.
            guard superblock.logIncompatible & ~1 == 0 else {
                throw ImageFault(
                    .unsupported,
                    "unknown features 0x\(String(superblock.logIncompatible, radix: 16)) of the log", at: 0xDC
                )
            }
            var recovery = XFSLogRecovery(self, area: area, ends: ends)
            try recovery.run()
            let unfinished = recovery.unfinishedChanges
            if !unfinished.isEmpty {
                log.record(
                    .journalNotReplayed,
                    "the kernel finishes what the log only begins: \(unfinished.joined(separator: ", "))")
            }
            log.record(
                .journalReplayed,
                "\(recovery.transactionCount) transactions, \(recovery.itemCount) changes, "
                    + "\(recovery.overlay.changedCount) sectors"
                    + recovery.ends.notes.map { "; \($0)" }.joined())
            return recovery.overlay
        } catch {
            log.record(
                .journalNotReplayed, "the log is dirty and cannot be replayed: \(error)", at: error.offset)
            return nil
        }
    }
}
