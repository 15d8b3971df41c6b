import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport

/// One line per node of a tree: path, type, mode, owner, group, size, links, time, target or CRC of the content, and
/// its attributes.
enum Listing {
    /// As this package reads it, from `top`.
    static func of(_ fileSystem: some FileSystemReader, top: NodeID? = nil) throws -> [String] {
        var lines: [String] = []
        var pending: [(NodeID, String)] = [(top ?? fileSystem.root, ".")]
        while let (node, path) = pending.popLast() {
            let info = try fileSystem.info(node)
            let hasSize = [.regular, .symlink, .directory].contains(info.type)
            var last = ""
            switch info.type {
            case .symlink: last = Hexadecimal.lower(try fileSystem.linkTarget(node))
            case .regular:
                var register: UInt32 = ~0
                var offset: UInt64 = 0
                while offset < info.size {
                    let part = try fileSystem.read(node, at: offset, count: 100_001)
                    guard !part.isEmpty else { break }
                    register = CRC32.ieee.update(register, part)
                    offset += UInt64(part.count)
                }
                last = Hexadecimal.lower(~register, width: 8)
            case .directory:
                for entry in try fileSystem.list(node) {
                    guard try fileSystem.lookup(entry.name, in: node) == entry.node else {
                        throw HostTool.Failure(description: "\(path)/\(entry.name) is listed but not found")
                    }
                    pending.append((entry.node, "\(path)/\(entry.name)"))
                }
            default: break
            }
            let attributes = try fileSystem.extendedAttributes(node).sorted { $0.key < $1.key }
                .map { "\($0.key)=\(Hexadecimal.lower($0.value))" }.joined(separator: ",")
            let size = hasSize ? "\(info.size)" : "-"
            lines.append(
                [
                    path, letter(info.type), String(info.permissions, radix: 8), "\(info.owner)",
                    "\(info.group)", size, "\(info.linkCount)", "\(info.modified)", last, attributes,
                ].joined(separator: "\t"))
        }
        return lines.sorted()
    }

    /// As the kernel shows the tree at `path`.
    static func ofDirectory(_ path: FilePath) async throws -> [String] {
        try await HostTool.shell("python3 - \(path) <<'END'\n\(script)\nEND\n")
            .split(separator: "\n").map(String.init).sorted()
    }

    private static let script = """
        import math, os, stat, sys, zlib
        top = os.fsencode(sys.argv[1])
        kinds = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFSOCK: "s",
                 stat.S_IFBLK: "b", stat.S_IFCHR: "c"}
        def visit(path, name):
            s = os.lstat(path); kind = kinds[stat.S_IFMT(s.st_mode)]; last = ""
            if kind == "f":
                c = 0
                with open(path, "rb") as f:
                    while block := f.read(1 << 20): c = zlib.crc32(block, c)
                last = "%08x" % c
            elif kind == "l": last = os.readlink(path).hex()
            size = str(s.st_size) if kind in "fdl" else "-"
            a = ",".join(n + "=" + os.getxattr(path, n, follow_symlinks=False).hex()
                         for n in sorted(os.listxattr(path, follow_symlinks=False)))
            print("\\t".join([name.decode(), kind, "%o" % stat.S_IMODE(s.st_mode), str(s.st_uid), str(s.st_gid), size,
                             str(s.st_nlink), str(s.st_mtime_ns // 10**9), last, a]))
            if kind == "d":
                for entry in os.listdir(path): visit(path + b"/" + entry, name + b"/" + entry)
        visit(top, b".")
        """

    private static func letter(_ type: FileSystemCore.FileType) -> String {
        switch type {
        case .regular: "f"
        case .directory: "d"
        case .symlink: "l"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .fifo: "p"
        case .socket: "s"
        case .unknown: "?"
        }
    }
}
