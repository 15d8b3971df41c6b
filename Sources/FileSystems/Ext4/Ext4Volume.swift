import BlockIO
import ByteReading
import FileSystemCore

/// What every part of the reader stands on: the bytes, the geometry, the checksums, and where findings go.
struct Ext4Volume: Sendable {
    let source: any BlockSource
    let superblock: Ext4Superblock
    let checksums: Ext4Checksums
    let log: ConditionLog
    let verified = VerifiedBlocks()
    /// The block that holds the superblock in use; the table of group descriptors follows it.
    let superblockBlock: UInt64

    var blockSize: Int { superblock.blockSize }

    /// Where a block starts, in bytes. Safe once the block was checked against the volume.
    func offset(of block: Ext4BlockNumber) -> UInt64 { block.rawValue &* UInt64(blockSize) }

    /// Throws `corrupt` unless `count` blocks from `block` lie in the volume, behind the superblock.
    func checkBlocks(
        _ block: Ext4BlockNumber, count: UInt64 = 1, _ what: @autoclosure () -> String
    ) throws(ImageFault) {
        guard block.rawValue > superblock.firstDataBlock, block.rawValue < superblock.blockCount,
            count <= superblock.blockCount - block.rawValue
        else {
            throw ImageFault(
                .corrupt,
                "\(what()) lies outside the volume (block \(block), \(count) of "
                    + "\(superblock.blockCount) blocks)")
        }
    }

    /// Reads one block.
    func block(_ block: Ext4BlockNumber, _ what: @autoclosure () -> String) throws(ImageFault) -> Bytes {
        try checkBlocks(block, what())
        return try source.read(at: offset(of: block), count: blockSize)
    }

    /// Notes a checksum that does not match and makes the fault for it.
    func checksumFault(_ what: String, at offset: UInt64) -> ImageFault {
        let message = "checksum of \(what) does not match"
        log.record(.checksumMismatch, message, at: offset)
        return ImageFault(.corrupt, message, at: offset)
    }
}

extension Ext4Volume {
    /// Where the descriptor of `group` is stored, in bytes (`descriptor_loc` of the kernel).
    private func descriptorOffset(_ group: UInt64) throws(ImageFault) -> UInt64 {
        let perBlock = superblock.descriptorsPerBlock
        let index = group / perBlock
        let block: UInt64
        if superblock.incompatible.contains(.metaGroups), index >= superblock.firstMetaGroup {
            let first = index * perBlock
            var skipped: UInt64 = superblock.hasCopy(inGroup: first) ? 1 : 0
            if blockSize == 1024, index == 0, superblock.firstDataBlock == 0 { skipped += 1 }
            block = superblock.firstDataBlock + first * superblock.blocksPerGroup + skipped
        } else {
            block = superblockBlock + 1 + index
        }
        guard block < superblock.blockCount else {
            throw ImageFault(
                .corrupt, "descriptor of group \(group) lies outside the volume (block \(block))")
        }
        return block * UInt64(blockSize) + group % perBlock * UInt64(superblock.descriptorSize)
    }

    /// The descriptor of a group. A wrong checksum is noted, not thrown: the kernel mounts such a volume
    /// read-only and uses the descriptor.
    func descriptor(_ group: UInt64) throws(ImageFault) -> Ext4GroupDescriptor {
        let offset = try descriptorOffset(group)
        let bytes = try source.read(at: offset, count: superblock.descriptorSize)
        let descriptor = try Ext4GroupDescriptor(parsing: bytes)
        if let expected = checksums.groupDescriptor(UInt32(truncatingIfNeeded: group), bytes),
            expected != descriptor.checksum
        {
            log.record(
                .checksumMismatch, "checksum of the descriptor of group \(group) does not match", at: offset)
        }
        return descriptor
    }

    /// Where the inode is stored, in bytes.
    private func offset(of inode: Ext4InodeNumber) throws(ImageFault) -> UInt64 {
        guard inode.rawValue >= 1, inode.rawValue <= superblock.inodeCount else {
            throw ImageFault(.corrupt, "inode \(inode) of \(superblock.inodeCount)")
        }
        let index = inode.rawValue - 1
        let descriptor = try descriptor(UInt64(index / superblock.inodesPerGroup))
        let start = UInt64(index % superblock.inodesPerGroup) * UInt64(superblock.inodeSize)
        try checkBlocks(
            descriptor.inodeTable, count: start / UInt64(blockSize) + 1, "the table with inode \(inode)")
        return offset(of: descriptor.inodeTable) + start
    }

    /// Reads an inode and checks what the kernel checks before it uses one.
    func inode(_ number: Ext4InodeNumber) throws(ImageFault) -> Ext4Inode {
        let offset = try offset(of: number)
        let raw = try source.read(at: offset, count: superblock.inodeSize)
        // Copied, so that a remembered inode does not keep the whole block it was read with.
        let inode = try Ext4Inode(
            parsing: Bytes(raw.array, origin: offset), number: number, superblock: superblock,
            checksums: checksums)
        guard inode.checksumHolds else { throw checksumFault("inode \(number)", at: offset) }
        return inode
    }
}
