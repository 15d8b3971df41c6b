import ByteReading
import FileSystemCore

/// A file system in memory with modes, owners and extended attributes of its own.
struct LabelledFileSystem: FileSystemReader {
    var base = MemoryFileSystem()
    /// Permissions and owner by path.
    var modes: [String: (permissions: UInt16, owner: UInt32, group: UInt32)] = [:]
    /// `security.selinux` by path; `/` is the root.
    var labels: [String: String] = [:]
    /// Paths whose attributes cannot be read.
    var unreadable: Set<String> = []

    var kind: String { base.kind }
    var uuid: String? { base.uuid }
    var label: String? { nil }
    var features: [String] { [] }
    var usage: FileSystemUsage { base.usage }
    var conditions: [FileSystemCondition] { [] }
    var root: NodeID { base.root }

    private func path(of node: NodeID, among paths: some Sequence<String>) -> String? {
        paths.first { path in
            var here = root
            for name in GuestPath(path).names {
                guard let next = try? base.lookup(name, in: here) else { return false }
                here = next
            }
            return here == node
        }
    }

    func info(_ node: NodeID) throws(ImageFault) -> FileInfo {
        let info = try base.info(node)
        guard let path = path(of: node, among: modes.keys), let mode = modes[path] else { return info }
        return FileInfo(
            type: info.type, permissions: mode.permissions, owner: mode.owner, group: mode.group,
            size: info.size)
    }

    func extendedAttributes(_ node: NodeID) throws(ImageFault) -> [String: [UInt8]] {
        if path(of: node, among: unreadable) != nil {
            throw ImageFault(.corrupt, "a block of attributes is damaged")
        }
        guard let path = path(of: node, among: labels.keys), let label = labels[path] else { return [:] }
        return ["security.selinux": Array(label.utf8) + [0]]
    }

    func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        try base.lookup(name, in: directory)
    }
    func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        for entry in try base.list(directory) {
            let type = try base.info(entry.node).type
            entries.append(DirectoryEntry(name: entry.name, node: entry.node, type: type))
        }
        return entries
    }
    func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try base.read(node, at: offset, count: count)
    }
    func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] { try base.linkTarget(node) }
}
