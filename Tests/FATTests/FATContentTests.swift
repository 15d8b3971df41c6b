import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import FAT

/// Volumes that mkfs.fat makes and mtools fill, read here and compared with what went in.
@Suite(.enabled(if: HostTool.has("mkfs.fat", "mcopy", "mmd")))
struct FATContentTests {
    static let fill = """
        export MTOOLS_SKIP_CHECK=1
        mkdir -p in/EFI/BOOT "in/a directory with a long name"
        head -c 300001 /dev/urandom > in/EFI/BOOT/BOOTX64.EFI
        seq 1 3000 > "in/EFI/BOOT/grub.cfg"
        echo hello > "in/a directory with a long name/Grüße aus Zürich – eine lange Datei.txt"
        : > in/empty
        echo x > in/MixedCase.Conf
        echo lower > in/lower.txt
        for i in $(seq 1 60); do echo $i > "in/a directory with a long name/file number $i of sixty"; done
        mcopy -i disk -s in/* ::/
        """

    static func walk(_ tree: FileTree, _ path: GuestPath = .root) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for entry in try tree.list(path) ?? [] {
            let below = path.appending(entry.name)
            if entry.type == .directory {
                result.merge(try walk(tree, below)) { first, _ in first }
            } else {
                result[below.description] = try tree.contents(of: below)?.array
            }
        }
        return result
    }

    @Test(arguments: [
        (4, "-F 12", "FAT12"), (16, "-F 16", "FAT16"), (64, "-F 32", "FAT32"), (64, "-F 32 -s 1", "FAT32"),
        (64, "", "FAT16"), (64, "-S 4096", "FAT16"),
        (300, "-F 32 -S 4096", "FAT32"),
        (16, "-f 1", "FAT16"), (64, "-F 32 -n TESTLABEL -i DEADBEEF", "FAT32"),
    ])
    func everyKind(size: Int, options: String, kind: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s \(size)M disk; mkfs.fat \(options) disk > /dev/null\n" + Self.fill, in: folder.path)
        let file = try FileSource(folder.file("disk"))
        #expect(try FATFileSystem.probe(file))
        let volume = try FATFileSystem(file)
        #expect(file.cost.reads < 12)
        #expect(volume.features == [kind])
        #expect(volume.conditions.isEmpty)
        if options.contains("-n") {
            #expect(volume.label == "TESTLABEL")
            #expect(volume.uuid == "DEAD-BEEF")
        } else {
            #expect(volume.label == nil)
        }
        let found = try Self.walk(FileTree(root: volume))
        let names = try await HostTool.shell("cd in; find . -type f", in: folder.path).split(separator: "\n")
        #expect(Set(found.keys) == Set(names.map { String($0.dropFirst(1)) }))
        for (name, bytes) in found {
            let original = try FileSource(folder.file("in").appending(String(name.dropFirst())))
            #expect(bytes == (try original.read(at: 0, count: Int(original.size)).array), "\(name)")
        }
        let free = try await HostTool.shell(
            "MTOOLS_SKIP_CHECK=1 mdir -i disk :: | grep 'bytes free'", in: folder.path)
        #expect(free.filter(\.isNumber) == "\(volume.usage.freeBytes)")
    }

    /// Too few clusters for FAT32 by the specification; drivers and blkid go by the boot sector, mtools refuses.
    @Test func smallFAT32() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s 40M disk; mkfs.fat -F 32 -s 8 disk > /dev/null", in: folder.path)
        let volume = try FATFileSystem(FileSource(folder.file("disk")))
        #expect(volume.features == ["FAT32"])
        #expect(try volume.list(volume.root).isEmpty)
    }

    @Test func lookups() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s 64M disk; mkfs.fat -F 32 disk > /dev/null\n" + Self.fill, in: folder.path)
        let file = try FileSource(folder.file("disk"))
        let tree = FileTree(root: try FATFileSystem(file))
        #expect(try tree.info(at: "/efi/boot/bootx64.efi")?.size == 300_001)
        #expect(try tree.info(at: "/EFI/BOOT/GRUB.CFG")?.type == .regular)
        #expect(try tree.info(at: "/mixedcase.conf")?.size == 2)
        #expect(try tree.info(at: "/ADIREC~1")?.type == .directory)
        #expect(
            try tree.info(at: "/a directory with a long name/GRÜßE AUS ZÜRICH – eine lange datei.txt") != nil)
        #expect(try tree.info(at: "/EFI/missing") == nil)
        #expect(try tree.list("/")?.map(\.name.description).contains("lower.txt") == true)
        let modified = try #require(try tree.info(at: "/lower.txt")?.modified)
        let now = try await HostTool.shell("date +%s")
        #expect(abs(modified - (Int64(now.filter(\.isNumber)) ?? 0)) < 86400)
        // A file in pieces, and where its first byte lies.
        let node = try #require(try tree.node(at: "/EFI/BOOT/BOOTX64.EFI"))
        let whole = try node.fileSystem.read(node.id, at: 0, count: 400_000)
        #expect(whole.count == 300_001)
        let piece = try node.fileSystem.read(node.id, at: 123_456, count: 70_000)
        #expect(piece.array == Array(whole.array[123_456..<193_456]))
        let place = try #require(try node.fileSystem.location(of: node.id, at: 5000))
        #expect(try file.read(at: place, count: 16).array == Array(whole.array[5000..<5016]))
        #expect(try node.fileSystem.read(node.id, at: 300_001, count: 5).isEmpty)
    }

    @Test func stateOfTheVolume() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s 64M disk; mkfs.fat -F 32 disk > /dev/null\n" + Self.fill, in: folder.path)
        let file = try FileSource(folder.file("disk"))
        func codes(_ source: any BlockSource) throws -> [FileSystemCondition.Code] {
            try FATFileSystem(source).conditions.map(\.code)
        }
        #expect(try codes(PatchedSource(file, patches: [(65, [1])])) == [.notClean])
        let reserved = UInt64(try file.read(at: 14, count: 2).little(UInt16.self, at: 0))
        #expect(
            try codes(PatchedSource(file, patches: [(reserved * 512 + 7, [0x07])])) == [
                .notClean, .inconsistent,
            ])
        #expect(try codes(PatchedSource(file, size: 63 << 20)) == [.largerThanDevice])
        #expect(throws: ImageFault.self) { try FATFileSystem(PatchedSource(file, patches: [(13, [3])])) }
        #expect(try !FATFileSystem.probe(SparseSource(size: 1 << 20)))
    }

    @Test func damagedChains() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s 64M disk; mkfs.fat -F 32 -f 1 disk > /dev/null\n" + Self.fill, in: folder.path)
        let file = try FileSource(folder.file("disk"))
        let volume = try FATFileSystem(file)
        let tree = FileTree(root: volume)
        let node = try #require(try tree.node(at: "/EFI/BOOT/BOOTX64.EFI"))
        let entry = try file.read(at: node.id.rawValue, count: 32)
        let first = UInt64(try entry.little(UInt16.self, at: 26))
        let table = UInt64(try file.read(at: 14, count: 2).little(UInt16.self, at: 0)) * 512
        func bytes(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        // Ended early, free, bad, outside, back to the start.
        for value: UInt32 in [0x0FFF_FFFF, 0, 0x0FFF_FFF7, 0x0ABC_DEF0, UInt32(first)] {
            let damaged = try FATFileSystem(
                PatchedSource(file, patches: [(table + (first + 3) * 4, bytes(value))]))
            #expect { try damaged.read(node.id, at: 0, count: 300_001) } throws: {
                ($0 as? ImageFault)?.kind == .corrupt
            }
        }
    }

    @Test(arguments: ["-F 12", "-F 16", "-F 32 -s 1"])
    func hostileSweep(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let size = options == "-F 12" ? 4 : 40
        try await HostTool.shell(
            "truncate -s \(size)M disk; mkfs.fat \(options) disk > /dev/null\n" + Self.fill, in: folder.path)
        let file = try FileSource(folder.file("disk"))
        let volume = try FATFileSystem(file)
        let tree = FileTree(root: volume)
        let directory = try #require(try tree.node(at: "/EFI/BOOT")).id.rawValue / 512 * 512
        let image = MemorySource(try file.read(at: 0, count: 3 << 20))
        func exercise(_ source: any BlockSource) {
            guard let volume = try? FATFileSystem(source) else { return }
            var pending = [volume.root]
            var visited: Set<NodeID> = []
            while let node = pending.popLast(), visited.count < 200 {
                guard visited.insert(node).inserted, let entries = try? volume.list(node) else { continue }
                for entry in entries.prefix(80) {
                    if entry.type == .directory { pending.append(entry.node) }
                    _ = try? volume.read(entry.node, at: 100, count: 1000)
                    _ = try? volume.info(entry.node)
                }
            }
        }
        let reserved = Int(try file.read(at: 14, count: 2).little(UInt16.self, at: 0)) * 512
        let places = Array(0..<96) + Array(reserved..<(reserved + 64)) + (0..<128).map { Int(directory) + $0 }
        for place in places {
            let value = try file.read(at: UInt64(place), count: 1).byte(at: 0)
            exercise(PatchedSource(file, patches: [(UInt64(place), [value ^ 0xFF])]))
        }
        for size in Array(0..<16) + [511, 512, 513, 1000, 20_000, 33_000, 100_000, 1 << 20] {
            exercise(PatchedSource(image, size: UInt64(size)))
        }
    }
}
