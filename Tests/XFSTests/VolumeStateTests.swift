import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import XFS

@Suite(.enabled(if: XFSImage.hasTools))
struct VolumeStateTests {
    /// xfsprogs fills volumes of version 4, which newer kernels do not mount.
    @Test(arguments: [
        "-m crc=0", "-m crc=0 -n ftype=0 -b size=512 -i size=256", "-m crc=0 -b size=1024 -n size=16384",
        "-b size=4096 -n size=8192", "-m crc=0 -n version=ci", "-b size=16384 -i size=2048",
    ])
    func `reads what mkfs wrote`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let tree = folder.file("tree")
        try await HostTool.shell(
            """
            mkdir -p \(tree)/dir/deep \(tree)/large \(tree)/some; cd \(tree); seq 1 30000 > numbers
            : > empty; echo x > dir/deep/file; ln -s ../numbers dir/link; ln -s \(String(repeating: "t/", count: options.contains("crc=0") ? 400 : 40)) far
            seq -f 'large/entry-%g-with-a-name-that-takes-room' 1 900 | xargs touch
            seq -f 'some/entry-%g' 1 40 | xargs touch
            """)
        let proto = folder.file("proto")
        try await HostTool.shell(
            """
            walk() {
                for f in $(ls "$1"); do p=$1/$f
                    if [ -L $p ]; then echo "$f l--777 0 0 $(readlink $p)"
                    elif [ -d $p ]; then echo "$f d--755 0 0"; walk $p; echo '$'
                    else echo "$f ---644 3 4 $p"; fi
                done
            }
            { echo /dev/null; echo 0 0; echo d--755 0 0; walk \(tree); echo '$'; } > \(proto)
            """)
        let image = try await XFSImage.make("\(options) -p \(proto)", in: folder)
        let fileSystem = try XFSImage.open(image)
        #expect(fileSystem.conditions.isEmpty)
        var pending: [(NodeID, String)] = [(fileSystem.root, "")]
        var found: [String] = []
        while let (node, path) = pending.popLast() {
            for entry in try fileSystem.list(node) {
                let name = path + "/\(entry.name)"
                #expect(try fileSystem.lookup(entry.name, in: node) == entry.node)
                let info = try fileSystem.info(entry.node)
                switch info.type {
                case .directory:
                    pending.append((entry.node, name))
                    found.append("d \(name)")
                case .symlink:
                    found.append(
                        "l \(name) " + String(decoding: try fileSystem.linkTarget(entry.node), as: UTF8.self))
                default:
                    found.append("f \(name) \(info.size)")
                    #expect(info.owner == 3 && info.group == 4)
                }
            }
        }
        let expected = try await HostTool.shell(
            "cd \(tree); find . -mindepth 1 -type d -printf 'd /%P\\n' -o -type l -printf 'l /%P %l\\n' -o -type f -printf 'f /%P %s\\n'"
        )
        #expect(found.sorted() == expected.split(separator: "\n").map(String.init).sorted())
        let numbers = try #require(try fileSystem.lookup("numbers", in: fileSystem.root))
        let size = Int(try fileSystem.info(numbers).size)
        let content = try FileSource(tree.appending("numbers"))
        #expect(
            try fileSystem.read(numbers, at: 0, count: size + 10) == content.read(at: 0, count: size))
        if options.contains("version=ci") {
            #expect(try fileSystem.lookup("NUMBERS", in: fileSystem.root) == numbers)
        }
    }

    /// Attributes of every form on a volume of version 4.
    @Test func `reads attributes of version 4`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("-m crc=0 -b size=1024", in: folder)
        var commands = ["attr_set -r -v 5 note"]
        for index in 0..<60 { commands.append("attr_set -u -v \(index + 1) attribute-number-\(index)") }
        let flags = commands.map { "-c '\($0)'" }.joined(separator: " ")
        try await HostTool.shell("xfs_db -x -c 'sb 0' -c 'addr rootino' \(flags) \(image) 2>&1")
        let fileSystem = try XFSImage.open(image)
        let attributes = try fileSystem.extendedAttributes(fileSystem.root)
        #expect(attributes["trusted.note"]?.count == 5)
        #expect(attributes.keys.count(where: { $0.hasPrefix("user.attribute-number-") }) == 60)
        #expect(attributes["user.attribute-number-41"]?.count == 42)
    }

    @Test func `opens a large volume at little cost`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("", size: "2T", in: folder)
        let source = CountingSource(try FileSource(image))
        let cached = CachedSource(source)
        #expect(try XFSFileSystem.probe(cached))
        let fileSystem = try XFSFileSystem(cached)
        #expect(try fileSystem.list(fileSystem.root).isEmpty)
        #expect(try fileSystem.lookup("etc", in: fileSystem.root) == nil)
        #expect(fileSystem.conditions.isEmpty)
        #expect(source.bytesRead < 2 << 20)
    }

    @Test func `says what superblocks say`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("-L a-label -d agcount=4", in: folder)
        let source = try FileSource(image)
        let whole = try XFSFileSystem(source)
        #expect(whole.label == "a-label")
        let report = try await HostTool.shell("blkid -p -o value -s UUID \(image)")
        #expect(report.hasPrefix(whole.uuid ?? "none"))
        let counts = try await HostTool.shell("xfs_db -r -c sb -c 'print fdblocks' \(image)")
        #expect(counts.contains("= \(whole.usage.freeBytes / whole.usage.blockSize)\n"))

        // The primary is gone: the copy in the second group.
        let lost = PatchedSource(source, patches: [(0, [UInt8](repeating: 0, count: 512))])
        #expect(try !XFSFileSystem.probe(lost))
        let byCopy = try XFSFileSystem(lost)
        #expect(byCopy.conditions.map(\.code) == [.backupSuperblockUsed])
        #expect(byCopy.uuid == whole.uuid)
        #expect(byCopy.usage == whole.usage)
        // One bit of the label.
        let flipped = PatchedSource(source, patches: [(0x6C, [0x40])])
        #expect(
            try XFSFileSystem(flipped).conditions.map(\.code) == [.checksumMismatch, .backupSuperblockUsed])
        // Cut short.
        let short = try SliceSource(source, start: 0, size: 80 << 20)
        #expect(try XFSFileSystem(short).conditions.map(\.code).contains(.largerThanDevice))

        let unknown = try VolumeStateTests.resealed(source, at: 0, count: 512, checksum: 0xE0) {
            $0[0xD8] = 0x40
        }
        let fault = #expect(throws: ImageFault.self) { try XFSFileSystem(unknown) }
        #expect(fault?.kind == .unsupported)
        #expect(fault?.message.contains("0x40000000") == true)
        let marked = try VolumeStateTests.resealed(source, at: 0, count: 512, checksum: 0xE0) {
            $0[0xDB] |= 0x10
        }
        let broken = try XFSFileSystem(marked)
        #expect(broken.conditions.map(\.code) == [.recordedErrors])
        #expect(broken.features.contains("needsrepair"))
    }

    /// `source` with a structure changed and its checksum made right again.
    private static func resealed(
        _ source: any BlockSource, at offset: UInt64, count: Int, checksum: Int,
        _ change: (inout [UInt8]) -> Void
    ) throws -> PatchedSource {
        var bytes = try source.read(at: offset, count: count).array
        change(&bytes)
        let value = XFSChecksum.value(of: Bytes(bytes), at: checksum)
        for index in 0..<4 { bytes[checksum + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        return PatchedSource(source, patches: [(offset, bytes)])
    }

    @Test func `names an external log and a realtime file`() async throws {
        let folder = try await ScratchFolder()
        let device = folder.file("log")
        try await HostTool.shell("truncate -s 16M \(device)")
        let image = try await XFSImage.make("-l logdev=\(device),size=10M", in: folder)
        let external = try XFSImage.open(image)
        #expect(external.conditions.map(\.code) == [.journalNotReplayed])
        #expect(external.features.contains("external-log"))

        let proto = folder.file("proto")
        try await HostTool.shell(
            "echo content > \(folder.file("f")); printf '/dev/null\\n0 0\\nd--755 0 0\\nf ---644 0 0 \(folder.file("f"))\\n$\\n' > \(proto)"
        )
        let other = try await XFSImage.make("-p \(proto)", name: "other", in: folder)
        let plain = try XFSImage.open(other)
        let node = try #require(try plain.lookup("f", in: plain.root))
        #expect(try plain.read(node, at: 0, count: 100).text == "content\n")
        let place = try plain.volume.inode(XFSInodeNumber(node.rawValue)).raw.origin
        let realtime = try VolumeStateTests.resealed(
            FileSource(other), at: place, count: 512, checksum: 100
        ) { $0[91] |= 1 }
        let fault = #expect(throws: ImageFault.self) {
            try XFSFileSystem(realtime).read(node, at: 0, count: 100)
        }
        #expect(fault?.kind == .unsupported)
    }

    /// A wrong checksum of an inode is a fault for that inode and a condition for all.
    @Test func `notes wrong checksums`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("", in: folder)
        let source = try FileSource(image)
        let whole = try XFSFileSystem(source)
        let root = try whole.volume.inode(whole.volume.superblock.rootInode)
        let damaged = try XFSFileSystem(
            PatchedSource(source, patches: [(root.raw.origin + 40, [0xAA, 0xBB])]))
        #expect(throws: ImageFault.self) { try damaged.info(damaged.root) }
        #expect(damaged.conditions.map(\.code) == [.checksumMismatch])
    }
}
