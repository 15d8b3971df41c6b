import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Descriptors of VMware disks: text from strangers that names files.
struct VmdkDescriptorTests {
    static func descriptor(_ lines: String..., type: String = "monolithicFlat", parent: String = "ffffffff")
        -> String
    {
        """
        # Disk DescriptorFile
        version=1
        CID=0000abcd
        parentCID=\(parent)
        createType="\(type)"
        # Extent description
        \(lines.joined(separator: "\n"))
        """
    }

    private static func open(
        _ text: String, in folder: ScratchFolder, allowing directories: [FilePath]
    ) throws -> OpenedImage {
        let source = MemorySource(Array(text.utf8))
        let opener = ImageFileOpener(policy: BackingPolicy(allowing: directories))
        guard case .opened(let image) = try opener.open(source, path: folder.file("disk.vmdk")) else {
            throw HostTool.Failure(description: "not opened")
        }
        return image
    }

    @Test func wording() throws {
        let text = """
            # Disk DescriptorFile\r
            \tversion = 3\r
            encoding="windows-1252"\r
            CID=00ff\r
            CID=1\r
            parentCID=12345678\r
            isNativeSnapshot="no"\r
            createType = "twoGbMaxExtentFlat"\r
            parentFileNameHint="base.vmdk"\r
            rw 2048 flat "a\u{e9} b.vmdk" 16\r
            RDONLY 10 ZERO\r
            NOACCESS 4 VMFS "x.vmdk"\r
            RW many FLAT "y" 0\r
            RW 5 FLAT "unfinished\r
            """
        let latin = text.unicodeScalars.map { UInt8($0.value) }
        let descriptor = try VmdkDescriptor(parsing: Bytes(latin + [0, 0x52, 0x57]))
        #expect(descriptor.createType == "twoGbMaxExtentFlat")
        #expect(descriptor.contentID == 0xFF)
        #expect(descriptor.parentID == 0x1234_5678)
        #expect(descriptor.parentName == Array("base.vmdk".utf8))
        #expect(descriptor.extents.map(\.type) == ["FLAT", "ZERO", "VMFS"])
        #expect(descriptor.extents.map(\.access) == ["RW", "RDONLY", "NOACCESS"])
        #expect(descriptor.extents.map(\.sectors) == [2048, 10, 4])
        #expect(descriptor.extents[0].offset == 16)
        #expect(descriptor.utf8(descriptor.extents[0].name) == Array("a\u{e9} b.vmdk".utf8))
        #expect(descriptor.badLines.count == 2)
    }

    @Test func limits() async throws {
        let folder = try await ScratchFolder()
        let endless = Self.descriptor(String(repeating: "# a line of nothing\n", count: 60_000))
        #expect { try Self.open(endless, in: folder, allowing: []) } throws: {
            ($0 as? ImageFault)?.kind == .limit
        }
        let many = Self.descriptor(String(repeating: "RW 1 ZERO\n", count: 5000))
        #expect { try Self.open(many, in: folder, allowing: []) } throws: {
            ($0 as? ImageFault)?.kind == .limit
        }
        let vast = Self.descriptor(
            "RW \(UInt64.max) ZERO", "RW 18014398509481983 ZERO", "RW 36028797018963967 FLAT \"a\" 9")
        #expect(throws: ImageFault.self) { try Self.open(vast, in: folder, allowing: []) }
        let none = Self.descriptor("")
        #expect { try Self.open(none, in: folder, allowing: []) } throws: {
            ($0 as? ImageFault)?.message.contains("names no extents") == true
        }
        let locked = Self.descriptor("encryption.keySafe = \"vmware:key/list\"", "RW 8 FLAT \"a\" 0")
        #expect { try Self.open(locked, in: folder, allowing: []) } throws: {
            ($0 as? ImageFault)?.message.contains("encrypted") == true
        }
    }

    /// Names that lead elsewhere are said to, and nothing is opened through them.
    @Test(arguments: [
        "/etc/hostname", "../secret", "inside/../../secret", "/dev/zero", "/dev/sda", "link", "a\u{0}b",
        "nbd://host/x", "C:\\\\disk.vmdk", "..\\\\secret", "tab\tname", "",
    ])
    func namesThatLeadElsewhere(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "mkdir disks; echo secret > secret; truncate -s 4096 secret; ln -s ../secret disks/link",
            in: folder.path)
        for type in ["FLAT", "SPARSE"] {
            let text = Self.descriptor("RW 8 \(type) \"\(name)\"" + (type == "FLAT" ? " 0" : ""))
            let opener = ImageFileOpener(policy: BackingPolicy(allowing: [folder.file("disks")]))
            let opening = try? opener.open(
                MemorySource(Array(text.utf8)), path: folder.file("disks/disk.vmdk"))
            // A NUL ends the descriptor, so that there is no extent at all.
            guard case .opened(let image)? = opening else {
                #expect(name.contains("\u{0}"))
                continue
            }
            #expect(image.references.count == 1)
            #expect(image.references[0].refusal != nil, "\(name) was opened")
            #expect(throws: ImageFault.self) { try image.disk.read(at: 0, count: 16) }
            #expect(try image.disk.extent(at: 0).kind == .missing)
            // A link stands in the directory under an honest name; an empty name is none.
            if name != "link", name != "" {
                #expect(image.findings.contains { $0.code == .unsafeReference }, "\(name)")
            }
        }
    }

    @Test func gapsAndZeros() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "head -c 8192 /dev/urandom > a; head -c 1024 a > short; cp a text; sed -i '1i# Disk DescriptorFile' text",
            in: folder.path)
        let text = Self.descriptor(
            "RW 4 FLAT \"a\" 2", "RW 4 ZERO", "RW 4 FLAT \"gone\" 0", "RW 4 FLAT \"short\" 0",
            "NOACCESS 4 FLAT \"a\" 0", "RW 4 SESPARSE \"a\"", "RW 4 SPARSE \"text\"",
            type: "twoGbMaxExtentFlat")
        let image = try Self.open(text, in: folder, allowing: [folder.path])
        let kinds = try (0..<7).map { try image.disk.extent(at: UInt64($0) * 2048).kind }
        #expect(kinds == [.data, .hole, .missing, .data, .missing, .missing, .missing])
        #expect(image.virtualSize == 7 * 2048)
        let source = try FileSource(folder.file("a"))
        #expect(try image.disk.read(at: 0, count: 2048).array == source.read(at: 1024, count: 2048).array)
        #expect(try image.disk.read(at: 1024, count: 2048).array.suffix(1024).allSatisfy { $0 == 0 })
        #expect { try image.disk.read(at: 3 * 2048, count: 2048) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        let codes = Set(image.findings.map(\.code))
        #expect(
            codes == [
                .externalDataFile, .referenceNotOpened, .truncated, .corruptMetadata, .unusualSubformat,
            ])
    }

    @Test(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
    func deltas() async throws {
        let folder = try await ScratchFolder()
        let made = try await ContainerContentTests.make("vmdk-delta", in: folder)
        func codes(_ name: String) throws -> Set<ContainerFinding.Code> {
            Set(try Qcow2ContentTests.open(made.appending(name), allowing: [made]).findings.map(\.code))
        }
        #expect(try codes("image") == [.backingFile])
        // The base written to after the delta was made has another content ID.
        try await HostTool.shell(
            """
            qemu-io -f vmdk -c 'write -P 1 0 512' base > /dev/null
            cp image loop; sed -i 's/parentFileNameHint="base"/parentFileNameHint="loop"/' loop
            cp image lost; sed -i 's/parentFileNameHint="base"/parentFileNameHint="gone"/' lost
            """, in: made)
        #expect(try codes("image") == [.backingFile, .backingMismatch])
        #expect(try codes("loop") == [.backingFile, .referenceNotOpened])
        #expect(try codes("lost") == [.backingFile, .referenceNotOpened])
    }
}
