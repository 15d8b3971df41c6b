import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

@Suite struct SubvolumeTests {
    private func roots(
        _ fileSystem: MemoryFileSystem, commandLine: String? = nil
    ) throws -> [SubvolumeRoots.Root] {
        let facts = Compose.partition(1, "btrfs", uuid: "feed")
        return try SubvolumeRoots(
            volume: facts.id, fileSystem: fileSystem, table: SubvolumeTable(of: fileSystem),
            resolver: DeviceResolver(volumes: [facts]) { _ in .unknown },
            commandLines: { commandLine.map { [KernelCommandLine($0)] } ?? [] }
        ).find()
    }

    @Test func theCommandLineDecides() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(["@", "@old", "@home"])
        disk.system(at: "@", machine: String(repeating: "a", count: 32))
        disk.system(at: "@old", machine: String(repeating: "a", count: 32))
        let found = try roots(disk, commandLine: "root=UUID=feed rootflags=subvol=@old ro")
        #expect(found.map(\.subvolume.path) == ["@old"])
        #expect(found.map(\.decision) == [.commandLine])
        let byID = try roots(disk, commandLine: "root=UUID=feed rootflags=subvolid=256 ro")
        #expect(byID.map(\.subvolume.path) == ["@"])
    }

    @Test func aWrongCommandLineLeavesItToTheContent() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(["@", "@home"])
        disk.system(at: "@")
        for line in ["root=UUID=feed rootflags=subvol=@gone", "root=UUID=feed ro", nil] {
            let found = try roots(disk, commandLine: line)
            #expect(found.map(\.subvolume.path) == ["@"])
            #expect(found.map(\.decision) == [.content])
        }
    }

    @Test func snapperKeepsTheCurrentRootInASnapshot() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(
            ["@", "@/.snapshots", "@/.snapshots/1/snapshot", "@/.snapshots/2/snapshot"],
            standard: "@/.snapshots/1/snapshot",
            snapshots: ["@/.snapshots/2/snapshot": "@/.snapshots/1/snapshot"])
        disk.system(at: "@/.snapshots/1/snapshot")
        disk.system(at: "@/.snapshots/2/snapshot")
        let found = try roots(disk, commandLine: "root=UUID=feed")
        #expect(found.map(\.subvolume.path) == ["@/.snapshots/1/snapshot"])
        #expect(found.map(\.decision) == [.defaultSubvolume])
    }

    @Test func twoSystemsStayTwoAndCopiesDoNot() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(["@", "@arch", "@copy", "@snap"], snapshots: ["@snap": "@"])
        disk.system(at: "@", machine: String(repeating: "a", count: 32))
        disk.system(at: "@arch", machine: String(repeating: "b", count: 32))
        disk.system(at: "@copy", machine: String(repeating: "a", count: 32))
        disk.system(at: "@snap", machine: String(repeating: "c", count: 32))
        #expect(try roots(disk).map(\.subvolume.path) == ["@", "@arch"])
    }

    @Test func theFstabInsideDecidesBeforeTheName() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(["@", "main"])
        disk.system(at: "@", fstab: "UUID=feed / btrfs subvol=main 0 0\n")
        disk.system(at: "main", fstab: "UUID=feed / btrfs subvol=/main 0 0\n")
        let found = try roots(disk)
        #expect(found.first?.subvolume.path == "main")
        #expect(found.first?.decision == .fstab)
    }

    @Test func optionsSelectASubvolume() throws {
        var disk = MemoryFileSystem()
        disk.makeSubvolumes(["@", "@home"], standard: "@")
        let table = try SubvolumeTable(of: disk)
        func select(_ options: String) -> UInt64? { table.selection(MountOptions(options)).reference.id }
        #expect(select("defaults") == 256)
        #expect(select("subvol=/@home,noatime") == 257)
        #expect(select("subvolid=0") == 5)
        #expect(select("subvol=@,subvolid=256") == 256)
        #expect(select("subvol=@,subvolid=257") == nil)
        #expect(select("subvol=@gone") == nil)
        #expect(select("subvolid=x") == nil)
        #expect(select("subvol=/") == 5)
    }

    @Test func theWholeGuestIsStitchedFromSubvolumes() throws {
        var disk = MemoryFileSystem(uuid: "feed")
        disk.makeSubvolumes(["@", "@home", "@lost"])
        disk.system(
            at: "@",
            fstab: """
                UUID=feed / btrfs subvol=@ 0 0
                UUID=feed /home btrfs subvol=@home 0 0
                UUID=feed /srv btrfs subvol=@none 0 0
                """)
        disk.file("@home/user/note", "hello")
        let layout = Compose.layout([Compose.partition(1, "btrfs", uuid: "feed")], ["gpt:1": disk])
        let inspector = GuestInspector(layout, now: 0)
        let tree = try #require(inspector.tree()).tree
        #expect(try tree.contents(of: "/home/user/note")?.array == Array("hello".utf8))
        let scan = inspector.inspect()
        #expect(scan.systems.count == 1)
        guard case .linux(let linux)? = scan.systems.first else {
            Issue.record("no system")
            return
        }
        #expect(linux.rootSubvolume == RootSubvolume(id: 256, path: "@", decision: .fstab))
        let entries = try #require(linux.mounts.fstab.value)
        #expect(entries.map { $0.subvolume?.id } == [256, 257, nil])
        #expect(entries.last?.subvolume?.stated == "subvol=@none")
    }

    @Test func aRootOnALogicalVolumeIsFoundAndItsPartsAreNot() {
        var disk = MemoryFileSystem(uuid: "feed")
        disk.system(fstab: "/dev/mapper/vg-root / ext4 defaults 0 1\n")
        let pv = Compose.partition(1, "LVM2_member")
        let root = Compose.logical("vg", "root", on: [pv.id], uuid: "feed")
        let scan = GuestInspector(Compose.layout([pv, root], [root.id: disk]), now: 0).inspect()
        guard case .linux(let linux)? = scan.systems.first, scan.systems.count == 1 else {
            Issue.record("\(scan.systems.count) systems")
            return
        }
        #expect(linux.rootVolume == "lvm:vg/root")
        #expect(linux.mounts.fstab.value?.first?.resolution == .volume("lvm:vg/root"))
    }

    @Test func aSnapshotOfALogicalVolumeIsNoSecondSystem() {
        var disk = MemoryFileSystem(uuid: "feed")
        disk.system(machine: String(repeating: "a", count: 32))
        let pv = Compose.partition(1, "LVM2_member")
        let snapshot = Compose.logical("vg", "before", on: [pv.id], uuid: "feed", kinds: ["snapshot"])
        let root = Compose.logical("vg", "root", on: [pv.id], uuid: "feed")
        let other = Compose.logical("vg", "other", on: [pv.id], uuid: "beef")
        let layout = Compose.layout(
            [pv, snapshot, root, other], [snapshot.id: disk, root.id: disk, other.id: disk])
        let systems = GuestInspector(layout, now: 0).inspect().systems.map { system in
            if case .linux(let linux) = system { linux.rootVolume } else { "" }
        }
        #expect(systems == ["lvm:vg/root", "lvm:vg/other"])
    }

    @Test func pathsOfTheLoaderBecomePathsOfTheGuest() {
        var table = MountTable(root: "gpt:2", subvolume: "@")
        table.add("gpt:2", subvolume: "@/boot/grub2/i386-pc", at: "/boot/grub2/i386-pc")
        table.add("gpt:1", subvolume: "", at: "/boot/efi")
        #expect(table.guestPath("/@/boot/vmlinuz", on: "gpt:2") == "/boot/vmlinuz")
        #expect(
            table.guestPath("/@/boot/grub2/i386-pc/normal.mod", on: "gpt:2")
                == "/boot/grub2/i386-pc/normal.mod")
        #expect(table.guestPath("/boot/vmlinuz", on: "gpt:2") == nil)
        #expect(table.guestPath("/EFI/x", on: "gpt:1") == "/boot/efi/EFI/x")
        #expect(table.guestPath("/x", on: "gpt:9") == nil)
    }
}
