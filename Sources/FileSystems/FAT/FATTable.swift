import BlockIO
import ByteReading

/// The file allocation table: for each cluster the one that follows it (Microsoft FAT specification 1.03, "FAT").
struct FATTable: Sendable {
    /// Clusters that lie together.
    struct Run: Hashable, Sendable {
        var first: UInt32
        var count: UInt32
    }

    /// What an entry says.
    enum Link: Hashable {
        case next(UInt32)
        case end
        case free
        case bad
    }

    let geometry: FATGeometry
    private let source: CachedSource

    init(_ geometry: FATGeometry, on source: CachedSource) {
        self.geometry = geometry
        self.source = source
    }

    /// The entry of a cluster, or of the two reserved entries 0 and 1, without reserved bits.
    func entry(_ cluster: UInt32) throws(ImageFault) -> UInt32 {
        switch geometry.width {
        case .fat12:
            let place = geometry.tableStart + UInt64(cluster) * 3 / 2
            let pair = UInt32(try source.read(at: place, count: 2).little(UInt16.self, at: 0))
            return cluster & 1 == 1 ? pair >> 4 : pair & 0xFFF
        case .fat16:
            let place = geometry.tableStart + UInt64(cluster) * 2
            return UInt32(try source.read(at: place, count: 2).little(UInt16.self, at: 0))
        case .fat32:
            let place = geometry.tableStart + UInt64(cluster) * 4
            return try source.read(at: place, count: 4).little(UInt32.self, at: 0) & 0x0FFF_FFFF
        }
    }

    /// The highest number an entry can hold.
    private var largest: UInt32 {
        switch geometry.width {
        case .fat12: 0xFFF
        case .fat16: 0xFFFF
        case .fat32: 0x0FFF_FFFF
        }
    }

    private func link(after cluster: UInt32) throws(ImageFault) -> Link {
        let value = try entry(cluster)
        if value == 0 { return .free }
        if value >= largest - 7 { return .end }
        if value == largest - 8 { return .bad }
        return .next(value)
    }

    /// The clusters of a chain from `first` on, at most `limit` of them; fewer where the chain ends first.
    ///
    /// Throws `corrupt` for a chain that comes back on itself or leads to a cluster that cannot be part of one.
    func chain(from first: UInt32, limit: UInt64) throws(ImageFault) -> [Run] {
        guard limit > 0 else { return [] }
        _ = try geometry.start(ofCluster: first)
        var runs = [Run(first: first, count: 1)]
        var current = first
        var count: UInt64 = 1
        // Brent's cycle detection: the anchor moves to each power of two, and a loop meets it.
        var anchor = first
        var nextAnchor: UInt64 = 2
        while count < limit {
            let next: UInt32
            switch try link(after: current) {
            case .end: return runs
            case .next(let cluster): next = cluster
            case .free: throw fault("cluster \(current) of a chain is followed by a free one")
            case .bad: throw fault("cluster \(current) of a chain is marked bad")
            }
            guard next >= 2, next - 2 < geometry.clusterCount else {
                throw fault("cluster \(current) is followed by \(next), which does not exist")
            }
            guard next != anchor else { throw fault("the chain from cluster \(first) comes back on itself") }
            if let last = runs.last, last.first + last.count == next {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(Run(first: next, count: 1))
            }
            current = next
            count += 1
            if count == nextAnchor {
                anchor = current
                nextAnchor *= 2
            }
        }
        return runs
    }

    private func fault(_ message: String) -> ImageFault {
        ImageFault(.corrupt, message, at: geometry.tableStart)
    }

    /// Counts free clusters by reading the whole table.
    func freeClusters() throws(ImageFault) -> UInt32 {
        let table = try source.read(at: geometry.tableStart, count: Int(geometry.tableSize))
        var free: UInt32 = 0
        for index in 2..<(Int(geometry.clusterCount) + 2) {
            let isFree: Bool
            switch geometry.width {
            case .fat12:
                let pair = try table.little(UInt16.self, at: index * 3 / 2)
                isFree = (index & 1 == 1 ? pair >> 4 : pair & 0xFFF) == 0
            case .fat16: isFree = try table.little(UInt16.self, at: index * 2) == 0
            case .fat32: isFree = try table.little(UInt32.self, at: index * 4) & 0x0FFF_FFFF == 0
            }
            if isFree { free += 1 }
        }
        return free
    }
}
