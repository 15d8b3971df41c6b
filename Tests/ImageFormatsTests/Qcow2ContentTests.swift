import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Images that qemu-img and qemu-io write, read here and compared byte for byte with what qemu-img reads.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct Qcow2ContentTests {
    /// Opens an image that has to open.
    static func open(
        _ path: FilePath, allowing directories: [FilePath] = [], as format: ImageFormat? = nil
    ) throws -> OpenedImage {
        let opener = ImageFileOpener(policy: BackingPolicy(allowing: directories))
        guard case .opened(let image) = try opener.open(FileSource(path), as: format) else {
            throw HostTool.Failure(description: "\(path) was recognised, not opened")
        }
        return image
    }

    /// Every extent that is a hole must read as zeros, and the extents must cover the disk.
    static func checkExtents(_ disk: any BlockSource) throws {
        var offset: UInt64 = 0
        while offset < disk.size {
            let extent = try disk.extent(at: offset)
            #expect(extent.length > 0 && extent.length <= disk.size - offset)
            if extent.kind == .hole {
                let bytes = try disk.read(at: offset, count: Int(min(extent.length, 1 << 20)))
                #expect(DiskComparison.isZero(bytes), "hole at \(offset)")
            }
            offset += max(1, extent.length)
        }
    }

    /// Options of `qemu-img create` that change how content is stored.
    static let layouts = [
        "compat=0.10", "compat=1.1", "cluster_size=512", "cluster_size=1k", "cluster_size=4k",
        "cluster_size=2M", "refcount_bits=1", "refcount_bits=2", "refcount_bits=8", "refcount_bits=64",
        "extended_l2=on", "extended_l2=on,cluster_size=16k", "extended_l2=on,cluster_size=2M",
        "compression_type=zstd", "compression_type=zstd,cluster_size=4k", "lazy_refcounts=on",
        "preallocation=metadata", "preallocation=full", "compression_type=zstd,extended_l2=on",
    ]

    /// Writes, zeroes, discards and compressed clusters, aligned and not.
    static let commands = """
        -c 'write -P 1 0 64k' -c 'write -P 2 65k 3k' -c 'write -P 3 1M 700k' -c 'write -z 1200k 64k' \
        -c 'write -P 4 3000k 5k' -c 'write -zu 1100k 32k' -c 'discard 1M 64k' -c 'write -P 5 4093k 17k' \
        -c 'write -P 6 9M 1M' -c 'write -z 9300k 100k' -c 'write -P 7 16380k 4k'
        """

    @Test(arguments: layouts)
    func everyLayout(_ options: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 -o \(options) image 16M
            qemu-io -f qcow2 \(Self.commands) image > /dev/null
            qemu-io -f qcow2 -c 'write -c -P 8 6M 2M' -c 'write -c -P 9 12M 2M' image > /dev/null 2>&1 || true
            qemu-img convert -f qcow2 -O raw image plain
            """, in: folder.path)
        let image = try Self.open(folder.file("image"))
        let plain = try FileSource(folder.file("plain"))
        #expect(image.format == .qcow2)
        #expect(image.virtualSize == 16 << 20)
        #expect(image.findings.filter { $0.code == .truncated || $0.code == .corruptMetadata }.isEmpty)
        for step in [70_144, 16 << 20] {
            #expect(try DiskComparison.firstDifference(image.disk, plain, step: step) == nil)
        }
        try Self.checkExtents(image.disk)
    }

    @Test(arguments: [
        "-o compression_type=zlib", "-o compression_type=zstd", "-o cluster_size=2M", "-o cluster_size=512",
    ])
    func convertedCompressed(_ options: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            (seq 1 400000; head -c 3000000 /dev/urandom; seq 1 300000) > plain
            truncate -s 9M plain
            qemu-img convert -c \(options) -f raw -O qcow2 plain image
            """, in: folder.path)
        let image = try Self.open(folder.file("image"))
        let plain = try FileSource(folder.file("plain"))
        #expect(try DiskComparison.firstDifference(image.disk, plain, step: 100_000) == nil)
        #expect(image.findings.contains { $0.code == .truncated } == false)
    }
}
