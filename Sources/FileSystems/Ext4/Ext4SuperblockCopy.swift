import BlockIO
import ByteReading

/// A copy of the superblock, found at the start of another block group.
struct Ext4SuperblockCopy {
    let superblock: Ext4Superblock
    let group: UInt64
    /// The block it stands in.
    let block: UInt64

    /// The first copy that holds, looked for in the groups that have one under sparse_super and, by default,
    /// under sparse_super2, for every block size.
    static func first(on source: any BlockSource) throws(ImageFault) -> Ext4SuperblockCopy? {
        for logSize in 0...6 {
            let blockSize = UInt64(1024) << UInt64(logSize)
            // A block of bitmap for each group, but never more than EXT2_MAX_BLOCKS_PER_GROUP.
            let blocksPerGroup = Swift.min(8 * blockSize, 65528)
            for group in [UInt64(1), 3, 5] {
                let block = group * blocksPerGroup + (logSize == 0 ? 1 : 0)
                let raw = try source.readUpTo(at: block * blockSize, count: Ext4Superblock.byteCount)
                guard raw.count == Ext4Superblock.byteCount, raw.starts(with: [0x53, 0xEF], at: 0x38)
                else { continue }
                if let superblock = usable(raw), superblock.blockSize == Int(blockSize),
                    UInt64(superblock.groupOfCopy ?? UInt16(group)) == group
                {
                    return Ext4SuperblockCopy(superblock: superblock, group: group, block: block)
                }
            }
        }
        return nil
    }

    /// A damaged copy is no copy: here a fault only means that the search goes on.
    private static func usable(_ raw: Bytes) -> Ext4Superblock? {
        guard let superblock = try? Ext4Superblock(parsing: raw), (try? superblock.checkGeometry()) != nil,
            Ext4Checksums.holds(superblock)
        else { return nil }
        return superblock
    }
}
