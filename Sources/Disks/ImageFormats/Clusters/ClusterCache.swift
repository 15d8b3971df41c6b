import ByteReading
import Synchronization

/// The compressed clusters, grains or blocks that were decoded last.
final class ClusterCache: Sendable {
    private let capacity: Int
    private let clusters = Mutex<[(key: UInt64, bytes: Bytes)]>([])

    /// Keeps up to `capacity` clusters.
    init(capacity: Int) { self.capacity = capacity }

    /// The cluster known by `key`, decoded by `make` unless it is here. The lock is not held meanwhile.
    func cluster(
        _ key: UInt64, _ make: () throws(ImageFault) -> Bytes
    ) throws(ImageFault) -> Bytes {
        let known: Bytes? = clusters.withLock { clusters in
            guard let index = clusters.lastIndex(where: { $0.key == key }) else { return nil }
            let found = clusters.remove(at: index)
            clusters.append(found)
            return found.bytes
        }
        if let known { return known }
        let bytes = try make()
        clusters.withLock { clusters in
            if clusters.count >= capacity { clusters.removeFirst() }
            clusters.append((key, bytes))
        }
        return bytes
    }
}
