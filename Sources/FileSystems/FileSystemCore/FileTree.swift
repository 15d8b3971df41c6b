package import ByteReading

/// File systems mounted over one another, seen as the guest would see them: one tree of paths.
///
/// Symbolic links resolve inside the tree only; `..` stops at its root; forty links are followed and no more
/// (the kernel's `MAXSYMLINKS`).
package struct FileTree: Sendable {
    /// A file system and the directory it covers.
    package struct Mount: Sendable {
        package let path: GuestPath
        package let fileSystem: any FileSystemReader
        /// The directory of the file system that is shown there; its root but for bind mounts and subvolumes.
        package let top: NodeID
    }

    /// A node and the file system it lives in.
    package struct Node: Sendable {
        package let fileSystem: any FileSystemReader
        package let id: NodeID
        /// The path without links that leads to it.
        package let path: GuestPath
    }

    /// Longest mount points last.
    package private(set) var mounts: [Mount]

    package init(root: any FileSystemReader, top: NodeID? = nil) {
        mounts = [Mount(path: .root, fileSystem: root, top: top ?? root.root)]
    }

    /// Covers `path` with a file system, as `mount` would.
    package mutating func mount(_ fileSystem: any FileSystemReader, at path: GuestPath, top: NodeID? = nil) {
        mounts.append(Mount(path: path, fileSystem: fileSystem, top: top ?? fileSystem.root))
    }

    private func mountPoint(at path: GuestPath) -> Mount? { mounts.last { $0.path == path } }

    private var rootNode: Node {
        let mount = mounts.last { $0.path == .root } ?? mounts[0]
        return Node(fileSystem: mount.fileSystem, id: mount.top, path: .root)
    }

    /// The file system that `path` would be on, by mount points alone.
    package func mount(holding path: GuestPath) -> Mount {
        mounts.filter { path.hasPrefix($0.path) }.max { $0.path.names.count < $1.path.names.count }
            ?? mounts[0]
    }

    /// The node at `path`, nil when something on the way is not there.
    ///
    /// - Parameter followingLast: whether a symbolic link at the end of the path is followed.
    package func node(at path: GuestPath, followingLast: Bool = true) throws(ImageFault) -> Node? {
        var pending = Array(path.names.reversed())
        var trail = [rootNode]
        var links = 0
        while let name = pending.popLast() {
            if name == "." { continue }
            if name == ".." {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            let here = trail[trail.count - 1]
            let below = here.path.appending(name)
            let next: Node
            if let mount = mountPoint(at: below) {
                next = Node(fileSystem: mount.fileSystem, id: mount.top, path: below)
            } else {
                guard
                    try inside(
                        here,
                        { () throws(ImageFault) in try here.fileSystem.info(here.id).type == .directory }),
                    let id = try inside(
                        here, { () throws(ImageFault) in try here.fileSystem.lookup(name, in: here.id) })
                else { return nil }
                next = Node(fileSystem: here.fileSystem, id: id, path: below)
            }
            let isLast = pending.isEmpty
            let type = try inside(next) { () throws(ImageFault) in try next.fileSystem.info(next.id).type }
            if type == .symlink, !isLast || followingLast {
                links += 1
                guard links <= 40 else {
                    throw ImageFault(.limit, "more than 40 symbolic links").inLayer(path.description)
                }
                let target = try inside(next) { () throws(ImageFault) in
                    try next.fileSystem.linkTarget(next.id)
                }
                guard !target.isEmpty, target.count <= 4096 else { return nil }
                if target.first == UInt8(ascii: "/") { trail = [rootNode] }
                let names = target.split(separator: UInt8(ascii: "/")).map { FileName(Array($0)) }
                guard pending.count + names.count <= 4096 else {
                    throw ImageFault(.limit, "path of more than 4096 names").inLayer(path.description)
                }
                pending += names.reversed()
                continue
            }
            trail.append(next)
        }
        return trail.last
    }

    private func inside<Value>(
        _ node: Node, _ body: () throws(ImageFault) -> Value
    ) throws(ImageFault) -> Value {
        try inLayer(node.path.description, body)
    }

    /// Attributes of the node at `path`; nil when it is not there.
    package func info(at path: GuestPath, followingLast: Bool = true) throws(ImageFault) -> FileInfo? {
        guard let node = try node(at: path, followingLast: followingLast) else { return nil }
        return try inside(node) { () throws(ImageFault) in try node.fileSystem.info(node.id) }
    }

    /// The whole content of a regular file; nil when it is not there or is not a regular file.
    ///
    /// Throws `limit` when the file is larger than `limit` bytes.
    package func contents(of path: GuestPath, limit: Int = 4 << 20) throws(ImageFault) -> Bytes? {
        guard let node = try node(at: path) else { return nil }
        return try contents(of: node, limit: limit)
    }

    /// The whole content of a node; nil when it is not a regular file.
    package func contents(of node: Node, limit: Int = 4 << 20) throws(ImageFault) -> Bytes? {
        try inside(node) { () throws(ImageFault) in
            let info = try node.fileSystem.info(node.id)
            guard info.type == .regular else { return nil }
            guard info.size <= UInt64(limit) else {
                throw ImageFault(.limit, "file of \(info.size) bytes, more than the \(limit) that are read")
            }
            return try node.fileSystem.read(node.id, at: 0, count: Int(info.size))
        }
    }

    /// Where the symbolic link at `path` points; nil when there is no link there.
    package func linkTarget(at path: GuestPath) throws(ImageFault) -> [UInt8]? {
        guard let node = try node(at: path, followingLast: false) else { return nil }
        return try inside(node) { () throws(ImageFault) in
            guard try node.fileSystem.info(node.id).type == .symlink else { return nil }
            return try node.fileSystem.linkTarget(node.id)
        }
    }

    /// The entries of the directory at `path`, sorted by name; nil when it is not a directory.
    package func list(_ path: GuestPath) throws(ImageFault) -> [DirectoryEntry]? {
        guard let node = try node(at: path) else { return nil }
        return try inside(node) { () throws(ImageFault) in
            guard try node.fileSystem.info(node.id).type == .directory else { return nil }
            return try node.fileSystem.list(node.id).sorted { $0.name < $1.name }
        }
    }
}
