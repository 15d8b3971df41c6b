import GuestFacts
import Targets

/// `COMPLIANCE.DeviceId`
enum ComplianceDeviceID: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.DeviceId", title: "Stable device names", link: .operation,
        summary:
            "Looks for kernel names of disks (/dev/sda1, /dev/vda1) in fstab, crypttab and on the command line.",
        rationale: """
            Kernel names depend on the bus and on the order of the disks: what is sda on one instance is vda or \
            nvme0n1 on the next. UUID and LABEL stay.
            """,
        codes: [("DeviceId.KernelName", "A disk is named by its kernel name.")],
        references: ["fstab(5)", "udev(7)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        // GUESTOS.Fstab and GUESTOS.Grub say what a name means for a launch.
        func add(_ name: String, _ evidence: Evidence, _ fixes: [Fix]) {
            findings.append(
                Finding(
                    "DeviceId.KernelName", .warning,
                    "\(name) is a kernel name, which changes with the disk's bus.",
                    evidence: [evidence], fixes: fixes))
        }
        switch linux.mounts.fstab {
        case .unknown(let gap): questions.append(OpenQuestion(gap))
        case .known(let entries):
            for entry in entries + linux.mounts.units {
                if case .kernelName = entry.resolution {
                    add(entry.specification, entry.evidence, FstabFix.fixes(for: entry, context, linux))
                }
            }
        }
        for crypt in linux.mounts.crypttab {
            if case .kernelName = crypt.resolution {
                add(crypt.specification, crypt.evidence, [.byHand("Name the device by UUID=")])
            }
        }
        let survey = context.boots(of: linux)
        for way in survey.ways {
            guard let root = way.entry.commandLine.root, case .kernelName = root.resolution else { continue }
            let uuid = context.rootVolume(of: linux)?.uuid
            add(
                "root=\(root.specification)", way.entry.commandLine.evidence,
                [
                    uuid.map {
                        .commandLine(
                            removing: ["root=\(root.specification)"], adding: ["root=UUID=\($0)"],
                            "Name the root by its UUID", in: linux)
                    } ?? .updateGrub("Write GRUB's configuration again", in: linux)
                ])
        }
        for way in survey.ways {
            for resume in way.entry.commandLine.all("resume") where resume.hasPrefix("/dev/") {
                guard !["mapper/", "disk/", "md/"].contains(where: { resume.dropFirst(5).hasPrefix($0) }),
                    resume.split(separator: "/").count == 2
                else { continue }
                add(
                    "resume=\(resume)", way.entry.commandLine.evidence,
                    [.commandLine(removing: ["resume=\(resume)"], "An instance does not sleep", in: linux)])
            }
        }
        return .judged(
            "All disks are named by UUID, label or volume.", findings: findings,
            questions: questions + survey.questions)
    }

    static var examples: [CheckExample] {
        let sda1 = DeviceResolution.kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1")
        return [
            CheckExample("UUIDs everywhere", .example(), .pass),
            CheckExample(
                "fstab with /dev/sda1",
                .example { $0.fstab(ExampleFacts.mount("/dev/sda1", "/", resolution: sda1)) }, .fail,
                codes: ["DeviceId.KernelName"]),
            CheckExample(
                "root=/dev/vda1",
                .example {
                    let name = KernelDeviceName(prefix: "vd", disk: 0, partition: 1)
                    $0.commandLine(
                        "root=/dev/vda1 ro",
                        root: RootReference(
                            specification: "/dev/vda1", resolution: .kernelName(name, "mbr:1"),
                            needsInitramfs: false))
                }, .fail, codes: ["DeviceId.KernelName"]),
            CheckExample(
                "resume=/dev/sda2",
                .example { $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro resume=/dev/sda2") },
                .fail, codes: ["DeviceId.KernelName"]),
            CheckExample(
                "fstab cannot be read",
                .example { $0.linux.mounts.fstab = .unknown(.example("/etc/fstab")) }, .unknown),
        ]
    }
}
