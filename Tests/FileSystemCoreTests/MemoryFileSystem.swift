import ByteReading
import FileSystemCore

/// A file system in memory: a list of nodes, the first of which is the root.
struct MemoryFileSystem: FileSystemReader {
    enum Node {
        case directory([(FileName, Int)])
        case file([UInt8])
        case link(String)
        case broken
    }

    var nodes: [Node] = [.directory([])]

    let kind = "memory"
    let uuid: String? = nil
    let label: String? = nil
    let features: [String] = []
    let usage = FileSystemUsage(blockSize: 1, totalBytes: 0, freeBytes: 0, availableBytes: 0)
    let conditions: [FileSystemCondition] = []
    let root = NodeID(0)

    /// Makes the directories on the way and puts `node` at `path`.
    mutating func add(_ path: GuestPath, _ node: Node) {
        var here = 0
        for (index, name) in path.names.enumerated() {
            guard case .directory(var entries) = nodes[here] else { return }
            if let known = entries.first(where: { $0.0 == name }) {
                here = known.1
                continue
            }
            nodes.append(index == path.names.count - 1 ? node : .directory([]))
            entries.append((name, nodes.count - 1))
            nodes[here] = .directory(entries)
            here = nodes.count - 1
        }
    }

    private func node(_ id: NodeID) -> Node { nodes[Int(id.rawValue)] }

    func info(_ id: NodeID) throws(ImageFault) -> FileInfo {
        switch node(id) {
        case .directory: FileInfo(type: .directory, permissions: 0o755, size: 0)
        case .file(let bytes): FileInfo(type: .regular, permissions: 0o644, size: UInt64(bytes.count))
        case .link(let target): FileInfo(type: .symlink, permissions: 0o777, size: UInt64(target.utf8.count))
        case .broken: throw ImageFault(.corrupt, "broken", at: 5)
        }
    }

    func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard case .directory(let entries) = node(directory) else {
            throw ImageFault(.corrupt, "no directory")
        }
        return entries.first { $0.0 == name }.map { NodeID(UInt64($0.1)) }
    }

    func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        guard case .directory(let entries) = node(directory) else {
            throw ImageFault(.corrupt, "no directory")
        }
        return entries.map { DirectoryEntry(name: $0.0, node: NodeID(UInt64($0.1)), type: .unknown) }
    }

    func read(_ id: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard case .file(let bytes) = node(id) else { throw ImageFault(.corrupt, "no file") }
        return Bytes(bytes).dropFirst(Int(offset)).prefix(count)
    }

    func linkTarget(_ id: NodeID) throws(ImageFault) -> [UInt8] {
        guard case .link(let target) = node(id) else { throw ImageFault(.corrupt, "no link") }
        return Array(target.utf8)
    }
}
