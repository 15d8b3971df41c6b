import BlockIO
import ByteReading
import FileSystemCore
import NTFS
import SystemPackage
import TestSupport
import Testing

/// ntfs-3g writes a tree; what it shows and what is read here must be the same.
@Suite(.enabled(if: NTFSImage.canMount), .serialized)
struct MountComparisonTests {
    @Test(arguments: [
        ("-c 512 -L label", "24M"), ("-L 'Größe 漢字'", "24M"), ("-s 4096 -c 4096", "24M"),
        ("-s 2048 -c 32768", "64M"), ("-c 65536", "64M"), ("-c 2097152", "600M"),
    ])
    func `reads what ntfs-3g wrote`(_ options: String, size: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make(options, size: size, in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(NTFSImage.fill)")
        }
        let (expected, free) = try await NTFSImage.mounted(image, options: "ro", in: folder) { point in
            let free = try await HostTool.shell("stat -f -c '%S %f %b' \(point)")
            return (try await Listing.ofDirectory(point), free)
        }
        let source = try FileSource(image)
        #expect(try NTFSFileSystem.probe(source))
        let fileSystem = try NTFSFileSystem(source)
        #expect(source.cost.bytesRead < 1 << 20)
        let found = try Listing.of(fileSystem)
        #expect(found.count > 350)
        for (a, b) in zip(found, expected) where a != b { Issue.record("\(a) is not \(b)") }
        #expect(found.count == expected.count)
        #expect(fileSystem.conditions.isEmpty)
        #expect(fileSystem.features == ["3.1"])
        let numbers = free.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
        #expect(fileSystem.usage.freeBytes == numbers[0] * numbers[1])
        #expect(try fileSystem.countFreeBytes() == numbers[0] * numbers[1])
        let report = try await HostTool.shell("blkid -p -o export \(image)")
        #expect(report.contains("TYPE=\(fileSystem.kind)\n"))
        #expect(report.contains("\nUUID=\(fileSystem.uuid ?? "none")\n"))
        #expect(report.contains("\nLABEL=") == (fileSystem.label != nil))
        #expect(
            fileSystem.label
                == (options.contains("Größe") ? "Größe 漢字" : options.contains("-L") ? "label" : nil))
    }

    @Test func `reads files whose runs need an attribute list`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("-c 512", size: "16M", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try HostFile.write(point.appending("fragments")) { file in
                for index in 0..<3000 {
                    _ = try file.writeAll(toAbsoluteOffset: Int64(index) * 1024, "fragment \(index)".utf8)
                }
            }
            // Each name and each stream is an attribute.
            try await HostTool.shell(
                """
                cd \(point); echo linked > first
                i=0; while [ $i -lt 150 ]; do ln first link-with-a-long-name-$i; i=$((i+1)); done
                echo main > streams
                i=0; while [ $i -lt 80 ]; do echo $i > streams:stream-with-a-long-name-$i; i=$((i+1)); done
                """)
        }
        let expected = try await NTFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try NTFSImage.open(image)
        #expect(try Listing.of(fileSystem) == expected)
        let node = try #require(try fileSystem.lookup("streams", in: fileSystem.root))
        let streams = try fileSystem.streams(of: node)
        #expect(streams.count == 80)
        #expect(streams.contains { $0.name == "stream-with-a-long-name-79" && $0.size == 3 })
        let text = try fileSystem.readStream("STREAM-with-a-long-name-42", of: node, at: 0, count: 100)
        #expect(text?.text == "42\n")
        #expect(try fileSystem.readStream("no such stream", of: node, at: 0, count: 100) == nil)
    }

    /// Records of the MFT go where room is: its runs fill more than its first record.
    @Test func `reads an MFT in many pieces`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("-c 512", size: "12M", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                mkdir \(point)/d; cd \(point)/d
                head -c 12M /dev/urandom | split -a 4 -b 2048 - f 2> /dev/null || :
                ls | awk 'NR % 2' | xargs rm
                seq -f e%g 3500 | xargs touch 2> /dev/null || :
                """)
        }
        let expected = try await NTFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let report = try await HostTool.shell("ntfsinfo -i 0 -v \(image)")
        #expect(report.contains("$ATTRIBUTE_LIST"))
        let found = try Listing.of(NTFSImage.open(image))
        #expect(found.count > 2000)
        #expect(found == expected)
    }

    @Test func `finds names in a large directory`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", size: "64M", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                mkdir \(point)/large; cd \(point)/large
                seq -f 'File number %05.0f' 20000 | tr '\\n' '\\0' | xargs -0 touch
                seq -f 'File number %05.0f' 1 7 7000 | tr '\\n' '\\0' | xargs -0 rm
                """)
        }
        let source = try FileSource(image)
        let fileSystem = try NTFSFileSystem(source)
        let large = try #require(try fileSystem.lookup("LARGE", in: fileSystem.root))
        let before = source.cost.bytesRead
        #expect(try fileSystem.lookup("FILE NUMBER 19999", in: large) != nil)
        #expect(try fileSystem.lookup("file number 00008", in: large) == nil)
        #expect(try fileSystem.lookup("file number 00009", in: large) != nil)
        #expect(try fileSystem.lookup("zzz", in: large) == nil)
        #expect(source.cost.bytesRead - before < 400_000)
        let entries = try fileSystem.list(large)
        #expect(entries.count == 19000)
        #expect(Set(entries.map(\.name)).count == 19000)
        for entry in entries.prefix(50) {
            #expect(try fileSystem.lookup(entry.name, in: large) == entry.node)
        }
    }

    @Test func `reads compressed files`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", size: "32M", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point); mkdir c; setfattr -h -n system.ntfs_attrib_be -v 0x00000800 c
                seq 1 60000 > c/text; head -c 300000 /dev/urandom > c/random; echo x > c/small
                head -c 500000 /dev/zero > c/zeros; cp c/text c/mixed; cat c/random c/zeros c/text >> c/mixed
                head -c 65536 c/text > c/unit; head -c 65537 c/text > c/unit1
                truncate -s 900000 c/tail; printf end | dd of=c/tail bs=1 seek=800000 conv=notrunc status=none
                """)
        }
        let expected = try await NTFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try NTFSImage.open(image)
        #expect(try Listing.of(fileSystem) == expected)
        let tree = FileTree(root: fileSystem)
        let node = try #require(try tree.node(at: "/c/text"))
        #expect(try fileSystem.info(node.id).flags.contains(.compressed))
        #expect(try fileSystem.location(of: node.id, at: 0) == nil)
        let whole = try fileSystem.read(node.id, at: 0, count: 1 << 20).array
        let piece = try fileSystem.read(node.id, at: 65000, count: 70000).array
        #expect(piece == Array(whole[65000..<135_000]))
        #expect(try await HostTool.shell("ntfsinfo -F c/text \(image)").contains("COMPRESSED"))
    }

    @Test func `looks names up as Windows does`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point); mkdir -p Windows/System32 case
                echo hosts > Windows/System32/Hosts; echo 1 > case/abc; echo 2 > case/ABC; echo 3 > case/Abc
                echo long > 'a long file name.text'
                setfattr -h -n system.ntfs_dos_name -v 'ALONGF~1.TEX' 'a long file name.text'
                echo ä > ÄÖÜ; printf lone > "$(printf 'x\\355\\240\\200y')" || :
                """)
        }
        let fileSystem = try NTFSImage.open(image)
        let tree = FileTree(root: fileSystem)
        #expect(try tree.contents(of: "/WINDOWS/system32/HOSTS")?.text == "hosts\n")
        #expect(try tree.contents(of: "/CASE/abc")?.text == "1\n")
        #expect(try tree.contents(of: "/CASE/ABC")?.text == "2\n")
        #expect(try tree.contents(of: "/CASE/Abc")?.text == "3\n")
        #expect(try tree.contents(of: "/CASE/aBC") != nil)
        #expect(try tree.contents(of: "/äöü")?.text == "ä\n")
        #expect(try tree.contents(of: "/alongf~1.tex")?.text == "long\n")
        #expect(try tree.node(at: "/Windows/nothing") == nil)
        #expect(try tree.node(at: GuestPath([0x2F, 0xFF])) == nil)
        let names = try fileSystem.list(fileSystem.root).map(\.name)
        #expect(names.contains("a long file name.text"))
        #expect(!names.contains("ALONGF~1.TEX"))
        #expect(!names.contains { $0.bytes.first == UInt8(ascii: "$") })
        #expect(try tree.info(at: "/$MFT")?.type == .regular)
        let surrogate = names.first { $0.bytes == [0x78, 0xED, 0xA0, 0x80, 0x79] }
        if let surrogate {
            let node = try #require(try fileSystem.lookup(surrogate, in: fileSystem.root))
            #expect(try fileSystem.read(node, at: 0, count: 10).text == "lone")
        }
    }

    @Test func `finds the clusters of a file`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", in: folder)
        try await HostTool.shell(
            "seq 1 30000 > \(folder.file("in")); ntfscp -q \(image) \(folder.file("in")) out; echo a > \(folder.file("b")); ntfscp -q \(image) \(folder.file("b")) b"
        )
        let source = try FileSource(image)
        let fileSystem = try NTFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("out", in: fileSystem.root))
        let content = try fileSystem.read(node, at: 0, count: 1 << 20)
        let original = try FileSource(folder.file("in"))
        #expect(content == (try original.read(at: 0, count: Int(original.size))))
        let place = try #require(try fileSystem.location(of: node, at: 70000))
        #expect(try source.read(at: place, count: 20) == content.slice(at: 70000, count: 20))
        #expect(try fileSystem.location(of: node, at: original.size) == nil)
        let small = try #require(try fileSystem.lookup("b", in: fileSystem.root))
        #expect(try fileSystem.location(of: small, at: 0) == nil)
        #expect(try fileSystem.read(small, at: 0, count: 10).text == "a\n")
        #expect(throws: ImageFault.self) { try fileSystem.read(fileSystem.root, at: 0, count: 1) }
        #expect { try fileSystem.list(node) } throws: { ($0 as? ImageFault)?.kind == .notFound }
    }
}
