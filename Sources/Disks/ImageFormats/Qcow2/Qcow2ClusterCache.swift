import ByteReading
import Synchronization

/// The compressed clusters that were decoded last.
final class Qcow2ClusterCache: Sendable {
    private let capacity: Int
    private let clusters = Mutex<[(descriptor: UInt64, bytes: Bytes)]>([])

    /// Keeps up to `capacity` clusters.
    init(capacity: Int) { self.capacity = capacity }

    /// The cluster of an L2 entry, decoded by `make` unless it is known. The lock is not held meanwhile.
    func cluster(
        _ descriptor: UInt64, _ make: () throws(ImageFault) -> Bytes
    ) throws(ImageFault) -> Bytes {
        let known: Bytes? = clusters.withLock { clusters in
            guard let index = clusters.lastIndex(where: { $0.descriptor == descriptor }) else { return nil }
            let found = clusters.remove(at: index)
            clusters.append(found)
            return found.bytes
        }
        if let known { return known }
        let bytes = try make()
        clusters.withLock { clusters in
            if clusters.count >= capacity { clusters.removeFirst() }
            clusters.append((descriptor, bytes))
        }
        return bytes
    }
}
