import BlockIO
import ByteReading

/// A disk that is stored in clusters of one size, found through the tables of its container.
final class ClusterDisk: BlockSource {
    let size: UInt64
    private let file: any BlockSource
    private let map: any ClusterMap
    private let backing: ReferencedFile
    private let backingOffset: UInt64
    private let inflated: ClusterCache

    /// Clusters that are looked up for one answer.
    private static let longestRun: UInt64 = 4096
    /// Sums and products of sizes below this one and of one cluster fit.
    private static let largest: UInt64 = 1 << 61

    /// A disk of `size` bytes in `file`.
    ///
    /// - Parameters:
    ///   - backing: the disk that is read where nothing is allocated.
    ///   - backingOffset: where this disk begins on `backing`.
    init(
        _ file: any BlockSource, map: any ClusterMap, size: UInt64, backing: ReferencedFile = .none,
        backingOffset: UInt64 = 0
    ) throws(ImageFault) {
        guard map.clusterSize > 0, map.clusterSize <= 1 << 32, size <= ClusterDisk.largest,
            backingOffset <= ClusterDisk.largest
        else { throw ImageFault(.limit, "a disk of \(size) bytes in clusters of \(map.clusterSize)") }
        self.file = file
        self.map = map
        self.size = size
        self.backing = backing
        self.backingOffset = backingOffset
        let capacity = Swift.max(2, Swift.min(32, (2 << 20) / map.clusterSize))
        inflated = ClusterCache(capacity: Int(capacity))
    }

    /// Bytes of the disk that lie together.
    private struct Run {
        var content: ClusterPlace.Content
        /// In bytes, not past the end of the disk.
        var length: UInt64
    }

    /// The run that starts at `offset`, followed until it holds `limit` bytes.
    private func run(at offset: UInt64, limit: UInt64) throws(ImageFault) -> Run {
        let clusterSize = map.clusterSize
        let skipped = offset % clusterSize
        let cluster = offset / clusterSize
        let rest = size - offset
        let place = try map.place(of: cluster)
        if case .compressed = place.content {
            return Run(content: place.content, length: Swift.min(clusterSize - skipped, rest))
        }
        // The end of the disk bounds it, whatever a map claims.
        let clusters = size / clusterSize + 1
        var count = Swift.max(1, Swift.min(place.count, clusters))
        for _ in 0..<ClusterDisk.longestRun {
            let length = count * clusterSize - skipped
            guard length < limit, length < rest, cluster + count < clusters,
                let next = try? map.place(of: cluster + count),
                place.isFollowed(by: next, after: count, clusterSize: clusterSize)
            else { break }
            count += Swift.max(1, Swift.min(next.count, clusters))
        }
        let length = Swift.min(count * clusterSize - skipped, rest)
        guard case .stored(let host) = place.content else {
            return Run(content: place.content, length: length)
        }
        return Run(content: .stored(try host.adding(skipped)), length: length)
    }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try gather(at: offset, count: count) { (position, rest) throws(ImageFault) in
            let run = try run(at: position, limit: UInt64(rest))
            return try bytes(of: run, at: position, count: Int(Swift.min(run.length, UInt64(rest))))
        }
    }

    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let run = try run(at: offset, limit: size - offset)
        switch run.content {
        case .zeros: return BlockExtent(kind: .hole, length: run.length)
        case .compressed: return BlockExtent(kind: .data, length: run.length)
        case .unallocated: return try backing.extent(at: backingOffset + offset, length: run.length)
        case .stored(let host):
            guard host < file.size else { return BlockExtent(kind: .missing, length: run.length) }
            return BlockExtent(kind: .data, length: Swift.min(run.length, file.size - host))
        }
    }

    private func bytes(of run: Run, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        switch run.content {
        case .zeros: return Bytes([UInt8](repeating: 0, count: count))
        case .unallocated: return try backing.read(at: backingOffset + offset, count: count)
        case .stored(let host):
            guard host < file.size else {
                throw ImageFault(
                    .truncated, "a cluster is stored at \(host), the file ends at \(file.size)", at: host)
            }
            // The last cluster of a file may be cut where its data end; what is not there reads as zeros.
            return try file.readPadded(at: host, count: count)
        case .compressed(let key):
            let cluster = try inflated.cluster(key) { () throws(ImageFault) in try self.map.inflate(key) }
            let within = Int(offset % map.clusterSize)
            guard cluster.count >= within + count else {
                throw ImageFault(
                    .corrupt, "a compressed cluster gives \(cluster.count) of \(map.clusterSize) bytes",
                    at: cluster.origin)
            }
            return try cluster.slice(at: within, count: count)
        }
    }
}
