import GuestFacts
import Targets

/// `GUESTOS.Disk`
enum GuestOSDisk: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Disk", title: "Disk filter drivers", link: .root,
        summary: """
            Reads the filter drivers of the class of disks (UpperFilters and LowerFilters) and looks for the record \
            and the file of each. The partition manager has to be one of them.
            """,
        rationale: """
            Tools for backup, encryption and migration put filters over the disks. Where a filter is named and its \
            driver is gone, no disk starts, and Windows stops with 0x7B.
            """,
        codes: [
            ("Disk.FilterDriverMissing", "A filter of the disks cannot be loaded."),
            (
                "Disk.PartmgrMissing",
                "The partition manager is not among the filters: disks have no partitions."
            ),
        ],
        references: ["Windows drivers: Device filter driver ordering", "ECS: image check items"])

    private static let subject = "the class of disks"

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let review = ClassFilterReview(
            windows, .diskDrive, code: "Disk.FilterDriverMissing", subject: subject, consequence: .stopsBoot)
        var findings = review.findings
        var questions = review.questions
        let upper = windows.drivers.filters(of: .diskDrive, .upper)
        let names = upper?.names ?? []
        if let gap = windows.hiveGap {
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
        } else if upper?.gap == nil, !names.contains(where: { $0.lowercased() == "partmgr" }) {
            let key =
                upper?.key
                ?? "HKLM\\SYSTEM\\\(windows.controlSetName)\\Control\\Class\\{\(DeviceClass.diskDrive.rawValue)}"
            findings.append(
                Finding(
                    "Disk.PartmgrMissing", .error,
                    "The partition manager (partmgr) is not among the upper filters of the disks: no partition of"
                        + " any disk appears, and Windows stops with 0x7B.",
                    evidence: [
                        upper?.evidence ?? Evidence(path: key, excerpt: "UpperFilters is absent")
                    ],
                    fixes: [
                        .registry(
                            "Put partmgr back",
                            [.set(key: key, name: "UpperFilters", .multiString(["partmgr"] + names))])
                    ],
                    consequence: .stopsBoot))
        }
        let all = names + (windows.drivers.filters(of: .diskDrive, .lower)?.names ?? [])
        return .judged(
            value: all.isEmpty ? nil : all.joined(separator: ", "),
            "Every filter of the disks can be loaded.",
            findings: findings, questions: questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("partmgr and EhStorClass", .windows(), .pass),
            CheckExample(
                "a filter of a backup program whose driver is gone",
                .windows { $0.filter(.diskDrive, .lower, "EhStorClass", "snapman") }, .fail,
                codes: ["Disk.FilterDriverMissing"]),
            CheckExample(
                "a filter that starts on demand, with its file",
                .windows {
                    $0.addDriver("snapman", start: 3)
                    $0.filter(.diskDrive, .upper, "partmgr", "snapman")
                }, .pass),
            CheckExample(
                "a filter whose name ends in a blank",
                .windows {
                    $0.addDriver("snapman", start: 3)
                    $0.filter(.diskDrive, .upper, "partmgr", "snapman ")
                }, .fail, codes: ["Disk.FilterDriverMissing"]),
            CheckExample(
                "a filter that is disabled",
                .windows {
                    $0.addDriver("prl_strg", start: 4)
                    $0.filter(.diskDrive, .lower, "prl_strg")
                }, .fail, codes: ["Disk.FilterDriverMissing"]),
            CheckExample(
                "no partition manager", .windows { $0.filter(.diskDrive, .upper) }, .fail,
                codes: ["Disk.PartmgrMissing"]),
            CheckExample(
                "the file of a filter could not be read",
                .windows { $0[service: "partmgr"].program?.state = .unreadable }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}

extension WindowsFacts {
    /// Why nothing that is absent below the control set can be trusted to be absent.
    var hiveGap: Gap? { services.gap }
}
