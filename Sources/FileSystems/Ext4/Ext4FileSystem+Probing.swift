package import BlockIO
package import ByteReading

extension Ext4FileSystem {
    /// Whether the volume says it is ext2, ext3 or ext4: the magic at 0x438.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        let magic = try source.readUpTo(at: Ext4Superblock.byteOffset + 0x38, count: 2)
        return magic.starts(with: [0x53, 0xEF])
    }

    /// Whether a plausible copy of a superblock stands where mke2fs puts one: for volumes whose primary
    /// superblock is gone. Costs a read for each place and block size.
    package static func probeBackups(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try Ext4SuperblockCopy.first(on: source) != nil
    }
}
