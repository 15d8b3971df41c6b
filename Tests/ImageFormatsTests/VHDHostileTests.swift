import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Damage to every byte of metadata: a result or a fault, never a trap or a hang.
struct VHDHostileTests {
    /// Opens and reads a little everywhere.
    private static func exercise(_ source: any BlockSource) {
        guard case .opened(let image) = try? ImageFileOpener().open(source, path: "/nowhere/image") else {
            return
        }
        var offset: UInt64 = 0
        for _ in 0..<10 where offset < image.disk.size {
            _ = try? image.disk.read(at: offset, count: Int(min(8192, image.disk.size - offset)))
            guard let extent = try? image.disk.extent(at: offset) else { break }
            #expect(extent.length > 0)
            offset += max(1, min(extent.length, 1 << 20))
        }
    }

    private static func values(_ byte: UInt8) -> [UInt8] {
        [byte ^ 0xFF, byte ^ 1]
    }

    // MARK: VHD

    private static func small(_ type: UInt32) -> VHDBuilder {
        var builder = VHDBuilder()
        builder.type = type
        builder.size = 64 << 10
        builder.blockSize = 8 << 10
        builder.blocks[0] = ([0xFF, 0xFF], pattern(1, sectors: 16))
        builder.blocks[5] = ([0x5A, 0x0F], pattern(2, sectors: 16))
        if type == 4 {
            builder.locators = [
                ("W2ru", utf16("a\\b.vhd")), ("MacX", Array("file:///a%2".utf8)), ("W2ku", utf16("C:")),
            ]
            builder.parentName = "p.vhd"
        }
        return builder
    }

    /// Changes that the checksums show, and the same with checksums that hold.
    @Test(arguments: [3, 4] as [UInt32])
    func everyByteOfVHD(_ type: UInt32) throws {
        let bytes = Self.small(type).build()
        let end = bytes.count - 512
        for place in Array(0..<96) + Array(512..<512 + 64 + 24) + Array(512 + 576..<512 + 672)
            + Array(1536..<1536 + 34) + Array(end..<end + 96)
        {
            for value in Self.values(bytes[place]) {
                var changed = bytes
                changed[place] = value
                Self.exercise(MemorySource(changed))
                for footer in [0, end] where (footer..<footer + 512).contains(place) {
                    let sealed = VHDBuilder.sealed(Array(changed[footer..<footer + 512]), at: 64)
                    changed.replaceSubrange(0..<512, with: sealed)
                    changed.replaceSubrange(end..<end + 512, with: sealed)
                    Self.exercise(MemorySource(changed))
                }
            }
        }
        for size in Array(0..<200) + stride(from: 200, to: bytes.count, by: 97) {
            Self.exercise(MemorySource(Array(bytes.prefix(size))))
            Self.exercise(MemorySource(Array(bytes.suffix(size))))
        }
    }

    @Test func absurdVHD() throws {
        // The largest numbers wherever a number is.
        for (place, width) in [(16, 8), (48, 8), (512 + 16, 8), (512 + 28, 4), (512 + 32, 4)] {
            for value in [0xFF, 0x7F, 0x80] as [UInt8] {
                var bytes = Self.small(4).build()
                bytes.replaceSubrange(place..<place + width, with: [UInt8](repeating: 0xFF, count: width))
                bytes[place] = value
                let footer = VHDBuilder.sealed(Array(bytes[0..<512]), at: 64)
                bytes.replaceSubrange(0..<512, with: footer)
                bytes.replaceSubrange(bytes.count - 512..<bytes.count, with: footer)
                Self.exercise(MemorySource(bytes))
            }
        }
        // The header in the footer, the table in the header: nothing is where it should be.
        var bytes = Self.small(3).build()
        bytes.replaceSubrange(512 + 16..<512 + 24, with: big(UInt64(512)))
        Self.exercise(MemorySource(bytes))
    }

    // MARK: VHDX

    private static var smallX: VHDXBuilder {
        var builder = VHDXBuilder()
        builder.size = 4 << 20
        builder.flags = 2
        builder.locator = [
            ("parent_linkage", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}"), ("relative_path", "..\\a\\b.vhdx"),
            ("volume_path", "\\\\?\\Volume{0}\\b.vhdx"),
        ]
        builder.blocks = [0: .stored(state: 7, data: pattern(1, sectors: 2048)), 2: .state(2)]
        builder.bitmaps = [0: [0x0F, 0xF0, 0xAA]]
        return builder
    }

    private static func exerciseChanges(
        of bytes: [UInt8], at places: some Sequence<Int>, sealing block: Range<Int>? = nil
    ) {
        let image = MemorySource(bytes)
        for place in places {
            for value in values(bytes[place]) {
                exercise(PatchedSource(image, patches: [(UInt64(place), [value])]))
                guard let block else { continue }
                var changed = Array(bytes[block])
                changed[place - block.lowerBound] = value
                exercise(
                    PatchedSource(
                        image, patches: [(UInt64(block.lowerBound), VHDXBuilder.sealed(changed))]))
            }
        }
    }

    @Test func everyByteOfVHDX() throws {
        let bytes = Self.smallX.build()
        // The second header is current.
        Self.exerciseChanges(
            of: bytes, at: (128 << 10)..<(128 << 10) + 84, sealing: (128 << 10)..<(128 << 10) + 4096)
        let metadata = VHDXBuilder.metadataPlace
        Self.exerciseChanges(of: bytes, at: metadata..<metadata + 32 * 7)
        Self.exerciseChanges(of: bytes, at: (metadata + 65536)..<(metadata + 65536 + 150))
        let table = VHDXBuilder.tablePlace
        Self.exerciseChanges(of: bytes, at: table..<table + 32)
        Self.exerciseChanges(of: bytes, at: (table + 4096 * 8)..<(table + 4096 * 8 + 8))
        let image = MemorySource(bytes)
        for size in Array(0..<40).map({ $0 * 5000 }) + stride(from: 0, to: bytes.count, by: 131_071) {
            Self.exercise(PatchedSource(image, size: UInt64(size)))
        }
    }

    @Test func everyByteOfTheRegionTable() throws {
        let bytes = Self.smallX.build()
        let table = (192 << 10)..<(256 << 10)
        Self.exerciseChanges(of: bytes, at: table.lowerBound..<table.lowerBound + 80, sealing: table)
    }

    @Test func everyByteOfTheLog() throws {
        var builder = Self.smallX
        builder.logIdentity = [UInt8](repeating: 3, count: 16)
        let size = builder.build().count
        builder.log = builder.logEntry(
            1, tail: 0, flushed: size, last: size,
            [
                .data(at: VHDXBuilder.tablePlace + 4096, [UInt8](repeating: 0xFF, count: 4096)),
                .zeros(at: 5 << 20, count: 8192),
            ])
        let bytes = builder.build()
        let log = VHDXBuilder.logPlace
        Self.exerciseChanges(
            of: bytes, at: Array(log..<log + 130) + [log + 4096, log + 4100, log + 8191],
            sealing: log..<log + 8192)
    }
}
