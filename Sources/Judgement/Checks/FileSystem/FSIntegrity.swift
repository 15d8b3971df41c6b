import GuestFacts
import Targets

/// `FS.Integrity`
enum FSIntegrity: Check {
    static let metadata = CheckMetadata(
        id: "FS.Integrity", title: "State of the file systems", link: .root,
        summary: """
            Looks at what the file systems say of themselves: a journal to replay, recorded errors, damaged \
            checksums, a size that exceeds the device.
            """,
        rationale: """
            A journal that has to be replayed is what a running machine leaves; the kernel does it when it mounts. A \
            file system that is larger than its device, or whose first superblock is gone, is refused: the check in \
            the initramfs fails and the boot stops there.
            """,
        codes: [
            ("Fs.LargerThanDevice", "The file system is larger than the device that holds it."),
            ("Fs.BadSuperblock", "The first superblock is damaged; only a backup could be read."),
            ("Fs.DeviceMissing", "A device of a file system on several is not in the image."),
            ("Fs.Hibernated", "A suspended system holds the file system mounted."),
            ("Fs.Errors", "The file system recorded errors."),
            ("Fs.Corrupt", "A checksum over metadata does not match."),
            ("Fs.JournalDirty", "The journal holds changes that are not in place yet."),
            ("Fs.NotClean", "It was not unmounted, and there is no journal."),
            ("Fs.SeveralSignatures", "The volume carries the signatures of several kinds of content."),
            ("Fs.Inconsistent", "It is readable, but contradicts itself somewhere."),
        ],
        references: ["kernel documentation: filesystems/ext4", "e2fsck(8)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        for volume in context.image.volumes {
            let role = VolumeRole(of: volume, context)
            for condition in volume.conditions {
                // What NTFS says of a shutdown is WIN.Volume's.
                if volume.id == context.windows?.rootVolume, ofShutdown.contains(condition.code) { continue }
                let verdict = Condition(condition, volume, role)
                if let finding = verdict.finding { findings.append(finding) }
                if let question = verdict.question { questions.append(question) }
            }
        }
        if context.image.volumes.isEmpty {
            return .notApplicable("no volume was found")
        }
        return .judged(
            "The file systems are clean.", findings: findings, questions: questions)
    }

    /// Conditions that tell how Windows was shut down.
    private static let ofShutdown: Set = ["notClean", "journalNotReplayed", "hibernated"]

    /// What a volume is for.
    private struct VolumeRole {
        enum Use {
            case root
            case required(String)
            case other
        }

        var use = Use.other
        /// The boot loader has its files on it, and reads its file system by itself.
        var isReadByLoader = false

        init(of volume: VolumeFacts, _ context: CheckContext) {
            guard let linux = context.linux else {
                if volume.id == context.windows?.rootVolume { use = .root }
                return
            }
            // Syslinux under UEFI, like systemd-boot, reads what the firmware reads.
            let readsItself = context.firmwarePaths(of: linux).contains {
                $0.path.loader.map { $0 == "Syslinux" || $0.contains("GRUB") } ?? false
            }
            isReadByLoader = readsItself && context.bootVolume(of: linux) == volume.id
            if volume.id == linux.rootVolume {
                use = .root
                return
            }
            for entry in linux.mounts.fstab.value ?? [] where entry.isRequired {
                if entry.resolution.volume == volume.id, entry.type != "swap" {
                    use = .required(entry.mountPoint)
                    return
                }
            }
        }
    }

    /// One condition and what it means for the launch.
    private struct Condition {
        var finding: Finding?
        var question: OpenQuestion?

        init(_ condition: StructureFinding, _ volume: VolumeFacts, _ role: VolumeRole) {
            let device = "the partition with \(volume.uuid.map { "UUID \($0)" } ?? volume.id)"
            let name = "\(volume.kind ?? "The file system") on \(volume.id)"
            let check =
                switch volume.kind {
                case "xfs"?: "xfs_repair"
                case "btrfs"?: "btrfs check"
                case "ntfs"?: "ntfsfix"
                case let kind?: kind.hasPrefix("ext") ? "e2fsck -fy" : "fsck.\(kind)"
                case nil: "fsck"
                }
            let uuid = volume.uuid.map { "/dev/disk/by-uuid/\($0)" } ?? "DEVICE"
            func fail(
                _ code: String, _ severity: Severity, _ text: String, _ consequence: Consequence = .none,
                _ link: LaunchLink? = nil, fix: Fix? = nil
            ) {
                finding = Finding(
                    code, severity, "\(name) \(text) (\(condition.message)).", evidence: [condition.evidence],
                    fixes: [
                        fix
                            ?? Fix(
                                "Check \(device) while it is not mounted", kind: .manual, risk: .medium,
                                commands: ["\(check) \(quoted(uuid))"])
                    ], consequence: consequence, link: link)
            }
            func ask(_ text: String) {
                switch role.use {
                case .root: question = OpenQuestion("\(name): \(text)", consequence: .stopsBoot)
                case .required:
                    question = OpenQuestion("\(name): \(text)", consequence: .stopsBoot, link: .`init`)
                case .other: question = OpenQuestion("\(name): \(text)")
                }
            }
            /// The file system cannot be mounted.
            func refuse(_ code: String, _ text: String) {
                switch role.use {
                case .root: fail(code, .error, text + ", so the root is refused", .stopsBoot)
                case .required(let point):
                    fail(
                        code, .error, text + ", so \(point) is not mounted: emergency mode", .stopsBoot,
                        .`init`)
                case .other: fail(code, .warning, text)
                }
            }
            switch condition.code {
            case "largerThanDevice": refuse("Fs.LargerThanDevice", "is larger than its device")
            case "backupSuperblockUsed":
                let text = "has a damaged first superblock"
                guard role.isReadByLoader else {
                    refuse("Fs.BadSuperblock", text)
                    break
                }
                // The loader reads the same superblock as the kernel, and it comes first.
                fail(
                    "Fs.BadSuperblock", .error, text + ", so the boot loader does not read it", .stopsBoot,
                    .bootloader)
            case "recordedErrors":
                fail("Fs.Errors", .error, "recorded errors")
                ask("whether the check at boot can mend the recorded errors is not known")
            case "checksumMismatch":
                fail("Fs.Corrupt", .error, "has a wrong checksum")
                ask("whether the damage is in something the boot needs is not known")
            case "journalReplayed":
                fail(
                    "Fs.JournalDirty", .warning,
                    "was in use when the image was taken; the kernel replays its journal, a boot loader does not"
                )
            case "journalNotReplayed":
                fail("Fs.JournalDirty", .warning, "was in use when the image was taken")
                ask(
                    "the journal could not be replayed, so what was read may be older than what the guest will see"
                )
            case "deviceMissing":
                // Of the root, FS.RootStack speaks.
                if case .root = role.use { break }
                refuse("Fs.DeviceMissing", "lacks one of its devices")
            case "hibernated":
                fail("Fs.Hibernated", .warning, "is held by a system that was suspended to disk")
                ask("what the suspended system has in memory is newer than what can be read")
            case "ambivalent":
                fail("Fs.SeveralSignatures", .warning, "carries several signatures")
                ask("udev makes no link in /dev/disk for a volume with several signatures")
            case "notClean": fail("Fs.NotClean", .warning, "was not unmounted")
            default: fail("Fs.Inconsistent", .warning, "contradicts itself")
            }
        }
    }

    static var examples: [CheckExample] {
        func root(_ code: String) -> CheckContext {
            .example {
                $0.root.conditions = [
                    StructureFinding(
                        code: code, message: "superblock", evidence: Evidence(layer: "mbr:1 › ext4"))
                ]
            }
        }
        return [
            CheckExample("a clean root", .example(), .pass),
            CheckExample("a clean system volume of Windows", .windows(), .pass),
            CheckExample(
                "the system volume of Windows is larger than its partition",
                .windows {
                    $0.image.volumes[2].conditions = [
                        StructureFinding(
                            code: "largerThanDevice", message: "boot sector",
                            evidence: Evidence(layer: "gpt:3 › ntfs"))
                    ]
                }, .fail, codes: ["Fs.LargerThanDevice"]),
            CheckExample(
                "the image was cut short", root("largerThanDevice"), .fail, codes: ["Fs.LargerThanDevice"]),
            CheckExample(
                "the superblock is overwritten", root("backupSuperblockUsed"), .fail,
                codes: ["Fs.BadSuperblock"]),
            CheckExample(
                "a separate /boot, mounted by hand only, that the boot loader cannot read",
                .example {
                    var boot = $0.root
                    boot.id = "mbr:2"
                    boot.conditions = [
                        StructureFinding(
                            code: "backupSuperblockUsed", message: "superblock",
                            evidence: Evidence(layer: "mbr:2 › ext4"))
                    ]
                    $0.image.volumes.append(boot)
                    $0.fstab(
                        ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/"),
                        ExampleFacts.mount(
                            "LABEL=boot", "/boot", options: ["noauto"], volume: "mbr:2", required: false))
                }, .fail, codes: ["Fs.BadSuperblock"]),
            CheckExample("recorded errors", root("recordedErrors"), .fail, codes: ["Fs.Errors"]),
            CheckExample(
                "a journal that could not be replayed", root("journalNotReplayed"), .fail,
                codes: ["Fs.JournalDirty"]),
            CheckExample("a suspended system", root("hibernated"), .fail, codes: ["Fs.Hibernated"]),
            CheckExample(
                "a data volume without one of its devices",
                .example {
                    var data = VolumeFacts(id: "mbr:2", size: 1 << 30)
                    data.kind = "btrfs"
                    data.conditions = [
                        StructureFinding(
                            code: "deviceMissing", message: "device 2 of 2 is not here",
                            evidence: Evidence(layer: "mbr:2 › btrfs"))
                    ]
                    $0.image.volumes.append(data)
                }, .fail, codes: ["Fs.DeviceMissing"]),
            CheckExample(
                "a snapshot of a running machine", root("journalReplayed"), .fail, codes: ["Fs.JournalDirty"]),
            CheckExample(
                "no volume",
                .withoutSystem { $0.volumes = [] }, .notApplicable),
        ]
    }
}
