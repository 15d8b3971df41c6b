import GuestFacts
import Targets

/// What `root=` of one entry comes to, launch by launch.
struct RootParameter {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    private let way: BootWay
    private let context: CheckContext
    private let linux: LinuxFacts

    init(way: BootWay, context: CheckContext, linux: LinuxFacts) {
        self.way = way
        self.context = context
        self.linux = linux
        judgeRoot()
        judgeResume()
    }

    private var line: CommandLineFacts { way.entry.commandLine }

    private mutating func judgeRoot() {
        guard let root = line.root else {
            if way.initramfs.contains(where: { $0.generator == "dracut" }) {
                ask("the command line has no root=; dracut may find the root by its partition type")
            } else {
                stop(
                    "Grub.RootMissing",
                    "The command line of the default entry has no root=, so the initramfs has nothing to mount."
                )
            }
            return
        }
        let name = "root=\(root.specification)"
        switch root.resolution {
        case .volume(linux.rootVolume): judgeSubvolume(root, name)
        case .volume(let other):
            stop("Grub.RootWrong", "\(name) is \(other), but this system is on \(linux.rootVolume).")
        case .ambiguous(let volumes) where volumes.contains(linux.rootVolume):
            ask("\(name) names \(volumes.joined(separator: " and ")); which one is taken is chance")
        case .ambiguous, .notFound:
            stop("Grub.RootNotFound", "\(name) names a file system that does not exist in the image.")
        case .caseMismatch:
            stop(
                "Grub.CaseMismatch",
                "\(name) differs from the volume's own UUID in upper and lower case; names in /dev/disk are compared"
                    + " byte by byte, so it is never found.")
        case .kernelName(let device, let volume): judge(device, volume, name)
        case .hardwarePath:
            stop("Grub.HardwarePath", "\(name) names the hardware of the source machine.")
        case .network: ask("\(name) is on the network, which was not looked at")
        case .virtual, .file: ask("\(name) is not a disk of this image")
        case .unknown(let gap):
            questions.append(
                OpenQuestion(
                    gap, consequence: .stopsBoot, launches: context.scope(way.launches), link: .root))
        }
    }

    /// A kernel name holds where the bus gives the disk that name, and only for the first disk.
    private mutating func judge(_ device: KernelDeviceName, _ volume: VolumeID?, _ name: String) {
        let works = way.launches.filter { launch in
            launch.disk.devicePrefix == device.prefix && device.disk == 0 && volume == linux.rootVolume
        }
        let fails = way.launches.filter { !works.contains($0) }
        if !fails.isEmpty {
            let buses = Set(fails.map(\.disk)).map(\.rawValue).sorted().joined(separator: ", ")
            stop(
                "Grub.DeviceName",
                "\(name) does not exist when the disk is on \(buses): there it is called"
                    + " \(fails[0].disk.deviceName(partition: rootPartition)).",
                launches: fails)
        }
        if !works.isEmpty {
            if let root = line.root { judgeSubvolume(root, name) }
            findings.append(
                Finding(
                    "Grub.DeviceName", .warning,
                    "\(name) is right as long as the disk stays on the same bus and is the first one.",
                    evidence: [line.evidence], fixes: fixes, launches: context.scope(works), link: .root))
        }
    }

    /// On btrfs, `rootflags=` or the default subvolume decide what is mounted.
    private mutating func judgeSubvolume(_ root: RootReference, _ name: String) {
        guard let selected = root.subvolume, let own = linux.rootSubvolume else { return }
        let flags = line.last("rootflags")
        let wanted = own.path.isEmpty ? "subvolid=5" : "subvol=\(own.path)"
        let fix = Fix.commandLine(
            removing: flags.map { ["rootflags=\($0)"] } ?? [], adding: ["rootflags=\(wanted)"],
            "Name the root's subvolume", in: linux)
        let code: String
        let message: String
        if selected.id == nil {
            code = "Grub.SubvolumeMissing"
            message =
                "\(name) is right, but rootflags=\(selected.stated ?? "") selects a subvolume that does not exist: the"
                + " root is not mounted."
        } else if selected.id != own.id {
            code = "Grub.SubvolumeWrong"
            let path = selected.path.map { $0.isEmpty ? "the topmost subvolume" : "the subvolume \($0)" }
            message =
                "\(name) mounts \(path ?? "another subvolume")\(selected.stated == nil ? " by default" : ""), but this"
                + " system is in \(own.path.isEmpty ? "the topmost" : own.path)."
        } else {
            return
        }
        findings.append(
            Finding(
                code, .error, message, evidence: [line.evidence], fixes: [fix], consequence: .stopsBoot,
                launches: context.scope(way.launches), link: .root))
    }

    private mutating func judgeResume() {
        guard let resume = line.last("resume"), !resume.isEmpty, resume != "none" else { return }
        for archive in way.initramfs {
            guard let resolution = archive.resumeResolution else { continue }
            switch resolution {
            case .notFound, .caseMismatch, .hardwarePath:
                findings.append(
                    Finding(
                        "Grub.ResumeMissing", .warning,
                        "resume=\(resume) does not exist, so the initramfs waits for it, half a minute or longer.",
                        evidence: [line.evidence],
                        fixes: [
                            .commandLine(removing: ["resume=\(resume)"], "Take resume= away", in: linux)
                        ], launches: context.scope(way.launches), link: .root))
                return
            default: break
            }
        }
    }

    private var rootPartition: Int? { context.rootVolume(of: linux)?.partitionNumber }

    private var fixes: [Fix] {
        guard let uuid = context.rootVolume(of: linux)?.uuid else {
            return [.updateGrub("Write GRUB's configuration again, with the root's UUID", in: linux)]
        }
        let wanted = "root=UUID=\(uuid)"
        var fixes: [Fix] = []
        if let text = line.evidence.excerpt, let root = line.root,
            let range = text.firstRange(of: "root=\(root.specification)")
        {
            var new = text
            new.replaceSubrange(range, with: wanted)
            fixes.append(.edit("Name the root file system by its UUID", line.evidence, to: new))
        }
        if linux.identity.family == .rhel {
            fixes.append(
                .commandLine(
                    removing: ["root"], adding: [wanted], "Name the root by its UUID everywhere", in: linux))
        } else {
            fixes.append(
                .updateGrub("Or write GRUB's configuration again (it names the root by UUID)", in: linux))
        }
        return fixes
    }

    private mutating func stop(_ code: String, _ message: String, launches: [Launch]? = nil) {
        findings.append(
            Finding(
                code, .error, message, evidence: [line.evidence], fixes: fixes, consequence: .stopsBoot,
                launches: context.scope(launches ?? way.launches), link: .root))
    }

    private mutating func ask(_ message: String) {
        questions.append(
            OpenQuestion(
                message, consequence: .stopsBoot, launches: context.scope(way.launches), link: .root))
    }
}

extension GuestOSGrub {
    static var examples: [CheckExample] {
        let reference = { (specification: String, resolution: DeviceResolution) in
            RootReference(specification: specification, resolution: resolution, needsInitramfs: true)
        }
        let sda1 = reference(
            "/dev/sda1", .kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1"))
        return [
            CheckExample("the default entry names the root by UUID", .example(), .pass),
            CheckExample(
                "root= has a UUID that no volume has",
                .example {
                    $0.commandLine(
                        "root=UUID=\(ExampleFacts.noSuchUUID) ro",
                        root: reference("UUID=\(ExampleFacts.noSuchUUID)", .notFound))
                }, .fail, codes: ["Grub.RootNotFound"]),
            CheckExample(
                "root=/dev/sda1 on virtio-blk and NVMe",
                .example { $0.commandLine("root=/dev/sda1 ro", root: sda1) }, .fail,
                codes: ["Grub.DeviceName"]),
            CheckExample(
                "root=UUID= in capitals",
                .example {
                    $0.commandLine(
                        "root=UUID=C8BD713E", root: reference("UUID=C8BD713E", .caseMismatch("mbr:1")))
                }, .fail, codes: ["Grub.CaseMismatch"]),
            CheckExample(
                "rootflags= selects a subvolume that does not exist",
                .example {
                    $0.rootOnSubvolume(SubvolumeReference(stated: "subvol=@old", id: nil, path: nil))
                }, .fail, codes: ["Grub.SubvolumeMissing"]),
            CheckExample(
                "without rootflags= the topmost subvolume is mounted, and the system is in @",
                .example { $0.rootOnSubvolume(SubvolumeReference(stated: nil, id: 5, path: "")) }, .fail,
                codes: ["Grub.SubvolumeWrong"]),
            CheckExample(
                "rootflags=subvol=@",
                .example { $0.rootOnSubvolume(SubvolumeReference(stated: "subvol=@", id: 256, path: "@")) },
                .pass),
            CheckExample(
                "no root= at all",
                .example {
                    $0.entry.commandLine = ExampleFacts.commandLine("ro quiet")
                }, .fail, codes: ["Grub.RootMissing"]),
            CheckExample(
                "grub.cfg is gone",
                .example {
                    $0.linux.boot.bios.steps.append(
                        BootStep(
                            isFirmware: false, state: .broken, code: "Grub.ConfigMissing",
                            message: "GRUB finds no /boot/grub/grub.cfg and stops at its prompt."))
                    $0.linux.boot.bios.entry = nil
                }, .fail, codes: ["Grub.ConfigMissing"]),
            CheckExample(
                "the kernel file is gone",
                .example {
                    $0.entry.problems = [
                        StructureFinding(
                            code: "Grub.KernelMissing",
                            message: "/boot/vmlinuz-6.1.0-50-amd64 does not exist.",
                            evidence: $0.entry.source)
                    ]
                }, .fail, codes: ["Grub.KernelMissing"]),
            CheckExample(
                "systemd-boot finds no initramfs and does not go on",
                .example {
                    $0.linux.boot.bios.loader = "systemd-boot"
                    $0.linux.boot.bios.steps.append(
                        BootStep(
                            isFirmware: false, state: .broken, code: "Grub.InitrdMissing",
                            message: "/debian/initrd.img does not exist",
                            evidence: [Evidence(path: "/efi/loader/entries/debian.conf", line: 4)]))
                }, .fail, codes: ["Grub.InitrdMissing"]),
            CheckExample(
                "GRUB legacy looks for its root on a second disk",
                .example {
                    $0.linux.boot.bios.loader = "GRUB 0.97"
                    $0.linux.boot.bios.steps.append(
                        BootStep(
                            isFirmware: false, state: .broken, code: "Grub.DeviceMissing",
                            message: "The default entry asks for (hd1,0), which does not exist",
                            evidence: [Evidence(path: "/boot/grub/menu.lst", line: 9)]))
                    $0.linux.boot.bios.entry = nil
                }, .fail, codes: ["Grub.DeviceMissing"]),
            CheckExample(
                "the saved entry names a kernel that was removed: GRUB takes the first one",
                .example {
                    $0.entry.problems = [
                        StructureFinding(
                            code: "Grub.SavedEntryMissing", message: "The saved entry does not exist.",
                            evidence: Evidence(path: "/boot/grub/grubenv"))
                    ]
                }, .fail, codes: ["Grub.SavedEntryMissing"]),
            CheckExample(
                "the configuration cannot be read",
                .example {
                    $0.linux.boot.bios.steps.append(
                        BootStep(isFirmware: false, state: .unknown, message: "grub.cfg could not be read."))
                    $0.linux.boot.bios.entry = nil
                }, .unknown),
            CheckExample(
                "the root is on a volume that could not be opened",
                .example {
                    $0.commandLine(
                        "root=/dev/mapper/vg0-root ro",
                        root: reference("/dev/mapper/vg0-root", .unknown(.example("lvm:vg0"))))
                }, .unknown),
        ]
    }
}
