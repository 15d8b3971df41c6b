import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// VHDX files that are odd in one way each, composed from [MS-VHDX].
struct VHDXTests {
    private static let mebibyte = 1 << 20

    private static func codes(_ image: OpenedImage) -> [ContainerFinding.Code] { image.findings.map(\.code) }

    /// 16 MiB in blocks of 1 MiB: one of every state.
    static var dynamic: VHDXBuilder {
        var builder = VHDXBuilder()
        builder.blocks[0] = .stored(state: 6, data: pattern(0xB1, sectors: 2048))
        for state in [1, 2, 3] { builder.blocks[state] = .state(UInt64(state)) }
        builder.blocks[9] = .stored(state: 6, data: pattern(0xB2, sectors: 2048))
        builder.blocks[15] = .stored(state: 6, data: pattern(0xB3, sectors: 2048))
        return builder
    }

    static var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16 << 20)
        let stored: [(Int, UInt8)] = [(0, 0xB1), (9, 0xB2), (15, 0xB3)]
        for (block, seed) in stored {
            bytes.replaceSubrange(block << 20..<(block + 1) << 20, with: pattern(seed, sectors: 2048))
        }
        return bytes
    }

    /// What QEMU reads, after it replayed the log if there is one. It changes the file.
    static func readByQEMU(_ bytes: [UInt8], in folder: ScratchFolder) async throws -> FileSource {
        try write(bytes, to: folder.file("composed"))
        try await HostTool.shell(
            """
            qemu-img check -q -r all composed
            qemu-img convert -f vhdx -O raw composed composed.raw
            """, in: folder.path)
        return try FileSource(folder.file("composed.raw"))
    }

    private static func expect(_ image: OpenedImage, _ bytes: [UInt8]) throws {
        #expect(image.virtualSize == UInt64(bytes.count))
        #expect(try DiskComparison.firstDifference(image.disk, MemorySource(bytes), step: 1_400_000) == nil)
        try Qcow2ContentTests.checkExtents(image.disk)
    }

    private static func faultKind(_ bytes: [UInt8]) -> ImageFault.Kind? {
        do {
            _ = try VHDTests.open(bytes)
            return nil
        } catch {
            return (error as? ImageFault)?.kind
        }
    }

    @Test(arguments: [0, 1] as [UInt32])
    func everyState(_ flags: UInt32) async throws {
        var builder = Self.dynamic
        builder.flags = flags
        let image = try VHDTests.open(builder.build())
        #expect(image.format == .vhdx && image.clusterSize == 1 << 20)
        #expect(Self.codes(image).isEmpty)
        try Self.expect(image, Self.content)
        guard HostTool.has("qemu-img") else { return }
        let folder = try await ScratchFolder()
        let read = try await Self.readByQEMU(builder.build(), in: folder)
        #expect(try DiskComparison.firstDifference(image.disk, read) == nil)
    }

    @Test func statesThatAreNone() throws {
        let entries: [UInt64] = [4, 4 << 20 | 7, 6]
        for entry in entries {
            var builder = Self.dynamic
            builder.blocks[5] = .state(entry)
            let image = try VHDTests.open(builder.build())
            #expect {
                try image.disk.read(at: 5 << 20, count: 512)
            } throws: { ($0 as? ImageFault)?.kind == .corrupt }
            // The others can be read all the same.
            #expect(try image.disk.read(at: 9 << 20, count: 512).byte(at: 0) == 0xB2)
        }
    }

    @Test func sectorsOf4096Bytes() throws {
        var builder = Self.dynamic
        builder.sectorSize = 4096
        let image = try VHDTests.open(builder.build())
        #expect(Self.codes(image) == [.largeSectors])
        try Self.expect(image, Self.content)
    }

    // MARK: Copies

    @Test func headers() throws {
        var builder = Self.dynamic
        builder.dataWriteIdentity = [UInt8](repeating: 0x55, count: 16)
        let whole = builder.build()
        let current = try VHDXHeader.current(in: MemorySource(whole))
        #expect(current.header.sequenceNumber == 8 && current.findings.isEmpty)
        for place in [64 << 10, 128 << 10] {
            var bytes = whole
            bytes[place + 100] ^= 1
            let image = try VHDTests.open(bytes)
            #expect(Self.codes(image) == [.copyOfMetadataUsed])
            try Self.expect(image, Self.content)
        }
        var bytes = whole
        bytes[(64 << 10) + 100] ^= 1
        bytes[(128 << 10) + 100] ^= 1
        #expect(Self.faultKind(bytes) == .corrupt)
        // Disk2vhd writes the same header twice; two different ones of one number are damage.
        builder.sequenceNumbers = (5, 5)
        var twice = builder.build()
        #expect(Self.codes(try VHDTests.open(twice)).isEmpty)
        builder.dataWriteIdentity = [UInt8](repeating: 0x56, count: 16)
        twice.replaceSubrange(64 << 10..<(64 << 10) + 4096, with: builder.header(5))
        #expect(Self.faultKind(twice) == .corrupt)
    }

    @Test func regionTables() throws {
        let whole = Self.dynamic.build()
        var first = whole
        first[(192 << 10) + 1000] ^= 1
        let image = try VHDTests.open(first)
        #expect(Self.codes(image) == [.copyOfMetadataUsed])
        #expect(image.findings.first?.message.contains("QEMU does not open") == true)
        try Self.expect(image, Self.content)
        // A copy that is not needed is not read.
        var second = whole
        second[(256 << 10) + 1000] ^= 1
        #expect(Self.codes(try VHDTests.open(second)).isEmpty)
        var bytes = whole
        bytes[(192 << 10) + 1000] ^= 1
        bytes[(256 << 10) + 1000] ^= 1
        #expect(Self.faultKind(bytes) == .corrupt)
    }

    // MARK: Features

    @Test func unknownRegionsAndItems() throws {
        let unknown = "01234567-89AB-CDEF-0123-456789ABCDEF"
        var builder = Self.dynamic
        builder.regions = [(unknown, false)]
        builder.items = [(unknown, 0), (unknown, 1)]
        try Self.expect(try VHDTests.open(builder.build()), Self.content)
        builder.regions = [(unknown, true)]
        #expect(Self.faultKind(builder.build()) == .unsupported)
        builder.regions = []
        builder.items = [(unknown, 4)]
        #expect(Self.faultKind(builder.build()) == .unsupported)
        // A known item may be there once only.
        builder.items = [("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", 4)]
        #expect(Self.faultKind(builder.build()) == .corrupt)
    }

    @Test func numbersThatMakeNoSense() throws {
        let cases: [(UInt32, UInt32, UInt64)] = [
            (3 << 20, 512, 16 << 20), (512 << 10, 512, 16 << 20), (512 << 20, 512, 16 << 20),
            (1 << 20, 1024, 16 << 20), (1 << 20, 512, 16_777_316), (1 << 20, 512, 65 << 40),
            // The table is too small for this one.
            (1 << 20, 512, 1 << 40),
        ]
        for (blockSize, sectorSize, size) in cases {
            var builder = VHDXBuilder()
            builder.blockSize = blockSize
            builder.sectorSize = sectorSize
            builder.size = size
            #expect(Self.faultKind(builder.build()) == .corrupt, "\(blockSize) \(sectorSize) \(size)")
        }
    }

    // MARK: The file

    @Test func truncation() async throws {
        let whole = Self.dynamic.build()
        let cut = Array(whole.dropLast(1 << 19))
        let image = try VHDTests.open(cut)
        #expect(Self.codes(image) == [.truncated])
        #expect(try image.disk.read(at: 15 << 20, count: 512).byte(at: 0) == 0xB3)
        #expect { try image.disk.read(at: (16 << 20) - 512, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        #expect(try image.disk.extent(at: (16 << 20) - 512).kind == .missing)
        let shorter = try VHDTests.open(Array(whole.dropLast(2 << 20)))
        #expect(Self.codes(shorter) == [.truncated])
        #expect(shorter.findings.first?.message.contains("2 blocks") == true)
    }

    @Test func blocksOverTheMetadata() throws {
        var builder = Self.dynamic
        builder.blocks[4] = .state(UInt64(VHDXBuilder.metadataPlace) | 6)
        #expect(Self.codes(try VHDTests.open(builder.build())) == [.corruptMetadata])
    }
}
