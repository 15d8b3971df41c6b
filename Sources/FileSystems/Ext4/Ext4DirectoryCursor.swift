import ByteReading
import FileSystemCore

/// Walks the entries of one stretch of a directory (`struct ext4_dir_entry_2`), checking each as
/// `ext4_check_dir_entry` does.
struct Ext4DirectoryCursor {
    /// An entry in use; the name is a place in the stretch, so that a search copies nothing.
    struct Entry {
        let inode: UInt32
        let nameOffset: Int
        let nameLength: Int
        let type: FileType
    }

    private let bytes: Bytes
    private let hasTypes: Bool
    private let inodeCount: UInt32
    private var position = 0

    init(_ bytes: Bytes, volume: Ext4Volume) {
        self.bytes = bytes
        hasTypes = volume.superblock.incompatible.contains(.fileType)
        inodeCount = volume.superblock.inodeCount
    }

    /// The next entry in use; nil at the end.
    mutating func next() throws(ImageFault) -> Entry? {
        while position < bytes.count {
            let start = position
            guard bytes.count - start >= 8 else {
                throw ImageFault(.corrupt, "directory entry cut short", at: bytes.origin + UInt64(start))
            }
            let inode: UInt32 = try bytes.little(at: start)
            let length = try recordLength(at: start)
            let nameLength = Int(try bytes.byte(at: start + 6))
            guard length >= 12, length & 3 == 0, length >= (nameLength + 11) & ~3,
                length <= bytes.count - start
            else {
                throw ImageFault(
                    .corrupt, "directory entry of \(length) bytes with a name of \(nameLength)",
                    at: bytes.origin + UInt64(start))
            }
            position = start + length
            guard inode != 0 else { continue }
            guard inode <= inodeCount else {
                throw ImageFault(
                    .corrupt, "directory entry for inode \(inode) of \(inodeCount)",
                    at: bytes.origin + UInt64(start))
            }
            let type = hasTypes ? Ext4DirectoryCursor.type(try bytes.byte(at: start + 7)) : .unknown
            return Entry(inode: inode, nameOffset: start + 8, nameLength: nameLength, type: type)
        }
        return nil
    }

    /// `rec_len`, in which blocks of 64 KiB need bits 16 and 17 (`ext4_rec_len_from_disk`).
    private func recordLength(at start: Int) throws(ImageFault) -> Int {
        let stored = Int(try bytes.little(UInt16.self, at: start + 4))
        guard bytes.count >= 65536 else { return stored }
        return stored == 0xFFFF || stored == 0 ? 65536 : stored & 0xFFFC | (stored & 3) << 16
    }

    /// `file_type`, 0x07.
    private static func type(_ code: UInt8) -> FileType {
        let types: [FileType] = [
            .unknown, .regular, .directory, .characterDevice, .blockDevice, .fifo, .socket, .symlink,
        ]
        let index = Int(code & 7)
        return code < 8 ? types[index] : .unknown
    }
}
