import ByteReading
import Compression
import GuestFormats
import TestSupport
import Testing

/// The commands whose output the reader has to understand, by format.
private let compressors: [(format: CompressionFormat, tool: String, arguments: [String])] = [
    (.none, "cat", []),
    (.gzip, "gzip", ["-c"]),
    (.bzip2, "bzip2", ["-1", "-c"]),
    (.xz, "xz", ["-0", "-c", "--check=crc32"]),
    (.lzma, "xz", ["-0", "-c", "--format=lzma"]),
    (.lz4Legacy, "lz4", ["-l", "-c"]),
    (.lzop, "lzop", ["-c"]),
    (.zstd, "zstd", ["-c", "-q"]),
]

private func compress(_ bytes: [UInt8], _ format: CompressionFormat) throws -> [UInt8]? {
    guard let entry = compressors.first(where: { $0.format == format }) else { return nil }
    return try FixtureTool.run(entry.tool, entry.arguments, input: bytes)
}

private func sampleArchive() -> CPIOBuilder {
    var archive = CPIOBuilder()
    archive.directory(".")
    archive.directories("usr/lib/modules/6.1.0-9-amd64/kernel")
    archive.link("lib", to: "usr/lib")
    archive.file("lib/modules/6.1.0-9-amd64/kernel/virtio-blk.ko.xz", "ELF")
    archive.file("./init", "#!/bin/sh\n", mode: 0o100755)
    archive.file("orphan/file", "x")
    archive.add("a", mode: 0o100644, inode: 900, linkCount: 2)
    archive.add("b", mode: 0o100644, body: Array("shared".utf8), inode: 900, linkCount: 2)
    archive.trailer()
    return archive
}

@Suite struct InitramfsReaderTests {
    private let keepAll = InitramfsReader(InitramfsRequest { _, size in Int(min(size, 1 << 20)) })

    @Test func makesTheFileSystemTheKernelMakes() throws {
        let contents = keepAll.read(Bytes(sampleArchive().bytes))
        #expect(contents.fault == nil)
        #expect(contents.kernelMessage == nil)
        #expect(contents.segments.count == 1)
        #expect(contents.segments.first?.hasTrailer == true)
        #expect(contents.tree.nodes["usr/lib/modules/6.1.0-9-amd64/kernel/virtio-blk.ko.xz"] != nil)
        #expect(contents.text("/lib/modules/6.1.0-9-amd64/kernel/virtio-blk.ko.xz") == "ELF")
        #expect(contents.text("init") == "#!/bin/sh\n")
        #expect(contents.text("a") == "shared")
        #expect(contents.member("a")?.size == 6)
        #expect(contents.tree.lost == ["orphan/file"])
    }

    @Test(arguments: compressors.map(\.format))
    func readsEveryCompressionBehindMicrocode(_ format: CompressionFormat) throws {
        guard let main = try compress(sampleArchive().bytes, format) else { return }
        var archive = CPIOBuilder()
        archive.directories("kernel/x86/microcode")
        archive.file("kernel/x86/microcode/GenuineIntel.bin", "microcode")
        archive.trailer()
        archive.pad(to: 512)
        let start = archive.bytes.count
        archive.raw(main)
        archive.raw([UInt8](repeating: 0, count: 64))
        let contents = keepAll.read(Bytes(archive.bytes))
        #expect(contents.fault == nil)
        #expect(contents.segments.count == 2)
        #expect(contents.segments.first?.isEarlyMicrocode == true)
        #expect(contents.segments.last?.isEarlyMicrocode == false)
        #expect(contents.segments.last?.compression == format)
        #expect(contents.segments.last?.offset == UInt64(start))
        #expect(contents.text("init") == "#!/bin/sh\n")
    }

    @Test(arguments: compressors.map(\.format))
    func surviveDamage(_ format: CompressionFormat) throws {
        guard let bytes = try compress(sampleArchive().bytes, format) else { return }
        for length in 0..<bytes.count {
            let contents = keepAll.read(Bytes(Array(bytes[..<length])))
            // Where a complete archive without a trailer, or padding alone, is cut off, nothing is wrong.
            if length < bytes.count / 2, format != .none {
                #expect(contents.fault != nil, "cut at \(length)")
            }
        }
        for position in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var flipped = bytes
                flipped[position] ^= mask
                _ = keepAll.read(Bytes(flipped))
            }
        }
    }

    @Test func saysWhatTheKernelSays() throws {
        let good = sampleArchive().bytes
        let cut = keepAll.read(Bytes(Array(good[..<(good.count - 200)])))
        #expect(cut.fault?.kind == .truncated)
        #expect(cut.kernelMessage == nil)
        #expect(cut.text("init") == "#!/bin/sh\n")

        if let packed = try compress(good, .gzip) {
            let cut = keepAll.read(Bytes(Array(packed[..<(packed.count - 30)])))
            #expect(cut.fault?.kind == .truncated)
            #expect(cut.kernelMessage == "decompressor failed")
        }
        let junk = keepAll.read(Bytes(good + Array("~signature".utf8)))
        #expect(junk.fault == nil)
        #expect(junk.trailingJunk == UInt64(good.count))
        let configured = keepAll.read(Bytes(good + Array("kernel.a = 1\n____--------#BOOTCONFIG\n".utf8)))
        #expect(configured.hasBootConfig)
        #expect(configured.trailingJunk == nil)
        #expect(keepAll.read(Bytes(Array("hello, world".utf8))).fault?.kind == .corrupt)
        #expect(keepAll.read(Bytes([])).fault?.kind == .truncated)
    }

    @Test func rejectsAnIntegrityCheckTheKernelDoesNotKnow() throws {
        guard let packed = try FixtureTool.run("xz", ["-c", "--check=crc64"], input: sampleArchive().bytes)
        else { return }
        let contents = keepAll.read(Bytes(packed))
        #expect(contents.fault?.kind == .unsupported)
        #expect(contents.text("init") != nil)
    }

    @Test func verifiesChecksumsOfMembers() {
        var archive = CPIOBuilder()
        archive.withChecksums = true
        archive.file("x", "content")
        archive.trailer()
        #expect(keepAll.read(Bytes(archive.bytes)).fault == nil)
        var broken = archive.bytes
        if let position = Bytes(broken).firstIndex(of: Array("content".utf8)) { broken[position] ^= 1 }
        #expect(keepAll.read(Bytes(broken)).fault?.kind == .corrupt)
    }

    /// Real ones: `IMAGECHECK_BOOT` names a directory with `initrd.img-RELEASE` files; `lsinitramfs` gives the
    /// second opinion.
    @Test(
        .enabled(if: FixtureTool.environment("IMAGECHECK_BOOT") != nil && FixtureTool.exists("lsinitramfs")))
    func listsWhatLsinitramfsLists() throws {
        let directory = try #require(FixtureTool.environment("IMAGECHECK_BOOT"))
        for name in FixtureTool.list(directory) where name.hasPrefix("initrd.img-") {
            let path = directory + "/" + name
            let contents = InitramfsReader().read(Bytes(try FixtureTool.contents(path)))
            #expect(contents.fault == nil)
            #expect(contents.tree.lostCount == 0)
            let listing = String(
                decoding: try #require(try FixtureTool.run("lsinitramfs", [path])), as: UTF8.self)
            let expected = Set(listing.split(separator: "\n").map { $0 == "." ? "" : String($0) })
            #expect(Set(contents.members.map(\.path)) == expected)
        }
    }

    /// Archives that other projects test with.
    @Test(.enabled(if: FixtureTool.environment("IMAGECHECK_SAMPLES") != nil))
    func readsSamples() throws {
        let root = try #require(FixtureTool.environment("IMAGECHECK_SAMPLES")) + "/initramfs"
        for project in FixtureTool.list(root) {
            for name in FixtureTool.list(root + "/" + project) {
                let contents = keepAll.read(
                    Bytes(try FixtureTool.contents(root + "/" + project + "/" + name)))
                #expect(contents.fault == nil, "\(name): \(contents.fault.map { "\($0)" } ?? "")")
                #expect(!contents.members.isEmpty)
                #expect((project == "u-root") == (contents.segments.first?.format == .odc))
            }
        }
    }

    /// A real archive packed anew by every tool lists the same members.
    @Test(
        .enabled(if: FixtureTool.environment("IMAGECHECK_INITRAMFS") != nil),
        arguments: compressors.map(\.format))
    func readsARealOneInEveryCompression(_ format: CompressionFormat) throws {
        let path = try #require(FixtureTool.environment("IMAGECHECK_INITRAMFS"))
        let original = Bytes(try FixtureTool.contents(path))
        let plain = try Decompression.all(
            original, format: CompressionFormat.detect(original), maximumOutput: 1 << 30)
        guard let packed = try compress(plain.array, format) else { return }
        let expected = InitramfsReader().read(original)
        let contents = InitramfsReader().read(Bytes(packed))
        #expect(contents.fault == nil)
        #expect(contents.kernelMessage == nil)
        #expect(contents.members == expected.members)
        #expect(contents.files == expected.files)
        // Without compression the padding behind the trailer belongs to no segment.
        let size = try #require(contents.segments.last?.unpackedSize)
        #expect(UInt64(plain.count) - size < 512)
    }
}
