import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Counts the bytes that are read.
final class CountingSource: BlockSource {
    private let base: any BlockSource
    private let spent = Mutex(0)
    var size: UInt64 { base.size }
    var bytesRead: Int { spent.withLock { $0 } }

    init(_ base: any BlockSource) { self.base = base }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        spent.withLock { $0 += count }
        return try base.read(at: offset, count: count)
    }
}

/// Devices that are missing, stale, damaged or large.
@Suite(.enabled(if: BtrfsImage.canMount), .serialized)
struct DeviceTests {
    private func shell(_ lines: String, _ images: [FilePath]) async throws {
        try await HostTool.shell(lines.replacing("IMAGE", with: images[0].description))
    }

    @Test(arguments: [("raid1", 2), ("raid10", 4), ("raid5", 3), ("raid6", 4)])
    func `reads without one device`(_ profile: String, _ count: Int) async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "-d \(profile) -m \(profile)", devices: count, BtrfsImage.fill, in: folder)
        let expected = try Listing.of(try BtrfsImage.open(images))
        for missing in [0, count - 1] {
            var left = images
            left.remove(at: missing)
            let fileSystem = try BtrfsImage.open(left)
            #expect(fileSystem.conditions.map(\.code) == [.deviceMissing])
            #expect(fileSystem.conditions.first?.message.contains("device \(missing + 1) ") == true)
            #expect(try Listing.of(fileSystem) == expected)
        }
    }

    @Test func `faults where the missing device is needed`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "-d raid0 -m raid1", devices: 2, "head -c 1000000 /dev/urandom > $D/file; echo x > $D/small",
            in: folder)
        let fileSystem = try BtrfsImage.open([images[1]])
        #expect(fileSystem.conditions.map(\.code) == [.deviceMissing])
        let file = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        let fault = #expect(throws: ImageFault.self) { try fileSystem.read(file, at: 0, count: 1_000_000) }
        #expect(fault?.kind == .io)
        let small = try #require(try fileSystem.lookup("small", in: fileSystem.root))
        #expect(try fileSystem.read(small, at: 0, count: 10).text == "x\n")
    }

    @Test func `a copy of a damaged superblock is read and told`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make("-L name", "echo x > $D/small", in: folder)
        try await shell("printf '\\377' | dd of=IMAGE bs=1 seek=65700 conv=notrunc status=none", images)
        let fileSystem = try BtrfsImage.open(images)
        #expect(fileSystem.conditions.map(\.code) == [.backupSuperblockUsed])
        #expect(fileSystem.label == "name")
        #expect(try fileSystem.lookup("small", in: fileSystem.root) != nil)
        try await shell("dd if=/dev/zero of=IMAGE bs=4096 seek=16 count=1 conv=notrunc status=none", images)
        let source = try FileSource(images[0])
        #expect(try !BtrfsFileSystem.probe(source))
        #expect(try BtrfsFileSystem.probeBackups(source))
        #expect(try BtrfsFileSystem([source]).label == "name")
    }

    @Test func `reads the other copy of damaged blocks and data`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "-d raid1 -m raid1", devices: 2, BtrfsImage.fill, in: folder)
        let expected = try Listing.of(try BtrfsImage.open(images))
        // All of one device but its superblocks.
        for (start, count) in [(1, 62), (65, 190)] {
            try await shell(
                "dd if=/dev/urandom of=IMAGE bs=1M seek=\(start) count=\(count) conv=notrunc status=none",
                images)
        }
        let fileSystem = try BtrfsImage.open(images)
        #expect(try Listing.of(fileSystem) == expected)
        #expect(Set(fileSystem.conditions.map(\.code)) == [.inconsistent])
    }

    @Test func `damaged data without a copy is a fault`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "-d single", "head -c 100000 /dev/urandom > $D/file; head -c 100000 /dev/urandom > $D/whole",
            in: folder)
        let clean = try BtrfsImage.open(images)
        let node = try #require(try clean.lookup("file", in: clean.root))
        let place = try #require(try clean.location(of: node, at: 50_000))
        let content = try clean.read(node, at: 50_000, count: 16)
        #expect(try FileSource(images[0]).read(at: place, count: 16) == content)
        try await shell("printf DAMAGE | dd of=IMAGE bs=1 seek=\(place) conv=notrunc status=none", images)
        let fileSystem = try BtrfsImage.open(images)
        let fault = #expect(throws: ImageFault.self) { try fileSystem.read(node, at: 0, count: 100_000) }
        #expect(fault?.kind == .corrupt)
        #expect(fileSystem.conditions.map(\.code) == [.checksumMismatch])
        #expect(try fileSystem.read(node, at: 0, count: 4096).count == 4096)
        let whole = try #require(try fileSystem.lookup("whole", in: fileSystem.root))
        #expect(try fileSystem.read(whole, at: 0, count: 100_000).count == 100_000)
    }

    @Test func `a stale device is told`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make("-d raid1 -m raid1", devices: 2, "echo x > $D/x", in: folder)
        let old = folder.file("old")
        try await HostTool.shell("cp \(images[1]) \(old)")
        try await BtrfsImage.mounted(images, in: folder) { try await HostTool.shell("seq 1 9999 > \($0)/y") }
        let fileSystem = try BtrfsImage.open([images[0], old])
        let y = try #require(try fileSystem.lookup("y", in: fileSystem.root))
        #expect(try fileSystem.read(y, at: 0, count: 100_000).count == 48888)
        #expect(fileSystem.conditions.contains { $0.message.contains("stands at generation") })
    }

    /// Finding and opening a root costs what is read of it, not what the disk is large.
    @Test func `opening two tebibytes reads little`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "", size: "2T", "mkdir -p $D/etc; echo root > $D/etc/fstab; fallocate -l 1500G $D/large",
            in: folder)
        let source = CountingSource(try FileSource(images[0]))
        #expect(try BtrfsFileSystem.probe(source))
        let fileSystem = try BtrfsFileSystem([source])
        let etc = try #require(try fileSystem.lookup("etc", in: fileSystem.root))
        let fstab = try #require(try fileSystem.lookup("fstab", in: etc))
        #expect(try fileSystem.read(fstab, at: 0, count: 100).text == "root\n")
        #expect(try fileSystem.subvolumes().count == 1)
        #expect(source.bytesRead < 1 << 20)
        #expect(fileSystem.usage.totalBytes == 2 << 40)
        #expect(fileSystem.usage.freeBytes < 600 << 30)
    }
}
