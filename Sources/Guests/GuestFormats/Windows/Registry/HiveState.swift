/// Whether the file of a hive says what Windows would see when it loads it.
package enum HiveState: Sendable, Hashable {
    /// The last write had ended.
    case clean
    /// The last write had not; the logs complete it.
    case replayed(HiveReplay)
    /// The last write had not, and the logs do not complete it. What is there is read.
    case dirty(HiveObstacle)
}

/// Why logs could not complete a hive.
package enum HiveObstacle: Sendable, Hashable, CustomStringConvertible {
    /// There is none, or all are empty.
    case noLogs
    /// They are whole, but of another time than the hive: how they differ.
    case notApplicable(String)
    /// They, or the one that is needed, cannot be read: where.
    case damaged(String)

    /// For people.
    package var description: String {
        switch self {
        case .noLogs: "there is no log"
        case .notApplicable(let how): "the logs do not belong to it: \(how)"
        case .damaged(let place): "the log is damaged: \(place)"
        }
    }
}

/// What logs added to a hive.
package struct HiveReplay: Sendable, Hashable {
    /// The logs that were used, as indexes into those given.
    package var logs: [Int] = []
    /// Entries applied: each is one write; a log of before Windows 8.1 has one.
    package var entries = 0
    /// Bytes that replace those of the file.
    package var byteCount: UInt64 = 0
    /// Whether the header of the file was bad and came from a log.
    package var restoredHeader = false
    /// Why entries after the last one applied were left out, nil when all were good.
    package var stopped: String?
}
