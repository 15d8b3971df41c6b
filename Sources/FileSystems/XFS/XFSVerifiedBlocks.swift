import Synchronization

/// Remembers which structures had the right checksum, so that a block that is looked into often is checked
/// once. Bounded; what is forgotten is checked again.
final class XFSVerifiedBlocks: Sendable {
    private struct Place: Hashable {
        let offset: UInt64
        let count: Int
    }

    private static let remembered = 16384
    private let places = Mutex<Set<Place>>([])

    func contains(_ offset: UInt64, count: Int) -> Bool {
        places.withLock { $0.contains(Place(offset: offset, count: count)) }
    }

    func insert(_ offset: UInt64, count: Int) {
        places.withLock { places in
            if places.count >= XFSVerifiedBlocks.remembered { places.removeAll(keepingCapacity: true) }
            places.insert(Place(offset: offset, count: count))
        }
    }
}
