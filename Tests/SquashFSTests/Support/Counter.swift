import Synchronization

/// A number that several may add to.
final class Counter: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    func add(_ count: Int) { state.withLock { $0 += count } }
}
