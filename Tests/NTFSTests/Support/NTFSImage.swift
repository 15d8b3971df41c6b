import BlockIO
import ByteReading
import FileSystemCore
import Glibc
import NTFS
import SystemPackage
import TestSupport

/// Makes NTFS images with the tools of ntfs-3g.
enum NTFSImage {
    static let hasTools = HostTool.has("mkntfs", "ntfscp", "ntfsinfo")
    /// Whether ntfs-3g can mount images: it is the judge then.
    static let canMount =
        hasTools && getuid() == 0 && HostTool.has("ntfs-3g", "umount", "flock", "setfattr", "find")
        && hasFUSE
    private static let hasFUSE = unsafe access("/dev/fuse", R_OK | W_OK) == 0

    /// An empty volume in `folder`.
    static func make(
        _ options: String = "", size: String = "24M", name: String = "image", in folder: ScratchFolder
    ) async throws -> FilePath {
        let path = folder.file(name)
        try await HostTool.shell("truncate -s \(size) \(path) && mkntfs -Q -F -q \(options) \(path)")
        return path
    }

    /// Mounts `image`, runs `body` with the mount point, and unmounts whatever happens; returns when the
    /// program that held the image has ended.
    @discardableResult
    static func mounted<Value: Sendable>(
        _ image: FilePath, options: String = "compression,streams_interface=windows",
        in folder: ScratchFolder, _ body: (FilePath) async throws -> Value
    ) async throws -> Value {
        let point = folder.file("mnt")
        // Held by the program as long as it runs: it may write for long after it was unmounted.
        let lock = folder.file("mnt.lock")
        return try await HostMount.during(
            """
            flock \(lock) ntfs-3g -o no_detach,\(options) \(image) \(point) < /dev/null > /dev/null 2>&1 &
            for i in $(seq 1200); do mountpoint -q \(point) && exit 0; sleep 0.05; done
            exit 1
            """, on: point, after: "flock -w 900 \(lock) true", body)
    }

    /// A shell script that fills `$D` with files of awkward sizes, links, names and times.
    static let fill = """
        mkdir -p $D/files $D/links $D/many $D/few/a/b
        for n in 0 1 300 600 700 1023 1024 1025 4096 5000 13000 70000 400000; do
            head -c $n /dev/urandom > $D/files/f$n; done
        truncate -s 2500000 $D/files/sparse
        printf middle | dd of=$D/files/sparse bs=1 seek=1500001 conv=notrunc status=none
        truncate -s 123456 $D/files/hole
        i=0; while [ $i -lt 320 ]; do : > $D/many/entry-$i-with-a-name-that-takes-room; i=$((i+1)); done
        for i in 1 2 3; do echo $i > $D/few/e$i; done
        for n in 1 58 200 900; do ln -s $(head -c $n /dev/zero | tr '\\0' x) $D/links/l$n; done
        ln -s ../files/f1 $D/links/relative; ln -s /few/a $D/links/absolute
        ln $D/files/f5000 $D/links/hard; ln $D/files/f5000 $D/hard
        echo ä > "$D/few/näme with space"; echo k > $D/few/漢字.txt; echo s > $D/few/😀; echo m > $D/few/MixedCase.Conf
        for t in -300000000 0 2147483653 4294967373; do : > $D/few/t$t; touch -d @$t $D/few/t$t; done
        """

    static func open(_ image: FilePath) throws -> NTFSFileSystem { try NTFSFileSystem(FileSource(image)) }

    static func codes(_ source: any BlockSource) throws -> [FileSystemCondition.Code] {
        try NTFSFileSystem(source).conditions.map(\.code)
    }

    /// Little-endian bytes.
    static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        (0..<(Number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> Number($0 * 8)) }
    }
}

/// One line per node of a tree: path, type, mode, links, size, time, target or CRC of the content.
enum Listing {
    /// As this package reads it; each name that is listed is looked up, too.
    static func of(_ fileSystem: NTFSFileSystem) throws -> [String] {
        var lines: [String] = []
        var pending: [(NodeID, String)] = [(fileSystem.root, ".")]
        while let (node, path) = pending.popLast() {
            let info = try fileSystem.info(node)
            var fields = [
                path, letter(info.type), String(info.permissions, radix: 8), "\(info.linkCount)",
                info.type == .directory ? "-" : "\(info.size)", "\(info.modified)",
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
                    guard try entry.type == fileSystem.info(entry.node).type else {
                        throw HostTool.Failure(
                            description: "\(path)/\(entry.name) is listed as \(entry.type)")
                    }
                    pending.append((entry.node, "\(path)/\(entry.name)"))
                }
            default: break
            }
            lines.append(fields.joined(separator: "\t"))
        }
        return lines.sorted()
    }

    /// As the tree at `path` is shown by what mounted it.
    static func ofDirectory(_ path: FilePath) async throws -> [String] {
        let text = try await HostTool.shell(
            "cd \(path) && find . -printf '%p\\t%y\\t%m\\t%n\\t%s\\t%T@\\t%l\\n'")
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            var fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 7 else { throw HostTool.Failure(description: "odd line \(line)") }
            if fields[1] == "d" { fields[4] = "-" }
            fields[5] = seconds(fields[5])
            if fields[1] == "f" {
                let file = try FileSource(path.appending(FilePath(fields[0]).components))
                fields[6] = try checksum(size: file.size) { try file.readUpTo(at: $0, count: $1) }
            } else if fields[1] != "l" {
                fields.removeLast()
            }
            lines.append(fields.joined(separator: "\t"))
        }
        return lines.sorted()
    }

    /// Whole seconds of what find prints.
    private static func seconds(_ text: String) -> String { String(text.prefix { $0 != "." }) }

    static func checksum(size: UInt64, _ read: (UInt64, Int) throws -> Bytes) throws -> String {
        var register: UInt32 = ~0
        var offset: UInt64 = 0
        while offset < size {
            let part = try read(offset, 1 << 20)
            guard !part.isEmpty else { break }
            if !DiskComparison.isZero(part) {
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
