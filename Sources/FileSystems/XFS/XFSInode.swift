import ByteReading
import FileSystemCore

/// An inode (XFS Algorithms & Data Structures, "On-disk Inode"; offsets are those of `struct xfs_dinode`).
struct XFSInode: Sendable {
    /// How a fork is stored: `di_format`, `di_aformat`.
    enum Format: UInt8, Sendable {
        case device = 0
        case local = 1
        case extents = 2
        case tree = 3
        case uuid = 4
        case metadataTree = 5
    }

    /// One of the two areas behind the fields.
    struct Fork: Sendable {
        let format: Format
        /// The bytes of the fork inside the inode.
        let area: Bytes
        /// `di_nextents` or `di_anextents`.
        let extentCount: UInt64
        /// For messages: "inode 131".
        let name: String
    }

    let number: XFSInodeNumber
    /// The whole inode.
    let raw: Bytes
    /// `di_mode`, 0x02.
    let mode: UInt16
    /// `di_size`, 0x38, in bytes.
    let size: UInt64
    /// `di_flags`, 0x5A, bit 0: contents are on the realtime device.
    let isRealtime: Bool
    let info: FileInfo
    let data: Fork
    /// Nil when the inode has no attributes.
    let attributes: Fork?

    var type: FileType { info.type }

    init(parsing raw: Bytes, number: XFSInodeNumber, superblock: XFSSuperblock) throws(ImageFault) {
        func require(_ condition: Bool, _ field: Int, _ message: @autoclosure () -> String) throws(ImageFault)
        {
            guard condition else {
                throw ImageFault(.corrupt, "inode \(number) \(message())", at: raw.origin + UInt64(field))
            }
        }
        self.number = number
        self.raw = raw
        try require(try raw.big(UInt16.self, at: 0) == 0x494E, 0, "has no magic")
        let version = try raw.byte(at: 4)
        try require(
            superblock.isV5 ? version == 3 : version == 1 || version == 2, 4, "has version \(version)")
        var flags2: UInt64 = 0
        if superblock.isV5 {
            let stored: UInt64 = try raw.big(at: 152)
            try require(stored == number.rawValue, 152, "says it is inode \(stored)")
            try require(
                try GUID(bigEndian: raw, at: 160) == superblock.metadataUUID, 160, "belongs to another volume"
            )
            flags2 = try raw.big(at: 120)
        }
        mode = try raw.big(at: 2)
        try require(mode != 0, 2, "is free")
        size = try raw.big(at: 56)
        let type = FileType(mode: mode)
        try require(type != .unknown, 2, "has mode 0\(String(mode, radix: 8))")
        try require(size <= UInt64(Int64.max), 56, "has \(size) bytes")
        let flags: UInt16 = try raw.big(at: 90)
        isRealtime = type == .regular && flags & 1 != 0
        var fileFlags: FileFlags = []
        if flags & 1 << 3 != 0 { fileFlags.insert(.immutable) }
        if flags & 1 << 4 != 0 { fileFlags.insert(.appendOnly) }
        info = FileInfo(
            type: type, permissions: mode & 0o7777, owner: try raw.big(at: 8), group: try raw.big(at: 12),
            size: size,
            linkCount: version == 1 ? UInt32(try raw.big(UInt16.self, at: 6)) : try raw.big(at: 16),
            modified: try XFSInode.seconds(raw, at: 40, isBig: flags2 & 8 != 0), flags: fileFlags)

        let literal = raw.dropFirst(superblock.inodeCoreSize)
        let forkOffset = Int(try raw.byte(at: 82)) * 8
        try require(forkOffset < literal.count, 82, "has its attributes at \(forkOffset)")
        let hasLongCounts = flags2 & 0x10 != 0
        let name = "inode \(number)"
        func format(_ field: Int) throws(ImageFault) -> Format {
            let code = try raw.byte(at: field)
            guard let format = Format(rawValue: code) else {
                throw ImageFault(
                    .corrupt, "\(name) has a fork of format \(code)", at: raw.origin + UInt64(field))
            }
            return format
        }
        data = Fork(
            format: try format(5), area: forkOffset == 0 ? literal : literal.prefix(forkOffset),
            extentCount: hasLongCounts ? try raw.big(at: 24) : UInt64(try raw.big(UInt32.self, at: 76)),
            name: name)
        if forkOffset == 0 {
            attributes = nil
        } else {
            attributes = Fork(
                format: try format(83), area: literal.dropFirst(forkOffset),
                extentCount: hasLongCounts
                    ? UInt64(try raw.big(UInt32.self, at: 76)) : UInt64(try raw.big(UInt16.self, at: 80)),
                name: "\(name), attributes")
        }
    }

    /// A time in whole seconds since 1970: 64 bits of nanoseconds from 1901 on, or two signed halves
    /// ("Timestamps").
    private static func seconds(_ raw: Bytes, at field: Int, isBig: Bool) throws(ImageFault) -> Int64 {
        guard isBig else { return Int64(try raw.big(Int32.self, at: field)) }
        let nanoseconds: UInt64 = try raw.big(at: field)
        return Int64(nanoseconds / 1_000_000_000) - 1 << 31
    }
}
