import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import Volumes

/// Volumes that the usual tools make, identified here and by blkid.
@Suite(.enabled(if: HostTool.has("blkid", "mkfs.ext4", "mkswap", "mkfs.fat")))
struct VolumeProbeTests {
    /// What `blkid -p -o export` prints, by key.
    static func blkid(_ path: FilePath) async throws -> [String: String] {
        let text = try await HostTool.shell("blkid -p -o export '\(path)' || true")
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let mark = line.firstIndex(of: "=") else { continue }
            values[String(line[..<mark])] = line[line.index(after: mark)...].filter { $0 != "\\" }
        }
        return values
    }

    @Test(arguments: [
        "mkfs.ext2 -q -L two disk", "mkfs.ext3 -q disk", "mkfs.ext4 -q -L 'root label' disk",
        "mkfs.ext4 -q -O ^has_journal disk", "mkswap -q -L swappy disk", "mkswap -q -p 65536 disk",
        "mkfs.fat -n ESP disk > /dev/null", "mkfs.fat -F 32 -n 'A B' disk > /dev/null",
        "mkfs.fat -F 16 -s 64 disk > /dev/null",
        "mkfs.fat -F 32 -S 4096 disk > /dev/null", "mkfs.btrfs -q -L butter disk",
        "mke2fs -q -O journal_dev disk",
        "mkfs.xfs -q -L xlabel disk", "mkfs.ntfs -q -F -L 'Windows C' disk",
        "mkfs.exfat -L other disk > /dev/null",
        "mksquashfs /etc/hostname sq -quiet > /dev/null && mv sq disk",
        "cryptsetup -q luksFormat --type luks2 --label crypt --pbkdf pbkdf2 --pbkdf-force-iterations 1000 disk /etc/hostname",
        "cryptsetup -q luksFormat --type luks1 --pbkdf-force-iterations 1000 disk /etc/hostname",
    ])
    func asBlkidDoes(_ command: String) async throws {
        guard HostTool.has(String(command.split(separator: " ")[0])) else { return }
        let folder = try await ScratchFolder()
        try await HostTool.shell("truncate -s 300M disk; " + command, in: folder.path)
        let expected = try await Self.blkid(folder.file("disk"))
        let found = try VolumeProbe.identify(FileSource(folder.file("disk")))
        #expect(found.count == 1, "\(command)")
        let first = try #require(found.first)
        #expect(first.kind == expected["TYPE"])
        #expect(first.uuid == expected["UUID"])
        #expect(first.label == expected["LABEL"])
        #expect(first.usage.rawValue == expected["USAGE"])
        #expect(first.subUUID == expected["UUID_SUB"])
        #expect(first.damage == nil)
        if let version = expected["VERSION"] { #expect(first.version == version) }
        if let size = first.size {
            #expect(size <= 300 << 20 && (size >= 290 << 20 || first.kind == "squashfs"))
        }
    }

    @Test(arguments: [
        "mkfs.f2fs -q -l flash disk > /dev/null", "mkfs.jfs -q -L jay disk > /dev/null",
        "mkfs.reiserfs -q -f -l rei disk 2> /dev/null > /dev/null", "mkfs.nilfs2 -q -L nil disk > /dev/null",
        "mkfs.bfs disk", "mkfs.minix -2 disk > /dev/null",
        "make-bcache -B disk > /dev/null", "mkfs.gfs2 -q -O -p lock_nolock disk > /dev/null",
        "mkfs.ocfs2 -q --fs-features=local -L oc disk > /dev/null 2>&1",
        "genisoimage -quiet -V MEDIUM -o disk /etc/hostname", "mkudffs -l film disk > /dev/null",
    ])
    func kindAsBlkidSays(_ command: String) async throws {
        guard HostTool.has(String(command.split(separator: " ")[0])) else { return }
        let folder = try await ScratchFolder()
        try await HostTool.shell("truncate -s 200M disk; " + command, in: folder.path)
        let expected = try await Self.blkid(folder.file("disk"))
        let found = try VolumeProbe.identify(FileSource(folder.file("disk")))
        #expect(found.map(\.kind) == [expected["TYPE"]], "\(command)")
        if expected["TYPE"] != "udf" { #expect(found.first?.uuid == expected["UUID"], "\(command)") }
    }

    @Test func hiddenContents() throws {
        var disk = SparseSource(size: 64 << 20)
        disk.write(Array("PRIVHEAD".utf8), at: (64 << 20) - 512)
        let found = try VolumeProbe.identify(disk)
        #expect(found.map(\.kind) == ["ldm_member"])
        #expect(found.first?.offset == (64 << 20) - 512)
        #expect(found.first?.hides?.contains("dynamic disk") == true)
        var both = VolumeSignature("crypto_LUKS", .crypto)
        both.version = "2"
        #expect(both.hides == "encrypted with LUKS 2: nothing inside can be judged without its key")
        #expect(VolumeSignature("ext4", .filesystem).hides == nil)
        #expect(VolumeSignature("LVM2_member", .raid).hides == nil)
    }

    @Test func twoSignatures() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "truncate -s 16M disk; mkswap -q disk; dd if=disk of=end bs=1 skip=4086 count=10 2>/dev/null; mkfs.ext4 -q disk; dd if=end of=disk bs=1 seek=4086 conv=notrunc 2>/dev/null",
            in: folder.path)
        let kinds = try VolumeProbe.identify(FileSource(folder.file("disk"))).map(\.kind)
        #expect(kinds == ["ext4", "swap"])
    }

    @Test func nothing() throws {
        #expect(try VolumeProbe.identify(SparseSource(size: 1 << 30)).isEmpty)
        #expect(try VolumeProbe.identify(SparseSource(size: 0)).isEmpty)
        #expect(try VolumeProbe.identify(SparseSource(size: 700)).isEmpty)
    }

    @Test(arguments: [
        "mkfs.ext4 -q disk", "mkfs.fat -F 32 disk > /dev/null", "mkfs.fat disk > /dev/null", "mkswap -q disk",
        "mkfs.ntfs -q -F disk", "mkfs.exfat disk > /dev/null",
    ])
    func hostileSweep(_ command: String) async throws {
        guard HostTool.has(String(command.split(separator: " ")[0])) else { return }
        let folder = try await ScratchFolder()
        try await HostTool.shell("truncate -s 40M disk; " + command, in: folder.path)
        let disk = try FileSource(folder.file("disk"))
        let head = MemorySource(try disk.read(at: 0, count: 1 << 20))
        for place in Array(0..<600) + Array(1024..<2048) {
            let value = try head.read(at: UInt64(place), count: 1).byte(at: 0)
            for changed in [value ^ 0xFF, 0xFF, 0] where changed != value {
                _ = try? VolumeProbe.identify(PatchedSource(head, patches: [(UInt64(place), [changed])]))
            }
        }
        for size in Array(0..<100) + stride(from: 100, to: 80_000, by: 997) {
            _ = try? VolumeProbe.identify(PatchedSource(head, size: UInt64(size)))
        }
    }

    /// Sample images of util-linux, held against blkid on this machine.
    @Test(.enabled(if: HostTool.samples != nil))
    func samples() async throws {
        let samples = try #require(HostTool.samples)
        let folder = try await ScratchFolder()
        let list = try await HostTool.shell("ls '\(samples)'/blkid/images-fs/*.xz")
        // Newer than blkid here, or recognised by it alone.
        let unknown: Set<String> = [
            "befs", "mpool", "netware", "scoutfs_meta", "via-raid", "bcachefs-2", "bcachefs-3",
        ]
        for path in list.split(separator: "\n") {
            let name = String(path.split(separator: "/").last?.dropLast(7) ?? "")
            guard !unknown.contains(name) else { continue }
            try await HostTool.shell(
                "rm -f disk; xz -dc '\(path)' | dd of=disk conv=sparse bs=64K 2> /dev/null", in: folder.path)
            let expected = try await Self.blkid(folder.file("disk"))
            let found = try VolumeProbe.identify(FileSource(folder.file("disk")))
            let first = found.first { $0.damage == nil } ?? found.first
            #expect(first?.kind == expected["TYPE"], "\(name)")
            // Of UDF and UBIFS only the kind is read.
            guard !name.hasPrefix("udf"), name != "ubifs" else { continue }
            #expect(first?.uuid == expected["UUID"], "\(name)")
            // Other than ASCII is printed in the notation of `cat -v`.
            if expected["LABEL"]?.contains("M-") == true {
                #expect(first?.label != nil, "\(name)")
            } else {
                #expect(first?.label == expected["LABEL"], "\(name)")
            }
        }
    }
}
