import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing
import XFS

/// The kernel writes a tree with each set of features; what it shows and what is read here must be the same.
@Suite(.enabled(if: XFSImage.canMount), .serialized)
struct KernelComparisonTests {
    @Test(arguments: [
        "",
        "-b size=8192 -n size=16384 -d agcount=3",
        "-b size=1024 -n size=8192 -m finobt=0,reflink=0,inobtcount=0",
        "-b size=2048 -i size=1024 -m rmapbt=1,inobtcount=1,bigtime=1 -i nrext64=1",
        "-m bigtime=0,reflink=0,inobtcount=0 -i sparse=0 -n size=65536",
        "-s size=4096 -d agcount=5 -m rmapbt=1 -i maxpct=50,nrext64=1",
    ])
    func `reads what the kernel wrote`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make(options, in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(XFSImage.fill)")
            try XFSImage.fragment(point.appending("files/fragments"))
        }
        let expected = try await XFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try XFSImage.open(image)
        let found = try Listing.of(fileSystem)
        #expect(found.count > 1700)
        let missing = Set(expected).subtracting(found).sorted().prefix(5)
        let extra = Set(found).subtracting(expected).sorted().prefix(5)
        #expect(missing.isEmpty && extra.isEmpty, "missing \(missing), extra \(extra)")
        #expect(fileSystem.conditions.isEmpty)

        let report = try await HostTool.shell("blkid -p -o export \(image)")
        #expect(report.contains("TYPE=\(fileSystem.kind)\n"))
        #expect(report.contains("UUID=\(fileSystem.uuid ?? "none")\n"))
    }

    /// Shared blocks, and a directory whose hash tree is deep.
    @Test func `reads clones and a large directory`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("-b size=1024 -m reflink=1", in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point); head -c 300000 /dev/urandom > a; cp --reflink=always a b
                printf changed | dd of=b bs=1 seek=70001 conv=notrunc status=none
                mkdir large; cd large; seq -f 'entry-%g-of-a-directory-with-many-names' 1 9000 | xargs touch
                """)
        }
        let expected = try await XFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let source = CountingSource(try FileSource(image))
        let fileSystem = try XFSFileSystem(source)
        let large = try #require(try fileSystem.lookup("large", in: fileSystem.root))
        let before = source.bytesRead
        #expect(
            try fileSystem.lookup("entry-7777-of-a-directory-with-many-names", in: large) != nil)
        // A name costs a path through the tree and one block of data, not the directory.
        #expect(source.bytesRead - before < 64 << 10)
        #expect(try Listing.of(try XFSImage.open(image), lookingUp: 300) == expected)
    }

    @Test func `finds the blocks of a file`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("", in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try XFSImage.fragment(point.appending("file"), count: 300)
        }
        let fileSystem = try XFSImage.open(image)
        let node = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        let source = try FileSource(image)
        for index in [0, 1, 150, 299] {
            let place = try #require(try fileSystem.location(of: node, at: UInt64(index) * 8192))
            let text = "fragment \(index)"
            #expect(try source.read(at: place, count: text.utf8.count).text == text)
        }
        #expect(try fileSystem.location(of: node, at: 5000) == nil)
        #expect(try fileSystem.location(of: node, at: 1 << 40) == nil)
    }
}
