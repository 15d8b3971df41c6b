import BlockIO
import ByteReading
import FileSystemCore
import Glibc
import Synchronization
import SystemPackage
import TestSupport
import XFS

/// Makes XFS images with the tools of xfsprogs and reads them both ways.
enum XFSImage {
    static let hasTools = HostTool.has("mkfs.xfs", "xfs_db")
    /// Whether loop mounts are possible: the kernel is the judge then.
    static let canMount =
        hasTools && getuid() == 0
        && HostTool.has("mount", "umount", "losetup", "find", "xfs_io", "setfattr", "getfattr", "setfacl")

    /// An empty file system in `folder`.
    static func make(
        _ options: String, size: String = "100M", name: String = "image", in folder: ScratchFolder
    ) async throws -> FilePath {
        let path = folder.file(name)
        try await HostTool.shell(
            "truncate -s \(size) \(path) && mkfs.xfs -q -f --unsupported \(options) \(path)")
        return path
    }

    static func open(_ image: FilePath) throws -> XFSFileSystem {
        try XFSFileSystem(CachedSource(try FileSource(image)))
    }

    /// Mounts `image`, runs `body` with the mount point, and unmounts whatever happens.
    @discardableResult
    static func mounted<Value: Sendable>(
        _ image: FilePath, options: String = "", in folder: ScratchFolder,
        _ body: (FilePath) async throws -> Value
    ) async throws -> Value {
        let point = folder.file("mnt")
        let extra = options.isEmpty ? "" : ",\(options)"
        return try await HostMount.during("mount -o loop,nouuid\(extra) \(image) \(point)", on: point, body)
    }

    /// A shell script that fills `$D` with files of awkward sizes, links, devices, times, owners, directories
    /// of every form and attributes of every form.
    static let fill = """
        mkdir -p $D/files $D/links $D/special $D/few/a/b $D/attributes
        for n in 0 1 59 150 511 512 513 1023 1024 1025 4096 5000 13000 70000 400000; do
            head -c $n /dev/urandom > $D/files/f$n; done
        truncate -s 2500000 $D/files/sparse
        printf middle | dd of=$D/files/sparse bs=1 seek=1500001 conv=notrunc status=none
        truncate -s 123456 $D/files/hole
        xfs_io -f -c 'falloc 0 300000' -c 'pwrite -q 100000 5000' $D/files/unwritten
        for k in 8 30 120 320 1200; do
            mkdir $D/many$k; i=0
            while [ $i -lt $k ]; do echo $D/many$k/entry-$i-with-a-name-that-takes-room; i=$((i+1)); done | xargs touch
        done
        rm $D/many320/entry-1*
        for i in 1 2 3; do echo $i > $D/few/e$i; done
        for n in 1 58 100 200 400 900 1022; do ln -s $(head -c $n /dev/zero | tr '\\0' x) $D/links/l$n; done
        echo s > $D/special/suid; chown 70000:100000 $D/special/suid; chmod 6755 $D/special/suid
        mkfifo $D/special/fifo; mkdir $D/special/sticky; chmod 1777 $D/special/sticky
        mknod $D/special/null c 1 3; mknod $D/special/disk b 259 1000
        ln $D/special/suid $D/special/hard
        echo ä > "$D/special/näme with space"
        for t in -300000000 2147483653 4294967373; do
            : > $D/special/t$t; touch -d @$t $D/special/t$t 2>/dev/null || rm $D/special/t$t; done
        : > $D/attributes/short; setfattr -n user.short -v value $D/attributes/short
        setfattr -n trusted.note -v t $D/attributes/short; setfattr -n security.note -v s $D/attributes/short
        setfacl -m u:1234:rw,g:99:r $D/attributes/short
        mkdir $D/attributes/dir; setfacl -d -m u:7:rwx $D/attributes/dir
        : > $D/attributes/leaf
        for i in 1 2 3 4 5 6 7 8; do
            setfattr -n user.attribute-$i -v "value $i of some length, to fill the leaf" $D/attributes/leaf; done
        : > $D/attributes/node; i=0
        while [ $i -lt 150 ]; do
            setfattr -n user.attribute-number-$i -v "value $i of some length, to fill the leaf" $D/attributes/node
            i=$((i+1)); done
        : > $D/attributes/remote
        setfattr -n user.remote -v $(head -c 3000 /dev/zero | tr '\\0' r) $D/attributes/remote
        setfattr -n user.large -v $(head -c 60000 /dev/zero | tr '\\0' l) $D/attributes/remote
        """

    /// Every other block is written, so that each is an extent of its own: trees with small blocks.
    static func fragment(_ path: FilePath, count: Int = 700, step: Int64 = 8192) throws {
        try HostFile.write(path) { file in
            for index in 0..<count {
                _ = try file.writeAll(toAbsoluteOffset: Int64(index) * step, "fragment \(index)".utf8)
            }
        }
    }
}

/// One line per node of a tree: path, type, mode, owner, group, size, time, target or CRC of the content, then
/// attributes.
enum Listing {
    /// As this package reads it.
    ///
    /// - Parameter limit: how many names of a directory are also looked up.
    static func of(_ fileSystem: XFSFileSystem, lookingUp limit: Int = 150) throws -> [String] {
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
            for (name, value) in try fileSystem.extendedAttributes(node).sorted(by: { $0.key < $1.key }) {
                lines.append("\(path)\t\(name)=0x\(Hexadecimal.lower(value))")
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
        let attributes = try await HostTool.shell(
            "cd \(path) && find . -type f -o -type d | sort > ../names && "
                + "getfattr -h -d -m - -e hex -- $(grep -v ' ' ../names) 2>/dev/null || :")
        var current = ""
        for line in attributes.split(separator: "\n") {
            if line.hasPrefix("# file: ") {
                current = String(line.dropFirst(8))
                if current != "." {
                    current = "./\(current.hasPrefix("./") ? String(current.dropFirst(2)) : current)"
                }
            } else if let equals = line.firstIndex(of: "=") {
                lines.append("\(current)\t\(line[..<equals])=\(line[line.index(after: equals)...])")
            }
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

/// Counts what is asked of another source.
final class CountingSource: BlockSource {
    private let base: any BlockSource
    private let count = Mutex<UInt64>(0)

    init(_ base: any BlockSource) { self.base = base }

    var size: UInt64 { base.size }
    var bytesRead: UInt64 { count.withLock { $0 } }

    func read(at offset: UInt64, count bytes: Int) throws(ImageFault) -> Bytes {
        count.withLock { $0 += UInt64(bytes) }
        return try base.read(at: offset, count: bytes)
    }
}
