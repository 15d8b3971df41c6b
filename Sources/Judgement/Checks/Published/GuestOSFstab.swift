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
            the console, no network. mountall of Ubuntu 12.04 and 14.04 asks at the console and waits for the answer; \
            the scripts of Red Hat 5 and 6, SUSE 11 and Debian 7 stop where the sixth field wants a check; OpenRC goes \
            on, and without the network where localmount is old. The root itself is different: it is already mounted, from root= of the command \
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
            (
                "Fstab.Network",
                "A network mount has neither nofail nor _netdev, or is a share of the old hypervisor."
            ),
            ("Fstab.CryptDevice", "crypttab names a device that does not exist."),
            ("Fstab.CryptKey", "crypttab asks for a passphrase, or its key file does not exist."),
            ("Fstab.Syntax", "A line is not an entry and is ignored, or is odd in a way that does no harm."),
        ],
        references: [
            "fstab(5)", "systemd.mount(5)", "systemd-fstab-generator(8)", "mountall(8)", "OpenRC: localmount",
            "kernel documentation: admin-guide/xfs, removed mount options",
        ])

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

    static var examples: [CheckExample] { common + families }

    private static var common: [CheckExample] {
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

    /// What differs from family to family and from version to version.
    private static var families: [CheckExample] {
        let root = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/")
        let lost = "UUID=\(ExampleFacts.noSuchUUID)"
        func missing(_ failure: MountFailure, _ program: MountProgram) -> CheckContext {
            .example {
                var entry = ExampleFacts.mount(lost, "/srv", resolution: .notFound)
                entry.ifMissing = failure
                entry.ifRefused = failure
                $0.fstab(root, entry)
                $0.linux.mounts.program = Located(program, Evidence(path: "/sbin/init"))
            }
        }
        func xfs(_ options: [String], kernel: String) -> CheckContext {
            .example {
                var data = VolumeFacts(id: "mbr:2", size: 1 << 30)
                data.kind = "xfs"
                $0.image.volumes.append(data)
                $0.kernel.version = kernel
                $0.fstab(
                    root, ExampleFacts.mount("UUID=1", "/srv", type: "xfs", options: options, volume: data.id)
                )
            }
        }
        func crypt(_ change: (inout CryptEntry) -> Void) -> CheckContext {
            .example {
                var entry = CryptEntry(
                    name: "data", specification: "UUID=5", resolution: .volume("mbr:2"), isRequired: true,
                    evidence: Evidence(path: "/etc/crypttab", line: 1, excerpt: "data UUID=5 none luks"))
                change(&entry)
                $0.linux.mounts.crypttab = [entry]
            }
        }
        return [
            CheckExample(
                "a data disk that is not in the image, on Ubuntu 14.04", missing(.waits, .mountall), .fail,
                codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "the same on CentOS 6, to be checked", missing(.maintenanceShell, .scripts), .fail,
                codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "the same on CentOS 6, not to be checked", missing(.goesOn, .scripts), .fail,
                codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "/ by a UUID that does not exist, on CentOS 6, which checks it by that name",
                .example {
                    var entry = ExampleFacts.mount(lost, "/", resolution: .notFound)
                    entry.ifMissing = .maintenanceShell
                    $0.fstab(entry)
                }, .fail, codes: ["Fstab.RootWrong"]),
            CheckExample(
                "the same on an old OpenRC", missing(.noServices, .openrc), .fail,
                codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "nobarrier on xfs with Linux 4.18", xfs(["nobarrier"], kernel: "4.18.0-25-generic"), .pass),
            CheckExample(
                "nobarrier on xfs with Linux 5.4", xfs(["nobarrier"], kernel: "5.4.0-42-generic"), .fail,
                codes: ["Fstab.BadOption"]),
            CheckExample(
                "nobarrier on xfs with the kernel of Red Hat 8",
                xfs(["noatime", "nobarrier"], kernel: "4.18.0-305.el8.x86_64"), .fail,
                codes: ["Fstab.BadOption"]),
            CheckExample(
                "an option that ext4 does not know",
                .example {
                    var entry = ExampleFacts.mount("UUID=2", "/srv", options: ["defualts"], volume: "mbr:1")
                    entry.ifRefused = .emergency
                    $0.fstab(root, entry)
                }, .fail, codes: ["Fstab.BadOption"]),
            CheckExample(
                "options that only mount(8) knows",
                .example {
                    $0.fstab(
                        root,
                        ExampleFacts.mount(
                            "UUID=2", "/srv", options: ["user", "x-systemd.growfs", "comment=cloudconfig"],
                            volume: "mbr:1"))
                }, .pass),
            CheckExample(
                "a carriage return at the end of the options, and a systemd that reads it",
                .example {
                    var entry = ExampleFacts.mount("UUID=2", "/srv", options: ["defaults\r"], volume: "mbr:1")
                    entry.badOptions = ["defaults\\r"]
                    $0.fstab(root, entry)
                }, .fail, codes: ["Fstab.BadOption"]),
            CheckExample(
                "a carriage return behind the options of a tmpfs",
                .example { $0.fstab(root, ExampleFacts.virtualMount("tmpfs", "/tmp", "size=1g")) }, .fail,
                codes: ["Fstab.BadOption"]),
            CheckExample(
                "a carriage return behind the options of debugfs, which reads none",
                .example {
                    $0.fstab(root, ExampleFacts.virtualMount("debugfs", "/sys/kernel/debug", "defaults"))
                }, .fail, codes: ["Fstab.Syntax"]),
            CheckExample(
                "a carriage return behind the type of a tmpfs, which has no options",
                .example { $0.fstab(root, ExampleFacts.virtualMount("tmpfs", "/tmp", nil)) }, .fail,
                codes: ["Fstab.BadOption"]),
            CheckExample(
                "the same on a mount point that systemd sets up itself",
                .example {
                    var entry = ExampleFacts.virtualMount("proc", "/proc", "defaults")
                    entry.isRequired = false
                    entry.ifRefused = .goesOn
                    $0.fstab(root, entry)
                }, .fail, codes: ["Fstab.BadOption"]),
            CheckExample(
                "a carriage return, and a systemd whose version is not known",
                .example {
                    var entry = ExampleFacts.mount("UUID=2", "/srv", volume: "mbr:1")
                    entry.doubt = "the line ends in a carriage return"
                    $0.fstab(root, entry)
                }, .unknown),
            CheckExample(
                "a shared folder of VirtualBox",
                .example {
                    $0.fstab(root, ExampleFacts.mount("share", "/srv", type: "vboxsf", resolution: .network))
                }, .fail, codes: ["Fstab.Network"]),
            CheckExample(
                "an NFS mount that does not say that it is one",
                .example {
                    $0.fstab(
                        root,
                        ExampleFacts.mount(
                            "192.0.2.1:/export", "/srv", type: "nfs", resolution: .network, required: false))
                }, .fail, codes: ["Fstab.Network"]),
            CheckExample(
                "a mount unit whose device is not in the image",
                .example {
                    $0.linux.mounts.units = [ExampleFacts.mount(lost, "/srv", resolution: .notFound)]
                }, .fail, codes: ["Fstab.DeviceNotFound"]),
            CheckExample(
                "crypttab asks for a passphrase", crypt { $0.asksForPassphrase = true }, .fail,
                codes: ["Fstab.CryptKey"]),
            CheckExample(
                "crypttab names a key file that does not exist",
                crypt {
                    $0.keyFile = "/etc/keys/data"
                    $0.keyFileExists = .no
                }, .fail, codes: ["Fstab.CryptKey"]),
            CheckExample(
                "crypttab opens what is not there", crypt { $0.resolution = .notFound }, .fail,
                codes: ["Fstab.CryptDevice"]),
            CheckExample(
                "no line for / on a system that is updated as an image",
                .example {
                    $0.fstab()
                    $0.linux.identity.imageBased = Located(.ostree, Evidence(path: "/ostree"))
                }, .pass),
            CheckExample(
                "/srv as /dev/hda2 on CentOS 5 with an IDE disk",
                .example {
                    $0.target = .kvm
                    $0.launches = [Launch(disk: .ide, firmware: .bios)]
                    $0.linux.identity.family = .rhel
                    $0.linux.identity.version = "5.11"
                    let name = KernelDeviceName(prefix: "hd", disk: 0, partition: 2)
                    $0.fstab(
                        root, ExampleFacts.mount("/dev/hda2", "/srv", resolution: .kernelName(name, "mbr:1")))
                }, .fail, codes: ["Fstab.DeviceName"]),
        ]
    }
}
