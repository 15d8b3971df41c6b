import GuestFacts
import Targets

/// `GUESTOS.OnlineResizeFS`
enum GuestOSOnlineResizeFS: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.OnlineResizeFS", title: "Growth of the root at first boot", link: .provisioning,
        summary: """
            Looks whether the root partition and its file system grow to the size of the instance's disk: cloud-init \
            with growpart and resizefs, their tools, and room behind the partition.
            """,
        rationale:
            "The disk of an instance is usually larger than the image. Without this the rest stays unused.",
        codes: [
            ("Resize.NoCloudInit", "Nothing runs at first boot that would grow the root."),
            ("Resize.Off", "cloud-init is told not to grow the partition or the file system."),
            ("Resize.NoGrowpart", "The program growpart is not installed."),
            ("Resize.NoTool", "The program that grows the file system is not installed."),
            ("Resize.NotLast", "Another partition lies behind the root's."),
            ("Resize.Marked", "The initramfs does not grow the partition a second time."),
            ("Resize.KernelTooOld", "The kernel needs a restart to see a grown partition."),
            ("Resize.FileSystem", "The file system cannot be grown while it is mounted."),
            ("Resize.Lvm", "The root is a logical volume, which is not grown by itself."),
            ("Resize.Extended", "The root is in an extended partition, which has to grow first."),
            ("Resize.Array", "The root is on software RAID, which nothing grows by itself."),
        ], references: ["cloud-init documentation: growpart, resizefs", "growpart(1)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let cloudInit = linux.cloudInit
        let isNeeded = context.target.rules.needsProvisioning
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        func add(_ code: String, _ message: String, _ evidence: Evidence, _ fix: Fix) {
            findings.append(
                Finding(
                    code, isNeeded ? .warning : .info, message, evidence: [evidence], fixes: [fix],
                    consequence: isNeeded ? .notReady : .none))
        }
        func ask(_ message: String) {
            questions.append(OpenQuestion(message, consequence: isNeeded ? .notReady : .none))
        }
        let root = context.rootVolume(of: linux)
        let ways = context.boots(of: linux).ways
        // A script of the initramfs grows the partition before it is in use; the file system is left to cloud-init.
        let growsEarly =
            !ways.isEmpty && ways.allSatisfy { earlyGrowth($0) != nil } && root?.partitionNumber != nil
            && cloudInit.earlyGrowthMark == nil
        if let volume = root?.logicalVolume {
            add(
                "Resize.Lvm", "The root is a logical volume; it has to be grown by hand.",
                Evidence(layer: linux.rootVolume),
                .byHand(
                    "Grow it after the first boot (on NVMe the disk is /dev/nvme0n1)",
                    commands: growth(of: volume, on: context.image.volume(root?.madeOf.last))))
        }
        if let array = root?.array {
            add(
                "Resize.Array",
                "The root is on the array \(array.name ?? array.uuid); it has to be grown by hand.",
                Evidence(layer: linux.rootVolume),
                .byHand(
                    "Grow it after the first boot, once its partitions have grown",
                    commands: ["mdadm --grow /dev/disk/by-id/md-uuid-\(quoted(array.uuid)) --size=max"]))
        }
        if cloudInit.gap != nil {
            ask("whether cloud-init grows the root could not be read")
        } else if !cloudInit.otherGrowth.isEmpty {
            // systemd-repart or the system's own script does the same.
        } else if cloudInit.program == nil, let why = linux.identity.notFollowed(.growth) {
            ask(why)
        } else if cloudInit.program == nil || cloudInit.enabled == .no {
            add(
                "Resize.NoCloudInit",
                growsEarly
                    ? "The initramfs grows the partition of the root, and nothing grows the file system in it."
                    : "Nothing runs at first boot that would grow the root.",
                Evidence(
                    path: "/usr/bin/cloud-init", excerpt: cloudInit.program == nil ? "absent" : "not enabled"),
                .install(["cloud-init", growpart(linux)], "Install cloud-init and growpart", in: linux))
        } else {
            let growsPartition = growsEarly ? .yes : cloudInit.runsGrowpart
            if growsPartition == .no || cloudInit.runsResizefs == .no {
                add(
                    "Resize.Off",
                    "cloud-init does not run \(growsPartition == .no ? "growpart" : "resizefs").",
                    Evidence(path: "/etc/cloud/cloud.cfg"),
                    Fix(
                        "Switch both on", kind: .autoEdit,
                        commands: [
                            "printf 'growpart: {mode: auto}\\nresize_rootfs: true\\n' > /etc/cloud/cloud.cfg.d/95_grow.cfg"
                        ]))
            } else if growsPartition == .unknown || cloudInit.runsResizefs == .unknown {
                ask("whether cloud-init runs growpart and resizefs is not known")
            }
            if cloudInit.growTools["growpart"] == false, root?.partitionNumber != nil, !growsEarly {
                add(
                    "Resize.NoGrowpart", "growpart is not installed.",
                    Evidence(path: "/usr/bin/growpart", excerpt: "absent"),
                    .install([growpart(linux)], "Install growpart", in: linux))
            }
            if context.image.partitions?.kind == .gpt, cloudInit.growTools["sfdisk"] == false,
                cloudInit.growTools["sgdisk"] == false, !growsEarly
            {
                add(
                    "Resize.NoTool", "growpart needs sfdisk or sgdisk for a GPT.",
                    Evidence(path: "/usr/sbin/sfdisk", excerpt: "absent"),
                    .install(["gdisk"], "Install it", in: linux))
            }
            if let kind = root?.kind, let tool = tool(for: kind), cloudInit.growTools[tool.name] == false {
                add(
                    "Resize.NoTool", "\(tool.name) is not installed.",
                    Evidence(path: "/usr/sbin/\(tool.name)", excerpt: "absent"),
                    .install([tool.package], "Install it", in: linux))
            }
        }
        if let kind = root?.kind, tool(for: kind) == nil {
            add(
                "Resize.FileSystem", "\(kind) is not grown while it is mounted.",
                Evidence(layer: linux.rootVolume),
                .byHand("Move the system to ext4 or xfs"))
        }
        if context.image.partitions?.kind == .mbr, let number = root?.partitionNumber, number >= 5 {
            add(
                "Resize.Extended",
                "Partition \(number) is in an extended partition, which growpart leaves as it is.",
                Evidence(layer: linux.rootVolume),
                .byHand("Move the system to a primary partition", commands: []))
        }
        if let behind = partitionBehindRoot(context, linux) {
            add(
                "Resize.NotLast",
                "Partition \(behind.number) lies behind the root's, which cannot grow past it.",
                Evidence(layer: behind.volume, offset: behind.offset),
                .byHand("Remove the partition behind the root, swap for instance, and use a file instead"))
        }
        for way in ways where !growsEarly {
            guard let version = way.kernel?.version.flatMap({ KernelVersion($0) }),
                version < KernelVersion(3, 6)
            else { continue }
            if let script = earlyGrowth(way), let mark = cloudInit.earlyGrowthMark, let path = mark.path {
                add(
                    "Resize.Marked",
                    "\(script.path ?? "The initramfs") does not grow the partition of the root where \(path) is; before"
                        + " Linux 3.6 one that grows later is seen only after a restart.", mark,
                    Fix("Remove the mark", kind: .autoEdit, commands: ["rm \(quoted(path))"]))
            } else {
                add(
                    "Resize.KernelTooOld", "Before Linux 3.6 a grown partition is seen only after a restart.",
                    Evidence(path: way.entry.kernelPath ?? "/boot"), .installKernel(in: linux))
            }
        }
        return .judged("The root grows at first boot.", findings: findings, questions: questions)
    }

    private static func earlyGrowth(_ way: BootWay) -> Evidence? {
        way.initramfs.first { $0.state == .good && $0.growsRoot != nil }?.growsRoot
    }

    /// The partition, then the physical volume in it, then the logical volume with what lies on it.
    private static func growth(of volume: LogicalVolumeFacts, on physical: VolumeFacts?) -> [String] {
        let number = physical?.partitionNumber
        return (number.map { ["growpart /dev/vda \($0)"] } ?? []) + [
            "pvresize /dev/vda\(number.map(String.init) ?? "")",
            "lvextend -r -l +100%FREE /dev/\(volume.group)/\(volume.name)",
        ]
    }

    private static func growpart(_ linux: LinuxFacts) -> String {
        switch linux.identity.family {
        case .debian: "cloud-guest-utils"
        case .suse: "growpart"
        default: "cloud-utils-growpart"
        }
    }

    private static func tool(for kind: String) -> (name: String, package: String)? {
        switch kind {
        case "ext2", "ext3", "ext4": ("resize2fs", "e2fsprogs")
        case "xfs": ("xfs_growfs", "xfsprogs")
        case "btrfs": ("btrfs", "btrfs-progs")
        default: nil
        }
    }

    private static func partitionBehindRoot(_ context: CheckContext, _ linux: LinuxFacts) -> PartitionFacts? {
        let all = context.image.partitions?.partitions ?? []
        // Of a root on LVM, LUKS or RAID: the partition that it is made of.
        let volumes = Set([linux.rootVolume] + (context.rootVolume(of: linux)?.madeOf ?? []))
        guard let own = all.last(where: { volumes.contains($0.volume) }) else { return nil }
        return all.first { $0.offset > own.offset && $0.size > 0 }
    }

    static var examples: [CheckExample] {
        func old(growsEarly: Bool, mark: String? = nil) -> CheckContext {
            .example {
                $0.kernel.version = "2.6.32-754.el6.x86_64"
                if growsEarly { $0.growEarly() }
                $0.linux.cloudInit.growTools["growpart"] = !growsEarly || mark != nil
                $0.linux.cloudInit.earlyGrowthMark = mark.map { Evidence(path: $0) }
            }
        }
        return [
            CheckExample(
                "cloud-init, growpart, resize2fs, and the root is the last partition", .example(), .pass),
            CheckExample(
                "no cloud-init", .example { $0.linux.cloudInit = CloudInitFacts() }, .fail,
                codes: ["Resize.NoCloudInit"]),
            CheckExample(
                "no cloud-init, in a system that comes as an image and has its own way",
                .example {
                    $0.linux.cloudInit = CloudInitFacts()
                    $0.linux.identity.imageBased = Located(
                        .flatcar, Evidence(path: "/usr/share/flatcar/release"))
                }, .unknown),
            CheckExample(
                "no growpart", .example { $0.linux.cloudInit.growTools["growpart"] = false }, .fail,
                codes: ["Resize.NoGrowpart"]),
            CheckExample(
                "growpart is switched off", .example { $0.linux.cloudInit.runsGrowpart = .no }, .fail,
                codes: ["Resize.Off"]),
            CheckExample(
                "swap behind the root",
                .example {
                    $0.image.partitions?.partitions.append(
                        PartitionFacts(
                            number: 2, offset: 3 << 30, size: 1 << 29, type: "0x82", volume: "mbr:2"))
                }, .fail, codes: ["Resize.NotLast"]),
            CheckExample(
                "systemd-repart grows the root without cloud-init",
                .example {
                    $0.linux.cloudInit = CloudInitFacts()
                    $0.linux.cloudInit.otherGrowth = [Evidence(path: "/usr/lib/repart.d/50-root.conf")]
                }, .pass),
            CheckExample("Linux 2.6.32", old(growsEarly: false), .fail, codes: ["Resize.KernelTooOld"]),
            CheckExample("Linux 2.6.32 with growroot of dracut", old(growsEarly: true), .pass),
            CheckExample(
                "Linux 2.6.32 with growroot of dracut, which has run already",
                old(growsEarly: true, mark: "/etc/growroot-grown"), .fail, codes: ["Resize.Marked"]),
            CheckExample(
                "growroot of dracut, and nothing that grows the file system",
                .example {
                    $0.linux.cloudInit = CloudInitFacts()
                    $0.growEarly()
                }, .fail, codes: ["Resize.NoCloudInit"]),
            CheckExample(
                "the root is a logical partition", .example { $0.root.partitionNumber = 5 }, .fail,
                codes: ["Resize.Extended"]),
            CheckExample(
                "the root is a logical volume",
                .example {
                    $0.image.volumes[0].logicalVolume = LogicalVolumeFacts(
                        group: "rhel", name: "root", groupUUID: "vg", uuid: "lv", kinds: ["linear"])
                }, .fail, codes: ["Resize.Lvm"]),
            CheckExample(
                "the configuration of cloud-init could not be read",
                .example { $0.linux.cloudInit.gap = .example("/etc/cloud/cloud.cfg") }, .unknown),
        ]
    }
}

extension ExampleFacts {
    /// Gives the initramfs dracut's module that grows the partition of the root.
    fileprivate mutating func growEarly() {
        initramfs.growsRoot = Evidence(path: "\(ExampleFacts.initramfsPath) › /pre-mount/99growroot.sh")
    }
}
