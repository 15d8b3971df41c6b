/// The file system that the kernel makes of the members, in their order: what `init/initramfs.c` does with
/// `filp_open`, `init_mkdir` and `init_symlink`, in memory.
///
/// - A later member replaces an earlier one of the same name.
/// - A name goes through the symbolic links made before it (`lib -> usr/lib`, then `lib/modules/…`).
/// - A member whose directory does not exist is lost without a message.
package struct InitramfsTree: Sendable {
    /// Members by their real path, links in the directory part resolved.
    package private(set) var nodes: [String: InitramfsMember] = [:]
    /// Members lost because their directory was never made; at most a few are named.
    package private(set) var lost: [String] = []
    /// How many members were lost.
    package private(set) var lostCount = 0

    private var childCounts: [String: Int] = [:]
    private var lastDirectory: (name: String, resolved: String)?

    /// An empty root, with the `/dev` and `/root` that the kernel's built-in archive holds.
    package init() {
        nodes["dev"] = InitramfsMember(path: "dev", mode: 0o040755, size: 0)
        nodes["root"] = InitramfsMember(path: "root", mode: 0o040700, size: 0)
    }

    /// Adds a member; returns its real path, or nil when it is lost.
    @discardableResult package mutating func insert(_ member: InitramfsMember) -> String? {
        let (directory, name) = Self.split(member.path)
        guard !name.isEmpty else { return "" }
        guard let parent = directoryPath(directory) else {
            lostCount += 1
            if lost.count < 8 { lost.append(member.path) }
            return nil
        }
        let path = parent.isEmpty ? name : parent + "/" + name
        if let old = nodes[path] {
            if old.kind == .directory, member.kind != .directory {
                guard childCounts[path, default: 0] == 0 else {
                    lostCount += 1
                    if lost.count < 8 { lost.append(member.path) }
                    return nil
                }
            }
            if old.kind != member.kind { lastDirectory = nil }
        } else {
            childCounts[parent, default: 0] += 1
        }
        nodes[path] = member
        return path
    }

    /// Records that the file at `path` has `size` bytes after all (a hard link whose content came later).
    mutating func setSize(_ size: UInt64, at path: String) {
        nodes[path]?.size = size
    }

    private mutating func directoryPath(_ directory: String) -> String? {
        if directory.isEmpty { return "" }
        if let lastDirectory, lastDirectory.name == directory { return lastDirectory.resolved }
        guard let resolved = resolve(directory), nodes[resolved]?.kind == .directory || resolved.isEmpty
        else { return nil }
        lastDirectory = (directory, resolved)
        return resolved
    }

    /// The real path that `path` leads to, all links followed; nil when it leads nowhere.
    ///
    /// Links resolve inside the archive, `..` above the root is the root, and more than 40 links are a loop, as
    /// in the kernel (`MAXSYMLINKS`).
    package func resolve(_ path: String) -> String? {
        var pending: [Substring] = Self.components(path).reversed()
        var real: [Substring] = []
        var links = 0
        while let component = pending.popLast() {
            if component == "." { continue }
            if component == ".." {
                _ = real.popLast()
                continue
            }
            real.append(component)
            let current = real.joined(separator: "/")
            guard let node = nodes[current] else { return nil }
            switch node.kind {
            case .symbolicLink:
                links += 1
                guard links <= 40, let target = node.linkTarget, target.utf8.count <= 4096 else { return nil }
                real = target.utf8.first == UInt8(ascii: "/") ? [] : Array(real.dropLast())
                pending += Self.components(target).reversed()
                guard pending.count < 8192 else { return nil }
            case .directory: break
            case .file, .special:
                if !pending.isEmpty { return nil }
            }
        }
        return real.joined(separator: "/")
    }

    /// The member that `path` leads to, all links followed.
    package func member(at path: String) -> InitramfsMember? {
        guard let real = resolve(path) else { return nil }
        return nodes[real]
    }

    private static func components(_ path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }
}
