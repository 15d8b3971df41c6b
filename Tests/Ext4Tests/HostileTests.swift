import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import Ext4

/// Damage everywhere: each ends in a result or a fault, soon and without a trap.
@Suite(.enabled(if: Ext4Image.hasTools))
struct HostileTests {
    /// Reads everything that can be read, up to a bound.
    static func exercise(_ source: any BlockSource) {
        guard let fileSystem = try? Ext4FileSystem(source) else { return }
        var pending = [fileSystem.root]
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < 64 {
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
                pending += ((try? fileSystem.list(node)) ?? []).prefix(64).map(\.node)
            default: break
            }
        }
        _ = fileSystem.conditions
    }

    private func tinyImage(_ options: String, in folder: ScratchFolder) async throws -> [UInt8] {
        let image = try await Ext4Image.make("-b 1024 -N 32 -m 0 \(options)", size: "2M", in: folder)
        let content = folder.file("content")
        try await HostTool.shell("seq 1 4000 > \(content); truncate -s 40000 \(content)")
        let entries = (0..<12).map {
            "write /dev/null dir/entry-\($0)-with-a-name-that-takes-its-room-in-the-block"
        }
        try await Ext4Image.debugfs(
            [
                "write \(content) file", "mkdir dir", "symlink short target",
                "symlink long \(String(repeating: "t/", count: 60))",
                "mknod fifo p", "ea_set file user.a value", "ea_set -f \(content)x file user.none",
                "ea_set file user.big \(String(repeating: "b", count: 200))",
            ] + entries, on: image)
        let file = try FileSource(image)
        return try file.read(at: 0, count: Int(file.size)).array
    }

    @Test(arguments: [
        "-t ext4 -O ^has_journal,^metadata_csum -I 256", "-t ext2 -O ^resize_inode -I 128",
        "-t ext4 -O ^has_journal,^metadata_csum,inline_data -I 512",
    ])
    func `survives every flipped byte of metadata`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let whole = try await tinyImage(options, in: folder)
        let volume = try Ext4FileSystem(MemorySource(whole)).volume
        var metadata = Array(1024..<1024 + 0x170) + Array(2048..<2048 + volume.superblock.descriptorSize)
        for number in [UInt32(2)] + (11...18).map({ UInt32($0) }) {
            guard let inode = try? volume.inode(Ext4InodeNumber(number)) else { continue }
            metadata += Array(Int(inode.raw.origin)..<Int(inode.raw.origin) + Swift.min(inode.raw.count, 220))
            if inode.attributeBlock.rawValue != 0 {
                let start = Int(inode.attributeBlock.rawValue) * 1024
                metadata += Array(start..<start + 64)
            }
            guard inode.type == .directory || inode.type == .regular, !inode.hasInlineData else { continue }
            if inode.type == .directory,
                let block = try volume.extents(of: inode, in: 0..<1).first?.physical.rawValue
            {
                metadata += Array(Int(block) * 1024..<Int(block) * 1024 + 128)
            }
            if !inode.usesExtents {
                let indirect: UInt32 = try inode.blockArea.little(at: 48)
                metadata += Array(Int(indirect) * 1024..<Int(indirect) * 1024 + 64)
            }
        }
        for position in metadata {
            for mask in options.contains("ext2") ? [UInt8(0xFF), 0x01] : [0xFF] {
                var damaged = SparseOverlay(MemorySource(whole))
                damaged.replace(at: UInt64(position), with: [whole[position] ^ mask])
                HostileTests.exercise(damaged)
            }
        }
    }

    @Test func `survives every flipped byte of a journal`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -J size=1 -O ^metadata_csum", in: folder)
        let content = folder.file("content")
        try await HostTool.shell("head -c 4096 /dev/urandom > \(content)")
        try await Ext4Image.debugfs(
            ["jo", "jw -b 9000-9003 \(content)", "jw -r 9001,9002", "jw -b 9000-9003 \(content)", "jc"],
            on: image)
        let source = try FileSource(image)
        let whole = try source.read(at: 0, count: 4 << 20).array
        let clean = try Ext4FileSystem(source)
        #expect(clean.conditions.map(\.code) == [.journalReplayed])
        let journal = try clean.volume.inode(Ext4InodeNumber(8))
        let start =
            Int(try #require(try clean.volume.extents(of: journal, in: 0..<1).first).physical.rawValue) * 1024
        let cached = CachedSource(source)
        for block in [0, 1, 6, 7, 8, 9, 13, 14] {
            for offset in Array(0..<96) + [0xFC, 0x100, 1020, 1023] {
                let position = start + block * 1024 + offset
                guard position < whole.count else { continue }
                for mask in [UInt8(0xFF), 0x01] {
                    var damaged = SparseOverlay(cached)
                    damaged.replace(at: UInt64(position), with: [whole[position] ^ mask])
                    _ = try? Ext4FileSystem(damaged)
                }
            }
        }
    }

    @Test func `survives an image that ends anywhere`() async throws {
        let folder = try await ScratchFolder()
        let whole = try await tinyImage("-t ext4 -O ^has_journal", in: folder)
        for length in stride(from: 0, to: 4096, by: 37) {
            HostileTests.exercise(MemorySource(Array(whole.prefix(length))))
        }
        for length in stride(from: 4096, to: whole.count, by: 4096) {
            HostileTests.exercise(try SliceSource(MemorySource(whole), start: 0, size: UInt64(length)))
        }
    }

    /// Trees that lead back into themselves must not hang: the budget or the depth ends them.
    @Test func `ends on trees that never end`() async throws {
        let folder = try await ScratchFolder()
        let whole = try await tinyImage("-t ext4 -O ^has_journal,^metadata_csum", in: folder)
        let fileSystem = try Ext4FileSystem(MemorySource(whole))
        let node = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        let inode = try fileSystem.volume.inode(Ext4InodeNumber(UInt32(node.rawValue)))
        let start = Int(inode.raw.origin)
        func fault(_ change: (inout [UInt8]) -> Void) throws -> ImageFault? {
            var bytes = whole
            change(&bytes)
            let damaged = try Ext4FileSystem(MemorySource(bytes))
            return #expect(throws: ImageFault.self) { try damaged.read(node, at: 0, count: 1000) }
        }
        // A root of depth 6; a root whose child is a node of the same depth, which is the data block.
        #expect(try fault { $0[start + 0x28 + 6] = 6 }?.kind == .corrupt)
        #expect(try fault { $0[start + 0x28 + 6] = 2 }?.kind == .corrupt)
        // Block maps that use one block for every level.
        #expect(
            try fault { bytes in
                bytes[start + 0x22] &= ~0x08
                for index in 0..<60 { bytes[start + 0x28 + index] = 0xFF }
            }?.kind == .corrupt)
        // More entries than there is room for.
        #expect(try fault { $0[start + 0x28 + 2] = 5 }?.kind == .corrupt)
        // Depth 0, no magic.
        #expect(try fault { $0[start + 0x28] = 0 }?.kind == .corrupt)
        // A link count of zero is a deleted file.
        var deleted = whole
        deleted[start + 0x1A] = 0
        let damaged = try Ext4FileSystem(MemorySource(deleted))
        #expect(throws: ImageFault.self) { try damaged.info(node) }
    }
}
