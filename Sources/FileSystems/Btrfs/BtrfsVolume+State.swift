import ByteReading
import FileSystemCore

extension BtrfsVolume {
    /// `BTRFS_DEV_STAT_*` in order.
    private static let statistics = ["write", "read", "flush", "corruption", "generation"]

    /// Notes the errors that were counted on each device (`struct btrfs_dev_stats_item` in the device tree).
    func noteDeviceErrors() {
        do throws(ImageFault) {
            guard let root = try BtrfsVolume.rootItem(BtrfsObject.deviceTree, in: rootTree) else { return }
            let tree = BtrfsTree(pool: pool, root: root.pointer)
            for id in pool.devices.keys.sorted() {
                guard let item = try tree.item(BtrfsKey(BtrfsObject.deviceStatistics, .persistent, id)) else {
                    continue
                }
                var errors: [String] = []
                for (index, name) in BtrfsVolume.statistics.enumerated() {
                    let count: UInt64 = try item.data.little(at: index * 8)
                    if count > 0 { errors.append("\(count) \(name) errors") }
                }
                guard !errors.isEmpty else { continue }
                log.record(
                    .recordedErrors, "device \(id): \(errors.joined(separator: ", "))", at: item.data.origin)
            }
        } catch {
            log.record(.inconsistent, "device tree: \(error.message)", at: error.offset)
        }
    }

    /// How full the file system is: see ``BtrfsFileSystem``.
    func usage() -> FileSystemUsage {
        let (copies, parts) = dataFactor()
        let total = superblock.totalBytes / copies * parts
        let free = total - Swift.min(total, superblock.bytesUsed)
        return FileSystemUsage(
            blockSize: UInt64(superblock.sectorSize), totalBytes: total, freeBytes: free, availableBytes: free
        )
    }

    /// By the first chunks; one file system rarely has data of two kinds.
    private func dataFactor() -> (UInt64, UInt64) {
        var factor: (UInt64, UInt64) = (1, 1)
        var left = 64
        let range =
            BtrfsKey(BtrfsObject.first, .chunk, 0)...BtrfsKey(BtrfsObject.first, .chunk, .max)
        // What cannot be read here is a fault where it is needed.
        try? pool.chunkTree.scan(range) { item throws(ImageFault) in
            left -= 1
            let chunk = try BtrfsChunk(parsing: item.data, start: item.key.offset)
            guard chunk.holdsData else { return left > 0 }
            factor = chunk.storageFactor
            return false
        }
        return factor
    }
}
