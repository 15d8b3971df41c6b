import BlockIO
import ByteReading
import FileSystemCore

/// What every part of the reader stands on: the bytes, the geometry, the checksums, and where findings go.
struct XFSVolume: Sendable {
    let source: any BlockSource
    /// What a replayed log changed; its checksums are not on the disk yet.
    let overlay: XFSLogOverlay?
    let superblock: XFSSuperblock
    let log: ConditionLog
    let verified = XFSVerifiedBlocks()

    var blockSize: Int { superblock.blockSize }

    /// Where `count` blocks from `block` start, in bytes. Throws `corrupt` unless they lie in one group and in
    /// the volume.
    func offset(
        of block: XFSBlockNumber, count: UInt64 = 1, _ what: @autoclosure () -> String
    ) throws(ImageFault) -> UInt64 {
        let group = block.rawValue >> UInt64(superblock.groupBlockLog)
        let inside = block.rawValue & (1 << UInt64(superblock.groupBlockLog) - 1)
        let perGroup = UInt64(superblock.blocksPerGroup)
        // The geometry was checked, so that no product of numbers in range overflows.
        guard group < UInt64(superblock.groupCount), inside < perGroup, count <= perGroup - inside,
            group * perGroup + inside < superblock.blockCount,
            count <= superblock.blockCount - (group * perGroup + inside)
        else {
            throw ImageFault(
                .corrupt,
                "\(what()) lies outside the volume (block \(inside) of group \(group), \(count) of "
                    + "\(superblock.blockCount) blocks)")
        }
        return (group * perGroup + inside) * UInt64(blockSize)
    }

    /// Reads one block.
    func block(_ block: XFSBlockNumber, _ what: @autoclosure () -> String) throws(ImageFault) -> Bytes {
        try source.read(at: offset(of: block, what()), count: blockSize)
    }

    /// Notes a checksum that does not match and makes the fault for it.
    func checksumFault(_ what: String, at offset: UInt64) -> ImageFault {
        let message = "checksum of \(what) does not match"
        log.record(.checksumMismatch, message, at: offset)
        return ImageFault(.corrupt, message, at: offset)
    }

    /// Whether the checksum of `bytes`, stored little-endian at `field`, is right. What a log changed has none
    /// yet: its records had their own.
    func checksumHolds(_ bytes: Bytes, at field: Int) throws(ImageFault) -> Bool {
        if let overlay, overlay.changes(bytes.origin, count: bytes.count) { return true }
        if verified.contains(bytes.origin, count: bytes.count) { return true }
        guard try XFSChecksum.holds(bytes, at: field) else { return false }
        verified.insert(bytes.origin, count: bytes.count)
        return true
    }

    /// Checks the parts that metadata of version 5 carries: checksum, owner of the volume, own address.
    ///
    /// - Parameters:
    ///   - checksum, address, uuid: offsets of the fields in `bytes`.
    ///   - isChanged: whether a part of `bytes` that lies elsewhere was changed by the log.
    func checkHeader(
        _ bytes: Bytes, checksum: Int, address: Int, uuid: Int, isChanged: Bool = false,
        _ what: @autoclosure () -> String
    ) throws(ImageFault) {
        guard superblock.isV5 else { return }
        if !isChanged, try !checksumHolds(bytes, at: checksum) {
            throw checksumFault(what(), at: bytes.origin)
        }
        let stored: UInt64 = try bytes.big(at: address)
        guard stored == bytes.origin / 512 else {
            throw ImageFault(
                .corrupt, "\(what()) says it is sector \(stored), not \(bytes.origin / 512)",
                at: bytes.origin + UInt64(address))
        }
        guard try GUID(bigEndian: bytes, at: uuid) == superblock.metadataUUID else {
            throw ImageFault(
                .corrupt, "\(what()) belongs to another volume", at: bytes.origin + UInt64(uuid))
        }
    }
}

/// CRC-32C as XFS stores it: little-endian, over a structure in which its own field counts as zero.
enum XFSChecksum {
    /// Whether the checksum at `field` fits `bytes`.
    static func holds(_ bytes: Bytes, at field: Int) throws(ImageFault) -> Bool {
        let stored: UInt32 = try bytes.little(at: field)
        return stored == value(of: bytes, at: field)
    }

    /// What the checksum at `field` has to be.
    static func value(of bytes: Bytes, at field: Int) -> UInt32 {
        let crc = CRC32.castagnoli
        var register = crc.update(~0, bytes.prefix(field))
        register = crc.update(register, Bytes([0, 0, 0, 0]))
        return ~crc.update(register, bytes.dropFirst(field + 4))
    }
}

extension XFSVolume {
    /// Where the inode is stored, in bytes.
    func offset(of inode: XFSInodeNumber) throws(ImageFault) -> UInt64 {
        let block = XFSBlockNumber(inode.rawValue >> UInt64(superblock.inodesPerBlockLog))
        let index = inode.rawValue & (1 << UInt64(superblock.inodesPerBlockLog) - 1)
        let start = try offset(of: block, "inode \(inode)")
        // The first four sectors of a group are its headers.
        guard
            start % (UInt64(superblock.blocksPerGroup) * UInt64(blockSize))
                >= UInt64(4 * superblock.sectorSize)
        else {
            throw ImageFault(.corrupt, "inode \(inode) lies in the headers of its group", at: start)
        }
        return start + index * UInt64(superblock.inodeSize)
    }

    /// Reads an inode and checks what the kernel checks before it uses one (`xfs_dinode_verify`).
    func inode(_ number: XFSInodeNumber) throws(ImageFault) -> XFSInode {
        let offset = try offset(of: number)
        let raw = try source.read(at: offset, count: superblock.inodeSize)
        // Copied, so that a remembered inode does not keep the whole block it was read with.
        let inode = try XFSInode(
            parsing: Bytes(raw.array, origin: offset), number: number, superblock: superblock)
        if superblock.isV5, try !checksumHolds(inode.raw, at: 100) {
            throw checksumFault("inode \(number)", at: offset)
        }
        return inode
    }
}
