import GuestFacts
import Targets

/// `COMPLIANCE.InodeUsage`
enum ComplianceInodeUsage: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.InodeUsage", title: "Free inodes", link: .provisioning,
        summary: "Looks how many inodes the root has left.",
        rationale: """
            Without inodes no file can be made, whatever space there is: the guest boots and lets keys in, and \
            first-boot customisation fails.
            """,
        codes: [
            ("InodeUsage.Full", "There are fewer than 100 inodes left."),
            ("InodeUsage.High", "More than nine tenths of the inodes are used."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux), let usage = root.usage else {
            return .judged(questions: [OpenQuestion("how many inodes are used could not be read")])
        }
        guard !root.isReadOnlyByNature else {
            return .judged(value: "readOnly", "The root is a \(root.kind ?? ""), which is never written to.")
        }
        guard usage.totalInodes > 0 else {
            return .judged(value: "dynamic", "The file system makes inodes as they are needed.")
        }
        let percent = ComplianceDiskUsage.percentUsed(usage.totalInodes, free: usage.freeInodes)
        let evidence = [
            Evidence(layer: root.id, excerpt: "\(usage.freeInodes) of \(usage.totalInodes) inodes are free")
        ]
        let fix = Fix(
            "Remove directories with very many small files", where: .online, kind: .manual,
            commands: ["du --inodes -x / | sort -n | tail -n 20"])
        var findings: [Finding] = []
        if usage.freeInodes < 100 {
            findings.append(
                Finding(
                    "InodeUsage.Full", .error,
                    "The root has \(usage.freeInodes) inodes left: no file can be made, first-boot customisation fails.",
                    evidence: evidence, fixes: [fix], consequence: .notReady))
        } else if percent > 90 {
            findings.append(
                Finding(
                    "InodeUsage.High", .warning, "\(percent) per cent of the root's inodes are used.",
                    evidence: evidence, fixes: [fix], link: .operation))
        }
        return .judged(value: "\(percent)%", "There are inodes left.", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("a tenth is used", .example(), .pass),
            CheckExample(
                "no inode is left", .example { $0.root.usage?.freeInodes = 0 }, .fail,
                codes: ["InodeUsage.Full"]),
            CheckExample(
                "95 per cent are used", .example { $0.root.usage?.freeInodes = 9800 }, .fail,
                codes: ["InodeUsage.High"]),
            CheckExample("xfs has no fixed number", .example { $0.root.usage?.totalInodes = 0 }, .pass),
            CheckExample(
                "a squashfs has as many as it has files",
                .example {
                    $0.root.kind = "squashfs"
                    $0.root.usage?.freeInodes = 0
                }, .pass),
            CheckExample("the usage could not be read", .example { $0.root.usage = nil }, .unknown),
        ]
    }
}
