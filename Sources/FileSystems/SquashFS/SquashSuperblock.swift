import ByteReading

/// The superblock: the first 96 bytes, all numbers little-endian (`struct squashfs_super_block`,
/// fs/squashfs/squashfs_fs.h).
struct SquashSuperblock {
    static let byteCount = 96
    /// `SQUASHFS_INVALID_BLK`: a table that is not there.
    static let absent = UInt64.max

    let inodeCount: UInt32
    /// When it was made, in seconds since 1970.
    let made: UInt32
    /// Bytes of a data block: 4 KiB to 1 MiB.
    let blockSize: Int
    let fragmentCount: UInt32
    let compressor: SquashCompressor
    let idCount: Int
    let root: SquashInodeReference
    /// Bytes of the file system, padding not counted.
    let bytesUsed: UInt64
    let idTableStart: UInt64
    let inodeTableStart: UInt64
    let directoryTableStart: UInt64
    let fragmentTableStart: UInt64

    /// Parses and checks what `squashfs_fill_super` (fs/squashfs/super.c) checks.
    init(parsing block: Bytes) throws(ImageFault) {
        guard try block.little(UInt32.self, at: 0) == 0x7371_7368 else {
            throw ImageFault(.corrupt, "no squashfs: its magic number is missing", at: block.origin)
        }
        let major: UInt16 = try block.little(at: 28)
        let minor: UInt16 = try block.little(at: 30)
        guard major == 4, minor == 0 else {
            throw ImageFault(.unsupported, "squashfs \(major).\(minor); 4.0 is read", at: 28)
        }
        inodeCount = try block.little(at: 4)
        made = try block.little(at: 8)
        blockSize = try powerOfTwo(try block.little(UInt16.self, at: 22), in: 12...20, "block size (log)")
        let stated: UInt32 = try block.little(at: 12)
        guard stated == UInt32(blockSize) else {
            throw ImageFault(.corrupt, "block size \(stated), and its logarithm says \(blockSize)", at: 12)
        }
        fragmentCount = try block.little(at: 16)
        compressor = try SquashCompressor(identifier: try block.little(at: 20))
        idCount = Int(try block.little(UInt16.self, at: 26))
        root = SquashInodeReference(rawValue: try block.little(at: 32))
        bytesUsed = try block.little(at: 40)
        idTableStart = try block.little(at: 48)
        inodeTableStart = try block.little(at: 64)
        directoryTableStart = try block.little(at: 72)
        fragmentTableStart = try block.little(at: 80)
        guard idCount > 0 else { throw ImageFault(.corrupt, "no owners in the id table", at: 26) }
        guard inodeTableStart < directoryTableStart, directoryTableStart < bytesUsed else {
            throw ImageFault(
                .corrupt,
                "inode table at \(inodeTableStart), directories at \(directoryTableStart), end at \(bytesUsed)",
                at: 64)
        }
    }
}

/// Where an inode stands: a metadata block, counted in bytes from the start of the inode table, and a place in
/// what that block unpacks to.
struct SquashInodeReference: Hashable {
    let rawValue: UInt64

    /// Bytes from the start of the table to the metadata block.
    var block: UInt64 { (rawValue >> 16) & 0xFFFF_FFFF }
    /// Bytes into the unpacked block.
    var offset: Int { Int(rawValue & 0xFFFF) }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(block: UInt32, offset: UInt16) { rawValue = UInt64(block) << 16 | UInt64(offset) }
}
