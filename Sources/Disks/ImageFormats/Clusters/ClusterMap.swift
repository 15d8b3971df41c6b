import BlockIO
import ByteReading

/// What the tables of a container say about the clusters (grains, blocks) of its disk.
protocol ClusterMap: Sendable {
    /// Bytes of the disk that one cluster holds; not zero.
    var clusterSize: UInt64 { get }

    /// Where the cluster with this number is.
    func place(of cluster: UInt64) throws(ImageFault) -> ClusterPlace

    /// Decodes the compressed cluster that `place` described.
    func inflate(_ key: UInt64) throws(ImageFault) -> Bytes
}

extension ClusterMap {
    /// For formats that compress nothing.
    func inflate(_ key: UInt64) throws(ImageFault) -> Bytes {
        throw ImageFault(.corrupt, "a compressed cluster in a format that has none", at: key)
    }
}

/// Where a cluster is, and how many from it on are described at once.
struct ClusterPlace: Sendable, Hashable {
    /// The kinds of places.
    enum Content: Sendable, Hashable {
        /// Stored at this offset of the file.
        case stored(UInt64)
        /// Stored compressed; the key tells the map where.
        case compressed(UInt64)
        case zeros
        /// Not in this image: in the backing file, or zeros.
        case unallocated
    }

    var content: Content
    /// Clusters that share the answer: more than one only where a whole table is absent.
    var count: UInt64 = 1

    /// Whether `next` goes on where `count` clusters of this place of `clusterSize` bytes each end.
    func isFollowed(by next: ClusterPlace, after count: UInt64, clusterSize: UInt64) -> Bool {
        switch (content, next.content) {
        case (.stored(let first), .stored(let second)):
            second == first &+ count &* clusterSize
        case (.zeros, .zeros), (.unallocated, .unallocated): true
        default: false
        }
    }
}
