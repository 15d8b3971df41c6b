import GuestFacts
import Targets

/// `GUESTOS.Fstab`
enum GuestOSFstab: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Fstab", title: "Mounts at boot", link: .`init`,
        summary: """
            Looks whether everything that fstab wants mounted at boot exists in the image, under a name that holds on \
            the target's disk buses.
            """,
        rationale: """
            systemd waits 90 seconds for a device that is missing and then gives up into emergency mode: a shell on \
            the console, no network. The root itself is different: it is already mounted, from root= of the command \
            line. A wrong UUID there leaves it read-only, and a wrong device name does nothing at all.
            """,
        codes: [
            ("Fstab.DeviceNotFound", "A mount names a device that does not exist in the image."),
            ("Fstab.CaseMismatch", "A UUID or label is written in the wrong case."),
            (
                "Fstab.DeviceName",
                "A mount goes by a kernel name such as /dev/sda2, which depends on the bus."
            ),
            ("Fstab.HardwarePath", "A mount names the old hardware (by-path, by-id)."),
            ("Fstab.DuplicateUuid", "Several volumes carry the name that a mount asks for."),
            ("Fstab.RootWrong", "The line of / names another device than the root: it stays read-only."),
            ("Fstab.RootMissing", "There is no line for /, so nothing makes the root writable."),
            ("Fstab.TypeMismatch", "The file system on the device is of another type than the line says."),
            ("Fstab.SubvolumeMissing", "A mount selects a subvolume that does not exist."),
            ("Fstab.VolumeIncomplete", "A mount is on a logical volume or array of which a part is missing."),
            ("Fstab.NoDriver", "The kernel has no driver for the file system of a mount."),
            ("Fstab.BadOption", "The kernel refuses an option of the line."),
            ("Fstab.SourceMissing", "The file or directory that is to be mounted does not exist."),
            ("Fstab.SwapNotFound", "Swap does not exist: the boot waits for it, then goes on."),
            ("Fstab.Network", "A network mount has neither nofail nor _netdev."),
            ("Fstab.CryptDevice", "crypttab names a device that does not exist."),
            ("Fstab.Syntax", "A line is not an entry and is ignored, or is odd in a way that does no harm."),
        ],
        references: ["fstab(5)", "systemd.mount(5)", "systemd-fstab-generator(8)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        switch linux.mounts.fstab {
        case .unknown(let gap):
            return .judged(questions: [OpenQuestion(gap, consequence: .stopsBoot)])
        case .known(let entries):
            var review = FstabReview(context: context, linux: linux)
            for entry in entries { review.judge(entry) }
            review.judgeRest(entries)
            return .judged(
                "Everything that is mounted at boot exists.", findings: review.findings,
                questions: review.questions,
                evidence: [Evidence(path: "/etc/fstab")])
        }
    }

    static var examples: [CheckExample] {
        let sda = { (partition: Int, volume: VolumeID?) in
            DeviceResolution.kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: partition), volume)
        }
        let root = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/")
        let lost = "UUID=\(ExampleFacts.noSuchUUID)"
        return [
            CheckExample("/ by UUID", .example(), .pass),
            CheckExample(
                "a data disk that is not in the image",
                .example { $0.fstab(root, ExampleFacts.mount(lost, "/srv", resolution: .notFound)) }, .fail,
                codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "the same with nofail",
                .example {
                    $0.fstab(root, ExampleFacts.mount(lost, "/srv", resolution: .notFound, required: false))
                }, .fail, codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "/ by a UUID that does not exist, while root= is right",
                .example { $0.fstab(ExampleFacts.mount(lost, "/", resolution: .notFound)) }, .fail,
                codes: ["Fstab.RootWrong"]),
            CheckExample(
                "/ as /dev/sda1: the remount goes by mount point",
                .example { $0.fstab(ExampleFacts.mount("/dev/sda1", "/", resolution: sda(1, "mbr:1"))) },
                .pass),
            CheckExample(
                "/boot as /dev/sda1 on virtio-blk and NVMe",
                .example {
                    $0.fstab(root, ExampleFacts.mount("/dev/sda1", "/boot", resolution: sda(1, "mbr:1")))
                },
                .fail, codes: ["Fstab.DeviceName"]),
            CheckExample(
                "no line at all and ro on the command line",
                .example { $0.fstab() }, .fail, codes: ["Fstab.RootMissing"]),
            CheckExample(
                "swap that does not exist",
                .example {
                    $0.fstab(root, ExampleFacts.mount(lost, "none", type: "swap", resolution: .notFound))
                }, .fail, codes: ["Fstab.SwapNotFound"]),
            CheckExample(
                "a bind mount of a directory that does not exist",
                .example {
                    $0.fstab(
                        root,
                        ExampleFacts.mount(
                            "/no/such", "/srv", type: "none", options: ["bind"],
                            resolution: .file(exists: .no)))
                }, .fail, codes: ["Fstab.SourceMissing"]),
            CheckExample(
                "a file system type that does not exist",
                .example {
                    var entry = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/srv", type: "nosuchfs")
                    entry.actualType = "ext4"
                    $0.fstab(root, entry)
                }, .fail, codes: ["Fstab.TypeMismatch"]),
            CheckExample(
                "/home as a subvolume that does not exist",
                .example {
                    var entry = ExampleFacts.mount(
                        "UUID=\(ExampleFacts.uuid)", "/home", type: "btrfs", options: ["subvol=@home"])
                    entry.subvolume = SubvolumeReference(stated: "subvol=@home", id: nil, path: nil)
                    $0.fstab(root, entry)
                }, .fail, codes: ["Fstab.SubvolumeMissing"]),
            CheckExample(
                "/srv on a logical volume without one of its physical volumes",
                .example {
                    $0.rootOnLVM()
                    var srv = $0.root
                    srv.id = "lvm:vg0/srv"
                    srv.logicalVolume?.name = "srv"
                    srv.logicalVolume?.missing = ["8fGxAb-0000-0000-0000-0000-0000-000001"]
                    $0.image.volumes.append(srv)
                    $0.fstab(
                        ExampleFacts.mount("/dev/vg0/root", "/", volume: "lvm:vg0/root"),
                        ExampleFacts.mount("/dev/vg0/srv", "/srv", volume: srv.id))
                }, .fail, codes: ["Fstab.VolumeIncomplete"]),
            CheckExample(
                "an EFI system partition, and a kernel without vfat",
                .example {
                    var system = VolumeFacts(id: "mbr:2", size: 64 << 20)
                    system.kind = "vfat"
                    $0.image.volumes.append(system)
                    $0.kernel.drivers["vfat"] = DriverFacts(.absent)
                    $0.fstab(
                        root, ExampleFacts.mount("UUID=1234-ABCD", "/boot/efi", type: "vfat", volume: "mbr:2")
                    )
                }, .fail, codes: ["Fstab.NoDriver"]),
            CheckExample(
                "an NFS mount of a server that is not there",
                .example {
                    $0.fstab(
                        root,
                        ExampleFacts.mount(
                            "192.0.2.1:/export", "/srv", type: "nfs", options: ["_netdev"],
                            resolution: .network))
                }, .pass),
            CheckExample(
                "fstab cannot be read",
                .example { $0.linux.mounts.fstab = .unknown(.example("/etc/fstab")) }, .unknown),
            CheckExample(
                "a logical volume that could not be looked at",
                .example {
                    $0.fstab(
                        root,
                        ExampleFacts.mount("/dev/vg0/srv", "/srv", resolution: .unknown(.example("lvm:vg0"))))
                }, .unknown),
        ]
    }
}
