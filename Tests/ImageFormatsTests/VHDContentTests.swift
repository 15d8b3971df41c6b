import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// VHD and VHDX images that qemu-img and qemu-io write, read here and compared byte for byte with what qemu-img
/// reads.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct VHDContentTests {
    private static let plain = """
        (seq 1 400000; head -c 3000000 /dev/urandom; seq 1 300000) > plain
        truncate -s 40M plain; printf end | dd of=plain bs=1 seek=41943000 conv=notrunc status=none
        """

    private static func compare(_ folder: ScratchFolder, _ format: ImageFormat) throws {
        let image = try Qcow2ContentTests.open(folder.file("image"))
        let read = try FileSource(folder.file("read"))
        #expect(image.format == format)
        #expect(image.virtualSize == read.size)
        for step in [70_144, 3 << 20] {
            #expect(try DiskComparison.firstDifference(image.disk, read, step: step) == nil)
        }
        try Qcow2ContentTests.checkExtents(image.disk)
        #expect(image.findings.isEmpty)
    }

    @Test(arguments: [
        "subformat=fixed", "subformat=dynamic", "subformat=fixed,force_size=on",
        "subformat=dynamic,force_size=on",
    ])
    func convertedToVHD(_ options: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            \(Self.plain)
            qemu-img convert -f raw -O vpc -o \(options) plain image
            qemu-img convert -f vpc -O raw image read
            """, in: folder.path)
        try Self.compare(folder, .vpc)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        // The size may be rounded up to whole cylinders; what was there before is the same.
        let whole = try SliceSource(image.disk, start: 0, size: 40 << 20)
        #expect(try DiskComparison.firstDifference(whole, FileSource(folder.file("plain"))) == nil)
        if options.contains("force_size") { #expect(image.virtualSize == 40 << 20) }
        // 12 MiB in the middle are empty.
        #expect(try image.disk.extent(at: 20 << 20).kind == .hole)
    }

    @Test func writtenToVHD() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f vpc image 200M
            qemu-io -f vpc -c 'write -P 1 0 64k' -c 'write -P 2 65k 3k' -c 'write -P 3 2047k 700k' \
                -c 'write -P 4 150M 5M' -c 'write -z 151M 1M' -c 'write -P 5 4093k 17k' image > /dev/null
            qemu-img convert -f vpc -O raw image read
            """, in: folder.path)
        try Self.compare(folder, .vpc)
    }

    @Test(arguments: [
        "subformat=dynamic", "subformat=fixed", "subformat=dynamic,block_size=1M",
        "subformat=dynamic,block_size=8M,log_size=4M", "subformat=dynamic,block_size=256M",
        "subformat=fixed,block_size=2M", "subformat=dynamic,block_size=1M,block_state_zero=off",
    ])
    func convertedToVHDX(_ options: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            \(Self.plain)
            qemu-img convert -f raw -O vhdx -o \(options) plain image
            qemu-img convert -f vhdx -O raw image read; cmp plain read
            """, in: folder.path)
        try Self.compare(folder, .vhdx)
    }

    @Test(arguments: ["block_size=1M", "block_size=32M"])
    func writtenToVHDX(_ options: String) async throws {
        let folder = try await ScratchFolder()
        // 5 GiB in blocks of 1 MiB are more than a chunk, so entries of sector bitmaps lie between.
        try await HostTool.shell(
            """
            qemu-img create -q -f vhdx -o \(options) image 5G
            qemu-io -f vhdx -c 'write -P 1 0 64k' -c 'write -P 2 65k 3k' -c 'write -P 3 2047k 700k' \
                -c 'write -P 4 4095M 5M' -c 'write -P 5 5119M 1M' image > /dev/null
            qemu-img convert -f vhdx -O raw image read
            """, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        let read = try FileSource(folder.file("read"))
        for (start, size) in [(0, 8 << 20), (4090 << 20, 20 << 20), (5110 << 20, 10 << 20)] {
            let (one, other) = try (
                SliceSource(image.disk, start: UInt64(start), size: UInt64(size)),
                SliceSource(read, start: UInt64(start), size: UInt64(size))
            )
            #expect(try DiskComparison.firstDifference(one, other, step: 700_416) == nil)
        }
        try Qcow2ContentTests.checkExtents(image.disk)
        #expect(image.virtualSize == 5 << 30)
    }

    /// The table of 4 TiB in blocks of 1 MiB has 32 MiB. It is surveyed up to a limit and kept in pieces.
    @Test func theTableOfALargeDisk() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f vhdx -o block_size=1M image 4T
            qemu-io -f vhdx -c 'write -P 1 0 64k' -c 'write -P 2 3T 64k' image > /dev/null
            """, in: folder.path)
        let file = try FileSource(folder.file("image"))
        guard case .opened(let image) = try ImageFileOpener().open(file) else {
            Issue.record("not opened")
            return
        }
        #expect(try image.disk.read(at: 3 << 40, count: 512).array.allSatisfy { $0 == 2 })
        #expect(try image.disk.extent(at: 1 << 40).kind == .hole)
        #expect(file.cost.bytesRead < 9 << 20)
    }

    /// What the recipe makes: the disk, and what is said about the file.
    @Test(
        arguments: [
            ("vpc-fixed", "fixed", []), ("vpc-dynamic", "dynamic", []), ("vpc-force-size", "dynamic", []),
            ("vpc-footer-511", "fixed", []), ("vpc-no-footer", "dynamic", [.copyOfMetadataUsed]),
            ("vpc-no-copy", "dynamic", [.copyOfMetadataUsed]), ("vhdx-dynamic", "dynamic", []),
            ("vhdx-fixed", "fixed", []), ("vhdx-block-1m", "dynamic", []), ("vhdx-block-256m", "dynamic", []),
            ("vhdx-written", "dynamic", []), ("vhdx-header-damaged", "dynamic", [.copyOfMetadataUsed]),
        ] as [(String, String, [ContainerFinding.Code])])
    func recipe(_ name: String, _ subformat: String, _ codes: [ContainerFinding.Code]) async throws {
        let folder = try await ScratchFolder()
        let made = try await ContainerContentTests.make(name, in: folder)
        let image = try Qcow2ContentTests.open(made.appending("image"))
        #expect(image.format.rawValue == name.prefix { $0 != "-" })
        #expect(image.subformat == subformat)
        #expect(image.findings.map(\.code) == codes)
        let plain = try FileSource(made.appending("plain"))
        #expect(try DiskComparison.firstDifference(image.disk, plain, step: 1 << 20) == nil)
        try Qcow2ContentTests.checkExtents(image.disk)
        // By what a delta over it would know it.
        #expect(image.identity?.count == 36)
    }

    /// A footer behind an image of another format: which of the two it is depends on who reads it.
    @Test func twoFormatsAtOnce() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 image 4M; truncate -s 1M plain
            qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on plain vhd
            tail -c 512 vhd >> image
            """, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        #expect(image.format == .qcow2)
        #expect(image.findings.contains { $0.code == .severalFormats })
        let alone = try Qcow2ContentTests.open(folder.file("vhd"))
        #expect(alone.format == .vpc)
        #expect(!alone.findings.contains { $0.code == .severalFormats })
    }
}
