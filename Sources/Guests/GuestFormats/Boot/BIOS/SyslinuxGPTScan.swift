import ByteReading

/// What the program of Syslinux for GPT looks for (mbr/gptmbr.S): the partition whose attribute for legacy boot is
/// set. It reads the primary header, checks nothing of it, and knows no backup.
struct SyslinuxGPTScan {
    /// An entry that is marked.
    struct Entry: Hashable, Sendable {
        /// Its number, from 1.
        let number: Int
        /// Where the partition starts, in bytes.
        let offset: UInt64
    }

    /// The entries that are marked; the program starts the only one, and refuses several.
    let marked: [Entry]

    private static let sectorSize: UInt64 = 512
    /// What fits between the table and the end of the segment; the program takes more for granted.
    private static let largestTable: UInt32 = 32 << 10
    private static let legacyBoot: UInt8 = 1 << 2

    /// Reads the table as the program does. An `unsupported` fault where it is larger than the program allows for.
    init(reading disk: ContentSource) throws(ImageFault) {
        let header = try disk.read(at: Self.sectorSize, count: 512)
        let first: UInt64 = try header.little(at: 72)
        let count = try header.little(UInt16.self, at: 80)
        let entrySize = try header.little(UInt16.self, at: 84)
        let size = UInt32(count) * UInt32(entrySize)
        guard size <= Self.largestTable else {
            throw ImageFault(
                .unsupported, "a GPT of \(size) bytes, which is more than Syslinux allows for",
                at: header.origin)
        }
        // In a header of zeros it looks at one place over and over again, and finds nothing or several.
        guard size > 0 else {
            marked = []
            return
        }
        // One sector more than there are is read, which the last entry may reach into.
        let table = try disk.read(
            at: try first.multiplied(by: Self.sectorSize), count: (Int(size) / 512 + 1) * 512)
        var marked: [Entry] = []
        for index in 0..<Int(count) {
            let entry = table.dropFirst(index * Int(entrySize))
            guard !(try entry.slice(at: 0, count: 16)).isAllZero,
                try entry.byte(at: 48) & Self.legacyBoot != 0
            else { continue }
            let start: UInt64 = try entry.little(at: 32)
            marked.append(Entry(number: index + 1, offset: try start.multiplied(by: Self.sectorSize)))
        }
        self.marked = marked
    }
}
