import BlockIO
import ByteReading
import FileSystemCore
import NTFS
import SystemPackage
import TestSupport
import Testing

/// Links, junctions and compressed system files, put together as Windows stores them.
@Suite(.enabled(if: NTFSImage.canMount && HostTool.has("wimlib-imagex")), .serialized)
struct ReparsePointTests {
    /// Hexadecimal for setfattr of a whole `$REPARSE_POINT`.
    static func point(_ tag: UInt32, _ data: [UInt8]) -> String {
        "0x" + Hexadecimal.lower(NTFSImage.bytes(tag) + NTFSImage.bytes(UInt32(data.count)) + data)
    }

    /// A symbolic link ([MS-FSCC] 2.1.2.4), or a junction (2.1.2.5) where there are no flags.
    static func link(_ target: String, flags: UInt32?) -> String {
        let name = target.utf16.flatMap { NTFSImage.bytes($0) }
        let count = UInt16(name.count)
        var data = NTFSImage.bytes(UInt16(0)) + NTFSImage.bytes(count)
        data += NTFSImage.bytes(count + (flags == nil ? 2 : 0)) + NTFSImage.bytes(UInt16(0))
        if let flags { data += NTFSImage.bytes(flags) }
        return point(
            flags == nil ? 0xA000_0003 : 0xA000_000C, data + name + (flags == nil ? [0, 0, 0, 0] : []))
    }

    @Test func `follows links of Windows and of Linux`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", in: folder)
        let links: [(name: String, point: String, target: String, isDirectory: Bool)] = [
            ("junction", Self.link("\\??\\C:\\dir\\sub", flags: nil), "/dir/sub", true),
            ("drive", Self.link("\\??\\C:\\", flags: nil), "/", true),
            ("known", Self.link("\\??\\D:\\dir", flags: nil), "/dir", true),
            ("elsewhere", Self.link("\\??\\D:\\data", flags: nil), "D:/data", true),
            ("guid", Self.link("\\??\\Volume{12}\\", flags: nil), "Volume{12}/", true),
            ("relative", Self.link("..\\dir\\sub\\file", flags: 1), "../dir/sub/file", false),
            ("rooted", Self.link("\\dir\\sub", flags: 1), "/dir/sub", true),
            ("absolute", Self.link("\\??\\C:\\dir\\sub\\file", flags: 0), "/dir/sub/file", false),
            ("share", Self.link("\\??\\UNC\\host\\share", flags: 0), "UNC/host/share", true),
            ("wsl", Self.point(0xA000_001D, [2, 0, 0, 0] + Array("dir/sub".utf8)), "dir/sub", false),
        ]
        var script = "mkdir -p dir/sub; echo content > dir/sub/file\n"
        for link in links {
            script += link.isDirectory ? "mkdir \(link.name)\n" : ": > \(link.name)\n"
            script += "setfattr -h -n system.ntfs_reparse_data -v \(link.point) \(link.name)\n"
        }
        try await NTFSImage.mounted(image, in: folder) { [script] point in
            try await HostTool.shell("cd \(point)\n\(script)")
        }
        let fileSystem = try NTFSImage.open(image)
        let entries = try fileSystem.list(fileSystem.root)
        for link in links {
            let node = try #require(try fileSystem.lookup(FileName(link.name), in: fileSystem.root))
            #expect(try String(decoding: fileSystem.linkTarget(node), as: UTF8.self) == link.target)
            #expect(try fileSystem.info(node).type == .symlink)
            #expect(entries.first { $0.node == node }?.type == .symlink, "\(link.name)")
        }
        let tree = FileTree(root: fileSystem)
        #expect(try tree.contents(of: "/junction/FILE")?.text == "content\n")
        #expect(try tree.contents(of: "/absolute")?.text == "content\n")
        #expect(try tree.contents(of: "/wsl/file")?.text == "content\n")
        #expect(try tree.node(at: "/elsewhere") == nil)
    }

    @Test func `names what hides content`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", in: folder)
        let hidden: [(name: String, point: String, words: String)] = [
            ("dedup", Self.point(0x8000_0013, [1, 2, 3, 4]), "deduplicated"),
            ("cloud", Self.point(0x9000_601A, [1, 2, 3, 4]), "cloud"),
            ("other", Self.point(0x8000_0AAA, [1, 2, 3, 4]), "tag 0x80000aaa"),
            (
                "wimboot",
                Self.point(0x8000_0017, [1, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 0, count: 40)),
                "WIMBoot"
            ),
        ]
        try await NTFSImage.mounted(image, in: folder) { point in
            for file in hidden {
                try await HostTool.shell(
                    "cd \(point); echo x > \(file.name); setfattr -h -n system.ntfs_reparse_data -v \(file.point) \(file.name)"
                )
            }
        }
        let fileSystem = try NTFSImage.open(image)
        for file in hidden {
            let node = try #require(try fileSystem.lookup(FileName(file.name), in: fileSystem.root))
            #expect(try fileSystem.info(node).type == .regular)
            #expect { try fileSystem.read(node, at: 0, count: 1) } throws: {
                let fault = $0 as? ImageFault
                return fault?.kind == .unsupported && fault?.message.contains(file.words) == true
            }
        }
    }

    /// wimlib packs resources as the overlay filter packs files, so its archives give the streams.
    @Test(arguments: [
        ("xpress", 4096, UInt32(0)), ("lzx", 32768, 1), ("xpress", 8192, 2), ("xpress", 16384, 3),
    ])
    func `reads system files compressed by the overlay filter`(
        _ method: String, chunkSize: Int, number: UInt32
    ) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            cd \(folder.path); mkdir src; seq 1 30000 > src/text; head -c \(chunkSize) src/text > src/chunk
            head -c \(chunkSize + 1) src/text > src/chunk1; echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > src/tiny
            head -c 900000 /bin/bash > src/program; { cat src/text; head -c 100000 /dev/urandom; cat src/text; } > src/mixed
            wimlib-imagex capture src wim --compress=\(method) --chunk-size=\(chunkSize) > /dev/null
            """)
        let packed = try await WIMResource.all(in: folder.file("wim"))
        let archive = try FileSource(folder.file("wim"))
        let image = try await NTFSImage.make("", in: folder)
        let point = Self.point(
            0x8000_0017, [1, 2, 1, number].flatMap { NTFSImage.bytes(UInt32($0)) })
        let names = ["text", "chunk", "chunk1", "program", "mixed"]
        try await NTFSImage.mounted(image, in: folder) { mount in
            for name in names {
                let sum = try await HostTool.shell("sha1sum < \(folder.file("src").appending(name))").prefix(
                    40)
                let resource = try #require(packed[String(sum)])
                let bytes = try archive.read(at: resource.offset, count: resource.packedSize)
                try await HostTool.shell("truncate -s \(resource.size) \(mount)/\(name)")
                try HostFile.write(mount.appending("\(name):WofCompressedData")) {
                    _ = try $0.writeAll(bytes.array)
                }
                try await HostTool.shell(
                    "setfattr -h -n system.ntfs_reparse_data -v \(point) \(mount)/\(name)")
            }
        }
        let fileSystem = try NTFSImage.open(image)
        for name in names {
            let original = try FileSource(folder.file("src").appending(name))
            let node = try #require(try fileSystem.lookup(FileName(name), in: fileSystem.root))
            let info = try fileSystem.info(node)
            #expect(info.type == .regular && info.size == original.size && info.flags.contains(.compressed))
            let content = try fileSystem.read(node, at: 0, count: 2 << 20)
            #expect(
                DiskComparison.isSame(content, try original.read(at: 0, count: Int(original.size))), "\(name)"
            )
            if original.size > 40000 {
                let piece = try fileSystem.read(node, at: 30001, count: 5000)
                #expect(piece == (try original.read(at: 30001, count: 5000)))
            }
            #expect(try fileSystem.streams(of: node).map(\.name) == ["WofCompressedData"])
        }
    }

    @Test func `names encrypted content`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", in: folder)
        try await NTFSImage.mounted(image, in: folder) {
            try await HostTool.shell("seq 1 5000 > \($0)/secret")
        }
        let source = try FileSource(image)
        let fileSystem = try NTFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("secret", in: fileSystem.root))
        // The flags of the data attribute, found by its header: not resident, no name.
        let record = try #require(try fileSystem.lookup("$MFT", in: fileSystem.root))
        let place = try #require(
            try fileSystem.location(of: record, at: (node.rawValue & 0xFFFF_FFFF_FFFF) * 1024))
        let bytes = try source.read(at: place, count: 1024)
        let header = try #require(bytes.firstIndex(of: [0x80, 0, 0, 0]))
        #expect(try bytes.byte(at: header + 8) == 1)
        let encrypted = try NTFSFileSystem(
            PatchedSource(source, patches: [(place + UInt64(header) + 0x0D, [0x40])]))
        #expect { try encrypted.read(node, at: 0, count: 1) } throws: {
            let fault = $0 as? ImageFault
            return fault?.kind == .unsupported && fault?.message.contains("EFS") == true
        }
    }
}
