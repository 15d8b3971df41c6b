import ByteReading
import FileSystemCore

/// One inode (`union squashfs_inode`, fs/squashfs/squashfs_fs.h): a head of 16 bytes, then what its kind needs.
struct SquashInode {
    /// Where a directory's listing stands.
    struct Listing {
        /// Bytes from the start of the directory table to the metadata block.
        var block: UInt32
        /// Bytes into the unpacked block.
        var offset: UInt16
        /// Entries of its index, which stand behind the inode.
        var indexCount: Int
    }

    /// Where a file's content stands.
    struct Content {
        /// Where its first block lies in the image.
        var start: UInt64
        /// The fragment that holds its end; nil when it has none.
        var fragment: UInt32?
        /// Bytes into that fragment.
        var fragmentOffset: UInt32
        /// How many blocks of its own it has; their lengths stand behind the inode.
        var blockCount: UInt64
    }

    enum Body {
        case directory(Listing)
        case file(Content)
        case link
        case other
    }

    let type: FileType
    let permissions: UInt16
    /// Numbers of entries in the id table.
    let ownerIndex: UInt16
    let groupIndex: UInt16
    /// Seconds since 1970.
    let modified: UInt32
    /// In bytes; of a directory that of its listing.
    let size: UInt64
    let linkCount: UInt32
    let body: Body
    /// Stands behind the fixed part: at the lengths of blocks, the index, the target of a link.
    let rest: SquashCursor

    private static let noFragment: UInt32 = 0xFFFF_FFFF

    init(_ cursor: SquashCursor, blockSize: Int) throws(ImageFault) {
        var cursor = cursor
        let head = try cursor.read(16)
        let kind: UInt16 = try head.little(at: 0)
        permissions = try head.little(UInt16.self, at: 2) & 0xFFF
        ownerIndex = try head.little(at: 4)
        groupIndex = try head.little(at: 6)
        modified = try head.little(at: 8)
        switch kind {
        case 1:
            let fields = try cursor.read(16)
            type = .directory
            linkCount = try fields.little(at: 4)
            size = UInt64(try fields.little(UInt16.self, at: 8))
            body = .directory(
                Listing(block: try fields.little(at: 0), offset: try fields.little(at: 10), indexCount: 0))
        case 8:
            let fields = try cursor.read(24)
            type = .directory
            linkCount = try fields.little(at: 0)
            size = UInt64(try fields.little(UInt32.self, at: 4))
            body = .directory(
                Listing(
                    block: try fields.little(at: 8), offset: try fields.little(at: 18),
                    indexCount: Int(try fields.little(UInt16.self, at: 16))))
        case 2:
            let fields = try cursor.read(16)
            type = .regular
            linkCount = 1
            size = UInt64(try fields.little(UInt32.self, at: 12))
            body = .file(
                try Self.content(
                    start: UInt64(try fields.little(UInt32.self, at: 0)), fields, at: 4, size, blockSize))
        case 9:
            let fields = try cursor.read(40)
            type = .regular
            size = try fields.little(at: 8)
            linkCount = try fields.little(at: 24)
            body = .file(try Self.content(start: try fields.little(at: 0), fields, at: 28, size, blockSize))
        case 3, 10:
            let fields = try cursor.read(8)
            type = .symlink
            linkCount = try fields.little(at: 0)
            size = UInt64(try fields.little(UInt32.self, at: 4))
            body = .link
        case 4, 5, 6, 7, 11, 12, 13, 14:
            type = [.blockDevice, .characterDevice, .fifo, .socket][Int((kind - 4) % 7)]
            linkCount = try cursor.read(4).little(at: 0)
            size = 0
            body = .other
        default: throw ImageFault(.corrupt, "inode of type \(kind)", at: head.origin)
        }
        rest = cursor
    }

    private static func content(
        start: UInt64, _ fields: Bytes, at offset: Int, _ size: UInt64, _ blockSize: Int
    ) throws(ImageFault) -> Content {
        let fragment: UInt32 = try fields.little(at: offset)
        let width = UInt64(blockSize)
        let hasFragment = fragment != noFragment
        let whole = size / width
        return Content(
            start: start, fragment: hasFragment ? fragment : nil,
            fragmentOffset: try fields.little(at: offset + 4),
            blockCount: hasFragment || size % width == 0 ? whole : whole + 1)
    }
}
