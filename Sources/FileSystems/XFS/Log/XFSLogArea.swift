import BlockIO
import ByteReading

/// The bytes of the log: a ring of blocks of 512 bytes (XFS Algorithms & Data Structures, "Journaling Log").
struct XFSLogArea: Sendable {
    /// `BBSIZE`: the unit in which the log counts, whatever the sectors of the device.
    static let blockSize = 512

    private let source: any BlockSource
    /// Where the log starts on the volume, in bytes.
    private let start: UInt64
    /// Blocks of 512 bytes.
    let blockCount: Int
    /// Whether records may be longer than 32 KiB.
    let isV2: Bool
    let isV5: Bool
    /// What records must carry.
    let uuid: GUID

    /// The internal log of a volume. Throws `corrupt` when it does not lie in the volume.
    init(_ volume: XFSVolume) throws(ImageFault) {
        let superblock = volume.superblock
        source = volume.source
        start = try volume.offset(
            of: superblock.logStart, count: UInt64(superblock.logBlockCount), "the log")
        // At most 2 GiB, by the superblock's check.
        blockCount = Int(superblock.logBlockCount) * volume.blockSize / XFSLogArea.blockSize
        isV2 = superblock.versionBits.contains(.logV2)
        isV5 = superblock.isV5
        uuid = superblock.uuid
        guard blockCount >= 8 else { throw ImageFault(.corrupt, "a log of \(blockCount) blocks") }
    }

    /// Where a block of the log is on the volume, in bytes.
    func offset(of block: Int) -> UInt64 { start + UInt64(block) * UInt64(XFSLogArea.blockSize) }

    /// Reads blocks that do not go around the end.
    func read(at block: Int, count: Int) throws(ImageFault) -> Bytes {
        guard block >= 0, count >= 0, block <= blockCount, count <= blockCount - block else {
            throw ImageFault(.corrupt, "blocks \(block) to \(block + count) of a log of \(blockCount)")
        }
        return try source.read(at: offset(of: block), count: count * XFSLogArea.blockSize)
    }

    /// Reads blocks that may go around the end of the ring.
    func readRing(at block: Int, count: Int) throws(ImageFault) -> Bytes {
        let rest = blockCount - block
        if count <= rest { return try read(at: block, count: count) }
        let first = try read(at: block, count: rest)
        let second = try read(at: 0, count: count - rest)
        return Bytes(first.array + second.array, origin: first.origin)
    }

    /// A block of the ring behind another.
    func block(_ block: Int, plus count: Int) -> Int { (block + count) % blockCount }

    /// Blocks from `first` on to `second`, around the end where it has to be.
    func distance(from first: Int, to second: Int) -> Int {
        second >= first ? second - first : second + blockCount - first
    }

    /// The cycle a block was written in: in its second word where a record starts, else in its first
    /// (`xlog_get_cycle`).
    static func cycle(_ blocks: Bytes, at index: Int = 0) throws(ImageFault) -> UInt32 {
        let first: UInt32 = try blocks.big(at: index * blockSize)
        return first == XFSLogRecord.magic ? try blocks.big(at: index * blockSize + 4) : first
    }

    func cycle(of block: Int) throws(ImageFault) -> UInt32 {
        try XFSLogArea.cycle(try read(at: block, count: 1))
    }
}
