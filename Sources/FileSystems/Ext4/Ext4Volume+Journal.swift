import BlockIO
import ByteReading
import FileSystemCore

extension Ext4Volume {
    /// The volume as it is after a replay of its journal; nil when there is nothing to replay. What cannot be
    /// replayed is noted, never thrown: the rest of the volume can still be read.
    ///
    /// - Parameter isCopy: whether the superblock is a copy, which nobody marks when the volume is mounted.
    func replayJournal(isCopy: Bool) -> (any BlockSource)? {
        guard superblock.compatible.contains(.hasJournal) else { return nil }
        guard superblock.journalInode.rawValue != 0 else {
            log.record(
                .journalNotReplayed, "the journal is on a device of its own, which is not here",
                at: Ext4Superblock.byteOffset + 0xE0)
            return nil
        }
        let isMarked = superblock.incompatible.contains(.recovery)
        do throws(ImageFault) {
            let inode = try inode(superblock.journalInode)
            try inode.check()
            guard inode.type == .regular else {
                throw ImageFault(.corrupt, "the journal's inode is no file", at: inode.raw.origin)
            }
            return try replay(try JournalLog(volume: self, inode: inode), isMarked: isMarked, isCopy: isCopy)
        } catch {
            log.record(
                .journalNotReplayed,
                isMarked
                    ? "the journal cannot be read: \(error)" : "the (empty) journal cannot be read: \(error)",
                at: error.offset)
            return nil
        }
    }

    private func replay(
        _ journal: JournalLog, isMarked: Bool, isCopy: Bool
    ) throws(ImageFault) -> (any BlockSource)? {
        if journal.superblock.errorNumber != 0 {
            log.record(.recordedErrors, "the journal recorded error \(journal.superblock.errorNumber)")
        }
        guard journal.superblock.start != 0 else { return nil }
        guard isMarked || isCopy else {
            log.record(
                .journalNotReplayed,
                "the journal holds transactions, but the superblock says that it needs no "
                    + "recovery; the kernel drops them")
            return nil
        }
        var recovery = JournalRecovery(journal)
        let outcome = try recovery.run()
        if let failure = outcome.failure {
            log.record(.journalNotReplayed, "the journal is damaged, the kernel refuses to mount: \(failure)")
        }
        var journal = journal
        let fastCommits = try FastCommitArea.count(in: &journal, expected: outcome.nextSequence)
        if fastCommits > 0 {
            log.record(
                .journalNotReplayed,
                "\(fastCommits) fast commits follow transaction "
                    + "\(outcome.nextSequence &- 1); they are not replayed here")
        }
        log.record(
            .journalReplayed, "\(outcome.transactionCount) transactions, \(outcome.copies.count) blocks")
        return JournalOverlay(source, blockSize: blockSize, copies: outcome.copies)
    }
}
