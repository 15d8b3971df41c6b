import BlockIO
public import ByteReading
import FileSystemCore
import GuestFormats
import SystemPackage

/// A registry hive, on the host or in a guest, with the logs that lie beside it.
public struct RegistryFile: Sendable {
    /// Where a hive is.
    public enum Place: Sendable, Hashable {
        /// A file of the host, by its path.
        case host(String)
        /// A file of the guest in an image.
        case guest(image: String, path: String)
    }

    /// Whether the file says what Windows would see.
    public enum State: Sendable, Hashable {
        /// It does.
        case clean
        /// It was in use; the logs beside it complete it, as the sentence says.
        case replayed(String)
        /// It was in use and is read as it is: why the logs beside it do not complete it.
        case dirty(String)
    }

    /// A key that is not in the hive.
    public struct AbsentKey: Error, Sendable, Hashable {
        /// What was asked for.
        public var path: String
        /// The deepest key on the way that is there; empty for the root.
        public var deepest: String
        /// The name that is not under it.
        public var missing: String
    }

    private let hive: Hive
    private let logNames: [String]

    /// Opens the hive. Throws when it is not there, is no hive, or the image cannot be read.
    public init(_ place: Place, options: ScanOptions = ScanOptions()) throws(ImageFault) {
        let open: (_ suffix: String) throws(ImageFault) -> ContentSource?
        let hivePath: String
        switch place {
        case .host(let path):
            hivePath = path
            open = { (suffix) throws(ImageFault) in try Self.hostFile(path + suffix) }
        case .guest(let image, let path):
            hivePath = path
            let tree = try ImageScanner(options).tree(image)
            open = { (suffix) throws(ImageFault) in try Self.guestFile(path + suffix, in: tree) }
        }
        guard let source = try open("") else {
            throw ImageFault(.notFound, "no such file in the guest").inLayer(hivePath)
        }
        var logs: [ContentSource] = []
        var names: [String] = []
        for suffix in Hive.logSuffixes {
            guard let log = Self.log(suffix, open) ?? Self.log(suffix.lowercased(), open) else { continue }
            logs.append(log)
            names.append(suffix)
        }
        hive = try Hive(source, logs: logs)
        logNames = names
    }

    /// Whether it was in use, and what became of that.
    public var state: State {
        switch hive.state {
        case .clean: return .clean
        case .dirty(let obstacle): return .dirty(obstacle.description)
        case .replayed(let replay):
            let names = replay.logs.compactMap { logNames.indices.contains($0) ? logNames[$0] : nil }
            var sentence =
                "its last write had not ended; \(replay.entries) \(replay.entries == 1 ? "entry" : "entries") of "
                + names.joined(separator: " and ") + " replayed in memory"
            if replay.restoredHeader { sentence += ", the damaged header restored from there" }
            if let stopped = replay.stopped {
                sentence += "; what follows in the log is left out (\(stopped))"
            }
            return .replayed(sentence)
        }
    }

    /// What was met so far that cannot be read.
    public var damage: [ImageFault] { hive.damage }

    /// Hands the key at `path` to `sink`, and with `isRecursive` every key below it after it. What cannot be
    /// read below the key is left out and returned, at most 64 faults. Throws `AbsentKey` when it is not there.
    public func list(
        _ path: String, isRecursive: Bool = false, into sink: (RegistryListing) throws -> Void
    ) throws -> [ImageFault] {
        var faults: [ImageFault] = []
        var pending = [try find(path)]
        while let key = pending.popLast() {
            func read<Value>(_ body: () throws(ImageFault) -> [Value]) -> [Value] {
                do { return try body() } catch {
                    if faults.count < 64 { faults.append(error) }
                    return []
                }
            }
            let values = read(key.values)
            let subkeys = read(key.subkeys)
            let className = read { () throws(ImageFault) in [try key.className()] }
            try sink(
                RegistryListing(
                    path: key.path, className: className.first ?? nil, lastWritten: key.lastWritten,
                    values: values.map(RegistryListing.Value.init), subkeys: subkeys.map(\.name)))
            if isRecursive { pending += subkeys.reversed() }
        }
        return Array((faults + hive.damage).prefix(64))
    }

    private func find(_ path: String) throws -> RegistryKey {
        var key = try hive.root
        for name in path.unicodeScalars.split(separator: "\\").map({ String($0) }) {
            guard let next = try key.subkey(name) else {
                throw AbsentKey(path: path, deepest: key.path, missing: name)
            }
            key = next
        }
        return key
    }

    // MARK: Files

    private static func hostFile(_ path: String) throws(ImageFault) -> ContentSource {
        let file = try FileSource(FilePath(path))
        return ContentSource(size: file.size) { (offset, count) throws(ImageFault) in
            try file.read(at: offset, count: count)
        }
    }

    private static func guestFile(_ path: String, in tree: FileTree) throws(ImageFault) -> ContentSource? {
        guard let node = try tree.node(at: GuestPath(path)) else { return nil }
        let info = try node.fileSystem.info(node.id)
        guard info.type == .regular else {
            throw ImageFault(.unsupported, "it is not a regular file").inLayer(path)
        }
        return ContentSource(size: info.size) { (offset, count) throws(ImageFault) in
            try node.fileSystem.read(node.id, at: offset, count: count)
        }
    }

    /// A log, if there is one. One that cannot be opened is damaged as far as the hive is concerned.
    private static func log(
        _ suffix: String, _ open: (String) throws(ImageFault) -> ContentSource?
    ) -> ContentSource? {
        do { return try open(suffix) } catch {
            if error.kind == .notFound { return nil }
            return ContentSource(size: 512) { (_, _) throws(ImageFault) in throw error }
        }
    }
}
