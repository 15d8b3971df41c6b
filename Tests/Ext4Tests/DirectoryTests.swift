import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import Ext4

@Suite(.enabled(if: Ext4Image.hasTools))
struct DirectoryTests {
    @Test(arguments: [("legacy", UInt8(0)), ("half_md4", 1), ("tea", 2)])
    func `hashes names as debugfs does`(_ name: String, _ version: UInt8) async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024", in: folder)
        let superblock = try Ext4Image.open(image).volume.superblock
        let hash = try #require(Ext4NameHash(version: version, superblock: superblock))
        let seed = GUIDText.of(superblock.hashSeed)
        let names = [
            "a", "etc", "a-name-of-16-byt", "a-name-of-thirty-two-bytes-long!", "über-größe",
            String(repeating: "long", count: 60),
        ]
        for text in names {
            let answer = try await Ext4Image.debugfs(["dx_hash -h \(name) -s \(seed) \"\(text)\""], on: image)
            let value = try #require(answer.split(separator: "\n").first { $0.hasPrefix("Hash of") })
            let hex = try #require(value.split(separator: " ").first { $0.hasPrefix("0x") }).dropFirst(2)
            #expect(Hexadecimal.lower(hash.of(Array(text.utf8)), width: 1) == hex, "\(text)")
        }
    }

    /// A directory of several index levels. Each name must be found through the index in few blocks.
    @Test(.enabled(if: Ext4Image.canMount)) func `finds names by the hash index`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -N 16384", size: "64M", in: folder)
        try await Ext4Image.mounted(image, in: folder) { point in
            try await HostTool.shell(
                "mkdir \(point)/d; cd \(point)/d; "
                    + "seq -f 'a-long-name-to-fill-the-blocks-of-it-%06.0f' 1 9000 | xargs touch")
        }
        let fileSystem = try Ext4Image.open(image)
        let node = try #require(try fileSystem.lookup("d", in: fileSystem.root))
        let inode = try fileSystem.volume.inode(Ext4InodeNumber(UInt32(node.rawValue)))
        #expect(inode.flags.contains(.hashIndexed))
        let directory = Ext4Directory(volume: fileSystem.volume, inode: inode)
        let tree = try #require(
            try Ext4HashTree(volume: fileSystem.volume, inode: inode, directory: directory))
        #expect(try tree.leaves(for: "a-long-name-to-fill-the-blocks-of-it-000001")?.count == 1)
        let entries = try fileSystem.list(node)
        #expect(entries.count == 9000)
        for entry in entries where entry.node.rawValue % 37 == 0 {
            #expect(try fileSystem.lookup(entry.name, in: node) == entry.node)
        }
        #expect(try fileSystem.lookup("a-long-name-that-is-not-there", in: node) == nil)

        // A root whose index is nonsense: the names are found one block after another.
        let root = try #require(try fileSystem.volume.extents(of: inode, in: 0..<1).first).physical
        var broken = SparseOverlay(try FileSource(image))
        broken.replace(at: root.rawValue * 1024 + 28, with: [9])
        broken.replace(at: 1024 + 0x65, with: [0])
        broken.replace(at: 1024 + 0x64, with: [0x7B])
        let linear = try Ext4FileSystem(broken)
        #expect(try linear.lookup("a-long-name-to-fill-the-blocks-of-it-008999", in: node) != nil)
        #expect(try linear.lookup("a-long-name-that-is-not-there", in: node) == nil)
    }

    @Test func `folds case only where the directory says so`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -O casefold,^metadata_csum", in: folder)
        try await Ext4Image.debugfs(
            [
                "mkdir folded", "mkdir exact", "write /dev/null folded/Grub.Cfg", "write /dev/null folded/ÄÖ",
                "write /dev/null exact/Grub.Cfg", "sif folded flags 0x40080000",
            ], on: image)
        let fileSystem = try Ext4Image.open(image)
        let folded = try #require(try fileSystem.lookup("folded", in: fileSystem.root))
        let exact = try #require(try fileSystem.lookup("exact", in: fileSystem.root))
        #expect(try fileSystem.info(folded).flags == .caseFolding)
        #expect(try fileSystem.lookup("Grub.Cfg", in: folded) != nil)
        #expect(try fileSystem.lookup("gRUB.cFG", in: folded) == fileSystem.lookup("Grub.Cfg", in: folded))
        #expect(try fileSystem.lookup("other", in: folded) == nil)
        #expect(throws: ImageFault.self) { try fileSystem.lookup("äö", in: folded) }
        #expect(try fileSystem.lookup("grub.cfg", in: exact) == nil)
    }

    @Test func `says that encrypted contents are unsupported`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -O encrypt,^metadata_csum", in: folder)
        try await Ext4Image.debugfs(
            [
                "mkdir d", "write /dev/null f", "symlink l target", "sif d flags 0x80800",
                "sif f flags 0x80800",
                "sif l flags 0x800",
            ], on: image)
        let fileSystem = try Ext4Image.open(image)
        func node(_ name: FileName) throws -> NodeID {
            try #require(try fileSystem.lookup(name, in: fileSystem.root))
        }
        let directory = try node("d")
        let file = try node("f")
        let link = try node("l")
        #expect(try fileSystem.info(directory).flags == .encrypted)
        for fault in [
            #expect(throws: ImageFault.self) { try fileSystem.list(directory) },
            #expect(throws: ImageFault.self) { try fileSystem.lookup("x", in: directory) },
            #expect(throws: ImageFault.self) { try fileSystem.read(file, at: 0, count: 1) },
            #expect(throws: ImageFault.self) { try fileSystem.linkTarget(link) },
        ] { #expect(fault?.kind == .unsupported) }
    }

    @Test func `reads attributes in the inode and in a block`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -I 256", in: folder)
        let large = folder.file("large")
        try await HostTool.shell("head -c 600 /dev/zero | tr '\\0' v > \(large)")
        // user::rwx user:1000:rw- group::r-x mask::rwx other::r-x, as getxattr(2) gives it.
        let accessList: [UInt8] = [
            2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 6, 0, 232, 3, 0, 0, 4, 0, 5, 0, 255, 255, 255,
            255,
            16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 5, 0, 255, 255, 255, 255,
        ]
        let octal = accessList.map { "\\" + String($0, radix: 8) }.joined()
        try await HostTool.shell("printf '\(octal)' > \(folder.file("acl"))")
        try await Ext4Image.debugfs(
            [
                "write \(large) f", "ea_set f user.small value",
                "ea_set f security.selinux system_u:object_r:etc_t:s0",
                "ea_set f trusted.t t", "ea_set -f \(large) f user.large",
                "ea_set -f \(folder.file("acl")) f system.posix_acl_access", "sif f flags 0x80030",
                "write \(large) g",
            ],
            on: image)
        let fileSystem = try Ext4Image.open(image)
        let node = try #require(try fileSystem.lookup("f", in: fileSystem.root))
        #expect(
            try fileSystem.extendedAttributes(node) == [
                "user.small": Array("value".utf8), "trusted.t": Array("t".utf8),
                "security.selinux": Array("system_u:object_r:etc_t:s0".utf8),
                "user.large": [UInt8](repeating: UInt8(ascii: "v"), count: 600),
                "system.posix_acl_access": accessList,
            ])
        #expect(try fileSystem.info(node).flags == [.immutable, .appendOnly])
        let other = try #require(try fileSystem.lookup("g", in: fileSystem.root))
        #expect(try fileSystem.extendedAttributes(other).isEmpty)
    }
}

/// A seed of four words as text in the form of a UUID.
private enum GUIDText {
    static func of(_ words: [UInt32]) -> String {
        let hex = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
        }
        let text = Array(Hexadecimal.lower(hex))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(text[$0]) }.joined(separator: "-")
    }
}
