import BlockIO
import ByteReading
import ImageFormats

/// The containers of VMware, VirtualBox and the older ones of QEMU.
extension FuzzEntries {
    static let containers: [FuzzEntry] = [
        FuzzEntry("vmdk-descriptor", seed: descriptor) { try touchDisk($0, as: .vmdk) },
        FuzzEntry("vmdk", seed: vmdk) { try touchDisk($0, as: .vmdk) },
        FuzzEntry("vdi", seed: vdi) { try touchDisk($0, as: .vdi) },
        FuzzEntry("qed", seed: qed) { try touchDisk($0, as: .qed) },
        FuzzEntry("qcow", seed: qcow) { try touchDisk($0, as: .qcow) },
        FuzzEntry("image-any", seed: vmdk) { try touchDisk($0, as: nil) },
    ]

    private static func touchDisk(_ data: Bytes, as format: ImageFormat?) throws {
        let opening = try ImageFileOpener().open(MemorySource(data), path: nil, as: format)
        guard case .opened(let image) = opening else { return }
        var offset: UInt64 = 0
        for _ in 0..<64 where offset < image.disk.size {
            let extent = try image.disk.extent(at: offset)
            _ = try? image.disk.read(at: offset, count: Int(min(4096, image.disk.size - offset)))
            offset = offset &+ max(1, extent.length)
        }
    }

    private static let descriptor = """
        # Disk DescriptorFile
        version=1
        CID=0000abcd
        parentCID=12345678
        parentFileNameHint="base.vmdk"
        createType="twoGbMaxExtentFlat"
        RW 2048 FLAT "disk-f001.vmdk" 0
        RW 2048 ZERO
        NOACCESS 2048 SPARSE "disk-s002.vmdk"

        """

    /// An image with these bytes at these places, zeros elsewhere.
    private static func image(_ size: Int, _ parts: [(place: Int, bytes: [UInt8])]) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: size)
        for part in parts {
            image.replaceSubrange(part.place..<part.place + part.bytes.count, with: part.bytes)
        }
        return image
    }

    /// A sparse extent of 64 KiB in grains of 4 KiB, of which the first is stored.
    private static let vmdk = image(
        0x2000,
        [
            (0, Array("KDMV".utf8)), (4, [1]), (8, [3]), (12, [128]), (20, [8]), (28, [1]), (36, [1]),
            (45, [2]), (48, [2]), (56, [2]), (64, [8]), (73, [0x0A, 0x20, 0x0D, 0x0A]),
            (0x200, Array("CID=1\nparentCID=ffffffff\nRW 128 SPARSE \"a\"\n".utf8)), (0x400, [3]),
            (0x600, [8]),
        ])

    /// A dynamic disk of 8 KiB in blocks of 4 KiB, of which the first is stored.
    private static let vdi = image(
        0x1400,
        [
            (0x40, [0x7F, 0x10, 0xDA, 0xBE, 1, 0, 1, 0]), (0x4C, [1]), (0x155, [2]), (0x159, [4]),
            (0x169, [2]),
            (0x171, [0x20]), (0x179, [0x10]), (0x180, [2]), (0x204, [0xFF, 0xFF, 0xFF, 0xFF]),
        ])

    /// A disk of 8 KiB, of which the first cluster is stored.
    private static let qed = image(
        0x4000,
        [
            (0, Array("QED".utf8)), (5, [0x10]), (8, [1]), (12, [1]), (41, [0x10]), (49, [0x20]),
            (0x1001, [0x20]),
            (0x2001, [0x30]),
        ])

    /// A disk of 8 KiB in clusters of 4 KiB, of which the first is stored.
    private static let qcow = image(
        0x3000,
        [
            (0, [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 1]), (30, [0x20]), (32, [12, 9]), (47, [48]),
            (54, [0x10]), (0x1006, [0x20]),
        ])
}
