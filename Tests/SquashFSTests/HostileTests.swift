import BlockIO
import ByteReading
import FileSystemCore
import SquashFS
import SystemPackage
import TestSupport
import Testing

/// Damage everywhere: each ends in a result or a fault, soon and without a trap.
@Suite(.enabled(if: SquashImage.hasTools), .serialized)
struct HostileTests {
    /// Reads everything that can be read, up to a bound.
    static func exercise(_ source: any BlockSource, nodes: Int = 40) {
        guard let fileSystem = try? SquashFileSystem(source) else { return }
        var pending = [fileSystem.root]
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < nodes {
            guard visited.insert(node).inserted, let info = try? fileSystem.info(node) else { continue }
            switch info.type {
            case .regular:
                _ = try? fileSystem.read(node, at: 0, count: 20_000)
                _ = try? fileSystem.read(node, at: info.size &- 5000, count: 20_000)
            case .symlink: _ = try? fileSystem.linkTarget(node)
            case .directory:
                _ = try? fileSystem.lookup("no-such-name", in: node)
                pending += ((try? fileSystem.list(node)) ?? []).prefix(8).map(\.node)
            default: break
            }
        }
    }

    private func image(_ options: String, in folder: ScratchFolder) async throws -> MemorySource {
        let tree = folder.file("tiny")
        try await HostTool.shell(
            """
            mkdir -p \(tree)/a/b; cd \(tree); seq 1 2000 > text; truncate -s 30000 sparse; ln -s text link
            echo x > a/one; ln a/one a/two; seq -f a/b/entry-with-a-long-name-to-fill-blocks-%g 1 260 | xargs touch
            mkfifo pipe
            """)
        let path = try await SquashImage.make(tree, options, name: "tiny.img", in: folder)
        let file = try FileSource(path)
        return MemorySource(try file.read(at: 0, count: Int(file.size)))
    }

    @Test(arguments: ["-noI -noD -noF -noX -b 4096", "-comp gzip -b 4096", "-comp zstd"])
    func `survives every changed byte`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let source = try await image(options, in: folder)
        let fileSystem = try SquashFileSystem(source)
        #expect(try fileSystem.list(fileSystem.root).count == 5)
        // The superblock bit by bit, then a sample of everything: contents say little.
        for position in 0..<UInt64(96) {
            let byte = try source.read(at: position, count: 1).byte(at: 0)
            for value in [byte ^ 0x01, byte ^ 0xFF] {
                Self.exercise(PatchedSource(source, patches: [(position, [value])]), nodes: 8)
            }
        }
        for position in stride(from: UInt64(96), to: source.size, by: source.size > 20_000 ? 61 : 11) {
            let byte = try source.read(at: position, count: 1).byte(at: 0)
            for value in [byte ^ 0xFF] {
                Self.exercise(PatchedSource(source, patches: [(position, [value])]), nodes: 8)
            }
        }
    }

    @Test func `survives an image that ends anywhere`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image("-comp gzip -b 4096", in: folder)
        for length in stride(from: UInt64(0), to: source.size, by: 59) {
            Self.exercise(PatchedSource(source, size: length))
        }
        #expect(throws: ImageFault.self) { try SquashFileSystem(PatchedSource(source, size: 95)) }
        // The tables stand at the end, so a volume that can be opened at all is cut at most in its padding.
        let larger = PatchedSource(source, patches: [(43, [1])])
        let cut = try SquashFileSystem(larger)
        #expect(cut.conditions.map(\.code) == [.largerThanDevice])
    }

    @Test func `says what it does not read`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image("-comp gzip", in: folder)
        func fault(_ offset: UInt64, _ bytes: [UInt8]) -> ImageFault.Kind? {
            do throws(ImageFault) {
                _ = try SquashFileSystem(PatchedSource(source, patches: [(offset, bytes)]))
                return nil
            } catch { return error.kind }
        }
        #expect(fault(28, [3, 0]) == .unsupported)
        #expect(fault(20, [2, 0]) == .unsupported)
        #expect(fault(0, [0]) == .corrupt)
        #expect(fault(12, [0, 0x10, 0, 0]) == .corrupt)
        #expect(fault(32, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0]) == .corrupt)
        #expect(fault(40, [1, 0, 0, 0, 0, 0, 0, 0]) == .corrupt)
    }

    /// A directory that holds itself: a reader that follows entries has to look out, not this one.
    @Test func `a listing that never ends is bounded`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image("-noI -noD -noF -noX -b 4096", in: folder)
        // Inode sizes of four bytes 0xFF in turn over the whole inode table.
        let table: UInt64 = try source.read(at: 64, count: 8).little(at: 0)
        let end: UInt64 = try source.read(at: 72, count: 8).little(at: 0)
        for position in stride(from: table, to: end, by: 23) {
            Self.exercise(PatchedSource(source, patches: [(position, [0xFF, 0xFF, 0xFF, 0x7F])]), nodes: 6)
        }
    }
}
