import GuestFacts
import Targets

/// `BOOT.Initramfs`
enum BootInitramfs: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.Initramfs", title: "Initramfs of the default entry", link: .initramfs,
        summary: """
            Looks whether the initramfs of the default entry can be unpacked to the end, has a program to start, and \
            holds what the root file system needs: its driver, LVM, RAID or encryption tools.
            """,
        rationale: """
            The kernel mounts the root through the initramfs. Without one it can only do so when every driver is \
            built in and root= is a name the kernel itself knows; otherwise it panics with "Unable to mount root fs".
            """,
        codes: [
            ("Initramfs.Missing", "The file does not exist. GRUB says so and starts the kernel without it."),
            ("Initramfs.Empty", "The file is empty."),
            ("Initramfs.Corrupt", "The file is cut short or damaged, so unpacking it fails."),
            ("Initramfs.NoInit", "There is no /init in it that could be started."),
            ("Initramfs.None", "The entry has no initramfs, and this kernel cannot do without one."),
            (
                "Initramfs.NoFileSystem",
                "The driver for the root's file system is neither in it nor built in."
            ),
            ("Initramfs.NoChecksum", "The module that computes the root's checksums is not in it."),
            (
                "Initramfs.NoLvm",
                "The root is a logical volume, and the initramfs lacks lvm, a module of it, or what activates it."
            ),
            (
                "Initramfs.LvmNotNamed",
                "dracut is told which logical volumes to activate, and not the root's."
            ),
            ("Initramfs.LvmLeftOut", "The root's logical volume is set not to be activated at boot."),
            ("Initramfs.LvmMissing", "dracut is told to wait for a logical volume that does not exist."),
            (
                "Initramfs.NoRaid",
                "The root is on software RAID, and the initramfs lacks mdadm, a module, or what assembles arrays."
            ),
            ("Initramfs.ArrayNotNamed", "dracut is told which arrays to put together, and not the root's."),
            ("Initramfs.ArrayName", "The initramfs gives the root's array another name than root= asks for."),
            ("Initramfs.NoScan", "The root is a btrfs on several devices, which nothing makes known."),
            ("Initramfs.NoCrypt", "The root is encrypted and the initramfs has no cryptsetup."),
            (
                "Initramfs.NoPayload",
                "The files are in an image inside it, and a module is missing that mounting the image needs."
            ),
            ("Initramfs.AwaitsDevice", "It was made for one machine and waits for a device that is gone."),
            (
                "Initramfs.WrongKernel",
                "It holds modules of other kernels only, of which the one that starts can load none."
            ),
            ("Initramfs.Pinned", "It was made for one machine and names that machine's disk."),
            ("Initramfs.ResumeMissing", "It waits for a device to resume from that does not exist."),
        ],
        references: [
            "kernel documentation: driver-api/early-userspace/buffer-format", "initramfs-tools(7)",
            "dracut.cmdline(7)",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        var review = InitramfsReview(context: context, linux: linux)
        for way in survey.ways { review.judge(way) }
        let archive = survey.ways.first?.initramfs.first
        return .judged(
            value: archive?.generator, "The initramfs of the default entry is whole and can mount the root.",
            findings: review.findings, questions: survey.questions + review.questions)
    }

    static var examples: [CheckExample] {
        let byUUID = RootReference(
            specification: "UUID=\(ExampleFacts.uuid)", resolution: .volume("mbr:1"), needsInitramfs: true)
        let byPartUUID = RootReference(
            specification: "PARTUUID=5f0c1b2a-01", resolution: .volume("mbr:1"), needsInitramfs: false)
        func allBuiltin(_ facts: inout ExampleFacts, root: RootReference) {
            for name in facts.kernel.drivers.keys { facts.kernel.drivers[name]?.state = .builtin }
            facts.entry.initramfsPaths = []
            facts.commandLine("root=\(root.specification) ro", root: root)
        }
        return [
            CheckExample("a whole initramfs", .example(), .pass),
            CheckExample(
                "the file is missing", .example { $0.initramfs.state = .missing }, .fail,
                codes: ["Initramfs.Missing"]),
            CheckExample(
                "the file is cut in the middle", .example { $0.initramfs.state = .corrupt }, .fail,
                codes: ["Initramfs.Corrupt"]),
            CheckExample(
                "the file is empty", .example { $0.initramfs.state = .empty }, .fail,
                codes: ["Initramfs.Empty"]),
            CheckExample(
                "no /init", .example { $0.initramfs.hasInit = .no }, .fail, codes: ["Initramfs.NoInit"]),
            CheckExample(
                "ext4 is a module the initramfs does not hold",
                .example { $0.kernel.drivers["ext4"]?.state = .module }, .fail,
                codes: ["Initramfs.NoFileSystem"]),
            CheckExample(
                "the initramfs of the kernel before",
                .example {
                    $0.initramfs.kernelVersions = ["6.1.0-17-amd64"]
                    for name in $0.kernel.drivers.keys { $0.kernel.drivers[name]?.state = .module }
                }, .fail, codes: ["Initramfs.WrongKernel"]),
            CheckExample(
                "the same with all that the root needs in the kernel itself",
                .example {
                    $0.initramfs.kernelVersions = ["6.1.0-17-amd64"]
                    for name in $0.kernel.drivers.keys { $0.kernel.drivers[name]?.state = .builtin }
                }, .fail, codes: ["Initramfs.WrongKernel"]),
            CheckExample(
                "xfs, without the module that computes its checksums",
                .example {
                    $0.root.kind = "xfs"
                    $0.kernel.drivers["xfs"] = DriverFacts(.initramfs)
                    $0.kernel.drivers["crc32c_generic"] = DriverFacts(.module)
                }, .fail, codes: ["Initramfs.NoChecksum"]),
            CheckExample("the root on a logical volume", .example { $0.rootOnLVM() }, .pass),
            CheckExample(
                "the same without lvm",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.tools = []
                }, .fail, codes: ["Initramfs.NoLvm"]),
            CheckExample(
                "the same without the module of device mapper",
                .example {
                    $0.rootOnLVM()
                    $0.kernel.drivers["dm_mod"]?.state = .module
                }, .fail, codes: ["Initramfs.NoLvm"]),
            CheckExample(
                "a mirrored logical volume without dm_raid",
                .example {
                    $0.rootOnLVM()
                    $0.root.logicalVolume?.kinds = ["raid1"]
                    $0.kernel.drivers["dm_raid"] = DriverFacts(.module)
                    $0.kernel.drivers["raid1"] = DriverFacts(.initramfs)
                }, .fail, codes: ["Initramfs.NoLvm"]),
            CheckExample(
                "lvm, and nothing that activates anything",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.storage.lvm = []
                }, .fail, codes: ["Initramfs.NoLvm"]),
            CheckExample(
                "the root's logical volume is left out of automatic activation",
                .example {
                    $0.rootOnLVM()
                    $0.root.logicalVolume?.isAutomatic = false
                }, .fail, codes: ["Initramfs.LvmLeftOut"]),
            CheckExample(
                "dracut, and rd.lvm.lv= names the root",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.storage.lvm = [.dracut]
                    $0.commandLine("root=/dev/mapper/vg0-root ro rd.lvm.lv=vg0/root")
                }, .pass),
            CheckExample(
                "dracut, and rd.lvm.lv= names swap only, which is gone",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.storage.lvm = [.dracut]
                    $0.commandLine("root=/dev/mapper/vg0-root ro rd.lvm.lv=vg0/swap")
                }, .fail, codes: ["Initramfs.LvmNotNamed", "Initramfs.LvmMissing"]),
            CheckExample("the root on a mirror", .example { $0.rootOnArray() }, .pass),
            CheckExample(
                "the same without mdadm",
                .example {
                    $0.rootOnArray()
                    $0.initramfs.tools = []
                }, .fail, codes: ["Initramfs.NoRaid"]),
            CheckExample(
                "the same without raid1",
                .example {
                    $0.rootOnArray()
                    $0.kernel.drivers["raid1"]?.state = .module
                }, .fail, codes: ["Initramfs.NoRaid"]),
            CheckExample(
                "dracut puts another array together",
                .example {
                    $0.rootOnArray()
                    $0.initramfs.generator = "dracut"
                    $0.commandLine(
                        "root=UUID=\(ExampleFacts.uuid) ro rd.md.uuid=ffffffff:ffffffff:ffffffff:ffffffff")
                }, .fail, codes: ["Initramfs.ArrayNotNamed"]),
            CheckExample(
                "a btrfs on two devices that nothing makes known",
                .example {
                    $0.root.kind = "btrfs"
                    $0.kernel.drivers["btrfs"] = DriverFacts(.initramfs)
                    var second = VolumeFacts(id: "mbr:2", size: 1 << 30)
                    second.memberOf = $0.root.id
                    $0.image.volumes.append(second)
                }, .fail, codes: ["Initramfs.NoScan"]),
            CheckExample(
                "dracut 059 activates what nothing names",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.generatorVersion = 59
                    $0.initramfs.storage.lvm = [.dracut]
                    $0.commandLine("root=/dev/mapper/vg0-root ro")
                }, .pass),
            CheckExample(
                "dracut 004 activates everything then",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.generatorVersion = 4
                    $0.initramfs.storage.lvm = [.dracut]
                    $0.commandLine("root=/dev/mapper/vg0-root ro")
                }, .pass),
            CheckExample(
                "dracut 004 with the parameters of its time",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.generatorVersion = 4
                    $0.initramfs.storage.lvm = [.dracut]
                    $0.commandLine("root=/dev/mapper/vg0-root ro rd_LVM_LV=vg0/root rd_NO_MD")
                }, .pass),
            CheckExample(
                "nash activates another volume group",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.generator = "nash"
                    $0.initramfs.storage.lvm = [.groups]
                    $0.initramfs.storage.lvmGroups = ["VolGroup00"]
                }, .fail, codes: ["Initramfs.LvmNotNamed"]),
            CheckExample(
                "nash lets the kernel put an array with old metadata together",
                .example {
                    $0.rootOnArray()
                    $0.initramfs.generator = "nash"
                    $0.initramfs.tools = []
                    $0.initramfs.storage.autodetectsArrays = true
                    $0.root.array?.metadata = "0.90"
                }, .pass),
            CheckExample(
                "the same with new metadata",
                .example {
                    $0.rootOnArray()
                    $0.initramfs.generator = "nash"
                    $0.initramfs.tools = []
                    $0.initramfs.storage.autodetectsArrays = true
                    $0.root.array?.metadata = "1.2"
                }, .fail, codes: ["Initramfs.NoRaid"]),
            CheckExample(
                "a squashed archive of dracut",
                .example {
                    $0.initramfs.payload = PayloadFacts(
                        path: "squashfs-root.img", drivers: ["loop", "squashfs", "overlay"])
                    for name in ["loop", "squashfs", "overlay"] {
                        $0.kernel.drivers[name] = DriverFacts(.initramfs)
                    }
                }, .pass),
            CheckExample(
                "the same without overlay outside of the image",
                .example {
                    $0.initramfs.payload = PayloadFacts(
                        path: "squashfs-root.img", drivers: ["loop", "squashfs", "overlay"])
                    $0.kernel.drivers["loop"] = DriverFacts(.initramfs)
                    $0.kernel.drivers["squashfs"] = DriverFacts(.builtin)
                    $0.kernel.drivers["overlay"] = DriverFacts(.module)
                }, .fail, codes: ["Initramfs.NoPayload"]),
            CheckExample(
                "a payload that is not read",
                .example { $0.initramfs.unreadPayload = "erofs-root.img" }, .unknown),
            CheckExample(
                "a host-only archive waits for a disk that is gone",
                .example {
                    $0.initramfs.generator = "dracut"
                    $0.initramfs.awaited = [
                        AwaitedDevice(
                            device: "/dev/disk/by-uuid/0a1b2c3d-0000-4000-8000-000000000000",
                            resolution: .notFound,
                            evidence: Evidence(
                                path:
                                    "\($0.initramfs.path) › /lib/dracut/hooks/initqueue/finished/devexists.sh"
                            ))
                    ]
                }, .fail, codes: ["Initramfs.AwaitsDevice"]),
            CheckExample(
                "a kernel with everything built in and root=PARTUUID= needs none",
                .example { allBuiltin(&$0, root: byPartUUID) }, .pass),
            CheckExample(
                "the same kernel cannot find root=UUID= by itself",
                .example { allBuiltin(&$0, root: byUUID) }, .fail,
                codes: ["Initramfs.None"]),
            CheckExample(
                "a part of it could not be read",
                .example {
                    $0.initramfs.state = .unreadable
                    $0.initramfs.detail = "compressed in a way that is not read"
                }, .unknown),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
