import BlockIO
import ByteReading
import FileSystemCore
import SquashFS
import SystemPackage
import TestSupport
import Testing

/// mksquashfs packs a tree with each compressor and feature; what the kernel or unsquashfs makes of it and what is read
/// here must be the same.
@Suite(.enabled(if: SquashImage.hasTools), .serialized)
struct ComparisonTests {
    static let options = [
        "-comp gzip -b 4096", "-comp xz -Xbcj x86 -b 1M", "-comp zstd", "-comp lz4", "-comp lzo",
        "-no-fragments -no-duplicates", "-always-use-fragments -b 65536",
        "-tailends -no-exports -no-xattrs", "-noI -noD -noF -noX -no-sparse",
        "-comp xz -Xdict-size 100% -b 65536 -no-xattrs -no-exports -always-use-fragments",
    ]

    private func compare(_ image: FilePath, with directory: FilePath) async throws {
        let expected = try await Listing.ofDirectory(directory)
        let found = try Listing.of(try SquashImage.open(image))
        #expect(found.count > 1500)
        let missing = Set(expected).subtracting(found).sorted().prefix(5)
        let extra = Set(found).subtracting(expected).sorted().prefix(5)
        #expect(missing.isEmpty && extra.isEmpty, "missing \(missing), extra \(extra)")
    }

    @Test(.enabled(if: SquashImage.canMount)) func `reads what the kernel shows`() async throws {
        let folder = try await ScratchFolder()
        let tree = try await SquashImage.tree(in: folder)
        for (index, options) in Self.options.enumerated() {
            let image = try await SquashImage.make(tree, options, name: "image\(index)", in: folder)
            let point = folder.file("mnt")
            do {
                try await HostMount.during("mount -t squashfs -o loop,ro \(image) \(point)", on: point) {
                    try await compare(image, with: $0)
                }
            } catch is HostTool.Failure {
                // Not every kernel has every decoder; unsquashfs is asked then.
                try await compareUnpacked(image, in: folder)
            }
        }
    }

    @Test(arguments: ["-comp lz4 -Xhc -b 16384", "-comp lzo -no-fragments"])
    func `reads what unsquashfs unpacks`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let tree = try await SquashImage.tree(in: folder)
        try await compareUnpacked(try await SquashImage.make(tree, options, in: folder), in: folder)
    }

    /// unsquashfs makes directories of the host's size, so those are left out.
    private func compareUnpacked(_ image: FilePath, in folder: ScratchFolder) async throws {
        let target = folder.file("unpacked")
        try await HostTool.shell("rm -rf \(target); unsquashfs -q -n -no-xattrs -d \(target) \(image)")
        func comparable(_ lines: [String]) -> Set<String> {
            Set(
                lines.map { line in
                    var fields = line.split(separator: "\t", omittingEmptySubsequences: false)
                    if fields.count > 7, fields[1] == "d" {
                        fields[5] = ""
                        fields[7] = ""
                    }
                    return fields.joined(separator: "\t")
                })
        }
        let expected = comparable(try await Listing.ofDirectory(target))
        let found = comparable(try Listing.of(try SquashImage.open(image)))
        #expect(found.count > 1500)
        #expect(found == expected, "differ: \(found.symmetricDifference(expected).sorted().prefix(6))")
    }

    @Test func `names come through the index, without the whole listing`() async throws {
        let folder = try await ScratchFolder()
        let tree = folder.file("large")
        try await HostTool.shell(
            "mkdir \(tree); cd \(tree); seq -f 'entry-%06g-of-a-directory-with-many-names' 1 6000 | xargs touch"
        )
        let image = try await SquashImage.make(tree, "-noI -noId", in: folder)
        let source = CountingSource(try FileSource(image))
        let fileSystem = try SquashFileSystem(source)
        let before = source.bytesRead
        #expect(
            try fileSystem.lookup("entry-005777-of-a-directory-with-many-names", in: fileSystem.root) != nil)
        #expect(source.bytesRead - before < 48 << 10)
        #expect(try fileSystem.list(fileSystem.root).count == 6000)
    }

    @Test func `a large file is read in any order`() async throws {
        let folder = try await ScratchFolder()
        let tree = folder.file("tree")
        try await HostTool.shell("mkdir \(tree); seq 1 700000 > \(tree)/numbers")
        let image = try await SquashImage.make(tree, "-b 4096", in: folder)
        let fileSystem = try SquashImage.open(image)
        let node = try #require(try fileSystem.lookup("numbers", in: fileSystem.root))
        let original = try FileSource(tree.appending("numbers"))
        let size = try fileSystem.info(node).size
        #expect(size == original.size)
        for step in [0, 7, 1, 900, 3, 899, 1500, 2, 1501, 0] as [UInt64] {
            let offset = step * 4096 &+ 123
            guard offset < size else { continue }
            let read = try fileSystem.read(node, at: offset, count: 10_000)
            #expect(read == (try original.readUpTo(at: offset, count: 10_000)))
        }
        #expect(try fileSystem.read(node, at: size, count: 10).isEmpty)
        #expect(try fileSystem.read(node, at: size - 3, count: 10).count == 3)
    }
}

/// Counts what is read.
final class CountingSource: BlockSource {
    private let base: any BlockSource
    private let count = Counter()
    let size: UInt64

    init(_ base: any BlockSource) {
        self.base = base
        size = base.size
    }

    var bytesRead: Int { count.value }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        self.count.add(count)
        return try base.read(at: offset, count: count)
    }
}
