import ByteReading

/// One block group's descriptor (kernel documentation, filesystems/ext4/group_descr.rst).
struct Ext4GroupDescriptor: Sendable {
    /// `bg_inode_table_lo`, 0x08, and `_hi`, 0x28.
    let inodeTable: Ext4BlockNumber
    /// `bg_block_bitmap_lo`, 0x00, and `_hi`, 0x20.
    let blockBitmap: Ext4BlockNumber
    /// `bg_inode_bitmap_lo`, 0x04, and `_hi`, 0x24.
    let inodeBitmap: Ext4BlockNumber
    /// `bg_free_blocks_count_lo`, 0x0C, and `_hi`, 0x2C; in clusters.
    let freeClusterCount: UInt32
    /// `bg_free_inodes_count_lo`, 0x0E, and `_hi`, 0x2E.
    let freeInodeCount: UInt32
    /// `bg_checksum`, 0x1E.
    let checksum: UInt16

    /// Reads a descriptor of 32 bytes, or of 64 and more where the volume is 64bit.
    init(parsing bytes: Bytes) throws(ImageFault) {
        let isWide = bytes.count >= 64
        func block(_ low: Int, _ high: Int) throws(ImageFault) -> Ext4BlockNumber {
            let upper: UInt32 = isWide ? try bytes.little(at: high) : 0
            return Ext4BlockNumber(UInt64(upper) << 32 | UInt64(try bytes.little(UInt32.self, at: low)))
        }
        func count(_ low: Int, _ high: Int) throws(ImageFault) -> UInt32 {
            let upper: UInt16 = isWide ? try bytes.little(at: high) : 0
            return UInt32(upper) << 16 | UInt32(try bytes.little(UInt16.self, at: low))
        }
        blockBitmap = try block(0x00, 0x20)
        inodeBitmap = try block(0x04, 0x24)
        inodeTable = try block(0x08, 0x28)
        freeClusterCount = try count(0x0C, 0x2C)
        freeInodeCount = try count(0x0E, 0x2E)
        checksum = try bytes.little(at: 0x1E)
    }
}
