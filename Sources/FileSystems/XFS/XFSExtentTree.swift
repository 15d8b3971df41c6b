import BlockIO
import ByteReading

/// Finds where the blocks of a fork are: a list of extents in the inode, or a B+tree below it
/// (XFS Algorithms & Data Structures, "Extent List" and "B+tree Extent List").
struct XFSExtentTree {
    /// `XFS_BTREE_MAXLEVELS` of the kernel.
    private static let deepest = 9
    /// Nodes that one question may read: enough for any real range, an end for hostile ones.
    private static let nodes = 65536

    let volume: XFSVolume
    let fork: XFSInode.Fork

    /// The extents that touch `range` (blocks of the fork), cut to it, in order.
    func extents(in range: Range<UInt64>) throws(ImageFault) -> [XFSExtent] {
        guard !range.isEmpty else { return [] }
        var found = Found()
        switch fork.format {
        case .extents:
            guard fork.extentCount <= UInt64(fork.area.count / 16) else {
                throw ImageFault(
                    .corrupt, "\(fork.name): \(fork.extentCount) extents where \(fork.area.count / 16) fit",
                    at: fork.area.origin)
            }
            try collect(fork.area.prefix(Int(fork.extentCount) * 16), in: range, &found)
        case .tree:
            try walkRoot(in: range, &found)
        default:
            throw ImageFault(
                .corrupt, "\(fork.name): a fork of format \(fork.format) has no extents", at: fork.area.origin
            )
        }
        return found.extents
    }

    /// What a walk has found, and what it may still do.
    private struct Found {
        var extents: [XFSExtent] = []
        /// The end of the extent before, for the order.
        var end: UInt64 = 0
        var budget = Budget(XFSExtentTree.nodes, of: "nodes of an extent tree")
        var visited: Set<XFSBlockNumber> = []
    }

    /// Takes packed extents (`struct xfs_bmbt_rec`): a flag, 54 bits of offset, 52 of block, 21 of count.
    private func collect(_ records: Bytes, in range: Range<UInt64>, _ found: inout Found) throws(ImageFault) {
        var position = 0
        while position < records.count {
            let high: UInt64 = try records.big(at: position)
            let low: UInt64 = try records.big(at: position + 8)
            let extent = XFSExtent(
                logical: high >> 9 & (1 << 54 - 1), count: low & (1 << 21 - 1),
                physical: XFSBlockNumber((high & 0x1FF) << 43 | low >> 21), isWritten: high >> 63 == 0)
            guard extent.count > 0, extent.logical >= found.end else {
                throw ImageFault(
                    .corrupt,
                    "\(fork.name): extent of \(extent.count) blocks at \(extent.logical) after \(found.end)",
                    at: records.origin + UInt64(position))
            }
            found.end = extent.end
            if extent.logical >= range.upperBound { return }
            if let part = extent.clamped(to: range) { found.extents.append(part) }
            position += 16
        }
    }

    /// The root in the inode (`struct xfs_bmdr_block`): level, count, then keys and pointers.
    private func walkRoot(in range: Range<UInt64>, _ found: inout Found) throws(ImageFault) {
        let level = Int(try fork.area.big(UInt16.self, at: 0))
        guard level >= 1, level < XFSExtentTree.deepest else {
            throw ImageFault(.corrupt, "\(fork.name): extent tree of level \(level)", at: fork.area.origin)
        }
        try walkChildren(
            of: fork.area, header: 4, level: level, count: Int(try fork.area.big(UInt16.self, at: 2)),
            in: range, &found)
    }

    private func walkChildren(
        of node: Bytes, header: Int, level: Int, count: Int, in range: Range<UInt64>, _ found: inout Found
    ) throws(ImageFault) {
        let room = Swift.max(0, node.count - header) / 16
        guard count > 0, count <= room else {
            throw ImageFault(
                .corrupt, "\(fork.name): \(count) children in a node for \(room)", at: node.origin)
        }
        for index in 0..<count {
            let key: UInt64 = try node.big(at: header + 8 * index)
            if key >= range.upperBound { break }
            if index + 1 < count, try node.big(UInt64.self, at: header + 8 * (index + 1)) <= range.lowerBound
            {
                continue
            }
            let child = XFSBlockNumber(try node.big(at: header + 8 * (room + index)))
            try walk(child, level: level - 1, in: range, &found)
        }
    }

    private func walk(
        _ block: XFSBlockNumber, level: Int, in range: Range<UInt64>, _ found: inout Found
    ) throws(ImageFault) {
        try found.budget.spend()
        guard found.visited.insert(block).inserted else {
            throw ImageFault(.corrupt, "\(fork.name): extent tree leads to block \(block) twice")
        }
        let what = "\(fork.name), extent tree"
        let node = try volume.block(block, what)
        let isV5 = volume.superblock.isV5
        // "BMA3" and "BMAP".
        guard try node.big(UInt32.self, at: 0) == (isV5 ? 0x424D_4133 : 0x424D_4150) else {
            throw ImageFault(.corrupt, "\(what): block without magic", at: node.origin)
        }
        try volume.checkHeader(node, checksum: 64, address: 24, uuid: 40, what)
        let stored = Int(try node.big(UInt16.self, at: 4))
        guard stored == level else {
            throw ImageFault(.corrupt, "\(what): level \(stored) instead of \(level)", at: node.origin + 4)
        }
        let count = Int(try node.big(UInt16.self, at: 6))
        let header = isV5 ? 72 : 24
        if level > 0 {
            try walkChildren(of: node, header: header, level: level, count: count, in: range, &found)
        } else {
            try collect(try node.slice(at: header, count: count * 16), in: range, &found)
        }
    }
}
