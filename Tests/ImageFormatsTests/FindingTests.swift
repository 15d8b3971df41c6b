import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// What is said about containers, and what is recognised without being read.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct FindingTests {
    private static func codes(_ image: OpenedImage) -> Set<ContainerFinding.Code> {
        Set(image.findings.map(\.code))
    }

    @Test func featuresOfQcow2() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 -o compression_type=zstd,extended_l2=on image 4M
            qemu-io -f qcow2 -c 'write 0 1M' image > /dev/null
            qemu-img snapshot -c one image; qemu-img snapshot -c two image
            qemu-img bitmap --add image b0
            qemu-img create -q -f qcow2 empty 4M
            """, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        #expect(Self.codes(image) == [.zstdCompression, .extendedL2Entries, .snapshots, .persistentBitmaps])
        #expect(image.snapshotCount == 2)
        #expect(image.compression == "zstd")
        #expect(image.formatVersion == 3)
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("empty"))) == [.noData])
        let file = try FileSource(folder.file("image"))
        let header = try file.read(at: 72, count: 8).array
        func changed(_ bits: UInt8) throws -> OpenedImage {
            var patched = header
            patched[7] |= bits
            let source = PatchedSource(file, patches: [(72, patched)])
            guard case .opened(let image) = try ImageFileOpener().open(source, path: nil) else {
                throw HostTool.Failure(description: "not opened")
            }
            return image
        }
        let encrypted = PatchedSource(file, patches: [(35, [2])])
        #expect {
            try ImageFileOpener().open(encrypted, path: nil)
        } throws: { error in
            guard let fault = error as? ImageFault else { return false }
            return fault.kind == .unsupported && fault.message.contains("encrypted (LUKS)")
        }
        #expect(Self.codes(try changed(1)).contains(.dirty))
        #expect(Self.codes(try changed(2)).contains(.markedCorrupt))
        #expect { try changed(0x80) } throws: { ($0 as? ImageFault)?.message.contains("bit 7") == true }
    }

    @Test func truncation() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 image 64M
            qemu-io -f qcow2 -c 'write -P 1 0 8M' -c 'write -P 2 40M 3M' image > /dev/null
            cp image cut; truncate -s 10M cut
            cp image grown; truncate -s 99M grown
            """, in: folder.path)
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("image"))).isEmpty)
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("grown"))).isEmpty)
        let cut = try Qcow2ContentTests.open(folder.file("cut"))
        #expect(Self.codes(cut) == [.truncated])
        #expect { try cut.disk.read(at: 42 << 20, count: 4096) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        #expect(try cut.disk.read(at: 0, count: 4096).array.allSatisfy { $0 == 1 })
        #expect(try cut.disk.extent(at: 42 << 20).kind == .missing)
    }

    @Test func statedFormatWins() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "qemu-img create -q -f qcow2 image 1M; truncate -s 1000 odd; : > empty; truncate -s 5M hole",
            in: folder.path)
        let raw = try Qcow2ContentTests.open(folder.file("image"), as: .raw)
        #expect(raw.format == .raw && raw.virtualSize == raw.fileSize)
        #expect(Self.codes(raw).contains(.formatDisagreement))
        #expect { try Qcow2ContentTests.open(folder.file("hole"), as: .qcow2) } throws: {
            ($0 as? ImageFault)?.kind == .corrupt
        }
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("odd"))).contains(.unalignedSize))
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("empty"))) == [.emptyFile])
        #expect(Self.codes(try Qcow2ContentTests.open(folder.file("hole"))) == [.noData])
    }

    @Test(arguments: ["parallels"])
    func otherFormats(_ format: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "qemu-img create -q -f \(format) \"it's a disk\" 4M", in: folder.path)
        let name = format.split(separator: " ")[0]
        let file = try FileSource(folder.file("it's a disk"))
        guard case .recognised(let found) = try ImageFileOpener().open(file) else {
            Issue.record("\(format) was opened as raw")
            return
        }
        #expect(found.name == name)
        // The command must do what it says, with this name.
        let command = try #require(found.command)
        try await HostTool.shell(command, in: folder.path)
        #expect(try Qcow2ContentTests.open(folder.file("it's a disk.qcow2")).virtualSize >= 4 << 20)
    }

    @Test func wrappers() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "head -c 100000 /dev/urandom > d; gzip -k d; xz -k d; zstd -q d; bzip2 -k d; tar -cf d.tar d",
            in: folder.path)
        for (name, kind) in [
            ("d.gz", "gzip"), ("d.xz", "xz"), ("d.zst", "zstd"), ("d.bz2", "bzip2"), ("d.tar", "tar"),
        ] {
            guard case .recognised(let found) = try ImageFileOpener().open(FileSource(folder.file(name)))
            else {
                Issue.record("\(name) was opened as raw")
                continue
            }
            #expect(found.name == kind)
        }
        guard case .opened = try ImageFileOpener().open(FileSource(folder.file("d"))) else {
            Issue.record("random bytes were recognised")
            return
        }
    }

    /// An appliance is known by its listing, and the command takes the disk out.
    @Test func appliance() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            echo '<Envelope/>' > box.ovf; qemu-img create -q -f vmdk -o subformat=streamOptimized "box disk1.vmdk" 1M
            tar --format=ustar -cf box.ova box.ovf "box disk1.vmdk"; rm "box disk1.vmdk"
            """, in: folder.path)
        guard case .recognised(let found) = try ImageFileOpener().open(FileSource(folder.file("box.ova")))
        else {
            Issue.record("the appliance was opened as raw")
            return
        }
        #expect(found.name == "ova")
        #expect(found.advice.contains("box.ovf") && found.advice.contains("box disk1.vmdk"))
        try await HostTool.shell(try #require(found.command), in: folder.path)
        #expect(try Qcow2ContentTests.open(folder.file("box disk1.vmdk")).format == .vmdk)
    }

    /// A stated format wins over every other that the file looks like.
    @Test(arguments: ["qcow2", "vmdk", "vdi", "qed", "qcow"])
    func statedFormatWinsEverywhere(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("qemu-img create -q -f \(name) image 1M", in: folder.path)
        let format = try #require(ImageFormat(named: name))
        #expect(try Qcow2ContentTests.open(folder.file("image")).format == format)
        let stated = try Qcow2ContentTests.open(folder.file("image"), as: format)
        #expect(!Self.codes(stated).contains(.formatDisagreement))
        let raw = try Qcow2ContentTests.open(folder.file("image"), as: .raw)
        #expect(raw.virtualSize == raw.fileSize)
        #expect(raw.findings.contains { $0.code == .formatDisagreement && $0.message.contains(name) })
        for other in ImageFormat.allCases where other != .raw && other != format {
            #expect(throws: ImageFault.self) {
                try Qcow2ContentTests.open(folder.file("image"), as: other)
            }
        }
    }

    /// A file that is in two formats at once is said to be.
    @Test func twoFormatsAtOnce() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("qemu-img create -q -f qcow2 image 1M; truncate -s 1M hole", in: folder.path)
        let image = try FileSource(folder.file("image"))
        for (offset, bytes) in [
            (UInt64(0x40), VdiHeader.magic), (510, [0x55, 0xAA]), (512, Array("EFI PART".utf8)),
            (0x8001, Array("CD001".utf8)),
        ] {
            // Byte 64 of qcow2 places its snapshots, and counts only where there are some.
            let opening = try ImageFileOpener().open(
                PatchedSource(image, patches: [(offset, bytes)]), path: nil)
            guard case .opened(let found) = opening else {
                Issue.record("not opened at \(offset)")
                continue
            }
            #expect(found.format == .qcow2)
            #expect(found.findings.contains { $0.code == .severalFormats }, "\(offset)")
        }
    }
}
