import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

/// Sources in memory and over one another.
struct SourceTests {
    private static let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    @Test func slices() throws {
        let base = MemorySource(Self.bytes)
        let slice = try SliceSource(base, start: 1000, size: 500)
        let window = try slice.read(at: 10, count: 20)
        #expect(window.array == Array(Self.bytes[1010..<1030]))
        #expect(window.origin == 10)
        #expect(throws: ImageFault.self) { try slice.read(at: 490, count: 11) }
        #expect(try slice.readUpTo(at: 490, count: 11).count == 10)
        #expect(try slice.readUpTo(at: 501, count: 11).isEmpty)
        // Past the end of the base: readable as far as it goes.
        let cut = try SliceSource(base, start: 99_990, size: 100)
        #expect(try cut.read(at: 0, count: 10).count == 10)
        #expect { try cut.read(at: 5, count: 10) } throws: { ($0 as? ImageFault)?.kind == .truncated }
        #expect(throws: ImageFault.self) { try SliceSource(base, start: .max, size: 2) }
        let nested = try SliceSource(slice, start: 100, size: 100)
        #expect(try nested.read(at: 0, count: 4).array == Array(Self.bytes[1100..<1104]))
    }

    @Test(arguments: [(0, 512), (500, 30), (511, 1), (1000, 1024), (0, 100_000), (99_999, 1), (1024, 1536)])
    func cachedReads(offset: Int, count: Int) throws {
        let cached = CachedSource(MemorySource(Self.bytes), blockSize: 512, capacity: 4)
        for _ in 0..<2 {
            let window = try cached.read(at: UInt64(offset), count: count)
            #expect(window.array == Array(Self.bytes[offset..<(offset + count)]))
            #expect(window.origin == UInt64(offset))
        }
    }

    @Test func cacheForgetsTheOldest() throws {
        let cached = CachedSource(MemorySource(Self.bytes), blockSize: 512, capacity: 4)
        for round in 0..<400 {
            let offset = round * 7919 % 99_000
            #expect(
                try cached.read(at: UInt64(offset), count: 100).array
                    == Array(Self.bytes[offset..<(offset + 100)]))
        }
        #expect(throws: ImageFault.self) { try cached.read(at: 99_999, count: 2) }
    }

    @Test func overlays() throws {
        let overlay = OverlaySource(
            MemorySource(Self.bytes), blockSize: 1000,
            replacing: [
                2: Bytes([UInt8](repeating: 0xEE, count: 1000)),
                4: Bytes([UInt8](repeating: 0xDD, count: 1000)),
            ])
        var expected = Self.bytes
        for index in 2000..<3000 { expected[index] = 0xEE }
        for index in 4000..<5000 { expected[index] = 0xDD }
        for (offset, count) in [(0, 1000), (1990, 20), (2990, 1020), (0, 6000), (2500, 10), (99_000, 1000)] {
            #expect(
                try overlay.read(at: UInt64(offset), count: count).array
                    == Array(expected[offset..<(offset + count)]))
        }
        #expect(try overlay.extent(at: 2100) == BlockExtent(kind: .data, length: 900))
        #expect(throws: ImageFault.self) { try overlay.read(at: 99_999, count: 2) }
    }

    @Test func hugeNumbersFault() throws {
        let source = MemorySource(Self.bytes)
        #expect(throws: ImageFault.self) { try source.read(at: .max, count: 1) }
        #expect(throws: ImageFault.self) { try source.read(at: 0, count: .max) }
        #expect(throws: ImageFault.self) { try source.read(at: 0, count: -1) }
        #expect(throws: ImageFault.self) { try source.extent(at: 100_000) }
        #expect(try source.read(at: 100_000, count: 0).isEmpty)
    }
}

/// Files of the host.
struct FileSourceTests {
    @Test func contentAndCost() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("seq 1 10000 > file; truncate -s 5M file", in: folder.path)
        let file = try FileSource(folder.file("file"))
        #expect(file.size == 5 << 20)
        #expect(try file.read(at: 2, count: 4).array == Array("2\n3\n".utf8))
        #expect(file.cost.bytesRead == 4 && file.cost.reads == 1)
        #expect(throws: ImageFault.self) { try file.read(at: 5 << 20, count: 1) }
        let start = try file.extent(at: 0)
        #expect(start.kind == .data)
        let rest = try file.extent(at: start.length)
        if rest.kind == .hole { #expect(rest.length == file.size - start.length) }
    }

    @Test func errorsSayWhatIsWrong() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("mkfifo pipe; : > empty; ln -s nowhere dangling", in: folder.path)
        func kind(_ path: FilePath) -> ImageFault.Kind? {
            do throws(ImageFault) {
                _ = try FileSource(path)
                return nil
            } catch { return error.kind }
        }
        #expect(kind(folder.file("missing")) == .notFound)
        #expect(kind(folder.file("dangling")) == .notFound)
        #expect(kind(folder.path) == .io)
        #expect(kind(folder.file("pipe")) == .io)
        #expect(kind(folder.file("empty")) == nil)
        #expect(try FileSource(folder.file("empty")).size == 0)
    }

    @Test func aFileThatShrinksFaults() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("truncate -s 1M file", in: folder.path)
        let file = try FileSource(folder.file("file"))
        try await HostTool.shell("truncate -s 1K file", in: folder.path)
        #expect { try file.read(at: 0, count: 4096) } throws: { ($0 as? ImageFault)?.kind == .io }
    }

    @Test func pathsResolve() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("mkdir a; : > a/file; ln -s a/file link; ln -s loop loop", in: folder.path)
        let real = try HostPath.resolve(folder.file("a/file"))
        #expect(try HostPath.resolve(folder.file("link")) == real)
        #expect(try HostPath.resolve(folder.file("a/../a/./file")) == real)
        #expect { try HostPath.resolve(folder.file("none")) } throws: {
            ($0 as? ImageFault)?.kind == .notFound
        }
        #expect { try HostPath.resolve(folder.file("loop")) } throws: { ($0 as? ImageFault)?.kind == .io }
    }
}
