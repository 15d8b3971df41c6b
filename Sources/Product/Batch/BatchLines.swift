internal import BlockIO
import Reports
import Synchronization
internal import SystemPackage

/// What a batch says of each image, a line of JSON each, on the disk: `results.ndjson`, written as results come. The
/// forms of the whole batch are made from it, an image at a time: thousands of reports do not fit into memory.
public final class BatchLines: Sendable {
    private let file: SpoolFile
    private let name: String
    /// The last line of each image: one that is watched may have several.
    private let places = Mutex<[String: Range<Int64>]>([:])

    /// Begins the file at `path` anew.
    public init(path: String) throws(BatchPages.Failure) {
        name = path
        do { file = try SpoolFile(FilePath(path)) } catch {
            throw BatchPages.Failure(description: "\(path) cannot be written: \(error)")
        }
    }

    /// Lines that nobody but the batch needs, kept beside the file at `path` as long as it runs.
    public init(beside path: String) throws(BatchPages.Failure) {
        let parent = FilePath(path).removingLastComponent()
        name = parent.isEmpty ? "." : parent.string
        do { file = try SpoolFile(namelessIn: FilePath(name)) } catch {
            throw BatchPages.Failure(description: "\(name): nothing can be written there: \(error)")
        }
    }

    /// Adds the line about `image`.
    func add(_ line: [UInt8], about image: String) throws(BatchPages.Failure) {
        do {
            let place = try file.append(line + [0x0A])
            places.withLock { $0[image] = place }
        } catch {
            throw BatchPages.Failure(description: "\(name) cannot be written: \(error)")
        }
    }

    /// The line about `image`, its line end with it; nil when there is none.
    func line(about image: String) throws(BatchPages.Failure) -> [UInt8]? {
        guard let place = places.withLock({ $0[image] }) else { return nil }
        do { return try file.read(place) } catch {
            throw BatchPages.Failure(description: "\(name) cannot be read: \(error)")
        }
    }
}
