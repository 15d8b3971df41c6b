import BlockIO
import ByteReading
import FileSystemCore
import NTFS
import SystemPackage
import TestSupport
import Testing

/// What a volume says of its own state, and what is read when its start is damaged.
@Suite(.enabled(if: NTFSImage.hasTools))
struct VolumeStateTests {
    /// A volume with one file.
    private func image(_ options: String = "", size: String = "24M", in folder: ScratchFolder) async throws
        -> FileSource
    {
        let image = try await NTFSImage.make(options, size: size, in: folder)
        let content = folder.file("content")
        try await HostTool.shell("seq 1 3000 > \(content); ntfscp -q \(image) \(content) file")
        return try FileSource(image)
    }

    private func readsFile(_ source: any BlockSource) throws -> Bool {
        let tree = FileTree(root: try NTFSFileSystem(source))
        return try tree.contents(of: "/file")?.text.hasSuffix("\n3000\n") == true
    }

    private func table(_ source: any BlockSource) throws -> UInt64 {
        let boot = try source.read(at: 0, count: 512)
        return try boot.little(UInt64.self, at: 0x30) * UInt64(boot.byte(at: 0x0D)) * 512
    }

    @Test(arguments: ["", "-s 4096"])
    func `reads the copy of the boot sector`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let source = try await image(options, in: folder)
        #expect(try NTFSImage.codes(source).isEmpty)
        for patch in [
            (UInt64(0), [UInt8](repeating: 0, count: 512)), (0x0B, [0, 0]), (0x0D, [3]),
            (0x30, [UInt8](repeating: 255, count: 8)),
            (3, Array("GARBAGE!".utf8)),
        ] {
            let damaged = PatchedSource(source, patches: [patch])
            #expect(try NTFSFileSystem.probe(damaged))
            #expect(try NTFSImage.codes(damaged) == [.backupSuperblockUsed])
            #expect(try readsFile(damaged))
        }
    }

    /// The copy outlives a volume that was formatted anew.
    @Test func `is not taken for what came after it`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        let patches: [[(offset: UInt64, bytes: [UInt8])]] = [
            [(0, Array("XFSB".utf8))], [(3, Array("-FVE-FS-".utf8))],
            [(0, [UInt8](repeating: 0, count: 512)), (0x438, [0x53, 0xEF])], [(3, Array("EXFAT   ".utf8))],
            [(0, [UInt8](repeating: 0, count: 512)), (try table(source), [0, 0, 0, 0])],
        ]
        for patch in patches {
            #expect(try !NTFSFileSystem.probe(PatchedSource(source, patches: patch)))
        }
        #expect(try !NTFSFileSystem.probe(SparseSource(size: 1 << 20)))
        #expect(try !NTFSFileSystem.probe(SparseSource(size: 0)))
    }

    @Test func `reads the copy of the MFT's start`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        let table = try table(source)
        // Signature, torn write.
        for patch in [(table, [UInt8](repeating: 0, count: 4)), (table + 510, [0xAA, 0x55])] {
            let damaged = PatchedSource(source, patches: [patch])
            #expect(try NTFSImage.codes(damaged) == [.backupSuperblockUsed])
            #expect(try readsFile(damaged))
        }
        let volume = PatchedSource(source, patches: [(table + 3 * 1024, Array("BAAD".utf8))])
        #expect(try NTFSImage.codes(volume) == [.inconsistent])
        #expect(try NTFSFileSystem(volume).features == ["3.1"])
    }

    @Test func `finds torn writes`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        let fileSystem = try NTFSFileSystem(source)
        let node = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        let place = try table(source) + (node.rawValue & 0xFFFF_FFFF) * 1024
        let torn = try NTFSFileSystem(PatchedSource(source, patches: [(place + 1022, [0x12, 0x34])]))
        #expect { try torn.info(node) } throws: {
            let fault = $0 as? ImageFault
            return fault?.kind == .corrupt && fault?.message.contains("torn") == true
                && fault?.offset == place + 1022
        }
        // Used anew since the name was written: the sequence number differs.
        let anew = try NTFSFileSystem(PatchedSource(source, patches: [(place + 0x10, [0x77])]))
        #expect { try anew.info(node) } throws: { ($0 as? ImageFault)?.message.contains("anew") == true }
    }

    /// `$Volume` is record 3: `VOLUME_INFORMATION` flags behind version 3.1.
    @Test func `says that a volume is dirty`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        let record = try source.read(at: try table(source) + 3 * 1024, count: 1024)
        let information = try #require(record.firstIndex(of: [0x70, 0, 0, 0], from: 0x38))
        let value = information + Int(try record.little(UInt16.self, at: information + 0x14))
        #expect(try record.slice(at: value + 8, count: 2).array == [3, 1])
        let flags = record.origin + UInt64(value) + 10
        #expect(try NTFSImage.codes(PatchedSource(source, patches: [(flags, [1])])) == [.notClean])
        #expect(try NTFSImage.codes(PatchedSource(source, patches: [(flags, [0, 0x40])])) == [.notClean])
        let old = try NTFSFileSystem(PatchedSource(source, patches: [(flags - 2, [1, 2])]))
        #expect(old.features == ["1.2"])
    }

    @Test(arguments: [
        ("hibr", [FileSystemCondition.Code.hibernated]), ("HIBR", [.hibernated]), ("RSTR", [.hibernated]),
        ("wake", []), ("WAKE", []), ("\0\0\0\0", []), ("what", [.hibernated]),
    ])
    func `says that a system is hibernated`(_ signature: String, _ codes: [FileSystemCondition.Code])
        async throws
    {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make(in: folder)
        try await HostTool.shell(
            """
            cd \(folder.path); printf '\(signature == "\0\0\0\0" ? "" : signature)' > h; truncate -s 100000 h
            ntfscp -q \(image) h hiberfil.sys
            """)
        let fileSystem = try NTFSImage.open(image)
        #expect(fileSystem.conditions.map(\.code) == codes)
        if signature == "hibr" { #expect(fileSystem.conditions[0].message.contains("fast start-up")) }
    }

    /// Restart pages as Windows leaves them: in use, clean, without a client, torn.
    @Test func `says what the log holds`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        let fileSystem = try NTFSFileSystem(source)
        let log = try #require(try fileSystem.lookup("$LogFile", in: fileSystem.root))
        let place = try #require(try fileSystem.location(of: log, at: 0))
        func page(lsn: UInt64, client: UInt16, flags: UInt16) -> [UInt8] {
            var page = [UInt8](repeating: 0, count: 4096)
            page.replaceSubrange(
                0..<8, with: Array("RSTR".utf8) + NTFSImage.bytes(UInt16(0x1E)) + NTFSImage.bytes(UInt16(9)))
            page.replaceSubrange(
                16..<26,
                with: NTFSImage.bytes(UInt32(4096)) + NTFSImage.bytes(UInt32(4096))
                    + NTFSImage.bytes(UInt16(0x30)))
            page.replaceSubrange(
                0x30..<0x40,
                with: NTFSImage.bytes(lsn) + NTFSImage.bytes(UInt16(1)) + NTFSImage.bytes(UInt16(0xFFFF))
                    + NTFSImage.bytes(client) + NTFSImage.bytes(flags))
            page.replaceSubrange(0x1E..<0x20, with: [7, 0])
            for sector in 1...8 { page.replaceSubrange(sector * 512 - 2..<sector * 512, with: [7, 0]) }
            return page
        }
        func codes(_ first: [UInt8], _ second: [UInt8]) throws -> [FileSystemCondition.Code] {
            try NTFSImage.codes(PatchedSource(source, patches: [(place, first), (place + 4096, second)]))
        }
        let used = page(lsn: 9, client: 0, flags: 0)
        let clean = page(lsn: 8, client: 0xFFFF, flags: 0)
        #expect(try codes(used, clean) == [.journalNotReplayed])
        #expect(try codes(clean, clean).isEmpty)
        #expect(try codes(page(lsn: 9, client: 0, flags: 2), used).isEmpty)
        #expect(try codes(page(lsn: 5, client: 0, flags: 0), clean).isEmpty)
        #expect(
            try codes(page(lsn: 5, client: 0, flags: 0), page(lsn: 6, client: 0, flags: 0)) == [
                .journalNotReplayed
            ])
        var torn = used
        torn[510] = 9
        #expect(try codes(torn, clean).isEmpty)
        #expect(try codes(torn, torn) == [.journalNotReplayed])
        #expect(try codes([UInt8](repeating: 0, count: 4096), clean) == [.journalNotReplayed])
    }

    @Test func `says that the device is too small`() async throws {
        let folder = try await ScratchFolder()
        let source = try await image(in: folder)
        #expect(try NTFSImage.codes(PatchedSource(source, size: 23 << 20)) == [.largerThanDevice])
    }

    /// A system volume of 2 TiB: its bitmap alone is 64 MiB.
    @Test(.enabled(if: NTFSImage.canMount))
    func `opens two tebibytes by reading little`() async throws {
        let folder = try await ScratchFolder()
        let image = try await NTFSImage.make("", size: "2T", in: folder)
        try await NTFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                "cd \(point); mkdir -p Windows/System32/config; seq 1 9999 > Windows/System32/config/SYSTEM; seq 500 | sed 's/^/Windows\\/System32\\/library number /' | tr '\\n' '\\0' | xargs -0 touch; truncate -s 1G hiberfil.sys"
            )
        }
        let source = try FileSource(image)
        #expect(try NTFSFileSystem.probe(source))
        let fileSystem = try NTFSFileSystem(source)
        let tree = FileTree(root: fileSystem)
        #expect(try tree.contents(of: "/windows/system32/config/system")?.count == 48888)
        #expect(fileSystem.usage.totalBytes == 0)
        #expect(source.cost.bytesRead < 2 << 20)
        #expect(fileSystem.conditions.isEmpty)
    }
}
