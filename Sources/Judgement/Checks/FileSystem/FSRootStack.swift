import GuestFacts
import Targets

/// `FS.RootStack`
enum FSRootStack: Check {
    static let metadata = CheckMetadata(
        id: "FS.RootStack", title: "Storage below the root", link: .root,
        summary:
            "Looks whether all that the root file system stands on is in this image: partitions, LVM, RAID.",
        rationale: """
            A volume group or array whose other members are on a disk that was not exported does not come up, and \
            with it the root.
            """,
        codes: [
            ("RootStack.MissingPv", "Part of the volume group, array or file system is on another disk."),
            ("RootStack.RaidDegraded", "The array below the root lacks a member it can do without."),
            ("RootStack.LvmFilter", "The filter of LVM rejects the disk as the target calls it."),
            (
                "RootStack.LvmDevices",
                "LVM's list of devices does not hold the disk as the target presents it."
            ),
            (
                "RootStack.Multipath",
                "Multipath is bound to the disk of the old machine, or takes every disk."
            ),
        ],
        references: ["lvm.conf(5)", "lvmdevices(8)", "mdadm(8)", "multipath.conf(5)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux) else {
            return .judged(
                questions: [
                    OpenQuestion(
                        "the volume \(linux.rootVolume) of the root is not known", consequence: .stopsBoot)
                ])
        }
        let review = RootStackReview(context: context, linux: linux, root: root)
        return .judged(
            value: root.id, "The root is on \(root.id), which is whole.", findings: review.findings,
            questions: review.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the root is on a partition", .example(), .pass),
            CheckExample(
                "a physical volume is on another disk",
                .example {
                    $0.root.gap = Gap(
                        where: "lvm:vg0/root", kind: .absent, message: "physical volume 8fGx is missing")
                }, .fail, codes: ["RootStack.MissingPv"]),
            CheckExample(
                "the volume could not be opened", .example { $0.root.gap = .example("mbr:1") }, .unknown),
            CheckExample("a whole logical volume", .example { $0.rootOnLVM() }, .pass),
            CheckExample(
                "a logical volume without one of its physical volumes",
                .example {
                    $0.rootOnLVM()
                    $0.root.logicalVolume?.missing = ["8fGxAb-0000-0000-0000-0000-0000-000001"]
                }, .fail, codes: ["RootStack.MissingPv"]),
            CheckExample(
                "a group lacks a physical volume that the root does not need, and udev waits for it",
                .example {
                    $0.rootOnLVM()
                    $0.root.logicalVolume?.groupMissing = ["8fGxAb-0000-0000-0000-0000-0000-000001"]
                }, .fail, codes: ["RootStack.MissingPv"]),
            CheckExample(
                "root= is a name that multipath gave to the old disk",
                .example {
                    $0.initramfs.tools = ["multipath"]
                    $0.commandLine(
                        "root=/dev/mapper/mpatha2 ro",
                        root: RootReference(
                            specification: "/dev/mapper/mpatha2", resolution: .notFound, needsInitramfs: true)
                    )
                }, .fail, codes: ["RootStack.Multipath"]),
            CheckExample(
                "multipath in the initramfs takes every disk",
                .example {
                    $0.initramfs.tools = ["multipath"]
                    $0.initramfs.storage.configuration.findMultipaths = Located(
                        "no",
                        Evidence(
                            path: "\($0.initramfs.path) › /etc/multipath.conf", line: 3,
                            excerpt: "find_multipaths no"))
                }, .fail, codes: ["RootStack.Multipath"]),
            CheckExample("a whole mirror", .example { $0.rootOnArray() }, .pass),
            CheckExample(
                "a mirror with one of its two halves",
                .example {
                    $0.rootOnArray()
                    $0.root.array?.presentCount = 1
                }, .fail, codes: ["RootStack.RaidDegraded"]),
            CheckExample(
                "a stripe with one of its two halves",
                .example {
                    $0.rootOnArray()
                    $0.root.array?.level = "raid0"
                    $0.root.array?.presentCount = 1
                }, .fail, codes: ["RootStack.MissingPv"]),
            CheckExample(
                "the initramfs accepts /dev/sda only, and the disk is virtio-blk or NVMe",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.storage.configuration.lvmFilters = [ExampleFacts.sdaOnly]
                }, .fail, codes: ["RootStack.LvmFilter"]),
            CheckExample(
                "the same filter in the root file system only",
                .example {
                    $0.rootOnLVM()
                    $0.linux.storage.lvmFilters = [ExampleFacts.sdaOnly]
                }, .fail, codes: ["RootStack.LvmFilter"]),
            CheckExample(
                "the devices file of the old disk",
                .example {
                    $0.rootOnLVM()
                    $0.initramfs.storage.configuration.usesLvmDevices = true
                    $0.initramfs.storage.configuration.lvmDevices = [
                        LvmDeviceFacts(
                            idType: "sys_wwid", idName: "naa.5000c500a1b2c3d4",
                            physicalVolume: ExampleFacts.physicalVolume.filter { $0 != "-" },
                            evidence: Evidence(path: "/etc/lvm/devices/system.devices", line: 7))
                    ]
                }, .fail, codes: ["RootStack.LvmDevices"]),
            CheckExample(
                "a btrfs without one of its devices",
                .example {
                    $0.root.kind = "btrfs"
                    $0.root.conditions = [
                        StructureFinding(
                            code: "deviceMissing", message: "device 2 of 2 is not here",
                            evidence: Evidence(layer: "mbr:1 › btrfs"))
                    ]
                }, .fail, codes: ["RootStack.MissingPv"]),
            CheckExample("no system", .withoutSystem(), .notApplicable),
        ]
    }
}
