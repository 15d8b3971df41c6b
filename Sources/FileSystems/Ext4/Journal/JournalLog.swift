import BlockIO
import ByteReading

/// The blocks of a journal by their number in it, read ahead in order.
struct JournalLog {
    private static let readAhead: UInt64 = 256 << 10

    let volume: Ext4Volume
    let superblock: JournalSuperblock
    private let extents: [Ext4Extent]
    private var window = Bytes([])
    private var windowStart: UInt64 = 0

    /// Opens the journal in `inode`.
    init(volume: Ext4Volume, inode: Ext4Inode) throws(ImageFault) {
        let width = UInt64(volume.blockSize)
        let available = inode.size / width
        let firstBlock = try volume.contents(of: inode, count: volume.blockSize)
        superblock = try JournalSuperblock(parsing: firstBlock, available: available)
        extents = try volume.extents(of: inode, in: 0..<UInt64(superblock.blockCount))
        self.volume = volume
    }

    /// The run that holds a block; a journal has no holes.
    private func run(holding block: UInt64) throws(ImageFault) -> Ext4Extent {
        var low = 0
        var high = extents.count
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].end <= block { low = middle + 1 } else { high = middle }
        }
        guard low < extents.count, extents[low].logical <= block, extents[low].isWritten else {
            throw ImageFault(.corrupt, "the journal has a hole at block \(block)")
        }
        return extents[low]
    }

    /// Where a block of the journal is stored.
    func place(of block: UInt64) throws(ImageFault) -> Ext4BlockNumber {
        let run = try run(holding: block)
        return Ext4BlockNumber(run.physical.rawValue + (block - run.logical))
    }

    /// Reads a block of the journal.
    mutating func block(_ block: UInt64) throws(ImageFault) -> Bytes {
        let width = UInt64(volume.blockSize)
        if block < windowStart || block - windowStart >= UInt64(window.count) / width {
            let run = try run(holding: block)
            let count = Swift.min(run.end - block, Swift.max(1, JournalLog.readAhead / width))
            let place = volume.offset(of: run.physical) + (block - run.logical) * width
            window = try volume.source.read(at: place, count: Int(count * width))
            windowStart = block
        }
        return try window.slice(at: Int((block - windowStart) * width), count: volume.blockSize)
    }
}
