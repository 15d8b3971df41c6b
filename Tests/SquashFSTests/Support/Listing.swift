import BlockIO
import ByteReading
import FileSystemCore
import SquashFS
import SystemPackage
import TestSupport

/// One line per node of a tree: path, type, mode, owner, group, size, time, link count, target or CRC of the
/// content.
enum Listing {
    /// As this package reads it.
    ///
    /// - Parameter limit: how many names of a directory are also looked up.
    static func of(_ fileSystem: SquashFileSystem, lookingUp limit: Int = 40) throws -> [String] {
        var lines: [String] = []
        var pending: [(NodeID, String)] = [(fileSystem.root, ".")]
        while let (node, path) = pending.popLast() {
            let info = try fileSystem.info(node)
            let hasSize = info.type == .regular || info.type == .symlink || info.type == .directory
            var fields = [
                path, letter(info.type), String(info.permissions, radix: 8), "\(info.owner)", "\(info.group)",
                hasSize ? "\(info.size)" : "-", "\(info.modified)", "\(info.linkCount)",
            ]
            switch info.type {
            case .symlink:
                fields.append(String(decoding: try fileSystem.linkTarget(node), as: UTF8.self))
            case .regular:
                fields.append(try checksum(size: info.size) { try fileSystem.read(node, at: $0, count: $1) })
            case .directory:
                let entries = try fileSystem.list(node)
                let step = Swift.max(1, entries.count / Swift.max(1, limit))
                for (index, entry) in entries.enumerated() {
                    guard
                        try index % step != 0
                            || fileSystem.lookup(entry.name, in: node) == entry.node
                    else {
                        throw HostTool.Failure(description: "\(path)/\(entry.name) is listed but not found")
                    }
                    pending.append((entry.node, "\(path)/\(entry.name)"))
                }
                guard try fileSystem.lookup("no such name", in: node) == nil else {
                    throw HostTool.Failure(description: "\(path) has what it has not")
                }
            default: break
            }
            lines.append(fields.joined(separator: "\t"))
        }
        return lines.sorted()
    }

    /// As the kernel shows the tree at `path`.
    static func ofDirectory(_ path: FilePath) async throws -> [String] {
        let text = try await HostTool.shell(
            "cd \(path) && find . -printf '%p\\t%y\\t%m\\t%U\\t%G\\t%s\\t%T@\\t%n\\t%l\\n'")
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            var fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 9 else { throw HostTool.Failure(description: "odd line \(line)") }
            let type = fields[1]
            if type != "f", type != "l", type != "d" { fields[5] = "-" }
            fields[6] = String(fields[6].prefix { $0 != "." })
            if type == "f" {
                let file = try FileSource(path.appending(FilePath(fields[0]).components))
                fields[8] = try checksum(size: file.size) { try file.readUpTo(at: $0, count: $1) }
            } else if type != "l" {
                fields.removeLast()
            }
            lines.append(fields.joined(separator: "\t"))
        }
        return lines.sorted()
    }

    private static func checksum(size: UInt64, _ read: (UInt64, Int) throws -> Bytes) throws -> String {
        var register: UInt32 = ~0
        var offset: UInt64 = 0
        while offset < size {
            let part = try read(offset, 1 << 20)
            guard !part.isEmpty else { break }
            if !part.isAllZero {
                register = CRC32.ieee.update(register &+ UInt32(truncatingIfNeeded: offset), part)
            }
            offset += UInt64(part.count)
        }
        return Hexadecimal.lower(register, width: 8)
    }

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
