internal import GRDB
import Reports

/// What a batch has done so far, in a SQLite file: each result is there the moment it is known, whatever happens
/// to the batch afterwards.
///
/// A result counts for the next run while the image, the files it refers to and the question (version, targets,
/// options) are the same.
public final class BatchState: Sendable {
    /// Why the state cannot be used.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// A result that still holds.
    public struct Kept: Sendable {
        /// Its row in the list.
        public var row: BatchRow
        /// Its line of `results.ndjson`.
        public var line: [UInt8]
    }

    private let database: DatabaseQueue
    private let path: String

    /// `ICBT`, so that file(1) and another program do not take it for something else.
    private static let applicationID = 0x4943_4254
    private static let version = 1

    /// Opens the state in the file at `path`; makes it when it is not there.
    public init(path: String) throws(Failure) {
        self.path = path
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { connection in
            // One batch at a time: two would check everything twice.
            try connection.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.write { connection in
                let owner = try Int.fetchOne(connection, sql: "PRAGMA application_id") ?? 0
                let version = try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
                let isNew = try !connection.tableExists("result") && owner == 0
                guard isNew || owner == BatchState.applicationID else {
                    throw Failure(description: "it is the database of another program")
                }
                guard isNew || version == BatchState.version else {
                    throw Failure(
                        description: "it is of version \(version) of the state; delete it to begin anew")
                }
                guard isNew else { return }
                try connection.execute(
                    sql: """
                        CREATE TABLE result (
                            path TEXT NOT NULL PRIMARY KEY, stamps TEXT NOT NULL, question TEXT NOT NULL,
                            row TEXT NOT NULL, line TEXT NOT NULL);
                        PRAGMA application_id = \(BatchState.applicationID);
                        PRAGMA user_version = \(BatchState.version);
                        """)
            }
        } catch {
            throw BatchState.failure(error, path)
        }
    }

    /// Whether nothing is remembered.
    public func isEmpty() throws(Failure) -> Bool {
        try perform { try Bool.fetchOne($0, sql: "SELECT NOT EXISTS (SELECT 1 FROM result)") ?? true }
    }

    /// Forgets every result.
    public func clear() throws(Failure) {
        try perform { try $0.execute(sql: "DELETE FROM result") }
    }

    /// Remembers the result of `image`; `line` is what `results.ndjson` says of it.
    public func add(_ row: BatchRow, line: [UInt8], of image: BatchImage, question: String) throws(Failure) {
        try perform { connection in
            try connection.execute(
                sql: "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    image.path, Self.text(try JSONReport.bytes(image.stamps, layout: .line)), question,
                    Self.text(try JSONReport.bytes(row, layout: .line)), Self.text(line),
                ])
        }
    }

    /// The result of `image`, when it still holds.
    public func result(of image: BatchImage, question: String) throws(Failure) -> Kept? {
        try perform { connection in
            let stamps = Self.text(try JSONReport.bytes(image.stamps, layout: .line))
            guard
                let found = try Row.fetchOne(
                    connection,
                    sql: "SELECT row, line FROM result WHERE path = ? AND stamps = ? AND question = ?",
                    arguments: [image.path, stamps, question])
            else { return nil }
            let row: String = found["row"]
            let line: String = found["line"]
            // A row that this version does not understand is checked again.
            guard let understood = try? JSONReport.decode(BatchRow.self, from: Array(row.utf8)) else {
                return nil
            }
            return Kept(row: understood, line: Array(line.utf8))
        }
    }

    /// Forgets the results of files that are no longer among `images`.
    public func keep(only images: [BatchImage]) throws(Failure) {
        let wanted = Set(images.map(\.path))
        try perform { connection in
            let known = try String.fetchAll(connection, sql: "SELECT path FROM result")
            for path in known where !wanted.contains(path) {
                try connection.execute(sql: "DELETE FROM result WHERE path = ?", arguments: [path])
            }
        }
    }

    private func perform<Value: Sendable>(
        _ work: @Sendable (Database) throws -> Value
    ) throws(Failure) -> Value {
        do { return try database.write(work) } catch { throw BatchState.failure(error, path) }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func failure(_ error: any Error, _ path: String) -> Failure {
        if let failure = error as? Failure { return Failure(description: "\(path): \(failure.description)") }
        if let error = error as? DatabaseError, error.resultCode == .SQLITE_BUSY {
            return Failure(description: "\(path) is in use: another batch is at work with it")
        }
        let reason = (error as? DatabaseError).flatMap(\.message) ?? "\(error)"
        return Failure(description: "\(path) cannot be used as the state of a batch: \(reason)")
    }
}
