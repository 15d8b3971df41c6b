import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Every kind of container that the recipe makes holds the disk it was made of, byte for byte.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct ContainerContentTests {
    /// Makes one container by the recipe; the image is `image` in the folder returned, the disk `plain`.
    static func make(_ name: String, in folder: ScratchFolder) async throws -> FilePath {
        let recipe = Snapshot.repository + "testimages/recipes/make-container-features.sh"
        try await HostTool.shell("bash \(recipe) \(folder.path) \(name)")
        return folder.file(name)
    }

    static let whole = [
        "vmdk-monolithicSparse", "vmdk-streamOptimized", "vmdk-zeroed", "vdi-dynamic", "vdi-static", "qed",
        "qed-small", "qcow", "qcow-compressed",
    ]
    static let linked = [
        "vmdk-monolithicFlat", "vmdk-twoGbMaxExtentSparse", "vmdk-twoGbMaxExtentFlat", "vmdk-parts",
        "vmdk-delta", "qed-backing", "qcow-backing",
    ]

    private static func compare(_ image: OpenedImage, with plain: FilePath) throws {
        let plain = try FileSource(plain)
        for step in [70_144, 8 << 20] {
            #expect(try DiskComparison.firstDifference(image.disk, plain, step: step) == nil)
        }
        try Qcow2ContentTests.checkExtents(image.disk)
    }

    @Test(arguments: whole)
    func whatStandsByItself(_ name: String) async throws {
        let folder = try await ScratchFolder()
        let made = try await Self.make(name, in: folder)
        let image = try Qcow2ContentTests.open(made.appending("image"))
        #expect(image.format.rawValue == name.prefix { $0 != "-" })
        #expect(image.findings.isEmpty, "\(image.findings)")
        #expect(image.isComplete && image.references.isEmpty)
        try Self.compare(image, with: made.appending("plain"))
        // No format stores the hole at 3.5 MiB but the one that stores everything.
        if name != "vdi-static" { #expect(try image.disk.extent(at: 7 << 19).kind == .hole) }
    }

    @Test(arguments: linked)
    func whatRefersToOtherFiles(_ name: String) async throws {
        let folder = try await ScratchFolder()
        let made = try await Self.make(name, in: folder)
        let image = try Qcow2ContentTests.open(made.appending("image"), allowing: [made])
        #expect(image.format.rawValue == name.prefix { $0 != "-" })
        #expect(image.isComplete && !image.references.isEmpty)
        #expect(!image.findings.contains { $0.code == .unsafeReference || $0.code == .backingMismatch })
        try Self.compare(image, with: made.appending("plain"))
        // Unasked, nothing is opened: what other files hold is a gap.
        let alone = try Qcow2ContentTests.open(made.appending("image"))
        #expect(!alone.isComplete)
        #expect(alone.references.allSatisfy { $0.refusal?.kind == .notAllowed })
        #expect(alone.findings.contains { $0.code == .referenceNotOpened })
        #expect(try alone.disk.extent(at: 0).kind == .missing)
        #expect { try alone.disk.read(at: 0, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .notAllowed
        }
        #expect(alone.virtualSize == image.virtualSize)
    }

    /// A backing file may be of any format that is read.
    @Test func mixedChain() async throws {
        let folder = try await ScratchFolder()
        let made = try await Self.make("vdi-dynamic", in: folder)
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 -F vdi -b image a.qcow2
            qemu-img create -q -f qcow2 -F qcow2 -b a.qcow2 top
            qemu-io -f qcow2 -c 'write -P 4 64k 64k' top > /dev/null
            qemu-img convert -f qcow2 -O raw top plain
            """, in: made)
        let image = try Qcow2ContentTests.open(made.appending("top"), allowing: [made])
        #expect(image.references.map(\.format) == ["qcow2", "vdi"])
        try Self.compare(image, with: made.appending("plain"))
    }

    /// Real files of other projects, against what qemu-img makes of them.
    @Test(
        .enabled(if: HostTool.samples != nil),
        arguments: [
            "containers/sleuthkit/image.qcow", "containers/sleuthkit/image.vmdk", "dfvfs/ext2.vmdk.xz",
            "containers/qemu-iotests/iotest-version3.vmdk.bz2",
        ])
    func samples(_ name: String) async throws {
        let folder = try await ScratchFolder()
        let sample = try #require(HostTool.samples).appending(name)
        try await HostTool.shell(
            """
            case \(sample) in *.xz) xz -dc \(sample) ;; *.bz2) bzip2 -dc \(sample) ;; *) cat \(sample) ;; esac > image
            qemu-img convert -O raw image plain
            """, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        let plain = try FileSource(folder.file("plain"))
        #expect(image.virtualSize == plain.size)
        // The holes of both are passed over, so that a large disk costs no more than its data.
        var offset: UInt64 = 0
        while offset < plain.size {
            let mine = try image.disk.extent(at: offset)
            let other = try plain.extent(at: offset)
            let length = min(mine.length, other.length)
            if mine.kind == .data || other.kind == .data {
                let count = Int(min(length, 1 << 20))
                let bytes = try image.disk.read(at: offset, count: count)
                let expected = try plain.read(at: offset, count: count)
                #expect(DiskComparison.isSame(bytes, expected), "at \(offset)")
                offset += UInt64(count)
            } else {
                offset += length
            }
        }
    }
}
