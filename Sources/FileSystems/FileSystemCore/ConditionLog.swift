import Synchronization

/// Collects what is found about a volume's state, also long after it was opened. Bounded: a volume full of
/// damage fills a page, not the memory.
package final class ConditionLog: Sendable {
    private struct State {
        var conditions: [FileSystemCondition] = []
        var seen: Set<FileSystemCondition> = []
        var counts: [FileSystemCondition.Code: Int] = [:]
    }

    private static let kept = 8
    private static let remembered = 4096
    private let state = Mutex(State())

    package init() {}

    /// Notes `condition` unless the same was noted before.
    package func record(_ condition: FileSystemCondition) {
        state.withLock { state in
            guard !state.seen.contains(condition) else { return }
            if state.seen.count < ConditionLog.remembered { state.seen.insert(condition) }
            let count = state.counts[condition.code, default: 0]
            if count < ConditionLog.kept { state.conditions.append(condition) }
            state.counts[condition.code] = count + 1
        }
    }

    /// Notes a condition.
    package func record(_ code: FileSystemCondition.Code, _ message: String, at offset: UInt64? = nil) {
        record(FileSystemCondition(code, message, at: offset))
    }

    /// What was noted, in the order it was found; what is too much of one kind becomes one line at the end.
    package var conditions: [FileSystemCondition] {
        state.withLock { state in
            let rest = state.counts.filter { $0.value > ConditionLog.kept }
                .sorted { $0.key.rawValue < $1.key.rawValue }
                .map { FileSystemCondition($0.key, "and \($0.value - ConditionLog.kept) more") }
            return state.conditions + rest
        }
    }
}
