import ByteReading
import FileSystemCore

/// An entry of a directory as it is stored; the name is a place in its window, so that a search copies nothing.
struct XFSDirectoryEntry {
    let inode: XFSInodeNumber
    let window: Bytes
    let nameOffset: Int
    let nameLength: Int
    let type: FileType

    func name() throws(ImageFault) -> FileName {
        FileName(try window.slice(at: nameOffset, count: nameLength).array)
    }
}

/// A block of a directory's data (XFS Algorithms & Data Structures, "Block Directories" and "Leaf
/// Directories"): a header, entries and unused stretches, in a block directory followed by its own hash list.
struct XFSDirectoryBlock {
    /// In a block directory entries, hash list and counts share the block.
    let isWhole: Bool
    let bytes: Bytes
    private let hasTypes: Bool
    private let start: Int
    /// Where entries end.
    private let end: Int
    /// Entries of the hash list; zero where it is elsewhere.
    let leafCount: Int

    /// Checks the header. Throws `corrupt` when it is not a data block of that kind.
    init(
        _ bytes: Bytes, isWhole: Bool, isChanged: Bool, volume: XFSVolume, name: String
    ) throws(ImageFault) {
        self.bytes = bytes
        self.isWhole = isWhole
        hasTypes = volume.superblock.hasFileTypes
        let isV5 = volume.superblock.isV5
        // "XDB3", "XDD3"; "XD2B", "XD2D".
        let magic: UInt32 =
            isV5 ? (isWhole ? 0x5844_4233 : 0x5844_4433) : (isWhole ? 0x5844_3242 : 0x5844_3244)
        guard try bytes.big(UInt32.self, at: 0) == magic else {
            throw ImageFault(.corrupt, "\(name): directory block without magic", at: bytes.origin)
        }
        try volume.checkHeader(
            bytes, checksum: 4, address: 8, uuid: 24, isChanged: isChanged, "\(name), directory block")
        start = isV5 ? 64 : 16
        if isWhole {
            let room = (bytes.count - 8 - start) / 8
            leafCount = try bytes.big(UInt32.self, at: bytes.count - 8).bounded(
                to: room, "\(name): the hash list's length")
            end = bytes.count - 8 - leafCount * 8
        } else {
            leafCount = 0
            end = bytes.count
        }
    }

    /// An entry of the hash list: the hash of a name and the place of its entry, in units of eight bytes.
    func leaf(_ index: Int) throws(ImageFault) -> (hash: UInt32, address: UInt32) {
        let place = end + index * 8
        return (try bytes.big(at: place), try bytes.big(at: place + 4))
    }

    /// The entry at `position`, which must be in use.
    func entry(at position: Int) throws(ImageFault) -> XFSDirectoryEntry {
        guard position >= start, position < end, position & 7 == 0 else {
            throw ImageFault(
                .corrupt, "directory entry at \(position) of \(end)", at: bytes.origin)
        }
        let length = Int(try bytes.byte(at: position + 8))
        guard length > 0, position + size(length) <= end else {
            throw ImageFault(
                .corrupt, "directory entry with a name of \(length)", at: bytes.origin + UInt64(position))
        }
        let type = hasTypes ? try XFSDirectoryBlock.type(bytes.byte(at: position + 9 + length)) : .unknown
        return XFSDirectoryEntry(
            inode: XFSInodeNumber(try bytes.big(at: position)), window: bytes, nameOffset: position + 9,
            nameLength: length, type: type)
    }

    /// The bytes an entry takes: inode, length, name, type, and a tag with its own place, to eight bytes.
    private func size(_ nameLength: Int) -> Int { (8 + 1 + nameLength + (hasTypes ? 1 : 0) + 2 + 7) & ~7 }

    /// Every entry in use but "." and "..".
    func forEachEntry(_ body: (XFSDirectoryEntry) throws(ImageFault) -> Void) throws(ImageFault) {
        var position = start
        while position < end {
            if try bytes.big(UInt16.self, at: position) == 0xFFFF {
                let length = Int(try bytes.big(UInt16.self, at: position + 2))
                guard length >= 8, length & 7 == 0, length <= end - position else {
                    throw ImageFault(
                        .corrupt, "unused stretch of \(length) bytes in a directory",
                        at: bytes.origin + UInt64(position))
                }
                position += length
                continue
            }
            let entry = try entry(at: position)
            position += size(entry.nameLength)
            let isDots =
                entry.nameLength <= 2
                && bytes.starts(with: Array("..".utf8.prefix(entry.nameLength)), at: entry.nameOffset)
            if !isDots { try body(entry) }
        }
    }

    /// `ftype` of an entry ("Directory Entry Types").
    static func type(_ code: UInt8) -> FileType {
        switch code {
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
