import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import Ext4

/// What a volume says of itself, and what is done about a damaged one.
@Suite(.enabled(if: Ext4Image.hasTools))
struct VolumeStateTests {
    private func bytes(of image: FilePath) throws -> [UInt8] {
        let file = try FileSource(image)
        return try file.read(at: 0, count: Int(file.size)).array
    }

    @Test func `tells name, identity and room`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make(
            "-t ext4 -b 1024 -L a-volume-label -U 12345678-9abc-def0-1234-56789abcdef0 -m 10", in: folder)
        let fileSystem = try Ext4Image.open(image)
        #expect(fileSystem.label == "a-volume-label")
        #expect(fileSystem.uuid == "12345678-9abc-def0-1234-56789abcdef0")
        let usage = fileSystem.usage
        let report = try await HostTool.shell("dumpe2fs -h \(image) 2>/dev/null")
        func number(_ key: String) throws -> UInt64 {
            let line = try #require(report.split(separator: "\n").first { $0.hasPrefix(key + ":") })
            return try #require(line.split(separator: " ").last.flatMap { UInt64($0) })
        }
        #expect(usage.blockSize == 1024)
        #expect(try usage.totalBytes == number("Block count") * 1024)
        #expect(try usage.freeBytes == number("Free blocks") * 1024)
        #expect(try usage.availableBytes == usage.freeBytes - number("Reserved block count") * 1024)
        #expect(try usage.totalInodes == number("Inode count"))
        #expect(try usage.freeInodes == number("Free inodes"))
        #expect(try Ext4FileSystem.probe(FileSource(image)))
        #expect(try !Ext4FileSystem.probe(MemorySource([UInt8](repeating: 0, count: 4096))))
        #expect(try !Ext4FileSystem.probe(MemorySource([1, 2, 3])))

        let unnamed = try await Ext4Image.make("-t ext2 -b 1024 -U clear", name: "unnamed", in: folder)
        #expect(try Ext4Image.open(unnamed).label == nil)
        #expect(try Ext4Image.open(unnamed).uuid == nil)
    }

    @Test func `notes recorded errors and unclean ends`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext2 -b 1024", in: folder)
        try await Ext4Image.debugfs(
            [
                "ssv state 0", "ssv error_count 7", "ssv first_error_func ext4_lookup",
                "ssv last_error_func ext4_iget",
            ],
            on: image)
        let conditions = try Ext4Image.open(image).conditions
        #expect(conditions.map(\.code) == [.recordedErrors, .notClean])
        #expect(conditions.first?.message == "7 errors recorded, first in ext4_lookup, last in ext4_iget")
    }

    @Test func `notes a volume larger than its device`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024", in: folder)
        let fileSystem = try Ext4FileSystem(SliceSource(FileSource(image), start: 0, size: 15 << 20))
        #expect(fileSystem.conditions.map(\.code) == [.largerThanDevice])
        #expect(try fileSystem.list(fileSystem.root).map(\.name) == ["lost+found"])
    }

    @Test(arguments: [1024, 2048, 4096])
    func `reads by a copy of the superblock`(_ blockSize: Int) async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b \(blockSize)", size: "200M", in: folder)
        var lost = SparseOverlay(try FileSource(image))
        lost.replace(at: 1024, with: [UInt8](repeating: 0, count: 1024))
        #expect(try !Ext4FileSystem.probe(lost))
        #expect(try Ext4FileSystem.probeBackups(lost))
        let fileSystem = try Ext4FileSystem(lost)
        #expect(fileSystem.conditions.map(\.code) == [.backupSuperblockUsed])
        #expect(try fileSystem.list(fileSystem.root).map(\.name) == ["lost+found"])

        var damaged = SparseOverlay(try FileSource(image))
        damaged.replace(at: 1024 + 0x88, with: [1])
        #expect(
            try Ext4FileSystem(damaged).conditions.map(\.code) == [.checksumMismatch, .backupSuperblockUsed])
    }

    @Test func `reads a volume whose only superblock has a wrong checksum`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 4096", in: folder)
        var damaged = SparseOverlay(try FileSource(image))
        damaged.replace(at: 1024 + 0x88, with: [1])
        let fileSystem = try Ext4FileSystem(damaged)
        #expect(fileSystem.conditions.map(\.code) == [.checksumMismatch])
        #expect(try fileSystem.list(fileSystem.root).map(\.name) == ["lost+found"])
    }

    @Test func `refuses metadata with wrong checksums`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -I 256", in: folder)
        let content = folder.file("content")
        try await HostTool.shell("head -c 700 /dev/zero | tr '\\0' v > \(content)")
        try await Ext4Image.debugfs(["write \(content) f", "ea_set -f \(content) f user.big"], on: image)
        let whole = try bytes(of: image)
        let clean = try Ext4FileSystem(MemorySource(whole))
        let node = try #require(try clean.lookup("f", in: clean.root))
        let inode = try clean.volume.inode(Ext4InodeNumber(UInt32(node.rawValue)))
        let directory = try clean.volume.inode(.root)
        let directoryBlock = try #require(try clean.volume.extents(of: directory, in: 0..<1).first).physical
        func flipped(_ offset: UInt64) throws -> Ext4FileSystem {
            var bytes = whole
            bytes[Int(offset)] ^= 1
            return try Ext4FileSystem(MemorySource(bytes))
        }
        let badInode = try flipped(inode.raw.origin + 0x10)
        #expect(throws: ImageFault.self) { try badInode.info(node) }
        #expect(badInode.conditions.map(\.code) == [.checksumMismatch])
        let badDirectory = try flipped(directoryBlock.rawValue * 1024 + 9)
        #expect(throws: ImageFault.self) { try badDirectory.list(badDirectory.root) }
        #expect(throws: ImageFault.self) { try badDirectory.lookup("f", in: badDirectory.root) }
        #expect(badDirectory.conditions.map(\.code) == [.checksumMismatch])
        let badAttributes = try flipped(inode.attributeBlock.rawValue * 1024 + 1000)
        #expect(throws: ImageFault.self) { try badAttributes.extendedAttributes(node) }
        #expect(badAttributes.conditions.map(\.code) == [.checksumMismatch])
        // A group descriptor is used all the same: the kernel mounts read-only.
        let badGroup = try flipped(2 * 1024 + 0x10)
        #expect(try badGroup.info(node).size == 700)
        #expect(badGroup.conditions.map(\.code) == [.checksumMismatch])
    }

    @Test(arguments: [
        (0x60, 0x1, "compression"), (0x60, 0x8, "journal_dev"), (0x61, 0x10, "dirdata"),
        (0x62, 0x80, "unknown bits 0x800000"),
    ])
    func `refuses what it cannot read by name`(_ field: Int, _ bits: UInt8, _ name: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -O ^metadata_csum", in: folder)
        var whole = try bytes(of: image)
        whole[1024 + field] |= bits
        let source = MemorySource(whole)
        let fault = #expect(throws: ImageFault.self) { try Ext4FileSystem(source) }
        #expect(fault?.kind == .unsupported)
        #expect(fault?.message == "ext features that are not read: \(name)")
    }

    @Test func `reads past unknown bits that only forbid writing`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -O ^metadata_csum", in: folder)
        var whole = try bytes(of: image)
        whole[1024 + 0x67] |= 0x80
        let fileSystem = try Ext4FileSystem(MemorySource(whole))
        #expect(fileSystem.features.last == "FEATURE_R31")
        #expect(try fileSystem.list(fileSystem.root).count == 1)
    }
}

/// A source with a few bytes replaced.
struct SparseOverlay: BlockSource {
    private let base: any BlockSource
    private var parts: [(offset: UInt64, bytes: [UInt8])] = []

    init(_ base: any BlockSource) { self.base = base }

    var size: UInt64 { base.size }

    mutating func replace(at offset: UInt64, with bytes: [UInt8]) { parts.append((offset, bytes)) }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        var array = try base.read(at: offset, count: count).array
        for part in parts {
            let first = Swift.max(part.offset, offset)
            let last = Swift.min(part.offset + UInt64(part.bytes.count), offset + UInt64(count))
            guard first < last else { continue }
            for position in first..<last {
                array[Int(position - offset)] = part.bytes[Int(position - part.offset)]
            }
        }
        return Bytes(array, origin: offset)
    }
}
