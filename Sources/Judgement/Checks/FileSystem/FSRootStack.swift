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
            ("RootStack.MissingPv", "Part of the volume group, array or file system is on another disk.")
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux) else {
            return .judged(
                questions: [
                    OpenQuestion(
                        "the volume \(linux.rootVolume) of the root is not known", consequence: .stopsBoot)
                ])
        }
        if let gap = root.gap {
            if gap.kind == .absent {
                return .judged(
                    findings: [
                        Finding(
                            "RootStack.MissingPv", .error,
                            "Part of what the root is on is not in this image: \(gap.message).",
                            evidence: [Evidence(layer: gap.where)],
                            fixes: [.byHand("Export the other disks as well, or move the root to one disk")],
                            consequence: .stopsBoot)
                    ])
            }
            return .judged(questions: [OpenQuestion(gap, consequence: .stopsBoot)])
        }
        return .judged(value: root.id, "The root is on \(root.id), which is whole.")
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
            CheckExample("no system", .withoutSystem(), .notApplicable),
        ]
    }
}
