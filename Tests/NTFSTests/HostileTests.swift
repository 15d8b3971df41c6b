import BlockIO
import ByteReading
import FileSystemCore
import NTFS
import SystemPackage
import TestSupport
import Testing

/// Damage everywhere: each ends in a result or a fault, soon and without a trap.
@Suite(.enabled(if: NTFSImage.canMount), .serialized)
struct HostileTests {
    /// Reads everything that can be read, up to a bound.
    static func exercise(_ source: any BlockSource) {
        guard (try? NTFSFileSystem.probe(source)) == true, let fileSystem = try? NTFSFileSystem(source) else {
            return
        }
        var pending = [fileSystem.root]
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < 64 {
            guard visited.insert(node).inserted, let info = try? fileSystem.info(node) else { continue }
            switch info.type {
            case .regular:
                _ = try? fileSystem.read(node, at: 0, count: 20_000)
                _ = try? fileSystem.read(node, at: info.size &- 5000, count: 20_000)
                _ = try? fileSystem.location(of: node, at: info.size / 2)
            case .symlink:
                _ = try? fileSystem.linkTarget(node)
            case .directory:
                _ = try? fileSystem.lookup("no-such-name", in: node)
                pending += ((try? fileSystem.list(node)) ?? []).prefix(64).map(\.node)
            default: break
            }
            for stream in ((try? fileSystem.streams(of: node)) ?? []).prefix(4) {
                _ = try? fileSystem.readStream(stream.name, of: node, at: 10, count: 1000)
            }
        }
        _ = fileSystem.usage
    }

    /// A volume of few files with every kind of structure, in memory.
    private func volume(in folder: ScratchFolder) async throws -> MemorySource {
        let image = try await NTFSImage.make("-c 1024", size: "4M", in: folder)
        let overlay = ReparsePointTests.point(
            0x8000_0017, [1, 2, 1, 0].flatMap { NTFSImage.bytes(UInt32($0)) })
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point); mkdir d c; i=0; while [ $i -lt 40 ]; do : > d/entry-with-a-long-name-$i; i=$((i+1)); done
                setfattr -h -n system.ntfs_attrib_be -v 0x00000800 c; seq 1 8000 > c/text; echo resident > small
                echo main > streams; i=0; while [ $i -lt 24 ]; do echo $i > streams:stream-with-a-long-name-$i; i=$((i+1)); done
                mkdir j; setfattr -h -n system.ntfs_reparse_data -v \(ReparsePointTests.link("\\??\\C:\\d", flags: nil)) j
                truncate -s 9000 wof; head -c 5000 /dev/urandom > wof:WofCompressedData
                setfattr -h -n system.ntfs_reparse_data -v \(overlay) wof
                head -c 8192 /dev/urandom > big; truncate -s 60000 big; echo x >> big
                """)
        }
        let source = try FileSource(image)
        return MemorySource(try source.read(at: 0, count: Int(source.size)))
    }

    @Test func `survives damage to any byte of metadata`() async throws {
        let folder = try await ScratchFolder()
        let source = try await volume(in: folder)
        let fileSystem = try NTFSFileSystem(source)
        var places = Array(0x00..<0x50).map { UInt64($0) }
        let table = try #require(try fileSystem.lookup("$MFT", in: fileSystem.root))
        func record(_ number: UInt64) throws -> UInt64 {
            try #require(try fileSystem.location(of: table, at: number * 1024))
        }
        // The MFT itself, the root, and every file: all bytes in use.
        var numbers: [UInt64] = [0, 3, 5, 10]
        for entry in try fileSystem.list(fileSystem.root) {
            numbers.append(entry.node.rawValue & 0xFFFF_FFFF)
        }
        for number in numbers {
            let start = try record(number)
            let used = try source.read(at: start + 0x18, count: 4).little(UInt32.self, at: 0)
            places += (start..<start + UInt64(Swift.min(used, 1024)))
        }
        // Index blocks.
        for offset in stride(from: UInt64(0), to: source.size, by: 1024)
        where try source.read(at: offset, count: 4).starts(with: "INDX") {
            places += (offset..<offset + 200)
        }
        #expect(places.count > 4000)
        var state: UInt64 = 1
        // Every seventh byte, which is never the same one of a field.
        for (index, place) in places.enumerated() where index % 7 == 0 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // What it becomes goes round.
            let value = try source.read(at: place, count: 1).byte(at: 0)
            let changed = [
                value ^ 0xFF, value ^ 0x01, value &+ 8, 0, UInt8(truncatingIfNeeded: state >> 56),
            ][index % 5]
            Self.exercise(PatchedSource(source, patches: [(place, [changed])]))
        }
    }

    @Test func `survives an image that ends anywhere`() async throws {
        let folder = try await ScratchFolder()
        let source = try await volume(in: folder)
        for size in Array(0..<20) + [511, 512, 513, 4095, 8192, 20_000, 100_000, 1 << 20, 2 << 20, 3 << 20] {
            Self.exercise(PatchedSource(source, size: UInt64(size)))
        }
    }

    @Test func `finds loops`() async throws {
        let folder = try await ScratchFolder()
        let source = try await volume(in: folder)
        let fileSystem = try NTFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("d", in: fileSystem.root))
        #expect(try fileSystem.list(node).count == 40)
        // Every index block that has a node below is its own; every leaf gets one, too.
        var patches: [(offset: UInt64, bytes: [UInt8])] = []
        let table = try #require(try fileSystem.lookup("$MFT", in: fileSystem.root))
        let place = try #require(
            try fileSystem.location(of: table, at: (node.rawValue & 0xFFFF_FFFF) * 1024))
        let record = try source.read(at: place, count: 1024)
        let root = try #require(record.firstIndex(of: [0x90, 0, 0, 0], from: 0x38))
        let value = root + Int(try record.little(UInt16.self, at: root + 0x14))
        // All entries of the root lead to the first block.
        var entry = value + 0x10 + Int(try record.little(UInt32.self, at: value + 0x10))
        while true {
            let length = Int(try record.little(UInt16.self, at: entry + 8))
            let flags = try record.little(UInt16.self, at: entry + 12)
            #expect(flags & 1 == 1)
            patches.append((place + UInt64(entry + length - 8), [UInt8](repeating: 0, count: 8)))
            if flags & 2 != 0 { break }
            entry += length
        }
        #expect(patches.count > 1)
        let looping = try NTFSFileSystem(PatchedSource(source, patches: patches))
        #expect { try looping.list(node) } throws: {
            ($0 as? ImageFault)?.message.contains("twice") == true
        }
    }

    @Test func `finds runs outside the volume`() async throws {
        let folder = try await ScratchFolder()
        let source = try await volume(in: folder)
        let fileSystem = try NTFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("big", in: fileSystem.root))
        let table = try #require(try fileSystem.lookup("$MFT", in: fileSystem.root))
        let place = try #require(
            try fileSystem.location(of: table, at: (node.rawValue & 0xFFFF_FFFF) * 1024))
        let record = try source.read(at: place, count: 1024)
        let data = try #require(record.firstIndex(of: [0x80, 0, 0, 0], from: 0x38))
        let runs = UInt64(data) + UInt64(try record.little(UInt16.self, at: data + 0x20))
        for bytes: [UInt8] in [
            [0x21, 0x08, 0xFF, 0x7F], [0x21, 0x08, 0x00, 0x80],
            [0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0x10, 0x01], [0x01, 0x00], [0xF1, 0x08], [0x00],
        ] {
            let damaged = try NTFSFileSystem(PatchedSource(source, patches: [(place + runs, bytes)]))
            #expect(throws: ImageFault.self) { try damaged.read(node, at: 0, count: 60000) }
        }
    }
}
