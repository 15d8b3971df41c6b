import BlockIO
import ByteReading

/// A volume as it is after its journal was replayed: some blocks are read from their newer copies in the
/// journal. It holds places, not contents, so that a journal of any size costs little memory.
struct JournalOverlay: BlockSource {
    /// Where the newer content of a block lies.
    struct Copy: Sendable {
        let place: Ext4BlockNumber
        /// Whether the copy has zeros for the magic of the journal at its start.
        let isEscaped: Bool
    }

    private let base: any BlockSource
    private let blockSize: UInt64
    private let copies: [Ext4BlockNumber: Copy]

    init(_ base: any BlockSource, blockSize: Int, copies: [Ext4BlockNumber: Copy]) {
        self.base = base
        self.blockSize = UInt64(blockSize)
        self.copies = copies
    }

    var size: UInt64 { base.size }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard count > 0 else { return Bytes([], origin: offset) }
        let end = offset + UInt64(count)
        let blocks = (offset / blockSize)...((end - 1) / blockSize)
        let replaced = blocks.filter { copies[Ext4BlockNumber($0)] != nil }
        guard !replaced.isEmpty else { return try base.read(at: offset, count: count) }
        var array: [UInt8] = []
        array.reserveCapacity(count)
        var position = offset
        for index in replaced {
            guard let copy = copies[Ext4BlockNumber(index)] else { continue }
            let start = index * blockSize
            if position < start {
                array += try base.read(at: position, count: Int(start - position)).array
                position = start
            }
            let stop = Swift.min(end, start + blockSize)
            let content = try content(of: copy)
            array += content[Int(position - start)..<Int(stop - start)]
            position = stop
        }
        if position < end { array += try base.read(at: position, count: Int(end - position)).array }
        return Bytes(array, origin: offset)
    }

    private func content(of copy: Copy) throws(ImageFault) -> [UInt8] {
        var content = try base.read(at: copy.place.rawValue * blockSize, count: Int(blockSize)).array
        if copy.isEscaped {
            for (index, byte) in [UInt8(0xC0), 0x3B, 0x39, 0x98].enumerated() { content[index] = byte }
        }
        return content
    }

    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        let index = offset / blockSize
        let extent = try base.extent(at: offset)
        let rest = Swift.min(size - offset, (index + 1) * blockSize - offset)
        if copies[Ext4BlockNumber(index)] != nil { return BlockExtent(kind: .data, length: rest) }
        // A replaced block may lie anywhere in the run; one block at a time is always right.
        return BlockExtent(kind: extent.kind, length: Swift.min(extent.length, rest))
    }
}
