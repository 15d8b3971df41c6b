import GuestFacts
import Targets

/// `COMPLIANCE.FileSystem`
enum ComplianceFileSystem: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.FileSystem", title: "Kind of root file system", link: .operation,
        summary: "Looks whether the root file system is of a kind that the target and its tools can grow.",
        rationale: """
            ext4 and xfs grow online at first boot. Others boot just as well, but their disks stay as small as they \
            were. The 64bit feature of ext4, which older published rules refuse, has been the default since \
            e2fsprogs 1.43 and is fine.
            """,
        codes: [
            ("FileSystem.NotRecommended", "The root is of a kind that is not grown at first boot."),
            ("FileSystem.OldTools", "The root has a feature that the guest's own tools are too old to grow."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux), let kind = root.kind else {
            return .judged(questions: [OpenQuestion("the kind of the root file system is not known")])
        }
        var findings: [Finding] = []
        let evidence = [Evidence(layer: root.id, excerpt: ([kind] + root.features).joined(separator: " "))]
        switch kind {
        case "ext3", "ext4", "xfs", "btrfs": break
        default:
            findings.append(
                Finding(
                    "FileSystem.NotRecommended", .warning, "The root file system is \(kind).",
                    evidence: evidence,
                    fixes: [.byHand("Move the system to ext4 or xfs")]))
        }
        if kind == "ext4", root.features.contains("64bit"), let tools = linux.identity.packages["e2fsprogs"],
            let version = KernelVersion(tools), version < KernelVersion(1, 43)
        {
            findings.append(
                Finding(
                    "FileSystem.OldTools", .warning,
                    "The root has the 64bit feature, which the guest's e2fsprogs \(tools) cannot grow.",
                    evidence: evidence, fixes: [.install(["e2fsprogs"], "Update e2fsprogs", in: linux)]))
        }
        return .judged(value: kind, "The root file system is \(kind).", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("ext4 with 64bit", .example(), .pass),
            CheckExample(
                "jfs", .example { $0.root.kind = "jfs" }, .fail, codes: ["FileSystem.NotRecommended"]),
            CheckExample(
                "64bit and e2fsprogs of 2013",
                .example { $0.linux.identity.packages["e2fsprogs"] = "1.42.9-4" }, .fail,
                codes: ["FileSystem.OldTools"]),
            CheckExample("the volume could not be opened", .example { $0.root.kind = nil }, .unknown),
        ]
    }
}
