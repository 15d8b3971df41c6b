import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// VHD files that are odd in one way each, composed from the specification.
struct VHDTests {
    static func open(_ bytes: [UInt8], as format: ImageFormat? = nil) throws -> OpenedImage {
        guard case .opened(let image) = try ImageFileOpener().open(MemorySource(bytes), path: nil, as: format)
        else { throw HostTool.Failure(description: "recognised, not opened") }
        return image
    }

    static func codes(_ image: OpenedImage) -> [ContainerFinding.Code] { image.findings.map(\.code) }

    /// Blocks 1 and 15 of 16.
    private static var dynamic: VHDBuilder {
        var builder = VHDBuilder()
        let bitmap = [UInt8](repeating: 0xFF, count: 128)
        builder.blocks[1] = (bitmap, pattern(0xA1, sectors: 1024))
        builder.blocks[15] = (bitmap, pattern(0xA2, sectors: 1024))
        return builder
    }

    private static var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8 << 20)
        bytes.replaceSubrange(512 << 10..<1024 << 10, with: pattern(0xA1, sectors: 1024))
        bytes.replaceSubrange(15 * 512 << 10..<16 * 512 << 10, with: pattern(0xA2, sectors: 1024))
        return bytes
    }

    private static func expect(_ image: OpenedImage, _ bytes: [UInt8]) throws {
        #expect(image.virtualSize == UInt64(bytes.count))
        #expect(try DiskComparison.firstDifference(image.disk, MemorySource(bytes), step: 70_000) == nil)
        try Qcow2ContentTests.checkExtents(image.disk)
    }

    // MARK: Copies of the footer

    @Test func wholeDisk() throws {
        let image = try Self.open(Self.dynamic.build())
        #expect(image.format == .vpc && image.clusterSize == 512 << 10)
        #expect(Self.codes(image).isEmpty)
        try Self.expect(image, Self.content)
    }

    @Test func unalignedTable() throws {
        var builder = Self.dynamic
        builder.gap = 4096 - 1536 - 6
        let image = try Self.open(builder.build())
        #expect(Self.codes(image).isEmpty)
        try Self.expect(image, Self.content)
    }

    @Test func copyAtTheStart() throws {
        let whole = Self.dynamic.build()
        var damaged = whole
        damaged[damaged.count - 512 + 70] ^= 1
        let cut = Array(whole.dropLast(512))
        let trailing = whole + [UInt8](repeating: 0, count: 4096)
        for bytes in [damaged, cut, trailing] {
            let image = try Self.open(bytes)
            #expect(Self.codes(image) == [.copyOfMetadataUsed])
            try Self.expect(image, Self.content)
        }
    }

    @Test func copyAtTheStartDamaged() throws {
        var bytes = Self.dynamic.build()
        bytes[60] ^= 1
        let image = try Self.open(bytes)
        #expect(Self.codes(image) == [.copyOfMetadataUsed])
        #expect(image.findings.first?.message.contains("QEMU does not open") == true)
        try Self.expect(image, Self.content)
        bytes.replaceSubrange(0..<8, with: [UInt8](repeating: 0, count: 8))
        try Self.expect(try Self.open(bytes), Self.content)
        // Both damaged: a fault, and not a raw disk.
        bytes[bytes.count - 512 + 70] ^= 1
        #expect { try Self.open(bytes) } throws: { ($0 as? ImageFault)?.kind == .corrupt }
    }

    @Test func copiesThatDisagree() throws {
        var builder = Self.dynamic
        var bytes = builder.build()
        builder.identity = [UInt8](repeating: 9, count: 16)
        bytes.replaceSubrange(0..<512, with: builder.footer())
        #expect(Self.codes(try Self.open(bytes)) == [.corruptMetadata])
    }

    @Test func fixedDisks() throws {
        var builder = VHDBuilder()
        builder.type = 2
        builder.size = 1 << 20
        let content = pattern(0xF1, sectors: 2048)
        let whole = content + builder.footer()
        let image = try Self.open(whole)
        #expect(image.format == .vpc && image.clusterSize == nil)
        #expect(Self.codes(image).isEmpty)
        try Self.expect(image, content)
        // Virtual PC before 2004 left the last byte of the footer out.
        try Self.expect(try Self.open(Array(whole.dropLast())), content)
        // Stated to be raw it is one, footer and all.
        let raw = try Self.open(whole, as: .raw)
        #expect(raw.virtualSize == UInt64(whole.count))
        #expect(Self.codes(raw) == [.formatDisagreement])
        // The footer holds, but the file is too short for the disk.
        let short = try Self.open(Array(content.dropLast(4096)) + builder.footer())
        #expect(Self.codes(short) == [.truncated])
        #expect(try short.disk.read(at: 0, count: 512).array == Array(content.prefix(512)))
        #expect { try short.disk.read(at: (1 << 20) - 512, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        #expect(try short.disk.extent(at: (1 << 20) - 512).kind == .missing)
        var damaged = whole
        damaged[damaged.count - 400] ^= 1
        #expect { try Self.open(damaged) } throws: { ($0 as? ImageFault)?.kind == .corrupt }
    }

    @Test func savedState() throws {
        var builder = Self.dynamic
        builder.isSavedState = true
        #expect(Self.codes(try Self.open(builder.build())) == [.dirty])
    }

    // MARK: Size

    /// Creator, geometry, and what comes of it: `current` (8 MiB) or `chs` (the geometry).
    @Test(arguments: [
        ("vpc ", "chs"), ("qemu", "chs"), ("qem2", "current"), ("win ", "current"), ("d2v ", "current"),
        ("tap\0", "current"), ("CTXS", "current"), ("wa\0\0", "current"), ("vbox", "current"),
    ])
    func sizeByCreator(_ creator: String, _ rule: String) async throws {
        var builder = Self.dynamic
        builder.creator = creator
        builder.geometry = (200, 4, 17)
        let image = try Self.open(builder.build())
        #expect(image.virtualSize == (rule == "chs" ? 200 * 4 * 17 * 512 : 8 << 20))
        let isDisputed = ["vpc ", "qemu", "wa\0\0", "vbox"].contains(creator)
        #expect(Self.codes(image) == (isDisputed ? [.sizeDisagreement] : []))
        // QEMU before 10 does not know Azure and VirtualBox.
        guard HostTool.has("qemu-img"), creator != "wa\0\0", creator != "vbox" else { return }
        let folder = try await ScratchFolder()
        try write(builder.build(), to: folder.file("image"))
        let text = try await HostTool.shell("qemu-img info -f vpc image", in: folder.path)
        #expect(text.contains("(\(image.virtualSize) bytes)"), "\(text)")
    }

    @Test func largestGeometryIsNoSize() async throws {
        var builder = Self.dynamic
        builder.creator = "vpc "
        builder.geometry = (65535, 16, 255)
        let image = try Self.open(builder.build())
        #expect(image.virtualSize == 8 << 20)
        #expect(Self.codes(image).isEmpty)
        guard HostTool.has("qemu-img") else { return }
        let folder = try await ScratchFolder()
        try write(builder.build(), to: folder.file("image"))
        try await HostTool.shell("qemu-img convert -f vpc -O raw image plain", in: folder.path)
        #expect(
            try DiskComparison.firstDifference(image.disk, FileSource(folder.file("plain"))) == nil)
    }

    // MARK: Blocks

    @Test func blocksBeyondTheEnd() throws {
        var bytes = Self.dynamic.build()
        // Entry 15 of the table at 1536.
        bytes.replaceSubrange(1536 + 60..<1536 + 64, with: big(UInt32(0x10_0000)))
        let image = try Self.open(bytes)
        #expect(Self.codes(image) == [.truncated])
        #expect(try image.disk.extent(at: 15 * 512 << 10).kind == .missing)
        #expect { try image.disk.read(at: 15 * 512 << 10, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        #expect(try image.disk.read(at: 0, count: 512).isAllZero)
        // Cut in the last block: what is there can be read, the copy of the footer leads to it.
        let cut = try Self.open(Array(Self.dynamic.build().dropLast(512 + 4096)))
        #expect(Set(Self.codes(cut)) == [.copyOfMetadataUsed, .truncated])
        #expect(try cut.disk.read(at: 15 * 512 << 10, count: 512).byte(at: 0) == 0xA2)
        #expect { try cut.disk.read(at: (8 << 20) - 512, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
    }

    @Test func tableTooSmall() throws {
        var builder = Self.dynamic
        var bytes = builder.build()
        bytes.replaceSubrange(512 + 28..<512 + 32, with: big(UInt32(15)))
        #expect { try Self.open(bytes) } throws: { ($0 as? ImageFault)?.kind == .corrupt }
        // The same without the header's checksum: the table is too large for the file.
        bytes.replaceSubrange(512 + 28..<512 + 32, with: big(UInt32.max))
        #expect { try Self.open(bytes) } throws: { ($0 as? ImageFault)?.kind == .truncated }
        builder.type = 6
        #expect { try Self.open(builder.build()) } throws: { ($0 as? ImageFault)?.kind == .unsupported }
    }

    @Test func headerChecksum() throws {
        var bytes = Self.dynamic.build()
        bytes[512 + 600] ^= 1
        let image = try Self.open(bytes)
        #expect(Self.codes(image) == [.corruptMetadata])
        try Self.expect(image, Self.content)
    }
}
