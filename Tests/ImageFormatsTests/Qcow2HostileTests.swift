import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Damage to every byte of metadata: a result or a fault, never a trap or a hang.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct Qcow2HostileTests {
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
            offset += max(1, min(extent.length, 64 << 10))
        }
    }

    @Test(arguments: [
        "cluster_size=512", "extended_l2=on,cluster_size=16k", "compression_type=zstd,cluster_size=4k",
        "compat=0.10,cluster_size=1k",
    ])
    func everyByteOfMetadata(_ options: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 -o \(options) image 512k
            qemu-io -f qcow2 -c 'write -P 1 0 20k' -c 'write -c -P 2 64k 32k' image > /dev/null
            """, in: folder.path)
        let bytes = try FileSource(folder.file("image")).read(
            at: 0, count: Int(FileSource(folder.file("image")).size))
        let image = MemorySource(bytes)
        let header = try Qcow2Header(parsing: bytes)
        var places = Array(0..<(header.version == 2 ? 72 : 136))
        places += (0..<32).map { Int(header.l1TableOffset) + $0 }
        let table = Int(try bytes.big(UInt64.self, at: Int(header.l1TableOffset)) & 0xFF_FFFF_FFFF)
        places += (0..<96).map { table + $0 }
        places += (0..<64).map { Int(header.refcountTableOffset) + $0 }
        for place in places where place < bytes.count {
            let value = try bytes.byte(at: place)
            for changed in [value ^ 0xFF, value ^ 1] where changed != value {
                Self.exercise(PatchedSource(image, patches: [(UInt64(place), [changed])]))
            }
        }
        for size in Array(0..<200) + stride(from: 200, to: bytes.count, by: 2309) {
            Self.exercise(PatchedSource(image, size: UInt64(size)))
        }
    }

    @Test func damagedCompressedClusters() async throws {
        let folder = try await ScratchFolder()
        for type in ["zlib", "zstd"] {
            try await HostTool.shell(
                """
                rm -f image; seq 1 20000 > plain; truncate -s 128k plain
                qemu-img convert -c -o compression_type=\(type) -f raw -O qcow2 plain image
                """, in: folder.path)
            let file = try FileSource(folder.file("image"))
            let bytes = try file.read(at: 0, count: Int(file.size))
            let image = MemorySource(bytes)
            for place in stride(from: 5 << 16, to: bytes.count, by: 131) {
                let value = try bytes.byte(at: place)
                Self.exercise(PatchedSource(image, patches: [(UInt64(place), [value ^ 0x55])]))
            }
        }
    }

    @Test func absurdHeaders() throws {
        func header(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 1 << 17)
            bytes.replaceSubrange(0..<8, with: [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3])
            bytes[23] = 16
            bytes[29] = 1
            bytes[39] = 1
            bytes[45] = 1
            bytes[103] = 104
            change(&bytes)
            return bytes
        }
        let huge = header { $0.replaceSubrange(24..<32, with: [0x7F] + [UInt8](repeating: 0xFF, count: 7)) }
        #expect(throws: ImageFault.self) { try ImageFileOpener().open(MemorySource(huge), path: nil) }
        let fine = header { _ in }
        guard case .opened(let image) = try ImageFileOpener().open(MemorySource(fine), path: nil) else {
            Issue.record("not opened")
            return
        }
        #expect(image.virtualSize == 65536)
        // An L1 table that points at itself: an L2 table full of offsets that lead back.
        let loop = header { bytes in
            bytes.replaceSubrange(65536..<65544, with: [0x80, 0, 0, 0, 0, 1, 0, 0])
        }
        Self.exercise(MemorySource(loop))
    }
}
