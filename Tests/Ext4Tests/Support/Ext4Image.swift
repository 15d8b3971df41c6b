import BlockIO
import ByteReading
import Ext4
import FileSystemCore
import Glibc
import SystemPackage
import TestSupport

/// Makes ext images with the tools of e2fsprogs and reads them both ways.
enum Ext4Image {
    static let hasTools = HostTool.has("mke2fs", "debugfs", "dumpe2fs", "e2fsck")
    /// Whether loop mounts are possible: the kernel is the judge then.
    static let canMount = hasTools && getuid() == 0 && HostTool.has("mount", "umount", "losetup", "find")

    /// An empty file system in `folder`.
    static func make(
        _ options: String, size: String = "16M", name: String = "image", in folder: ScratchFolder
    ) async throws -> FilePath {
        let path = folder.file(name)
        try await HostTool.shell("truncate -s \(size) \(path) && mke2fs -q -F \(options) \(path)")
        return path
    }

    /// Runs commands of debugfs that may write.
    @discardableResult
    static func debugfs(_ commands: [String], on image: FilePath) async throws -> String {
        let script = commands.joined(separator: "\n")
        return try await HostTool.shell("debugfs -w -f - \(image) <<'END' 2>&1\n\(script)\nEND\n")
    }

    static func open(_ image: FilePath) throws -> Ext4FileSystem {
        try Ext4FileSystem(CachedSource(try FileSource(image)))
    }

    /// Mounts `image`, runs `body` with the mount point, and unmounts whatever happens.
    @discardableResult
    static func mounted<Value: Sendable>(
        _ image: FilePath, options: String = "", in folder: ScratchFolder,
        _ body: (FilePath) async throws -> Value
    ) async throws -> Value {
        let point = folder.file("mnt")
        let extra = options.isEmpty ? "" : ",\(options)"
        return try await HostMount.during("mount -o loop\(extra) \(image) \(point)", on: point, body)
    }

    /// A shell script that fills `$D` with files of awkward sizes, links, devices, times and owners.
    static let fill = """
        mkdir -p $D/files $D/links $D/special $D/many $D/few/a/b
        for n in 0 1 59 60 61 100 150 1023 1024 1025 4096 5000 13000 70000 400000; do
            head -c $n /dev/urandom > $D/files/f$n; done
        truncate -s 2500000 $D/files/sparse
        printf middle | dd of=$D/files/sparse bs=1 seek=1500001 conv=notrunc status=none
        truncate -s 123456 $D/files/hole
        i=0; while [ $i -lt 320 ]; do : > $D/many/entry-$i-with-a-name-that-takes-room; i=$((i+1)); done
        for i in 1 2 3; do echo $i > $D/few/e$i; done
        for n in 1 58 59 60 61 200 900; do ln -s $(head -c $n /dev/zero | tr '\\0' x) $D/links/l$n; done
        echo s > $D/special/suid; chown 70000:100000 $D/special/suid; chmod 6755 $D/special/suid
        mkfifo $D/special/fifo; mkdir $D/special/sticky; chmod 1777 $D/special/sticky
        ln $D/special/suid $D/special/hard
        echo ä > "$D/special/näme with space"
        for t in -300000000 2147483653 4294967373; do
            : > $D/special/t$t; touch -d @$t $D/special/t$t 2>/dev/null || rm $D/special/t$t; done
        """
}

/// One line per node of a tree: path, type, mode, owner, group, size, time, target or CRC of the content.
enum Listing {
    /// As this package reads it.
    static func of(_ fileSystem: Ext4FileSystem, directorySizes: Bool = true) throws -> [String] {
        var lines: [String] = []
        var pending: [(NodeID, String)] = [(fileSystem.root, ".")]
        while let (node, path) = pending.popLast() {
            let info = try fileSystem.info(node)
            let hasSize =
                info.type == .regular || info.type == .symlink || directorySizes && info.type == .directory
            var fields = [
                path, letter(info.type), String(info.permissions, radix: 8), "\(info.owner)", "\(info.group)",
                hasSize ? "\(info.size)" : "-", "\(info.modified)",
            ]
            switch info.type {
            case .symlink:
                fields.append(String(decoding: try fileSystem.linkTarget(node), as: UTF8.self))
            case .regular:
                fields.append(try checksum(size: info.size) { try fileSystem.read(node, at: $0, count: $1) })
            case .directory:
                for entry in try fileSystem.list(node) {
                    guard try fileSystem.lookup(entry.name, in: node) == entry.node else {
                        throw HostTool.Failure(description: "\(path)/\(entry.name) is listed but not found")
                    }
                    pending.append((entry.node, "\(path)/\(entry.name)"))
                }
            default: break
            }
            lines.append(fields.joined(separator: "\t"))
        }
        return lines.sorted()
    }

    /// As the kernel shows the tree at `path`.
    static func ofDirectory(_ path: FilePath, directorySizes: Bool = true) async throws -> [String] {
        let text = try await HostTool.shell(
            "cd \(path) && find . -printf '%p\\t%y\\t%m\\t%U\\t%G\\t%s\\t%T@\\t%l\\n'")
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            var fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 8 else { throw HostTool.Failure(description: "odd line \(line)") }
            let type = fields[1]
            if type != "f", type != "l", !directorySizes || type != "d" { fields[5] = "-" }
            fields[6] = String(fields[6].prefix { $0 != "." })
            if type == "f" {
                let file = try FileSource(path.appending(FilePath(fields[0]).components))
                fields[7] = try checksum(size: file.size) { try file.readUpTo(at: $0, count: $1) }
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
