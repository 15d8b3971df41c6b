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
            ("Timezone.NotStandard", "/etc/localtime is a file that is no known zone; Windows names none."),
        ], references: ["localtime(5)", "Windows: DYNAMIC_TIME_ZONE_INFORMATION, TimeZoneKeyName"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows { return evaluate(windows) }
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
                                "ln -sfn \(quoted("../usr/share/zoneinfo/" + zone)) /etc/localtime"
                            ] + naming(zone, operation, linux))
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
                "/etc/localtime names \(zone.value), \(file.evidence.path ?? "/etc/timezone") names \(file.value).",
                [zone.evidence, file.evidence], zone: zone.value)
        }
        return .info(
            value: zone.value, findings: findings,
            questions: operation.timeZoneExists == .unknown && operation.zoneDatabase != .no
                ? [OpenQuestion("the guest's zone database could not be read")] : [],
            evidence: [zone.evidence])
    }

    /// The file beside the link that the family's tools write: Red Hat up to 6 and SUSE up to 11 have a variable in
    /// one, Debian and Gentoo a file of its own, the others none.
    private static func naming(_ zone: String, _ operation: OperationFacts, _ linux: LinuxFacts) -> [String] {
        if operation.timeZoneFile?.evidence.path == "/etc/sysconfig/clock" {
            let name = linux.identity.family == .suse ? "TIMEZONE" : "ZONE"
            let pattern = zone.split(separator: "/", omittingEmptySubsequences: false).joined(
                separator: "\\/")
            return ["sed -i \(quoted("s/^\(name)=.*/\(name)=\"\(pattern)\"/")) /etc/sysconfig/clock"]
        }
        let hasFile = linux.identity.family == .debian || linux.identity.family == .gentoo
        return hasFile || operation.timeZoneFile != nil ? ["echo \(quoted(zone)) > /etc/timezone"] : []
    }

    private static func evaluate(_ windows: WindowsFacts) -> CheckOutcome {
        guard let zone = windows.agents.timeZone else {
            return .info(
                value: nil, questions: [OpenQuestion("the time zone could not be read")])
        }
        func fail(_ code: String, _ message: String) -> CheckOutcome {
            .info(
                value: zone.name ?? zone.standardName,
                findings: [
                    Finding(
                        code, .info, message, evidence: [zone.evidence],
                        fixes: [
                            Fix(
                                "Set the zone by its name in the source system", where: .online,
                                kind: .online,
                                commands: ["tzutil /s \"UTC\""]),
                            .registry(
                                "Or name it in the image; the offsets beside it stay as they are",
                                risk: .medium,
                                [.set(key: zone.key, name: "TimeZoneKeyName", .string("UTC"))]),
                        ])
                ])
        }
        guard let name = zone.name else {
            // Before Vista there is no such value.
            if windows.identity.generation == .ntldr { return .info(value: zone.standardName) }
            return fail("Timezone.NotStandard", "Windows names no time zone.")
        }
        if zone.exists == .no {
            return fail("Timezone.Unknown", "\(name) is not among the time zones of this Windows.")
        }
        return .info(
            value: name,
            questions: zone.exists == .unknown
                ? [OpenQuestion("the time zones of this Windows could not be read")] : [],
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
                "no zone database on a minimal system",
                .example {
                    $0.linux.operation.timeZoneExists = .unknown
                    $0.linux.operation.zoneDatabase = .no
                }, .info),
            CheckExample(
                "a zone that does not exist", .example { $0.linux.operation.timeZoneExists = .no }, .fail,
                codes: ["Timezone.Unknown"]),
            CheckExample(
                "a copied file of no zone",
                .example {
                    $0.linux.operation.timeZone = nil
                    $0.linux.operation.localtimeIsCopy = true
                }, .fail, codes: ["Timezone.NotStandard"]),
            CheckExample("Windows, a zone of its own list", .windows(), .info),
            CheckExample(
                "Windows, a zone that it does not know",
                .windows {
                    $0.windows.agents.timeZone?.name = "Moon Standard Time"
                    $0.windows.agents.timeZone?.exists = .no
                }, .fail, codes: ["Timezone.Unknown"]),
            CheckExample(
                "Windows, no zone", .windows { $0.windows.agents.timeZone?.name = nil }, .fail,
                codes: ["Timezone.NotStandard"]),
            CheckExample(
                "Windows, the zones could not be read",
                .windows { $0.windows.agents.timeZone?.exists = .unknown }, .unknown),
            CheckExample(
                "the database could not be read", .example { $0.linux.operation.timeZoneExists = .unknown },
                .unknown),
        ]
    }
}
