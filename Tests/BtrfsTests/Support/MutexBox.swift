import Synchronization

/// Offsets noted from anywhere.
final class MutexBox: Sendable {
    private let state = Mutex<Set<UInt64>>([])

    var values: Set<UInt64> { state.withLock { $0 } }

    func insert(_ value: UInt64) { state.withLock { _ = $0.insert(value) } }
}
