import GuestFacts
import Targets

/// `GUESTOS.StandardizedTimezone`
enum GuestOSStandardizedTimezone: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.StandardizedTimezone", title: "Time zone", link: .operation,
        summary:
            "Reports the time zone, and whether its name is in the guest's zone database and the same everywhere.",
        rationale:
            "Tools that change the zone go by its name; a copied file without one cannot follow new rules.",
        codes: [
            ("Timezone.Inconsistent", "/etc/localtime and /etc/timezone name different zones."),
            ("Timezone.Unknown", "The zone is not in the guest's database."),
            ("Timezone.NotStandard", "/etc/localtime is a file that is no known zone."),
        ], references: ["localtime(5)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let operation = linux.operation
        var findings: [Finding] = []
        func add(_ code: String, _ message: String, _ evidence: [Evidence], zone: String) {
            findings.append(
                Finding(
                    code, .info, message, evidence: evidence,
                    fixes: [
                        Fix(
                            "Set the zone by its name", kind: .autoEdit,
                            commands: [
                                "ln -sfn \(quoted("../usr/share/zoneinfo/" + zone)) /etc/localtime",
                                "echo \(quoted(zone)) > /etc/timezone",
                            ])
                    ]))
        }
        if operation.localtimeIsCopy {
            add(
                "Timezone.NotStandard", "/etc/localtime is a file that is no known zone.",
                [Evidence(path: "/etc/localtime")], zone: operation.timeZoneFile?.value ?? "Etc/UTC")
        }
        guard let zone = operation.timeZone else {
            return .info(value: "UTC", "The guest names no zone, so it uses UTC.", findings: findings)
        }
        if operation.timeZoneExists == .no {
            add(
                "Timezone.Unknown", "\(zone.value) is not in the guest's zone database.", [zone.evidence],
                zone: "Etc/UTC")
        }
        if let file = operation.timeZoneFile, canonical(file.value) != canonical(zone.value) {
            add(
                "Timezone.Inconsistent",
                "/etc/localtime names \(zone.value), /etc/timezone names \(file.value).",
                [zone.evidence, file.evidence], zone: zone.value)
        }
        return .info(
            value: zone.value, findings: findings,
            questions: operation.timeZoneExists == .unknown
                ? [OpenQuestion("the guest's zone database could not be read")] : [],
            evidence: [zone.evidence])
    }

    private static func canonical(_ zone: String) -> String {
        ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"].contains(zone)
            ? "UTC" : zone
    }

    static var examples: [CheckExample] {
        let file = Evidence(path: "/etc/timezone", line: 1)
        return [
            CheckExample("Etc/UTC", .example(), .info),
            CheckExample(
                "two names for UTC", .example { $0.linux.operation.timeZoneFile = Located("UTC", file) },
                .info),
            CheckExample(
                "two different zones",
                .example { $0.linux.operation.timeZoneFile = Located("Asia/Shanghai", file) }, .fail,
                codes: ["Timezone.Inconsistent"]),
            CheckExample(
                "a zone that does not exist", .example { $0.linux.operation.timeZoneExists = .no }, .fail,
                codes: ["Timezone.Unknown"]),
            CheckExample(
                "a copied file of no zone",
                .example {
                    $0.linux.operation.timeZone = nil
                    $0.linux.operation.localtimeIsCopy = true
                }, .fail, codes: ["Timezone.NotStandard"]),
            CheckExample(
                "the database could not be read", .example { $0.linux.operation.timeZoneExists = .unknown },
                .unknown),
        ]
    }
}
