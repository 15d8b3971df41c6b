import ByteReading

extension BtrfsLogReplayer {
    private static let offsetPlace = 37
    private static let lengthPlace = 45

    /// `replay_one_extent`: what the file had there makes room.
    mutating func replayExtent(_ item: BtrfsItem) throws(ImageFault) {
        let inode = item.key.objectID
        guard try self.inode(inode) != nil else {
            throw ImageFault(.corrupt, "the log has an extent of inode \(inode), which is not there")
        }
        let extent = try BtrfsExtent(parsing: item, sectorSize: superblock.sectorSize)
        var end = extent.end
        if case .inline = extent.content {
            let sector = UInt64(superblock.sectorSize)
            end = (end + sector - 1) / sector * sector
        }
        if let known = try tree.item(item.key), known.data == item.data { return }
        try dropExtents(of: inode, from: extent.start, to: end)
        tree.overlay.set(item.key, item.data)
    }

    /// Cuts `start..<end` out of the file (`btrfs_drop_extents`); extents that reach across an end are shortened.
    mutating func dropExtents(of inode: UInt64, from start: UInt64, to end: UInt64) throws(ImageFault) {
        guard start < end else { return }
        let before = try tree.last(inode, .extentData, notAfter: start)
        for item in try items(inode, .extentData, (before?.key.offset ?? start)...(end - 1)) {
            let extent = try BtrfsExtent(parsing: item, sectorSize: superblock.sectorSize)
            guard extent.end > start, extent.start < end else { continue }
            var keepsKey = false
            if case .inline = extent.content {
                tree.overlay.set(item.key, nil)
                continue
            }
            if extent.start < start {
                let head = item.data.replacing(start - extent.start, at: BtrfsLogReplayer.lengthPlace)
                tree.overlay.set(item.key, head)
                keepsKey = true
            }
            if extent.end > end {
                let skipped = end - extent.start
                let tail = item.data
                    .replacing(try extent.offset.adding(skipped), at: BtrfsLogReplayer.offsetPlace)
                    .replacing(extent.end - end, at: BtrfsLogReplayer.lengthPlace)
                tree.overlay.set(BtrfsKey(inode, .extentData, end), tail)
            }
            if !keepsKey { tree.overlay.set(item.key, nil) }
        }
    }
}
