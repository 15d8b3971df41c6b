import ByteReading
import FileSystemCore

/// What a subvolume says of one file (`struct btrfs_inode_item`).
struct BtrfsInode: Sendable {
    /// Bytes of the item.
    static let byteCount = 160
    /// Places of fields that a log replay writes.
    static let generationPlace = 0
    static let sizePlace = 16
    static let linkCountPlace = 40

    let number: UInt64
    let generation: UInt64
    let size: UInt64
    let linkCount: UInt32
    let owner: UInt32
    let group: UInt32
    let mode: UInt16
    let modified: Int64
    /// `BTRFS_INODE_*`; the upper half are `BTRFS_INODE_RO_*`.
    let flags: UInt64

    init(parsing raw: Bytes, number: UInt64) throws(ImageFault) {
        self.number = number
        generation = try raw.little(at: BtrfsInode.generationPlace)
        size = try raw.little(at: BtrfsInode.sizePlace)
        linkCount = try raw.little(at: BtrfsInode.linkCountPlace)
        owner = try raw.little(at: 44)
        group = try raw.little(at: 48)
        mode = UInt16(truncatingIfNeeded: try raw.little(UInt32.self, at: 52))
        flags = try raw.little(at: 64)
        modified = try raw.little(at: 136)
        guard size <= UInt64(Int64.max) else {
            throw ImageFault(.corrupt, "inode \(number) has \(size) bytes", at: raw.origin + 16)
        }
    }

    var type: FileType { FileType(mode: mode) }
    /// `BTRFS_INODE_NODATASUM`.
    var hasDataChecksums: Bool { flags & 1 == 0 }

    var info: FileInfo {
        var fileFlags: FileFlags = []
        if flags & (1 << 6) != 0 { fileFlags.insert(.immutable) }
        if flags & (1 << 7) != 0 { fileFlags.insert(.appendOnly) }
        if flags & (1 << 11) != 0 { fileFlags.insert(.compressed) }
        if flags & (1 << 32) != 0 { fileFlags.insert(.verity) }
        return FileInfo(
            type: type, permissions: mode & 0xFFF, owner: owner, group: group, size: size,
            linkCount: linkCount, modified: modified, flags: fileFlags)
    }
}
