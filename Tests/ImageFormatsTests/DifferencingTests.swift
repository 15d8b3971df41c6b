import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Differencing VHD and VHDX over their parents, composed from the specifications: qemu-img makes none, and reads
/// a differencing VHD as if it had no parent.
struct DifferencingTests {
    // MARK: VHD

    private static let parentIdentity: [UInt8] = (0..<16).map { 0xA0 + $0 }

    /// 8 MiB in blocks of 512 KiB, of which block 0, 1 and 3 hold something.
    private static var parent: VHDBuilder {
        var builder = VHDBuilder()
        builder.identity = parentIdentity
        for block in [0, 1, 3] {
            builder.blocks[block] = (
                [UInt8](repeating: 0xFF, count: 128), pattern(UInt8(0x10 + block), sectors: 1024)
            )
        }
        return builder
    }

    /// Over `parent`: block 1 in part, block 2 whole, block 3 with a bit in the middle.
    private static var child: VHDBuilder {
        var builder = VHDBuilder()
        builder.type = 4
        builder.parentIdentity = parentIdentity
        builder.locators = [("W2ru", utf16(".\\base.vhd"))]
        var alternating = [UInt8](repeating: 0, count: 128)
        // Sectors 0–2, 8 and 16–31.
        alternating.replaceSubrange(0..<4, with: [0b1110_0000, 0b1000_0000, 0xFF, 0xFF])
        alternating[127] = 1
        builder.blocks[1] = (alternating, pattern(0x21, sectors: 1024))
        builder.blocks[2] = ([UInt8](repeating: 0xFF, count: 128), pattern(0x22, sectors: 1024))
        var one = [UInt8](repeating: 0, count: 128)
        one[64] = 0b0000_1000
        builder.blocks[3] = (one, pattern(0x23, sectors: 1024))
        return builder
    }

    private static var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8 << 20)
        func put(_ seed: UInt8, block: Int, sectors: some Sequence<Int>) {
            let data = pattern(seed, sectors: 1024)
            for sector in sectors {
                let place = block * 524_288 + sector * 512
                bytes.replaceSubrange(place..<place + 512, with: data[sector * 512..<(sector + 1) * 512])
            }
        }
        for block in [0, 1, 3] { put(UInt8(0x10 + block), block: block, sectors: 0..<1024) }
        put(0x21, block: 1, sectors: [0, 1, 2, 8, 1023] + Array(16..<32))
        put(0x22, block: 2, sectors: 0..<1024)
        put(0x23, block: 3, sectors: [64 * 8 + 4])
        return bytes
    }

    private static func folder(_ child: VHDBuilder, _ parent: VHDBuilder = Self.parent) async throws
        -> ScratchFolder
    {
        let folder = try await ScratchFolder()
        try await HostTool.shell("mkdir sub", in: folder.path)
        try write(child.build(), to: folder.file("child.vhd"))
        try write(parent.build(), to: folder.file("base.vhd"))
        return folder
    }

    private static func expect(_ image: OpenedImage, _ content: [UInt8]) throws {
        #expect(image.isComplete, "\(image.references.map(\.refusal?.message))")
        for step in [70_144, 1500] where step > 2000 || content.count < 9 << 20 {
            #expect(try DiskComparison.firstDifference(image.disk, MemorySource(content), step: step) == nil)
        }
        try Qcow2ContentTests.checkExtents(image.disk)
    }

    @Test func overItsParent() async throws {
        let folder = try await Self.folder(Self.child)
        let image = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: [folder.path])
        try Self.expect(image, Self.content)
        #expect(image.references.map(\.name) == [".\\base.vhd"])
        #expect(image.references.map(\.format) == ["vpc"])
        #expect(image.findings.map(\.code) == [.backingFile])
        #expect(try image.disk.extent(at: 4 * 524_288).kind == .hole)
    }

    @Test func notWithoutLeave() async throws {
        let folder = try await Self.folder(Self.child)
        for allowed in [[], [folder.file("sub")]] {
            let image = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: allowed)
            #expect(image.references.map(\.refusal?.kind) == [.notAllowed])
            #expect(image.findings.map(\.code) == [.backingFile, .referenceNotOpened])
            #expect { try image.disk.read(at: 0, count: 512) } throws: {
                ($0 as? ImageFault)?.kind == .notAllowed
            }
            #expect(try image.disk.extent(at: 0).kind == .missing)
            // Its own sectors can be read, and no further.
            #expect(try image.disk.read(at: 524_288, count: 1536).byte(at: 0) == 0x21)
            #expect(throws: ImageFault.self) { try image.disk.read(at: 524_288, count: 2048) }
        }
    }

    /// Each way to say where the parent is, alone.
    @Test(arguments: ["W2ru", "W2ru up", "W2ku", "W2ku linux", "MacX", "name", "second"])
    func locators(_ kind: String) async throws {
        var child = Self.child
        child.locators = []
        let folder = try await ScratchFolder()
        try await HostTool.shell("mkdir sub; mkdir 'other place'", in: folder.path)
        var base = "base.vhd"
        switch kind {
        case "W2ru": child.locators = [("W2ru", utf16("base.vhd"))]
        case "W2ru up":
            child.locators = [("W2ru", utf16("..\\other place\\base.vhd"))]
            base = "../other place/base.vhd"
        case "W2ku": child.locators = [("W2ku", utf16("D:\\machines\\base.vhd"))]
        case "W2ku linux": child.locators = [("W2ku", utf16(folder.place("sub/base.vhd")))]
        case "MacX":
            child.locators = [
                ("MacX", Array("file://localhost\(folder.place("other%20place/base.vhd"))".utf8))
            ]
            base = "../other place/base.vhd"
        case "name": child.parentName = "C:\\machines\\base.vhd"
        // The first leads nowhere; unknown platforms are passed over.
        default:
            child.locators = [
                ("Wi2k", [1, 2, 3]), ("W2ru", utf16(".\\gone.vhd")), ("W2ku", utf16("Z:\\base.vhd")),
            ]
        }
        try write(child.build(), to: folder.file("sub/child.vhd"))
        try write(Self.parent.build(), to: folder.file("sub/" + base))
        let image = try Qcow2ContentTests.open(folder.file("sub/child.vhd"), allowing: [folder.path])
        try Self.expect(image, Self.content)
    }

    @Test func anotherDiskIsNotTheParent() async throws {
        var parent = Self.parent
        parent.identity[3] ^= 1
        let folder = try await Self.folder(Self.child, parent)
        let image = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: [folder.path])
        #expect(image.references.first?.refusal?.kind == .corrupt)
        #expect(image.references.first?.refusal?.message.contains("identity") == true)
        #expect { try image.disk.read(at: 0, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .corrupt
        }
        // Nor is a file that is no VHD, or one that is not there.
        try write([UInt8](repeating: 7, count: 4096), to: folder.file("base.vhd"))
        let other = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: [folder.path])
        #expect(other.references.first?.refusal?.kind == .corrupt)
        try await HostTool.shell("rm base.vhd", in: folder.path)
        let none = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: [folder.path])
        #expect(none.references.first?.refusal?.kind == .notFound)
    }

    @Test func chainsAndLoops() async throws {
        // base ← child ← grandchild, which changes one sector more.
        var child = Self.child
        child.identity = [UInt8](repeating: 0x31, count: 16)
        var grandchild = Self.child
        grandchild.parentIdentity = child.identity
        grandchild.locators = [("W2ru", utf16("child.vhd"))]
        grandchild.blocks = [0: ([0b0100_0000], pattern(0x44, sectors: 1024))]
        let folder = try await Self.folder(child)
        try write(grandchild.build(), to: folder.file("grandchild.vhd"))
        var content = Self.content
        content.replaceSubrange(512..<1024, with: pattern(0x44, sectors: 2)[512...])
        let image = try Qcow2ContentTests.open(folder.file("grandchild.vhd"), allowing: [folder.path])
        try Self.expect(image, content)
        #expect(image.references.map(\.depth) == [0, 1])
        #expect(image.findings.map(\.depth) == [0, 1])
        // A disk that is its own parent.
        child.locators = [("W2ru", utf16("child.vhd"))]
        child.parentIdentity = child.identity
        try write(child.build(), to: folder.file("child.vhd"))
        let loop = try Qcow2ContentTests.open(folder.file("child.vhd"), allowing: [folder.path])
        #expect(loop.references.first?.refusal?.message.contains("comes back") == true)
    }

    // MARK: VHDX

    private static let dataWriteIdentity = "7584f8fb-36d3-4091-afb5-b1afe587bfa8"

    private static var parentX: VHDXBuilder {
        var builder = VHDXBuilder()
        builder.dataWriteIdentity = VHDXBuilder.identity(dataWriteIdentity)
        for block in [0, 1, 3] {
            builder.blocks[block] = .stored(state: 6, data: pattern(UInt8(0x50 + block), sectors: 2048))
        }
        return builder
    }

    /// Over `parentX`: block 1 in part, block 2 whole, block 3 zeros, block 5 in part, 0 and 4 not there.
    private static var childX: VHDXBuilder {
        var builder = VHDXBuilder()
        builder.flags = 2
        builder.locator = [
            ("parent_linkage", "{\(dataWriteIdentity.uppercased())}"), ("relative_path", ".\\base.vhdx"),
        ]
        builder.blocks = [
            1: .stored(state: 7, data: pattern(0x61, sectors: 2048)),
            2: .stored(state: 6, data: pattern(0x62, sectors: 2048)), 3: .state(2),
            5: .stored(state: 7, data: pattern(0x65, sectors: 2048)),
        ]
        // A bit per sector, 256 bytes per block: sectors 0–2, 8 and 16–31 of block 1, the last of block 5.
        var bitmap = [UInt8](repeating: 0, count: 16 * 256)
        bitmap.replaceSubrange(256..<260, with: [0b0000_0111, 1, 0xFF, 0xFF])
        bitmap[6 * 256 - 1] = 0x80
        builder.bitmaps = [0: bitmap]
        return builder
    }

    private static var contentX: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16 << 20)
        func put(_ seed: UInt8, block: Int, sectors: some Sequence<Int>) {
            let data = pattern(seed, sectors: 2048)
            for sector in sectors {
                let place = (block << 20) + sector * 512
                bytes.replaceSubrange(place..<place + 512, with: data[sector * 512..<(sector + 1) * 512])
            }
        }
        put(0x50, block: 0, sectors: 0..<2048)
        put(0x51, block: 1, sectors: 0..<2048)
        put(0x61, block: 1, sectors: [0, 1, 2, 8] + Array(16..<32))
        put(0x62, block: 2, sectors: 0..<2048)
        put(0x65, block: 5, sectors: [2047])
        return bytes
    }

    private static func folder(_ child: VHDXBuilder, _ parent: VHDXBuilder) async throws -> ScratchFolder {
        let folder = try await ScratchFolder()
        try write(child.build(), to: folder.file("child.vhdx"))
        try write(parent.build(), to: folder.file("base.vhdx"))
        return folder
    }

    @Test(arguments: ["relative_path", "volume_path", "absolute_win32_path", "parent_linkage2"])
    func overItsParentX(_ kind: String) async throws {
        var child = Self.childX
        switch kind {
        case "volume_path":
            child.locator[1] = (kind, "\\\\?\\Volume{26A21BDA-A627-11D7-9931-806E6F6E6963}\\sub\\base.vhdx")
        case "absolute_win32_path": child.locator[1] = (kind, "\\\\?\\d:\\path2\\sub3\\base.vhdx")
        case "parent_linkage2":
            child.locator.append((kind, child.locator[0].value))
            child.locator[0].value = "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}"
        default: break
        }
        let folder = try await Self.folder(child, Self.parentX)
        let image = try Qcow2ContentTests.open(folder.file("child.vhdx"), allowing: [folder.path])
        try Self.expect(image, Self.contentX)
        #expect(image.references.map(\.format) == ["vhdx"])
        #expect(image.findings.map(\.code) == [.backingFile])
    }

    @Test func notWithoutLeaveX() async throws {
        let folder = try await Self.folder(Self.childX, Self.parentX)
        let image = try Qcow2ContentTests.open(folder.file("child.vhdx"))
        #expect(image.references.map(\.refusal?.kind) == [.notAllowed])
        #expect(image.findings.map(\.code) == [.backingFile, .referenceNotOpened])
        #expect(try image.disk.extent(at: 0).kind == .missing)
        #expect(try image.disk.extent(at: 3 << 20).kind == .hole)
        #expect(try image.disk.read(at: 2 << 20, count: 512).byte(at: 0) == 0x62)
        #expect { try image.disk.read(at: 1 << 20, count: 2048) } throws: {
            ($0 as? ImageFault)?.kind == .notAllowed
        }
    }

    @Test func anotherDiskIsNotTheParentX() async throws {
        var parent = Self.parentX
        parent.dataWriteIdentity[0] ^= 1
        let folder = try await Self.folder(Self.childX, parent)
        let image = try Qcow2ContentTests.open(folder.file("child.vhdx"), allowing: [folder.path])
        #expect(image.references.first?.refusal?.kind == .corrupt)
        // Without an identity nothing is the parent.
        var child = Self.childX
        child.locator.removeFirst()
        try write(child.build(), to: folder.file("child.vhdx"))
        try write(Self.parentX.build(), to: folder.file("base.vhdx"))
        let unknown = try Qcow2ContentTests.open(folder.file("child.vhdx"), allowing: [folder.path])
        #expect(unknown.references.first?.refusal?.kind == .corrupt)
        // A parent that is no VHDX.
        child.locatorKind = "01234567-89AB-CDEF-0123-456789ABCDEF"
        #expect { try VHDTests.open(child.build()) } throws: { ($0 as? ImageFault)?.kind == .unsupported }
    }

    @Test func bitmapThatIsNotThere() throws {
        var child = Self.childX
        child.bitmaps = [:]
        let image = try VHDTests.open(child.build())
        #expect { try image.disk.read(at: 1 << 20, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .corrupt
        }
        #expect(try image.disk.read(at: 2 << 20, count: 512).byte(at: 0) == 0x62)
    }
}
