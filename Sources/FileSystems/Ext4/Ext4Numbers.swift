/// A block of the volume, counted in file system blocks from its start.
struct Ext4BlockNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    let rawValue: UInt64
    init(_ rawValue: UInt64) { self.rawValue = rawValue }

    static func < (a: Ext4BlockNumber, b: Ext4BlockNumber) -> Bool { a.rawValue < b.rawValue }
    var description: String { String(rawValue) }
}

/// The number of an inode; the first is 1.
struct Ext4InodeNumber: Hashable, Sendable, CustomStringConvertible {
    let rawValue: UInt32
    init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// `EXT4_ROOT_INO`.
    static let root = Ext4InodeNumber(2)
    var description: String { String(rawValue) }
}

/// A run of a file's blocks that lie one after another on the volume. What no extent covers is a hole.
struct Ext4Extent: Sendable, Hashable {
    /// The first block of the run, counted in blocks from the start of the file.
    var logical: UInt64
    /// In blocks; never zero.
    var count: UInt64
    /// Where the run starts on the volume.
    var physical: Ext4BlockNumber
    /// False for space that is allocated but reads as zeros.
    var isWritten: Bool

    /// The first block of the file behind the run.
    var end: UInt64 { logical + count }
}
