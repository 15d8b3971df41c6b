/// A block of the volume as metadata names it: the group in the high bits, the block in the group in the low
/// `sb_agblklog` bits (`xfs_fsblock_t`). It is no distance from the start of the volume.
struct XFSBlockNumber: Hashable, Sendable, CustomStringConvertible {
    let rawValue: UInt64
    init(_ rawValue: UInt64) { self.rawValue = rawValue }

    var description: String { String(rawValue) }
}

/// The number of an inode: group, block in the group and place in the block, packed (`xfs_ino_t`).
struct XFSInodeNumber: Hashable, Sendable, CustomStringConvertible {
    let rawValue: UInt64
    init(_ rawValue: UInt64) { self.rawValue = rawValue }

    var description: String { String(rawValue) }
}

/// A position in the log of changes: the cycle in the high half, the 512-byte block in the low (`xfs_lsn_t`).
/// It orders as the number does.
struct XFSLogPosition: Hashable, Sendable, Comparable {
    let rawValue: UInt64
    init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// In blocks of 512 bytes from the start of the log.
    var block: UInt64 { rawValue & 0xFFFF_FFFF }
    /// Whether it says anything: zero and minus one do not.
    var isKnown: Bool { rawValue != 0 && rawValue != .max }

    static func < (a: XFSLogPosition, b: XFSLogPosition) -> Bool { a.rawValue < b.rawValue }
}

/// A run of a fork's blocks that lie one after another on the volume. What no extent covers is a hole.
struct XFSExtent: Sendable, Hashable {
    /// The first block of the run, counted in blocks from the start of the fork.
    var logical: UInt64
    /// In blocks; never zero.
    var count: UInt64
    /// Where the run starts on the volume.
    var physical: XFSBlockNumber
    /// False for space that is allocated but reads as zeros.
    var isWritten: Bool

    /// The first block of the fork behind the run.
    var end: UInt64 { logical + count }

    /// The part of the run inside `range`; nil when there is none.
    func clamped(to range: Range<UInt64>) -> XFSExtent? {
        let first = Swift.max(logical, range.lowerBound)
        let last = Swift.min(end, range.upperBound)
        guard first < last else { return nil }
        return XFSExtent(
            logical: first, count: last - first,
            physical: XFSBlockNumber(physical.rawValue + (first - logical)), isWritten: isWritten)
    }
}
