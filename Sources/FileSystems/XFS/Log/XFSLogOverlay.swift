import BlockIO
import ByteReading

/// A volume as it is after its log was replayed: some sectors are read from memory.
struct XFSLogOverlay: BlockSource {
    /// The unit of replacement, in bytes.
    static let sectorSize = 512
    /// The most sectors that are kept: 24 MiB.
    private static let largest = 48 << 10

    private let base: any BlockSource
    private var sectors: [UInt64: Bytes] = [:]

    init(_ base: any BlockSource) { self.base = base }

    var size: UInt64 { base.size }
    /// How many sectors differ from the disk.
    var changedCount: Int { sectors.count }

    private func numbers(_ offset: UInt64, _ count: Int) -> ClosedRange<UInt64> {
        let width = UInt64(XFSLogOverlay.sectorSize)
        return offset / width...(offset &+ UInt64(Swift.max(1, count)) &- 1) / width
    }

    /// Whether any of `count` bytes at `offset` are not those of the disk.
    func changes(_ offset: UInt64, count: Int) -> Bool {
        guard !sectors.isEmpty, offset <= size, UInt64(count) <= size - offset else { return false }
        return numbers(offset, count).contains { sectors[$0] != nil }
    }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard changes(offset, count: count), count > 0 else { return try base.read(at: offset, count: count) }
        let width = UInt64(XFSLogOverlay.sectorSize)
        let end = offset + UInt64(count)
        var array: [UInt8] = []
        array.reserveCapacity(count)
        var position = offset
        while position < end {
            if let sector = sectors[position / width] {
                let length = Int(Swift.min(end - position, width - position % width))
                array += try sector.slice(at: Int(position % width), count: length).array
                position += UInt64(length)
            } else {
                var stop = position / width + 1
                while stop * width < end, sectors[stop] == nil { stop += 1 }
                let length = Int(Swift.min(end, stop * width) - position)
                array += try base.read(at: position, count: length).array
                position += UInt64(length)
            }
        }
        return Bytes(array, origin: offset)
    }

    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        guard !sectors.isEmpty else { return try base.extent(at: offset) }
        let width = UInt64(XFSLogOverlay.sectorSize)
        let rest = Swift.min(size - offset, width - offset % width)
        if sectors[offset / width] != nil { return BlockExtent(kind: .data, length: rest) }
        // A changed sector may lie anywhere in the run; one at a time is always right.
        let extent = try base.extent(at: offset)
        return BlockExtent(kind: extent.kind, length: Swift.min(extent.length, rest))
    }

    /// Lays `bytes` over the volume at `offset`. Throws `limit` when that is more than memory is set aside for.
    mutating func write(_ bytes: [UInt8], at offset: UInt64) throws(ImageFault) {
        try checkRange(at: offset, count: bytes.count)
        guard !bytes.isEmpty else { return }
        let width = UInt64(XFSLogOverlay.sectorSize)
        var written = 0
        for number in numbers(offset, bytes.count) {
            let start = number * width
            let skipped = Int(offset > start ? offset - start : 0)
            let length = Swift.min(bytes.count - written, XFSLogOverlay.sectorSize - skipped)
            if length == XFSLogOverlay.sectorSize {
                sectors[number] = Bytes(Array(bytes[written..<written + length]), origin: start)
            } else {
                var sector = try read(
                    at: start, count: Int(Swift.min(width, size - start))
                ).array
                sector.replaceSubrange(skipped..<skipped + length, with: bytes[written..<written + length])
                sectors[number] = Bytes(sector, origin: start)
            }
            written += length
        }
        guard sectors.count <= XFSLogOverlay.largest else {
            throw ImageFault(.limit, "the log changes more than \(XFSLogOverlay.largest) sectors")
        }
    }
}
