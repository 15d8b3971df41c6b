import ByteReading
import FileSystemCore

/// One entry of a directory or one attribute (`struct btrfs_dir_item`). An item may hold several, whose names have
/// the same hash.
struct BtrfsDirectoryEntry: Sendable {
    private static let headSize = 30
    /// `BTRFS_NAME_LEN`.
    private static let longestName = 255

    /// The key of what the entry leads to: an inode, or the root of a subvolume.
    let location: BtrfsKey
    let name: [UInt8]
    /// The value of an attribute.
    let data: Bytes
    let type: FileType
    /// The entry as stored.
    let raw: Bytes

    /// All entries of an item.
    static func all(in item: Bytes) throws(ImageFault) -> [BtrfsDirectoryEntry] {
        var entries: [BtrfsDirectoryEntry] = []
        var position = 0
        while position < item.count {
            let entry = try BtrfsDirectoryEntry(parsing: item.dropFirst(position))
            entries.append(entry)
            position += entry.raw.count
        }
        return entries
    }

    private init(parsing bytes: Bytes) throws(ImageFault) {
        location = try BtrfsKey(parsing: bytes, at: 0)
        let dataLength = Int(try bytes.little(UInt16.self, at: 25))
        let nameLength = try bytes.little(UInt16.self, at: 27).bounded(
            to: BtrfsDirectoryEntry.longestName, "the length of a name")
        name = try bytes.slice(at: BtrfsDirectoryEntry.headSize, count: nameLength).array
        data = try bytes.slice(at: BtrfsDirectoryEntry.headSize + nameLength, count: dataLength)
        raw = bytes.prefix(BtrfsDirectoryEntry.headSize + nameLength + dataLength)
        let number = Int(try bytes.byte(at: 29))
        type = number < BtrfsDirectoryEntry.types.count ? BtrfsDirectoryEntry.types[number] : .unknown
    }

    /// `BTRFS_FT_*` by number.
    private static let types: [FileType] = [
        .unknown, .regular, .directory, .characterDevice, .blockDevice, .fifo, .socket, .symlink,
    ]

    /// An entry as it is stored, of an inode.
    static func encoded(_ name: [UInt8], inode: UInt64, type: FileType) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headSize)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: inode >> UInt64(index * 8)) }
        bytes[8] = BtrfsItemType.inode.rawValue
        bytes[27] = UInt8(truncatingIfNeeded: name.count)
        bytes[28] = UInt8(truncatingIfNeeded: name.count >> 8)
        bytes[29] = UInt8(truncatingIfNeeded: types.firstIndex(of: type) ?? 0)
        return bytes + name
    }
}
