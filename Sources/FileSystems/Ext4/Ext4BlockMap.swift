import ByteReading

/// The block map of ext2 and ext3 (kernel documentation, filesystems/ext4/ifork.rst, "Direct/Indirect Block
/// Addressing"): twelve block numbers in the inode, then trees of one, two and three levels.
struct Ext4BlockMap {
    let volume: Ext4Volume
    let inode: Ext4Inode

    /// Block numbers in one indirect block.
    private var fanOut: UInt64 { UInt64(volume.blockSize / 4) }

    /// The runs of blocks that overlap `range` (blocks of the file), in order and joined where they touch.
    func extents(in range: Range<UInt64>) throws(ImageFault) -> [Ext4Extent] {
        var found: [Ext4Extent] = []
        var budget = Budget(1 << 20, of: "indirect blocks")
        for logical in range.clamped(to: 0..<12) {
            let block: UInt32 = try inode.blockArea.little(at: 4 * Int(logical))
            try append(block, at: logical, to: &found)
        }
        var start: UInt64 = 12
        var span = fanOut
        for level in 1...3 {
            let root: UInt32 = try inode.blockArea.little(at: 44 + 4 * level)
            try collect(
                root, level: level, covering: start..<(start + span), wanted: range, into: &found,
                budget: &budget)
            start += span
            span *= fanOut
        }
        return found
    }

    private func collect(
        _ block: UInt32, level: Int, covering: Range<UInt64>, wanted: Range<UInt64>,
        into found: inout [Ext4Extent], budget: inout Budget
    ) throws(ImageFault) {
        let part = wanted.clamped(to: covering)
        guard block != 0, !part.isEmpty else { return }
        if level == 0 {
            try append(block, at: covering.lowerBound, to: &found)
            return
        }
        try budget.spend()
        let node = try volume.block(
            Ext4BlockNumber(UInt64(block)), "an indirect block of inode \(inode.number)")
        let span = UInt64(covering.count) / fanOut
        let first = (part.lowerBound - covering.lowerBound) / span
        let last = (part.upperBound - 1 - covering.lowerBound) / span
        for index in first...last {
            let start = covering.lowerBound + index * span
            try collect(
                try node.little(at: 4 * Int(index)), level: level - 1, covering: start..<(start + span),
                wanted: wanted, into: &found, budget: &budget)
        }
    }

    private func append(
        _ block: UInt32, at logical: UInt64, to found: inout [Ext4Extent]
    ) throws(ImageFault) {
        guard block != 0 else { return }
        let physical = Ext4BlockNumber(UInt64(block))
        try volume.checkBlocks(physical, "block \(logical) of inode \(inode.number)")
        if let last = found.last, last.end == logical,
            last.physical.rawValue + last.count == physical.rawValue
        {
            found[found.count - 1].count += 1
        } else {
            found.append(Ext4Extent(logical: logical, count: 1, physical: physical, isWritten: true))
        }
    }
}
