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
        type =
            switch try bytes.byte(at: 29) {
            case 1: .regular
            case 2: .directory
            case 3: .characterDevice
            case 4: .blockDevice
            case 5: .fifo
            case 6: .socket
            case 7: .symlink
            default: .unknown
            }
    }
}
