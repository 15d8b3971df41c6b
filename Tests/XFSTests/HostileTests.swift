import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import XFS

/// Damage everywhere: each ends in a result or a fault, soon and without a trap.
@Suite(.enabled(if: XFSImage.hasTools), .serialized)
struct HostileTests {
    /// Reads everything that can be read, up to a bound.
    static func exercise(_ source: any BlockSource, nodes: Int = 24) {
        guard let fileSystem = try? XFSFileSystem(source) else { return }
        var pending = [fileSystem.root]
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < nodes {
            guard visited.insert(node).inserted, let info = try? fileSystem.info(node) else { continue }
            _ = try? fileSystem.extendedAttributes(node)
            switch info.type {
            case .regular:
                _ = try? fileSystem.read(node, at: 0, count: 20_000)
                _ = try? fileSystem.read(node, at: info.size &- 5000, count: 20_000)
                _ = try? fileSystem.location(of: node, at: info.size / 2)
            case .symlink:
                _ = try? fileSystem.linkTarget(node)
            case .directory:
                _ = try? fileSystem.lookup("no-such-name", in: node)
                _ = try? fileSystem.lookup("entry-3", in: node)
                pending += ((try? fileSystem.list(node)) ?? []).prefix(nodes).map(\.node)
            default: break
            }
        }
        _ = fileSystem.conditions
    }

    /// A volume of version 4, where no checksum shields what is behind it.
    private func tinyImage(in folder: ScratchFolder) async throws -> FilePath {
        let content = folder.file("content")
        try await HostTool.shell("seq 1 4000 > \(content)")
        let proto = folder.file("proto")
        let names = (0..<60).map { "entry-\($0) ---644 0 0 /dev/null" }.joined(separator: "\n")
        let long = (0..<900).map { "entry-\($0)-with-a-long-name-to-fill-it ---644 0 0 /dev/null" }
            .joined(separator: "\n")
        try await HostTool.shell(
            """
            cat > \(proto) <<'END'
            /dev/null
            0 0
            d--755 0 0
            file ---644 0 0 \(content)
            link l--777 0 0 \(String(repeating: "t/", count: 300))
            few d--755 0 0
            a ---644 0 0 /dev/null
            $
            block d--755 0 0
            \(names)
            $
            node d--755 0 0
            \(long)
            $
            $
            END
            """)
        let image = try await XFSImage.make("-m crc=0 -p \(proto)", size: "32M", in: folder)
        let flags = (0..<70).map { "-c 'attr_set -u -v 30 number-\($0)'" }
            .joined(separator: " ")
        try await HostTool.shell("xfs_db -x -c 'sb 0' -c 'addr rootino' \(flags) \(image) 2>&1")
        return image
    }

    @Test func `survives every flipped byte of metadata`() async throws {
        let folder = try await ScratchFolder()
        let image = try await tinyImage(in: folder)
        let source = CachedSource(try FileSource(image))
        let fileSystem = try XFSFileSystem(source)
        let volume = fileSystem.volume
        var metadata = Array(UInt64(0)..<0x120)
        func add(_ fork: XFSInode.Fork) throws {
            for extent in try XFSExtentTree(volume: volume, fork: fork).extents(in: 0..<1 << 40).prefix(8) {
                let start = try volume.offset(of: extent.physical, "test")
                metadata += Array(start..<start + 48)
                metadata += Array(start + 4084..<start + 4096)
            }
        }
        for name in ["", "file", "link", "few", "block", "node"] {
            let node =
                name.isEmpty
                ? fileSystem.root : try #require(try fileSystem.lookup(FileName(name), in: fileSystem.root))
            let inode = try volume.inode(XFSInodeNumber(node.rawValue))
            metadata += Array(inode.raw.origin..<inode.raw.origin + 116)
            if inode.type == .directory, inode.data.format != .local { try add(inode.data) }
            if let attributes = inode.attributes, attributes.format != .local { try add(attributes) }
        }
        #expect(metadata.count > 1000)
        for position in metadata {
            let byte = try source.read(at: position, count: 1).array[0]
            HostileTests.exercise(
                PatchedSource(source, patches: [(position, [byte ^ 0xFF])]), nodes: 8)
        }
    }

    @Test func `survives an image that ends anywhere`() async throws {
        let folder = try await ScratchFolder()
        let image = try await tinyImage(in: folder)
        let source = CachedSource(try FileSource(image))
        for length in stride(from: UInt64(0), to: 2048, by: 37) {
            HostileTests.exercise(PatchedSource(source, size: length))
        }
        for length in stride(from: UInt64(2048), to: 4 << 20, by: 131_072) {
            HostileTests.exercise(PatchedSource(source, size: length), nodes: 12)
        }
    }

    /// A log of version 5 with its checksums left out, so that what is behind them is looked at.
    @Test(.enabled(if: XFSImage.canMount)) func `survives every flipped byte of a log`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("", in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point); mkdir d; for n in 1 2 3 4 5; do echo $n > d/f$n; setfattr -n user.x -v $n d/f$n; done
                seq -f 'd/entry-%g' 1 40 | xargs touch; rm d/f1; xfs_io -x -c 'shutdown -f' .
                """)
        }
        let source = CachedSource(try FileSource(image))
        let opened = try XFSFileSystem(source)
        #expect(opened.conditions.map(\.code) == [.journalReplayed])
        let volume = XFSVolume(
            source: source, overlay: nil, superblock: opened.volume.superblock, log: ConditionLog())
        let area = try XFSLogArea(volume)
        let ends = try XFSLogEnds(of: area)
        var unsigned: [(offset: UInt64, bytes: [UInt8])] = []
        var block = ends.tail
        var places: [UInt64] = []
        while block != ends.head {
            let record = try XFSLogReader(area: area, head: ends.head).record(at: block)
            unsigned.append((area.offset(of: block) + 0x20, [0, 0, 0, 0]))
            let start = area.offset(of: block)
            places += Array(start..<start + 0x34) + Array(start + 0x12C..<start + 0x144)
            let data = start + UInt64(record.header.headerCount * 512)
            let length = UInt64(record.data.count)
            places += Array(data..<data + Swift.min(length, 300))
            places += stride(from: data + 300, to: data + length, by: 41)
            block = area.block(block, plus: record.header.blockCount)
        }
        let open = PatchedSource(source, patches: unsigned)
        #expect(try XFSFileSystem(open).conditions.map(\.code) == [.journalReplayed])
        for place in places.prefix(1500) {
            let byte = try source.read(at: place, count: 1).array[0]
            let damaged = PatchedSource(
                source, patches: unsigned + [(place, [byte ^ 0xFF])])
            HostileTests.exercise(damaged, nodes: 4)
        }
    }

    /// Trees that lead back into themselves must not hang.
    @Test func `ends on trees that never end`() async throws {
        let folder = try await ScratchFolder()
        let image = try await tinyImage(in: folder)
        let source = try FileSource(image)
        let fileSystem = try XFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        let inode = try fileSystem.volume.inode(XFSInodeNumber(node.rawValue))
        let fork = inode.raw.origin + 100
        // The data fork becomes a tree of level 2 whose child is its own block of contents.
        let physical = try #require(
            try XFSExtentTree(volume: fileSystem.volume, fork: inode.data).extents(in: 0..<1).first
        ).physical.rawValue
        let room = inode.data.area.count
        let pointer = fork + 4 + UInt64((room - 4) / 16 * 8)
        let place = try fileSystem.volume.offset(of: XFSBlockNumber(physical), "test")
        var block: [UInt8] = [0x42, 0x4D, 0x41, 0x50, 0, 1, 0, 1]
        block += [UInt8](repeating: 0, count: 4096 - 8)
        block.replaceSubrange(24 + 254 * 8..<24 + 255 * 8, with: XFSLogInode.big(physical, count: 8))
        let looped = PatchedSource(
            source,
            patches: [
                (inode.raw.origin + 5, [3]), (fork, [0, 2, 0, 1] + [UInt8](repeating: 0, count: 8)),
                (pointer, XFSLogInode.big(physical, count: 8)), (place, block),
            ])
        let fault = #expect(throws: ImageFault.self) {
            try XFSFileSystem(looped).read(node, at: 0, count: 1000)
        }
        #expect(fault?.kind == .corrupt)
    }
}
