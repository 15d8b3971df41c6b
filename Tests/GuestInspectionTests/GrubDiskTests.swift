import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

@Suite struct GrubDiskTests {
    private let pv = Compose.partition(2, "LVM2_member")

    private func boot() -> MemoryFileSystem {
        var disk = MemoryFileSystem(uuid: "feed")
        disk.file(
            "boot/grub/grub.cfg",
            """
            insmod lvm
            search --no-floppy --fs-uuid --set=root feed
            menuentry 'Linux' { linux /boot/vmlinuz root=/dev/mapper/vg-root; initrd /boot/initrd }
            """)
        disk.file("boot/vmlinuz", String(repeating: "k", count: 4096))
        disk.file("boot/initrd")
        return disk
    }

    private func run(
        _ layout: DiskLayout, prefix: String, modules: Set<String>
    ) -> GrubEvaluation {
        var start = GrubStart(
            platform: .pc, processor: "i386", root: prefix, prefix: "(\(prefix))/boot/grub",
            commandPath: "(hd0)")
        start.embeddedModules = modules
        return GrubInterpreter(host: GrubDisk(layout: layout, mendsPartitionTable: true), start: start).run()
    }

    @Test func aVolumeHasTheNamesOfGrub() throws {
        let root = Compose.logical("my-vg", "root", on: [pv.id], uuid: "feed")
        let member = Compose.partition(3, "linux_raid_member")
        let array = Compose.array("host:boot", on: [member.id])
        let disk = GrubDisk(
            layout: Compose.layout([pv, root, member, array], [root.id: boot()]), mendsPartitionTable: true)
        for name in ["lvm/my--vg-root", "lvmid/\(Compose.groupUUID)/vOlUmE-root-1"] {
            #expect(try disk.device(named: name)?.name == "lvm/my--vg-root")
        }
        for name in ["md/boot", "md/host:boot", "mduuid/0123456789abcdeffedcba9876543210"] {
            #expect(try disk.device(named: name)?.name == "mduuid/0123456789abcdeffedcba9876543210")
        }
        #expect(try disk.device(named: "lvm/my-vg-root") == nil)
        #expect(disk.modules(of: GrubDevice("lvm/my--vg-root")) == ["lvm"])
        #expect(disk.modules(of: GrubDevice("md/boot")) == ["mdraid1x"])
        #expect(disk.modules(of: GrubDevice("hd0,gpt2")) == [])
    }

    @Test func withoutItsModuleALogicalVolumeIsNotThere() {
        let root = Compose.logical("vg", "root", on: [pv.id], uuid: "feed")
        let layout = Compose.layout([pv, root], [root.id: boot()])
        let good = run(layout, prefix: "lvm/vg-root", modules: ["normal", "lvm", "ext2"])
        #expect(good.selection?.image.device?.name == "lvm/vg-root")
        let bad = run(layout, prefix: "lvm/vg-root", modules: ["normal", "ext2"])
        guard case .prompt = bad.outcome else {
            Issue.record("\(bad.outcome)")
            return
        }
        #expect(bad.isCertain)
    }

    @Test func grubLoadsTheModuleFromItsPrefix() {
        var boot = MemoryFileSystem(uuid: "b007")
        boot.file(
            "boot/grub/grub.cfg",
            "insmod lvm\nsearch --fs-uuid --set=root feed\nmenuentry 'Linux' { linux /boot/vmlinuz root=x }")
        let root = Compose.logical("vg", "root", on: [pv.id], uuid: "feed")
        let first = Compose.partition(1, "ext4", uuid: "b007")
        var layout = Compose.layout([first, pv, root], [first.id: boot, root.id: self.boot()])
        // No lvm.mod: the search fails, and the kernel is looked for where GRUB came from.
        #expect(run(layout, prefix: "hd0,gpt1", modules: ["normal"]).selection == nil)
        boot.file("boot/grub/i386-pc/lvm.mod")
        layout = Compose.layout([first, pv, root], [first.id: boot, root.id: self.boot()])
        #expect(
            run(layout, prefix: "hd0,gpt1", modules: ["normal"]).selection?.image.device?.name
                == "lvm/vg-root")
    }

    @Test func thinVolumesAreNotReadAndCachesDependOnTheVersion() throws {
        let thin = Compose.logical("vg", "root", on: [pv.id], uuid: "feed", kinds: ["thin"])
        let disk = GrubDisk(layout: Compose.layout([pv, thin], [thin.id: boot()]), mendsPartitionTable: true)
        #expect(try disk.device(named: "lvm/vg-root") == nil)
        #expect(try disk.device(matching: .fileSystemUUID("feed"), hints: []) { _ in true } == nil)
        let cache = Compose.logical("vg", "root", on: [pv.id], uuid: "feed", kinds: ["cache"])
        let other = GrubDisk(
            layout: Compose.layout([pv, cache], [cache.id: boot()]), mendsPartitionTable: true)
        #expect(throws: ImageFault.self) { try other.device(named: "lvm/vg-root") }
        #expect(throws: ImageFault.self) {
            try other.device(matching: .fileSystemUUID("feed"), hints: []) { _ in true }
        }
    }

    @Test func anUnreadGroupIsNotAbsent() {
        let disk = GrubDisk(layout: Compose.layout([pv], [:]), mendsPartitionTable: true)
        #expect(throws: ImageFault.self) { try disk.device(named: "lvm/vg-root") }
    }

    @Test func aMirrorWithItsSuperblockAtTheEndIsReadWithoutModule() throws {
        let member = Compose.partition(1, "linux_raid_member")
        for (metadata, isRead) in [("1.0", true), ("0.90", true), ("1.2", false)] {
            let array = Compose.array("h:boot", metadata: metadata, on: [member.id], uuid: "feed")
            let layout = Compose.layout([member, array], [array.id: boot()])
            let disk = GrubDisk(layout: layout, mendsPartitionTable: true)
            let file = try disk.file(at: "/boot/vmlinuz", on: GrubDevice("hd0,gpt1"))
            #expect((file != nil) == isRead)
            let found = try disk.device(matching: .fileSystemUUID("feed"), hints: []) {
                disk.modules(of: $0).isEmpty
            }
            #expect((found != nil) == isRead)
        }
    }

    @Test func pathsStartAtTheTopmostSubvolume() throws {
        var btrfs = MemoryFileSystem(uuid: "feed")
        btrfs.makeSubvolumes(["@"], standard: "@")
        btrfs.file("@/boot/vmlinuz")
        let root = Compose.partition(1, "btrfs", uuid: "feed")
        let disk = GrubDisk(layout: Compose.layout([root], [root.id: btrfs]), mendsPartitionTable: true)
        let device = GrubDevice("hd0,gpt1")
        #expect(try disk.file(at: "/@/boot/vmlinuz", on: device) != nil)
        #expect(try disk.file(at: "/boot/vmlinuz", on: device) == nil)
        #expect(try disk.defaultSubvolume(of: device) == "@")
        let files = BootFiles(disk: disk, mounts: MountTable(root: root.id, subvolume: "@"))
        #expect(files.file(device, "/@/boot/vmlinuz").guestPath == "/boot/vmlinuz")
        #expect(files.open(files.file(device, "/@/boot/vmlinuz")).presence == .yes)
    }
}
