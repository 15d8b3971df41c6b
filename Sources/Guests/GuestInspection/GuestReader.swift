package import ByteReading
package import FileSystemCore
package import GuestFacts
import GuestFormats

/// Reads a guest's tree and remembers what could not be read.
///
/// One reader serves one system on one thread; a file that is asked for twice is read once.
package final class GuestReader {
    /// The stitched tree of the guest.
    package var tree: FileTree { didSet { known = [:] } }
    /// Everything that could not be read so far.
    package private(set) var gaps: [Gap] = []
    private var known: [String: Reading<Bytes>] = [:]

    /// Larger configuration files are not read: they are a gap.
    private static let configurationLimit = 2 << 20
    /// Files up to this size are kept once they were read.
    private static let keptSize = 64 << 10

    package init(tree: FileTree) { self.tree = tree }

    /// Records `gap` once.
    package func record(_ gap: Gap) {
        if !gaps.contains(gap) { gaps.append(gap) }
    }

    /// Runs `body` and turns a fault into a gap at `path`.
    func attempt<Value>(
        _ path: String, _ body: () throws(ImageFault) -> Value?
    ) -> Reading<Value> {
        do {
            guard let value = try body() else { return .absent }
            return .found(value)
        } catch {
            let gap = Gap(error, at: path)
            record(gap)
            return .unreadable(gap)
        }
    }

    /// The content of a regular file.
    package func file(_ path: String, limit: Int = GuestReader.configurationLimit) -> Reading<Bytes> {
        if let reading = known[path] { return reading }
        let reading = attempt(path) { () throws(ImageFault) in
            try tree.contents(of: GuestPath(path), limit: limit)
        }
        if (reading.value?.count ?? 0) <= GuestReader.keptSize { known[path] = reading }
        return reading
    }

    /// Up to `count` bytes from the start of a regular file.
    package func head(_ path: String, count: Int) -> Reading<Bytes> {
        attempt(path) { () throws(ImageFault) in
            guard let node = try tree.node(at: GuestPath(path)),
                try node.fileSystem.info(node.id).type == .regular
            else { return nil }
            return try node.fileSystem.read(node.id, at: 0, count: count)
        }
    }

    /// The bytes of a regular file, read where they are needed.
    func content(of path: String) -> Reading<ContentSource> {
        attempt(path) { () throws(ImageFault) in
            guard let node = try tree.node(at: GuestPath(path)) else { return nil }
            return try ContentSource(node)
        }
    }

    /// What is at `path`; a link at its end is followed unless told otherwise.
    package func info(_ path: String, followingLast: Bool = true) -> Reading<FileInfo> {
        attempt(path) { () throws(ImageFault) in
            try tree.info(at: GuestPath(path), followingLast: followingLast)
        }
    }

    /// Whether there is something at `path`, links followed.
    package func exists(_ path: String) -> Answer { info(path).presence }

    /// Where the symbolic link at `path` points; absent when there is no link.
    package func link(_ path: String) -> Reading<String> {
        attempt(path) { () throws(ImageFault) in
            try tree.linkTarget(at: GuestPath(path)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The path that `path` leads to when every link is followed.
    package func resolved(_ path: String) -> Reading<String> {
        attempt(path) { () throws(ImageFault) in
            try tree.node(at: GuestPath(path))?.path.description
        }
    }

    /// Names in a directory, sorted; absent when it is not there.
    package func names(in path: String) -> Reading<[String]> {
        list(path).map { $0.map(\.name.description) }
    }

    /// The entries of a directory, sorted by name.
    package func list(_ path: String) -> Reading<[DirectoryEntry]> {
        attempt(path) { () throws(ImageFault) in try tree.list(GuestPath(path)) }
    }

    /// Files of `directory` whose names end in `suffix`, with their contents, sorted by name.
    package func files(in directory: String, suffix: String) -> [(path: String, bytes: Bytes)] {
        var result: [(path: String, bytes: Bytes)] = []
        for name in names(in: directory).value ?? [] where name.hasSuffix(suffix) && !name.hasPrefix(".") {
            let path = directory + "/" + name
            if let bytes = file(path).value { result.append((path, bytes)) }
        }
        return result
    }

    /// Files of several directories merged as systemd and modprobe do: one file per name, the first directory
    /// wins, in the order of the names.
    package func mergedFiles(
        in directories: [String], suffix: String
    ) -> [(path: String, bytes: Bytes)] {
        var chosen: [String: String] = [:]
        for directory in directories {
            for name in names(in: directory).value ?? [] where name.hasSuffix(suffix) && !name.hasPrefix(".")
            {
                if chosen[name] == nil { chosen[name] = directory + "/" + name }
            }
        }
        var result: [(path: String, bytes: Bytes)] = []
        for (_, path) in chosen.sorted(by: { $0.key < $1.key }) {
            // A link to /dev/null masks the file: it is there and says nothing.
            if let bytes = file(path).value { result.append((path, bytes)) }
        }
        return result
    }

    /// Paths that match a pattern of glob(3), sorted: `*`, `?` and sets in any component, no hidden names.
    package func glob(_ pattern: String) -> [String] {
        var paths = [""]
        for component in pattern.split(separator: "/").map(String.init).prefix(32) {
            guard component.contains(where: { "*?[".contains($0) }) else {
                paths = paths.map { "\($0)/\(component)" }
                continue
            }
            let matcher = FileNamePattern(component)
            paths = paths.flatMap { directory in
                (names(in: directory.isEmpty ? "/" : directory).value ?? [])
                    .filter { ($0.hasPrefix(".") == component.hasPrefix(".")) && matcher.matches($0) }
                    .map { "\(directory)/\($0)" }
            }
            guard paths.count <= 4096 else { return [] }
        }
        return paths.filter { exists($0) == .yes }
    }
}

extension ContentSource {
    /// The bytes of a file of a guest; nil for anything but a regular file.
    init?(_ node: FileTree.Node) throws(ImageFault) {
        let info = try node.fileSystem.info(node.id)
        guard info.type == .regular else { return nil }
        let (fileSystem, id) = (node.fileSystem, node.id)
        self.init(size: info.size) { (offset, count) throws(ImageFault) in
            try fileSystem.read(id, at: offset, count: count)
        }
    }
}
