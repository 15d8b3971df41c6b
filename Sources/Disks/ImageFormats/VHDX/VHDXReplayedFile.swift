import BlockIO
import ByteReading

/// A VHDX file as it will be once its log is written to it. The file itself is left alone; of what the log
/// holds only the places are kept.
struct VHDXReplayedFile: BlockSource {
    /// 4096 bytes that come from a data sector of the log.
    private struct Sector: Sendable {
        var place: UInt64
        var leading: UInt64
        var trailing: UInt32
    }

    private let base: any BlockSource
    let size: UInt64
    /// By offset in units of 4096 bytes.
    private let sectors: [UInt64: Sector]
    /// What is zero where `sectors` has nothing: sorted, disjoint.
    private let zeroed: [Range<UInt64>]
    /// All that is changed: sorted, disjoint.
    private let changed: [Range<UInt64>]

    /// Sectors that a log may change: 512 MiB of metadata, in some 6 MiB of memory.
    private static let mostSectors = 1 << 17

    /// `base` after `entries` of `log` are replayed in order ([MS-VHDX] 2.3.3, "Log Replay").
    ///
    /// Throws `truncated` when the file is shorter than it was when the last entry was written, `limit` for
    /// logs that change too much.
    init(_ base: any BlockSource, replaying entries: [VHDXLog.Entry], of log: VHDXLog) throws(ImageFault) {
        self.base = base
        if let head = entries.last, head.flushedFileOffset > base.size {
            throw ImageFault(
                .truncated,
                "the file had \(head.flushedFileOffset) bytes when its log was written, it has \(base.size)")
        }
        var sectors: [UInt64: Sector] = [:]
        var zeroed: [Range<UInt64>] = []
        var end = Swift.max(base.size, entries.last?.lastFileOffset ?? 0)
        // Removing sectors again costs as much as there are, for every descriptor of zeros.
        var budget = Budget(1 << 24, of: "changes in the log")
        for entry in entries {
            try log.forEachWrite(of: entry) { (write) throws(ImageFault) in
                try budget.spend()
                switch write {
                case .data(let offset, let place, let leading, let trailing):
                    sectors[offset / VHDXLog.sectorSize] = Sector(
                        place: place, leading: leading, trailing: trailing)
                    guard sectors.count <= VHDXReplayedFile.mostSectors else {
                        throw ImageFault(
                            .limit, "the log changes more than \(VHDXReplayedFile.mostSectors) sectors")
                    }
                    end = Swift.max(end, try offset.adding(VHDXLog.sectorSize))
                case .zeros(let range):
                    guard !range.isEmpty else { return }
                    try VHDXReplayedFile.remove(range, from: &sectors, budget: &budget)
                    zeroed.append(range)
                    end = Swift.max(end, range.upperBound)
                }
            }
        }
        guard end <= UInt64(Int64.max) else {
            throw ImageFault(.corrupt, "the log extends the file to \(end) bytes")
        }
        size = end
        self.sectors = sectors
        self.zeroed = VHDXReplayedFile.merged(zeroed)
        changed = VHDXReplayedFile.merged(
            zeroed
                + sectors.keys.map { $0 * VHDXLog.sectorSize..<($0 + 1) * VHDXLog.sectorSize })
    }

    private static func remove(
        _ range: Range<UInt64>, from sectors: inout [UInt64: Sector], budget: inout Budget
    ) throws(ImageFault) {
        let indices = range.lowerBound / VHDXLog.sectorSize..<range.upperBound / VHDXLog.sectorSize
        if UInt64(sectors.count) < indices.upperBound - indices.lowerBound {
            try budget.spend(sectors.count)
            sectors = sectors.filter { !indices.contains($0.key) }
        } else {
            try budget.spend(indices.count)
            for index in indices { sectors[index] = nil }
        }
    }

    private static func merged(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] =
                    last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// The index of the first of `ranges` that ends after `offset`.
    private static func index(after offset: UInt64, in ranges: [Range<UInt64>]) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        let end = offset + UInt64(count)
        let first = VHDXReplayedFile.index(after: offset, in: changed)
        let isChanged = first < changed.count && changed[first].lowerBound < end
        if !isChanged, end <= base.size { return try base.read(at: offset, count: count) }
        var array = try base.readUpTo(at: offset, count: count).array
        array += [UInt8](repeating: 0, count: count - array.count)
        guard isChanged else { return Bytes(array, origin: offset) }
        for range in zeroed[VHDXReplayedFile.index(after: offset, in: zeroed)...] {
            guard range.lowerBound < end else { break }
            let part = Swift.max(range.lowerBound, offset)..<Swift.min(range.upperBound, end)
            array.replaceSubrange(
                Int(part.lowerBound - offset)..<Int(part.upperBound - offset),
                with: repeatElement(0, count: part.count))
        }
        var index = offset / VHDXLog.sectorSize
        while index * VHDXLog.sectorSize < end {
            if let sector = sectors[index] {
                let start = index * VHDXLog.sectorSize
                let part = Swift.max(start, offset)..<Swift.min(start + VHDXLog.sectorSize, end)
                let bytes = try contents(of: sector)
                    .slice(at: Int(part.lowerBound - start), count: part.count)
                array.replaceSubrange(
                    Int(part.lowerBound - offset)..<Int(part.upperBound - offset), with: bytes.array)
            }
            index += 1
        }
        return Bytes(array, origin: offset)
    }

    /// The first 8 and the last 4 bytes stand in the descriptor, their places taken by the signature and the
    /// sequence number ([MS-VHDX] 2.3.1.4, "Data Sector").
    private func contents(of sector: Sector) throws(ImageFault) -> Bytes {
        var array = try base.read(at: sector.place, count: Int(VHDXLog.sectorSize)).array
        for index in 0..<8 { array[index] = UInt8(truncatingIfNeeded: sector.leading >> UInt64(8 * index)) }
        for index in 0..<4 {
            array[4092 + index] = UInt8(truncatingIfNeeded: sector.trailing >> UInt32(8 * index))
        }
        return Bytes(array)
    }

    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let next = VHDXReplayedFile.index(after: offset, in: changed)
        if next < changed.count, changed[next].contains(offset) {
            let index = offset / VHDXLog.sectorSize
            return BlockExtent(
                kind: sectors[index] == nil ? .hole : .data,
                length: (index + 1) * VHDXLog.sectorSize - offset)
        }
        let end = next < changed.count ? changed[next].lowerBound : size
        guard offset < base.size else { return BlockExtent(kind: .hole, length: end - offset) }
        var extent = try base.extent(at: offset)
        extent.length = Swift.min(extent.length, end - offset)
        return extent
    }
}
