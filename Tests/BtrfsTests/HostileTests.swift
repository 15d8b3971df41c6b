import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import Btrfs

/// Damage everywhere, with checksums made right again so that it is met: each ends in a result or a fault, soon and
/// without a trap.
@Suite(.enabled(if: BtrfsImage.hasTools))
struct HostileTests {
    /// Some bytes of another source replaced.
    struct Patched: BlockSource {
        let base: any BlockSource
        let place: UInt64
        let bytes: [UInt8]
        var size: UInt64 { base.size }

        func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
            let stored = try base.read(at: offset, count: count)
            guard place < offset + UInt64(count), offset < place + UInt64(bytes.count) else { return stored }
            var array = stored.array
            let from = Swift.max(place, offset)
            let to = Swift.min(place + UInt64(bytes.count), offset + UInt64(count))
            array.replaceSubrange(
                Int(from - offset)..<Int(to - offset), with: bytes[Int(from - place)..<Int(to - place)])
            return Bytes(array, origin: offset)
        }
    }

    /// Reads everything that can be read, up to a bound.
    static func exercise(_ sources: [any BlockSource]) {
        guard let fileSystem = try? BtrfsFileSystem(sources) else { return }
        var pending = [fileSystem.root] + ((try? fileSystem.subvolumes()) ?? []).prefix(8).map(\.top)
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < 40 {
            guard visited.insert(node).inserted, let info = try? fileSystem.info(node) else { continue }
            _ = try? fileSystem.extendedAttributes(node)
            switch info.type {
            case .regular:
                _ = try? fileSystem.read(node, at: 0, count: 20_000)
                _ = try? fileSystem.read(node, at: info.size &- 5000, count: 20_000)
                _ = try? fileSystem.location(of: node, at: info.size / 2)
            case .symlink: _ = try? fileSystem.linkTarget(node)
            case .directory:
                _ = try? fileSystem.lookup("no-such-name", in: node)
                pending += ((try? fileSystem.list(node)) ?? []).prefix(64).map(\.node)
            default: break
            }
        }
        _ = fileSystem.conditions
    }

    /// A small tree in a small file system, made without the kernel.
    private func tinyImage(in folder: ScratchFolder) async throws -> FilePath {
        let image = folder.file("image")
        let tree = folder.file("tree")
        try await HostTool.shell(
            """
            mkdir -p \(tree)/dir; cd \(tree); seq 1 4000 > file; echo small > dir/small; ln -s small dir/link
            ln file dir/hard; i=0; while [ $i -lt 12 ]; do : > dir/e$i; i=$((i+1)); done
            truncate -s 120M \(image); mkfs.btrfs -q -f -n 4096 -m single --rootdir \(tree) \(image)
            """)
        return image
    }

    /// The blocks that opening and walking read.
    private final class Trace: BlockSource {
        let base: any BlockSource
        let blocks: MutexBox
        var size: UInt64 { base.size }

        init(_ base: any BlockSource) {
            self.base = base
            blocks = MutexBox()
        }

        func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
            if count == 4096 { blocks.insert(offset) }
            return try base.read(at: offset, count: count)
        }
    }

    @Test func `survives every flipped byte of metadata`() async throws {
        let folder = try await ScratchFolder()
        let image = try await tinyImage(in: folder)
        let source = CachedSource(try FileSource(image))
        let trace = Trace(source)
        HostileTests.exercise([trace])
        let blocks = trace.blocks.values.sorted()
        #expect(blocks.count > 5)
        for block in blocks {
            let whole = try source.read(at: block, count: 4096)
            guard BtrfsChecksum.crc32c.holds(overBlock: whole) else { continue }
            let used = whole.enumerated().filter { $0.offset >= 32 && $0.element != 0 }.map { $0.offset }
            // All of the head, and so many of the rest that the test stays short.
            let step = Swift.max(1, used.count / 120)
            let positions = used.filter { $0 < 110 || $0 % step == 0 }
            for position in positions {
                for mask in [UInt8(0xFF), 0x01] {
                    var bytes = whole.array
                    bytes[position] ^= mask
                    let sum = BtrfsChecksum.crc32c.value(of: Bytes(Array(bytes[32...])))
                    bytes.replaceSubrange(0..<4, with: sum)
                    HostileTests.exercise([Patched(base: source, place: block, bytes: bytes)])
                }
            }
        }
    }

    @Test func `survives an image that ends anywhere`() async throws {
        let folder = try await ScratchFolder()
        let image = try await tinyImage(in: folder)
        let source = CachedSource(try FileSource(image))
        for length in stride(from: 0, to: 140_000, by: 997) {
            HostileTests.exercise([try SliceSource(source, start: 0, size: UInt64(length))])
        }
        for length in stride(from: 140_000, to: 30_000_000, by: 391_003) {
            HostileTests.exercise([try SliceSource(source, start: 0, size: UInt64(length))])
        }
    }
}
