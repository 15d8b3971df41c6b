import ByteReading

/// The fast commits behind the log (kernel documentation, filesystems/ext4/journal.rst, "Fast commits"): changes
/// to single files, told as changes and not as blocks. They are found here, not replayed.
struct FastCommitArea {
    private enum Tag {
        static let tail: UInt16 = 8
        static let head: UInt16 = 9
    }

    /// How many whole fast commits follow transaction `expected` - 1.
    static func count(in log: inout JournalLog, expected: UInt32) throws(ImageFault) -> Int {
        guard log.superblock.incompatible.contains(.fastCommit),
            log.superblock.end < log.superblock.blockCount
        else { return 0 }
        var count = 0
        var checksum: UInt32 = 0
        var isFirst = true
        // The block right behind the log stays unused.
        for number
            in (UInt64(log.superblock.end) + 1)..<Swift.max(
                UInt64(log.superblock.end) + 1, UInt64(log.superblock.blockCount))
        {
            let block = try log.block(number)
            var position = 0
            while position + 4 <= block.count {
                let tag: UInt16 = try block.little(at: position)
                let length = Int(try block.little(UInt16.self, at: position + 2))
                guard !isFirst || tag == Tag.head, tag >= 1, tag <= Tag.head,
                    position + 4 + length <= block.count
                else { return count }
                isFirst = false
                switch tag {
                case Tag.head:
                    guard length >= 8, try block.little(UInt32.self, at: position + 8) == expected
                    else { return count }
                    checksum = CRC32.castagnoli.update(
                        checksum, try block.slice(at: position, count: 4 + length))
                case Tag.tail:
                    guard length >= 8, try block.little(UInt32.self, at: position + 4) == expected
                    else { return count }
                    checksum = CRC32.castagnoli.update(checksum, try block.slice(at: position, count: 8))
                    guard try block.little(UInt32.self, at: position + 8) == checksum else { return count }
                    count += 1
                    checksum = 0
                default:
                    checksum = CRC32.castagnoli.update(
                        checksum, try block.slice(at: position, count: 4 + length))
                }
                position += 4 + length
            }
        }
        return count
    }
}
