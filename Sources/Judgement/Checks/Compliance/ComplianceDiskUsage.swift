import GuestFacts
import Targets

/// `COMPLIANCE.DiskUsage`
enum ComplianceDiskUsage: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.DiskUsage", title: "Free space", link: .provisioning,
        summary: "Looks how full the root and /boot are.",
        rationale: """
            A full root boots and lets keys in, but what is written at first boot fails: the hostname, the password, \
            the keys. Mending needs room as well: 100 MB on the root, 50 MB on /boot for a new initramfs.
            """,
        codes: [
            ("DiskUsage.Full", "There is no room left on the root."),
            ("DiskUsage.High", "The root is more than nine tenths full."),
            ("DiskUsage.BootFull", "/boot has no room for a new initramfs."),
        ])

    /// What virt-v2v asks for before it changes a guest.
    private static let rootNeeds: UInt64 = 100_000_000
    private static let bootNeeds: UInt64 = 50_000_000
    /// Below this nothing can be written for lack of blocks.
    private static let nothing: UInt64 = 1 << 20

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux), let usage = root.usage, usage.totalBytes > 0 else {
            return .judged(questions: [OpenQuestion("how full the root is could not be read")])
        }
        var findings: [Finding] = []
        // First-boot programs run as root and may use the reserved blocks.
        let percent = percentUsed(usage.totalBytes, free: usage.freeBytes)
        let evidence = [
            Evidence(layer: root.id, excerpt: "\(usage.freeBytes) of \(usage.totalBytes) bytes are free")
        ]
        let clean = cleaning(linux)
        // A squashfs is full from the day it is made.
        if root.isReadOnlyByNature {
            // Nothing is ever written to it.
        } else if usage.freeBytes < nothing {
            findings.append(
                Finding(
                    "DiskUsage.Full", .error,
                    "The root is full: the guest boots, but nothing can be written and first-boot customisation fails.",
                    evidence: evidence, fixes: [clean], consequence: .notReady))
        } else if percent > 90 || usage.freeBytes < rootNeeds {
            findings.append(
                Finding(
                    "DiskUsage.High", .warning,
                    percent > 90
                        ? "The root is \(percent) per cent full."
                        : "The root has \(usage.freeBytes >> 20) MiB left, too little for an update.",
                    evidence: evidence, fixes: [clean], link: .operation))
        }
        let bootID = context.bootVolume(of: linux)
        if bootID != root.id, let boot = context.image.volume(bootID)?.usage, boot.freeBytes < bootNeeds {
            findings.append(
                Finding(
                    "DiskUsage.BootFull", .warning,
                    "/boot has \(boot.freeBytes >> 20) MiB left, too little for an initramfs.",
                    evidence: [Evidence(layer: bootID, excerpt: "\(boot.freeBytes) bytes are free")],
                    fixes: [.byHand("Remove old kernels")], link: .operation))
        }
        if root.isReadOnlyByNature {
            return .judged(
                value: "readOnly", "The root is a \(root.kind ?? ""), which is never written to.",
                findings: findings)
        }
        return .judged(value: "\(percent)%", "There is room on the root.", findings: findings)
    }

    static func percentUsed(_ total: UInt64, free: UInt64) -> Int {
        guard total > 0, free <= total else { return 0 }
        return Int(Double(total - free) / Double(total) * 100)
    }

    private static func cleaning(_ linux: LinuxFacts) -> Fix {
        let command =
            switch linux.identity.family {
            case .debian: "apt-get clean && apt-get -y autoremove --purge"
            case .rhel: "yum clean all"
            case .suse: "zypper clean --all"
            case .arch: "pacman -Scc --noconfirm"
            case .alpine: "apk cache clean"
            default: "du -x / | sort -n | tail -n 20"
            }
        return Fix(
            "Make room, or make the disk larger", where: .online, kind: .manual,
            commands: linux.initSystem.program.value?.value == .systemd
                ? [command, "journalctl --vacuum-size=50M"] : [command])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("a third is used", .example(), .pass),
            CheckExample(
                "no block is left", .example { $0.root.usage?.freeBytes = 0 }, .fail,
                codes: ["DiskUsage.Full"]),
            CheckExample(
                "95 per cent are used", .example { $0.root.usage?.freeBytes = 161_000_000 }, .fail,
                codes: ["DiskUsage.High"]),
            CheckExample(
                "a squashfs, which is always full",
                .example {
                    $0.root.kind = "squashfs"
                    $0.root.usage?.freeBytes = 0
                }, .pass),
            CheckExample("the usage could not be read", .example { $0.root.usage = nil }, .unknown),
        ]
    }
}

extension VolumeFacts {
    /// A file system that is made once and never written to: it has no free space and needs none.
    var isReadOnlyByNature: Bool {
        ["squashfs", "squashfs3", "erofs", "cramfs", "romfs", "iso9660"].contains(kind ?? "")
    }
}
