import ByteReading
import FileSystemCore

/// What the replay of the log trees changes; nothing when there is none, or when it cannot be replayed whole.
struct BtrfsReplay: Sendable {
    /// By subvolume.
    private(set) var overlays: [UInt64: BtrfsOverlay] = [:]
    /// Checksums of data by address.
    private(set) var checksums: [UInt64: [UInt8]] = [:]

    /// Changes nothing.
    init() {}

    /// Replays in memory what a mount would replay on disk (`btrfs_recover_log_trees`).
    init(pool: BtrfsPool, rootTree: BtrfsTree) {
        guard let root = pool.superblock.logRoot else { return }
        let place = pool.superblock.raw.origin + 96
        do throws(ImageFault) {
            var budget = Budget(1 << 17, of: "items of log trees")
            for (subvolume, log) in try BtrfsReplay.logs(BtrfsTree(pool: pool, root: root), &budget) {
                // The log of a subvolume that was deleted meanwhile does not matter.
                guard let root = try BtrfsVolume.rootItem(subvolume, in: rootTree), !root.isDead else {
                    continue
                }
                let tree = BtrfsSubvolumeTree(id: subvolume, tree: BtrfsTree(pool: pool, root: root.pointer))
                var replayer = BtrfsLogReplayer(log: log, into: tree, budget: budget)
                try replayer.replay()
                budget = replayer.budget
                overlays[subvolume] = replayer.tree.overlay
                checksums.merge(replayer.checksums) { _, new in new }
            }
            let ids = overlays.keys.sorted().map(String.init).joined(separator: ", ")
            pool.log.record(
                .journalReplayed, "the log of subvolumes \(ids) was replayed in memory", at: place)
        } catch {
            overlays = [:]
            checksums = [:]
            pool.log.record(
                .journalNotReplayed,
                "the log cannot be replayed, and the last written files are missing: \(error.message)",
                at: error.offset ?? place)
        }
    }

    /// The log trees by subvolume: the root of logs has an item for each.
    private static func logs(
        _ tree: BtrfsTree, _ budget: inout Budget
    ) throws(ImageFault) -> [(subvolume: UInt64, log: BtrfsTree)] {
        var logs: [(subvolume: UInt64, log: BtrfsTree)] = []
        let range = BtrfsKey(BtrfsObject.logTree, .root, 0)...BtrfsKey(BtrfsObject.logTree, .root, .max)
        try tree.scan(range) { item throws(ImageFault) in
            try budget.spend()
            let root = try BtrfsRootItem(parsing: item)
            logs.append((item.key.offset, BtrfsTree(pool: tree.pool, root: root.pointer)))
            return true
        }
        return logs
    }
}
