import ByteReading
import GuestFormats
import Synchronization
import TestSupport
import Testing

/// Version resources, imports and signatures of programs.
@Suite struct ExecutableTests {
    private static let texts = [
        ("CompanyName", "Red Hat, Inc."), ("FileDescription", "VirtIO SCSI driver"),
        ("FileVersion", "62.83.104.20800"), ("OriginalFilename", "viostor.sys"), ("Empty", ""),
    ]

    @Test func theVersionOfADriver() throws {
        let image = try PEImage(parsing: ContentSource(Bytes(WindowsFixtures.driver(Self.texts))))
        #expect(image.subsystem == 1)
        let version = try #require(try image.versionResource())
        #expect(version.fileVersion == FileVersion(62, 83, 104, 20800))
        #expect(version.productVersion == version.fileVersion)
        #expect(version.fileType == 3)
        #expect(version.strings == Dictionary(uniqueKeysWithValues: Self.texts))
        #expect(version.companyName == "Red Hat, Inc.")
        #expect(try image.signatureDigests() == [])
        #expect(try image.importedLibraries() == [])
    }

    @Test func aProgramWithoutResourcesHasNoVersion() throws {
        let image = try PEImage(parsing: ContentSource(Bytes(program([(".text", [1])]))))
        #expect(try image.versionResource() == nil)
    }

    @Test func versions() {
        #expect(FileVersion("6.1.7601.18741") == FileVersion(6, 1, 7601, 18741))
        #expect(FileVersion("100.90") == FileVersion(100, 90, 0, 0))
        #expect(FileVersion("1.2.3.4.5") == nil)
        #expect(FileVersion("1..2") == nil)
        #expect(FileVersion("70000") == nil)
        #expect(FileVersion(6, 1, 7601, 18741) > FileVersion(6, 1, 7601, 17514))
        #expect(FileVersion(packed: 0x0064_005A_0068_53FC).description == "100.90.104.21500")
    }

    /// Only headers, the directories on the way and the resource are read of a program of many megabytes.
    @Test func readsLittle() throws {
        var file = WindowsFixtures.driver(Self.texts)
        file += [UInt8](repeating: 0xCC, count: 1 << 20)
        let bytes = Bytes(file)
        let read = Mutex(0)
        let source = ContentSource(size: UInt64(file.count)) { (offset, count) throws(ImageFault) in
            read.withLock { $0 += count }
            return try bytes.slice(at: Int(offset), count: count)
        }
        #expect(try PEImage(parsing: source).versionResource() != nil)
        #expect(read.withLock { $0 } < 4096)
    }

    @Test func signatures() throws {
        let nested = WindowsFixtures.signedData(digest: WindowsFixtures.sha256)
        let outer = WindowsFixtures.signedData(digest: WindowsFixtures.sha1, nested: nested)
        let signed = try SignedData(parsing: Bytes(outer))
        #expect(signed.digests == [.sha1, .sha256])
        #expect(signed.contentType == "1.3.6.1.4.1.311.2.1.4")
        #expect(throws: ImageFault.self) { try SignedData(parsing: Bytes([0x30, 2, 5, 0])) }
    }

    @Test(.enabled(if: HostTool.has("x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-objdump", "osslsigncode")))
    func aCompiledDriver() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            cat > d.c <<'END'
            __attribute__((dllimport)) unsigned long DbgPrint(const char *, ...);
            long DriverEntry(void *driver, void *path) { return DbgPrint("x"); }
            END
            cat > d.rc <<'END'
            1 RCDATA { "\(String(repeating: "data ", count: 40))" }
            1 VERSIONINFO
            FILEVERSION 100,90,104,21500
            PRODUCTVERSION 1,2,3,4
            FILETYPE 3
            { BLOCK "StringFileInfo" { BLOCK "040904B0" {
                VALUE "CompanyName", "Red Hat, Inc."
                VALUE "FileDescription", "VirtIO \\"block\\" driver é"
                VALUE "OriginalFilename", "viostor.sys" } }
              BLOCK "VarFileInfo" { VALUE "Translation", 0x409, 1200 } }
            END
            openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=Test -days 30 2>/dev/null
            for p in x86_64 i686; do
              $p-w64-mingw32-windres -c 65001 d.rc r.o
              $p-w64-mingw32-gcc -shared -nostdlib -Wl,--subsystem,native -Wl,-e,0 d.c r.o -lntoskrnl -o $p.sys
            done
            osslsigncode sign -h sha1 -certs c.pem -key k.pem -in x86_64.sys -out sha1.sys
            osslsigncode sign -h sha256 -certs c.pem -key k.pem -in x86_64.sys -out sha256.sys
            osslsigncode sign -nest -h sha256 -certs c.pem -key k.pem -in sha1.sys -out both.sys
            """, in: folder.path)
        func image(_ name: String) throws -> PEImage {
            try PEImage(parsing: ContentSource(Bytes(try FixtureTool.contents(folder.place(name)))))
        }
        for (name, machine) in [("x86_64.sys", PEImage.Machine.x64), ("i686.sys", .x86)] {
            let image = try image(name)
            #expect(image.machine == machine)
            #expect(image.subsystem == 1)
            #expect(!image.isTruncated)
            let version = try #require(try image.versionResource())
            #expect(version.fileVersion == FileVersion(100, 90, 104, 21500))
            #expect(version.productVersion == FileVersion(1, 2, 3, 4))
            #expect(version.fileType == 3)
            #expect(version.companyName == "Red Hat, Inc.")
            #expect(version.fileDescription == "VirtIO \"block\" driver é")
            #expect(version.originalFileName == "viostor.sys")
            let dump = try await HostTool.shell(
                "x86_64-w64-mingw32-objdump -p \(name) | sed -n 's/.*DLL Name: //p'", in: folder.path)
            #expect(try image.importedLibraries() == dump.split(whereSeparator: \.isNewline).map(String.init))
        }
        #expect(try image("x86_64.sys").signatureDigests() == [])
        #expect(try image("sha1.sys").signatureDigests() == [.sha1])
        #expect(try image("sha256.sys").signatureDigests() == [.sha256])
        #expect(try image("both.sys").signatureDigests() == [.sha1, .sha256])
        let whole = try FixtureTool.contents(folder.place("both.sys"))
        let half = try PEImage(parsing: ContentSource(Bytes(Array(whole.prefix(whole.count / 2)))))
        #expect(half.isTruncated)
    }

    @Test func damagedPrograms() {
        var whole = WindowsFixtures.driver(Self.texts)
        let certificate = WindowsFixtures.signedData(
            digest: WindowsFixtures.sha1, nested: WindowsFixtures.signedData(digest: WindowsFixtures.sha256))
        whole.put(UInt32(whole.count), at: 0x98 + 112 + 32)
        whole.put(UInt32(certificate.count + 8), at: 0x98 + 112 + 36)
        whole += [UInt8].little(UInt32(certificate.count + 8)) + [0, 2, 2, 0] + certificate
        #expect((try? PEImage(parsing: ContentSource(Bytes(whole))).signatureDigests()) == [.sha1, .sha256])
        func visit(_ file: [UInt8]) {
            guard let image = try? PEImage(parsing: ContentSource(Bytes(file))) else { return }
            _ = try? image.versionResource()
            _ = try? image.importedLibraries()
            _ = try? image.signatureDigests()
        }
        for length in stride(from: 0, to: whole.count, by: 3) { visit(Array(whole.prefix(length))) }
        for index in whole.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var changed = whole
                changed[index] = value
                visit(changed)
            }
        }
        for index in stride(from: 0, to: whole.count - 4, by: 4) {
            for value: UInt32 in [.max, 0x8000_0000, 0x400] {
                var changed = whole
                changed.put(value, at: index)
                visit(changed)
            }
        }
    }
}
