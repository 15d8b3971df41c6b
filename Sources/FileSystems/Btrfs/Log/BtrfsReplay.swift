import ByteReading
import FileSystemCore

/// What the replay of the log trees changes; nothing when there is none.
struct BtrfsReplay: Sendable {
    /// By subvolume.
    var overlays: [UInt64: BtrfsOverlay] = [:]
    /// Checksums of data by address.
    var checksums: [UInt64: [UInt8]] = [:]

    init(pool: BtrfsPool, rootTree: BtrfsTree) {
        guard pool.superblock.logRoot != nil else { return }
        pool.log.record(.journalNotReplayed, "there is a log tree; it is not read")
    }
}
