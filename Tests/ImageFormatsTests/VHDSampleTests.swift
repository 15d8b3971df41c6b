import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// VHD and VHDX files that Windows, QEMU and others wrote.
@Suite(.enabled(if: HostTool.samples != nil && HostTool.has("qemu-img", "xz", "gzip", "bzip2")))
struct VHDSampleTests {
    /// Unpacks a sample into `folder` as `name`.
    private static func unpack(_ sample: String, as name: String, in folder: ScratchFolder) async throws {
        let path = try #require(HostTool.samples).appending(sample).description
        let tool = sample.hasSuffix(".xz") ? "xz" : sample.hasSuffix(".gz") ? "gzip" : "bzip2"
        try await HostTool.shell(
            "\(tool) -dc '\(path)' | dd of='\(name)' conv=sparse bs=64K status=none", in: folder.path)
    }

    /// Compares the parts of two disks that either of them holds something in.
    private static func compare(_ disk: any BlockSource, _ read: any BlockSource) throws {
        #expect(disk.size == read.size)
        var offset: UInt64 = 0
        while offset < min(disk.size, read.size) {
            let (one, other) = try (disk.extent(at: offset), read.extent(at: offset))
            var length = min(one.length, other.length)
            if one.kind != .hole || other.kind != .hole {
                length = min(length, 1 << 20)
                let (a, b) = try (
                    disk.read(at: offset, count: Int(length)), read.read(at: offset, count: Int(length))
                )
                #expect(DiskComparison.isSame(a, b), "at \(offset)")
                if !DiskComparison.isSame(a, b) { return }
            }
            offset += length
        }
    }

    @Test(arguments: [
        ("dfvfs/ntfs-dynamic.vhd.xz", "vpc"), ("dfvfs/ntfs-fixed.vhd.xz", "vpc"),
        ("dfvfs/ntfs-parent.vhd.xz", "vpc"), ("dfvfs/fat-parent.vhd.xz", "vpc"),
        ("containers/sleuthkit/image.vhd.xz", "vpc"),
        ("containers/qemu-iotests/hyperv2012r2-dynamic.vhd.bz2", "vpc"),
        ("dfvfs/ntfs-dynamic.vhdx.xz", "vhdx"), ("dfvfs/ntfs-fixed.vhdx.xz", "vhdx"),
        ("dfvfs/ntfs-parent.vhdx.xz", "vhdx"), ("discutils/btrfs.vhdx.gz", "vhdx"),
        ("discutils/lvm2.vhdx.gz", "vhdx"), ("discutils/xfs.vhdx.gz", "vhdx"),
        ("containers/qemu-iotests/iotest-dynamic-1G.vhdx.bz2", "vhdx"),
    ])
    func asQEMUReads(_ sample: String, _ format: String) async throws {
        let folder = try await ScratchFolder()
        try await Self.unpack(sample, as: "image", in: folder)
        try await HostTool.shell("qemu-img convert -f \(format) -O raw image plain", in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        #expect(image.format.rawValue == format)
        #expect(image.findings.filter { $0.code != .noData }.isEmpty, "\(image.findings)")
        try Self.compare(image.disk, try FileSource(folder.file("plain")))
    }

    @Test(arguments: [
        "discutils/vhdx-log-replay.vhdx.gz", "containers/qemu-iotests/iotest-dirtylog-10G-4M.vhdx.bz2",
    ])
    func logsAsQEMUReplays(_ sample: String) async throws {
        let folder = try await ScratchFolder()
        try await Self.unpack(sample, as: "image", in: folder)
        let image = try Qcow2ContentTests.open(folder.file("image"))
        #expect(image.findings.map(\.code) == [.logReplayed])
        try await HostTool.shell(
            "cp image copy; qemu-img check -q -r all copy; qemu-img convert -f vhdx -O raw copy plain",
            in: folder.path)
        try Self.compare(image.disk, try FileSource(folder.file("plain")))
    }

    /// Parents that Windows named by drive letters are found beside their children.
    @Test(arguments: [("fat", "vhd"), ("ntfs", "vhdx")])
    func differencing(_ name: String, _ ending: String) async throws {
        let folder = try await ScratchFolder()
        for part in ["parent", "differential"] {
            try await Self.unpack(
                "dfvfs/\(name)-\(part).\(ending).xz", as: "\(name)-\(part).\(ending)", in: folder)
        }
        let child = folder.file("\(name)-differential.\(ending)")
        let image = try Qcow2ContentTests.open(child, allowing: [folder.path])
        #expect(image.isComplete, "\(image.references)")
        #expect(image.findings.map(\.code) == [.backingFile])
        // The partition table is the parent's, what was changed since lies in the child.
        let parent = try Qcow2ContentTests.open(folder.file("\(name)-parent.\(ending)"))
        #expect(
            try DiskComparison.isSame(
                image.disk.read(at: 440, count: 72), parent.disk.read(at: 440, count: 72)))
        #expect(try DiskComparison.firstDifference(image.disk, parent.disk, step: 4096) != nil)
        let alone = try Qcow2ContentTests.open(child)
        #expect(alone.references.map(\.refusal?.kind) == [.notAllowed])
    }

    /// A differencing disk whose footer does not hold; QEMU refuses it too.
    @Test func damagedFooter() async throws {
        let folder = try await ScratchFolder()
        try await Self.unpack("dfvfs/image-differential.vhd.xz", as: "image", in: folder)
        #expect { try Qcow2ContentTests.open(folder.file("image")) } throws: {
            ($0 as? ImageFault)?.kind == .corrupt
        }
    }
}
