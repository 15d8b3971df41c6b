import ByteReading

/// A file's extent tree (kernel documentation, filesystems/ext4/ifork.rst, "Extent Tree"): its root is in the
/// inode, up to five levels lie below.
struct Ext4ExtentTree {
    /// `eh_magic`, 0x00.
    static let magic: UInt16 = 0xF30A
    /// `EXT4_MAX_EXTENT_DEPTH` of the kernel.
    static let deepest = 5

    let volume: Ext4Volume
    let inode: Ext4Inode

    /// The checked head of one node.
    private struct Header {
        let entries: Int
        /// `eh_max`: the room for entries, which says where the checksum of a block is.
        let capacity: Int
        let depth: Int

        init(parsing node: Bytes, of inode: Ext4InodeNumber) throws(ImageFault) {
            let magic: UInt16 = try node.little(at: 0)
            guard magic == Ext4ExtentTree.magic else {
                throw ImageFault(
                    .corrupt,
                    "extent node of inode \(inode) has magic 0x\(Hexadecimal.lower(magic, width: 4))",
                    at: node.origin)
            }
            entries = Int(try node.little(UInt16.self, at: 2))
            capacity = Int(try node.little(UInt16.self, at: 4))
            depth = Int(try node.little(UInt16.self, at: 6))
            guard capacity > 0, entries <= capacity, 12 + 12 * capacity <= node.count else {
                throw ImageFault(
                    .corrupt, "extent node of inode \(inode) has \(entries) entries in room for \(capacity)",
                    at: node.origin)
            }
            guard depth <= Ext4ExtentTree.deepest, depth == 0 || entries > 0 else {
                throw ImageFault(
                    .corrupt, "extent node of inode \(inode) has depth \(depth) and \(entries) entries",
                    at: node.origin)
            }
        }
    }

    /// The extents that overlap `range` (blocks of the file), in order. Only nodes on the way to it are read.
    func extents(in range: Range<UInt64>) throws(ImageFault) -> [Ext4Extent] {
        var found: [Ext4Extent] = []
        var budget = Budget(1 << 16, of: "extent nodes")
        let header = try Header(parsing: inode.blockArea, of: inode.number)
        try collect(
            inode.blockArea, header, covering: 0..<(1 << 32), wanted: range, into: &found, budget: &budget)
        return found
    }

    private func collect(
        _ node: Bytes, _ header: Header, covering: Range<UInt64>, wanted: Range<UInt64>,
        into found: inout [Ext4Extent], budget: inout Budget
    ) throws(ImageFault) {
        if header.depth == 0 {
            try collectLeaf(node, header, covering: covering, wanted: wanted, into: &found)
            return
        }
        var index = try lastEntry(in: node, header, notAfter: wanted.lowerBound)
        while index < header.entries {
            let start = UInt64(try node.little(UInt32.self, at: 12 + 12 * index))
            guard start < wanted.upperBound else { return }
            let end =
                index + 1 < header.entries
                ? UInt64(try node.little(UInt32.self, at: 24 + 12 * index)) : covering.upperBound
            guard start >= covering.lowerBound, end > start, end <= covering.upperBound else {
                throw ImageFault(
                    .corrupt, "extent index of inode \(inode.number) is out of order (block \(start))",
                    at: node.origin + UInt64(12 + 12 * index))
            }
            try budget.spend()
            let low = UInt64(try node.little(UInt32.self, at: 16 + 12 * index))
            let high = UInt64(try node.little(UInt16.self, at: 20 + 12 * index))
            let (child, childHeader) = try child(at: Ext4BlockNumber(high << 32 | low), below: header.depth)
            try collect(
                child, childHeader, covering: start..<end, wanted: wanted, into: &found, budget: &budget)
            index += 1
        }
    }

    /// The last entry that starts at or before `logical`; the first where there is none.
    private func lastEntry(
        in node: Bytes, _ header: Header, notAfter logical: UInt64
    ) throws(ImageFault) -> Int {
        var low = 0
        var high = header.entries
        while high - low > 1 {
            let middle = (low + high) / 2
            if UInt64(try node.little(UInt32.self, at: 12 + 12 * middle)) <= logical {
                low = middle
            } else {
                high = middle
            }
        }
        return low
    }

    private func child(at block: Ext4BlockNumber, below depth: Int) throws(ImageFault) -> (Bytes, Header) {
        let node = try volume.block(block, "an extent node of inode \(inode.number)")
        let header = try Header(parsing: node, of: inode.number)
        guard header.depth == depth - 1 else {
            throw ImageFault(
                .corrupt, "extent node of inode \(inode.number) has depth \(header.depth) below \(depth)",
                at: node.origin)
        }
        if volume.checksums.isEnabled {
            let tail = 12 + 12 * header.capacity
            guard
                try node.little(UInt32.self, at: tail)
                    == volume.checksums.block(node.prefix(tail), seed: inode.checksumSeed)
            else { throw volume.checksumFault("an extent node of inode \(inode.number)", at: node.origin) }
        }
        return (node, header)
    }

    private func collectLeaf(
        _ node: Bytes, _ header: Header, covering: Range<UInt64>, wanted: Range<UInt64>,
        into found: inout [Ext4Extent]
    ) throws(ImageFault) {
        var index = try lastEntry(in: node, header, notAfter: wanted.lowerBound)
        var previousEnd = covering.lowerBound
        while index < header.entries {
            let at = 12 + 12 * index
            let start = UInt64(try node.little(UInt32.self, at: at))
            let stored: UInt16 = try node.little(at: at + 4)
            let high = UInt64(try node.little(UInt16.self, at: at + 6))
            let low = UInt64(try node.little(UInt32.self, at: at + 8))
            // EXT_INIT_MAX_LEN: lengths above it mean "allocated, not written".
            let isWritten = stored <= 0x8000
            let extent = Ext4Extent(
                logical: start, count: UInt64(isWritten ? stored : stored - 0x8000),
                physical: Ext4BlockNumber(high << 32 | low), isWritten: isWritten)
            guard extent.count > 0, start >= previousEnd, extent.end <= covering.upperBound else {
                throw ImageFault(
                    .corrupt,
                    "extent of inode \(inode.number) is out of order (block \(start), \(extent.count) blocks)",
                    at: node.origin + UInt64(at))
            }
            guard start < wanted.upperBound else { return }
            if extent.end > wanted.lowerBound {
                try volume.checkBlocks(
                    extent.physical, count: extent.count, "an extent of inode \(inode.number)")
                found.append(extent)
            }
            previousEnd = extent.end
            index += 1
        }
    }
}
