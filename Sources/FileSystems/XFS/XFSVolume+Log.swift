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
        do throws(ImageFault) {
            let area = try XFSLogArea(self)
            let ends = try XFSLogEnds(of: area)
            guard ends.tail != ends.head else { return nil }
            log.record(.journalNotReplayed, "dirty \(ends.tail) \(ends.head)")
            return nil
        } catch {
            log.record(
                .journalNotReplayed, "the log cannot be read, the kernel refuses to mount: \(error)",
                at: error.offset)
            return nil
        }
    }
}
