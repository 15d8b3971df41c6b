import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Logs composed from [MS-VHDX] 2.3, replayed in memory; QEMU replays them in a copy of the file.
struct VHDXLogTests {
    private static let logLength = 1 << 20

    /// 16 MiB of which block 0 is there; a MiB of data that no block refers to yet stands at the end.
    private static var unclean: VHDXBuilder {
        var builder = VHDXBuilder()
        builder.logIdentity = (1...16).map { $0 }
        builder.blocks[0] = .stored(state: 6, data: pattern(0xC1, sectors: 2048))
        builder.blocks[1] = .stored(state: 6, data: pattern(0xC2, sectors: 2048))
        return builder
    }

    /// The first 4096 bytes of the table: which blocks lie in which MiB of the file.
    private static func table(_ blocks: [Int: Int]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        for (block, mebibyte) in blocks {
            bytes.replaceSubrange(block * 8..<block * 8 + 8, with: little(UInt64(mebibyte) << 20 | 6))
        }
        return bytes
    }

    /// A disk with MiB of one pattern each.
    private static func content(_ blocks: [Int: UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16 << 20)
        for (block, seed) in blocks {
            bytes.replaceSubrange(block << 20..<(block + 1) << 20, with: pattern(seed, sectors: 2048))
        }
        return bytes
    }

    /// Places entries in the ring, each at its position.
    private static func ring(_ entries: [(position: Int, bytes: [UInt8])]) -> [UInt8] {
        var log = [UInt8](repeating: 0, count: logLength)
        for entry in entries {
            for sector in 0..<entry.bytes.count / 4096 {
                let place = (entry.position + sector * 4096) % logLength
                log.replaceSubrange(
                    place..<place + 4096, with: entry.bytes[sector * 4096..<(sector + 1) * 4096])
            }
        }
        return log
    }

    /// Expects this content, from us and from QEMU.
    private static func expect(
        _ bytes: [UInt8], _ content: [UInt8], entries: Int, asksQEMU: Bool = true
    ) async throws {
        let image = try VHDTests.open(bytes)
        #expect(image.findings.map(\.code) == [.logReplayed])
        #expect(image.findings.first?.message.contains("\(entries) log entries") == true)
        #expect(try DiskComparison.firstDifference(image.disk, MemorySource(content), step: 300_000) == nil)
        try Qcow2ContentTests.checkExtents(image.disk)
        guard asksQEMU, HostTool.has("qemu-img") else { return }
        let read = try await VHDXTests.readByQEMU(bytes, in: ScratchFolder())
        #expect(try DiskComparison.firstDifference(image.disk, read) == nil)
    }

    @Test func dataAndZeros() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        builder.log = builder.logEntry(
            1, tail: 0, flushed: size, last: size,
            [
                .data(at: VHDXBuilder.tablePlace, Self.table([0: 4, 9: 5, 12: 4])),
                .zeros(at: (4 << 20) + 8192, count: 3 * 4096),
                // Later descriptors win, whatever their kind.
                .data(at: (4 << 20) + 12288, [UInt8](repeating: 0x77, count: 4096)),
                .data(at: (4 << 20) + 65536, [UInt8](repeating: 0x78, count: 4096)),
                .zeros(at: (4 << 20) + 65536, count: 4096),
                .data(at: (4 << 20) + 65536, pattern(0x79, sectors: 8)),
                .data(at: (5 << 20) + 4096, [UInt8](repeating: 0x7A, count: 4096)),
                .zeros(at: (5 << 20) + 4096, count: 4096),
            ])
        var content = Self.content([0: 0xC1, 9: 0xC2, 12: 0xC1])
        for block in [0, 12] {
            let start = block << 20
            content.replaceSubrange(start + 8192..<start + 20480, with: [UInt8](repeating: 0, count: 12288))
            content.replaceSubrange(
                start + 12288..<start + 16384, with: [UInt8](repeating: 0x77, count: 4096))
            content.replaceSubrange(start + 65536..<start + 69632, with: pattern(0x79, sectors: 8))
        }
        content.replaceSubrange((9 << 20) + 4096..<(9 << 20) + 8192, with: [UInt8](repeating: 0, count: 4096))
        try await Self.expect(builder.build(), content, entries: 1)
    }

    /// More descriptors than fit beside the header. QEMU 7.2 reads the second sector of them over the first.
    @Test func manyDescriptors() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        var writes: [VHDXBuilder.Write] = []
        var content = Self.content([0: 0xC1, 1: 0xC2])
        for index in 0..<150 {
            let place = index * 4096
            if index % 50 == 3 {
                writes.append(.zeros(at: (4 << 20) + place, count: 4096))
                content.replaceSubrange(place..<place + 4096, with: [UInt8](repeating: 0, count: 4096))
            } else {
                let bytes = pattern(UInt8(index), sectors: 8)
                writes.append(.data(at: (4 << 20) + place, bytes))
                content.replaceSubrange(place..<place + 4096, with: bytes)
            }
        }
        builder.log = builder.logEntry(41, tail: 0, flushed: size, last: size, writes)
        try await Self.expect(builder.build(), content, entries: 1, asksQEMU: false)
    }

    @Test func sequenceOfEntries() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        func entry(_ number: UInt64, tail: Int, _ blocks: [Int: Int]) -> [UInt8] {
            builder.logEntry(
                number, tail: tail, flushed: size, last: size,
                [.data(at: VHDXBuilder.tablePlace, Self.table(blocks))])
        }
        // Entries of 8 KiB. The old one at the end has a lower number and its own sequence.
        builder.log = Self.ring([
            (0, entry(20, tail: 0, [3: 4])), (8192, entry(21, tail: 0, [3: 4, 4: 5])),
            (16384, entry(22, tail: 0, [0: 4, 5: 5])),
            (65536, entry(7, tail: 65536, [15: 4])),
        ])
        try await Self.expect(builder.build(), Self.content([0: 0xC1, 5: 0xC2]), entries: 3)
    }

    /// Entries before the tail of the newest one were written to their places long ago, and what is there may
    /// have changed since: they are not replayed. QEMU does not look at the tail.
    @Test func entriesBeforeTheTail() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        builder.log = Self.ring([
            (
                0,
                builder.logEntry(
                    20, tail: 0, flushed: size, last: size,
                    [.data(at: 4 << 20, [UInt8](repeating: 0xDD, count: 4096))])
            ),
            (
                8192,
                builder.logEntry(
                    21, tail: 8192, flushed: size, last: size,
                    [.data(at: VHDXBuilder.tablePlace, Self.table([0: 4]))])
            ),
        ])
        try await Self.expect(builder.build(), Self.content([0: 0xC1]), entries: 1, asksQEMU: false)
    }

    /// QEMU starts at the first valid entry of the ring, whatever its tail.
    @Test func ringThatCloses() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        func entry(_ number: UInt64, tail: Int, _ blocks: [Int: Int]) -> [UInt8] {
            builder.logEntry(
                number, tail: tail, flushed: size, last: size,
                [
                    .data(at: VHDXBuilder.tablePlace, Self.table(blocks)),
                    .zeros(at: (5 << 20) + 4096 * Int(number), count: 4096),
                ])
        }
        var content = Self.content([2: 0xC1, 8: 0xC2])
        for number in 30...32 {
            let start = (8 << 20) + 4096 * number
            content.replaceSubrange(start..<start + 4096, with: [UInt8](repeating: 0, count: 4096))
        }
        // The second entry starts in the last sector and ends in the first.
        let tail = Self.logLength - 12288
        builder.log = Self.ring([
            (tail, entry(30, tail: tail, [1: 4])),
            (Self.logLength - 4096, entry(31, tail: tail, [1: 4, 2: 5])),
            (4096, entry(32, tail: tail, [2: 4, 8: 5])),
        ])
        try await Self.expect(builder.build(), content, entries: 3, asksQEMU: false)
    }

    /// What was being written when the machine stopped does not count.
    @Test(arguments: ["checksum", "data", "descriptor", "sequence", "length", "identity", "cut"])
    func tornEntry(_ damage: String) async throws {
        var builder = Self.unclean
        let size = builder.build().count
        let first = builder.logEntry(
            5, tail: 0, flushed: size, last: size,
            [.data(at: VHDXBuilder.tablePlace, Self.table([0: 4, 1: 5]))])
        if damage == "identity" { builder.logIdentity = [UInt8](repeating: 0xAB, count: 16) }
        var second = builder.logEntry(
            damage == "sequence" ? 7 : 6, tail: 0, flushed: size, last: size,
            [.data(at: VHDXBuilder.tablePlace, Self.table([3: 4, 4: 5]))])
        builder.logIdentity = Self.unclean.logIdentity
        switch damage {
        case "checksum": second[5] ^= 1
        // A sector that an older entry left there.
        case "data":
            second.replaceSubrange(4100..<4104, with: [9, 9, 9, 9])
            second = VHDXBuilder.sealed(second)
        case "descriptor":
            second.replaceSubrange(64 + 24..<64 + 32, with: little(UInt64(4)))
            second = VHDXBuilder.sealed(second)
        case "length":
            second.replaceSubrange(8..<12, with: little(UInt32(2 << 20)))
            second = VHDXBuilder.sealed(second)
        case "cut": second = Array(second.prefix(4096))
        default: break
        }
        builder.log = Self.ring([(0, first), (8192, second)])
        // QEMU does not compare the number of the second entry with that of the first, looks at data sectors only
        // while it writes them, and refuses images with such a descriptor.
        try await Self.expect(
            builder.build(), Self.content([0: 0xC1, 1: 0xC2]), entries: 1,
            asksQEMU: !["sequence", "data", "descriptor"].contains(damage))
    }

    @Test func fileThatGrows() async throws {
        var builder = Self.unclean
        let size = builder.build().count
        builder.log = builder.logEntry(
            9, tail: 0, flushed: size, last: size + (2 << 20),
            [.data(at: VHDXBuilder.tablePlace, Self.table([0: 4, 6: 6, 7: 7]))])
        // The new blocks are there, and nothing was written to them.
        try await Self.expect(builder.build(), Self.content([0: 0xC1]), entries: 1, asksQEMU: false)
    }

    @Test func fileThatWasCut() throws {
        var builder = Self.unclean
        let size = builder.build().count
        builder.log = builder.logEntry(
            9, tail: 0, flushed: size + (1 << 20), last: size + (1 << 20),
            [.data(at: VHDXBuilder.tablePlace, Self.table([0: 4]))])
        #expect { try VHDTests.open(builder.build()) } throws: { ($0 as? ImageFault)?.kind == .truncated }
    }

    @Test func logWithoutEntries() async throws {
        var builder = Self.unclean
        let image = try VHDTests.open(builder.build())
        #expect(image.findings.map(\.code) == [.logNotReplayed])
        let content = Self.content([0: 0xC1, 1: 0xC2])
        #expect(try DiskComparison.firstDifference(image.disk, MemorySource(content)) == nil)
        builder.logVersion = 1
        #expect { try VHDTests.open(builder.build()) } throws: { ($0 as? ImageFault)?.kind == .unsupported }
        // An empty log may have any version.
        builder.logIdentity = [UInt8](repeating: 0, count: 16)
        #expect(try VHDTests.open(builder.build()).findings.isEmpty)
    }

    /// Every sector looks like the start of an entry that is as long as the log.
    @Test func entriesOverEntries() throws {
        var builder = Self.unclean
        for isSealed in [false, true] {
            var sector = builder.logEntry(3, tail: 0, flushed: 0, last: 0, [])
            sector.replaceSubrange(8..<12, with: little(UInt32(Self.logLength)))
            builder.log = []
            for _ in 0..<256 { builder.log += sector }
            if isSealed { builder.log = VHDXBuilder.sealed(builder.log) }
            _ = try? VHDTests.open(builder.build())
        }
    }

    /// Zeros over the whole file, again and again.
    @Test func zerosWithoutEnd() throws {
        var builder = Self.unclean
        let size = builder.build().count
        var writes: [VHDXBuilder.Write] = []
        for index in 0..<200 {
            writes.append(.data(at: index * 4096, [UInt8](repeating: 1, count: 4096)))
            writes.append(.zeros(at: 0, count: 1 << 62))
        }
        builder.log = builder.logEntry(1, tail: 0, flushed: size, last: size, writes)
        _ = try? VHDTests.open(builder.build())
        builder.log = builder.logEntry(
            1, tail: 0, flushed: size, last: size, [.zeros(at: Int.max / 4096 * 4096, count: 1 << 62)])
        #expect { try VHDTests.open(builder.build()) } throws: { ($0 as? ImageFault)?.kind == .corrupt }
    }
}
