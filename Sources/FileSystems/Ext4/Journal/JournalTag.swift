import ByteReading

/// Says where one block of a transaction belongs (`journal_block_tag_t`, `journal_block_tag3_t`).
struct JournalTag: Sendable {
    private static let escaped: UInt16 = 1
    private static let sameUUID: UInt16 = 2
    private static let last: UInt16 = 8

    let block: Ext4BlockNumber
    /// Whether the block began with the journal's magic, which the log holds as zeros.
    let isEscaped: Bool
    /// The stored checksum; only its low sixteen bits before version 3.
    let checksum: UInt32

    /// The tags of a descriptor block, in the order of the blocks that follow it.
    static func all(in descriptor: Bytes, _ superblock: JournalSuperblock) throws(ImageFault) -> [JournalTag]
    {
        let isV3 = superblock.incompatible.contains(.checksumV3)
        let isV2 = superblock.incompatible.contains(.checksumV2)
        let width = isV3 ? 16 : 8 + (isV2 ? 2 : 0) + (superblock.is64Bit ? 4 : 0)
        let end = descriptor.count - (superblock.hasBlockChecksums ? 4 : 0)
        var tags: [JournalTag] = []
        var position = 12
        while position + width <= end {
            let low = UInt64(try descriptor.big(UInt32.self, at: position))
            // Version 3 has flags of 32 bits at 4, the others of 16 at 6: the same low half.
            let flags: UInt16 = try descriptor.big(at: position + 6)
            let high = superblock.is64Bit ? UInt64(try descriptor.big(UInt32.self, at: position + 8)) : 0
            let checksum =
                isV3
                ? try descriptor.big(UInt32.self, at: position + 12)
                : UInt32(try descriptor.big(UInt16.self, at: position + 4))
            tags.append(
                JournalTag(
                    block: Ext4BlockNumber(high << 32 | low), isEscaped: flags & escaped != 0,
                    checksum: checksum))
            position += width + (flags & sameUUID == 0 ? 16 : 0)
            if flags & last != 0 { break }
        }
        return tags
    }
}
