import GuestFacts
import Targets

/// `OS.Lifecycle`
enum OSLifecycle: Check {
    static let metadata = CheckMetadata(
        id: "OS.Lifecycle", title: "Maintenance of the system", link: .operation,
        summary: """
            Compares the version of the system with the dates on which its maintenance ends, and with the systems that \
            the target's import takes.
            """,
        rationale: """
            A system without updates keeps its holes. Imports refuse systems that they do not know; they are launched \
            all the same when the disk is brought in another way.
            """,
        codes: [
            ("Lifecycle.Ended", "Nobody maintains this version any more."),
            (
                "Lifecycle.ExtendedOnly",
                "Updates come from an extended programme only, which has to be bought or joined."
            ),
            ("Lifecycle.NotImported", "The import of the target does not list the system."),
        ],
        references: ["the life cycle pages of the distributions and of Microsoft (Data/lifecycle.tsv)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let version: String
        let row: LifecycleTable.Row?
        let evidence: [Evidence]
        var findings: [Finding] = []
        if let windows = context.windows {
            let identity = windows.identity
            guard let build = identity.build else {
                return .judged(questions: [OpenQuestion("the registry does not say the build of Windows")])
            }
            version = "\(identity.name) (\(build))"
            row = LifecycleTable.shared.row(
                build: build, isServer: identity.isServer ?? true, edition: identity.edition)
            evidence = identity.evidence
        } else if let linux = context.linux {
            let identity = linux.identity
            version =
                identity.name
                ?? [identity.distribution, identity.version].compactMap { $0 }.joined(separator: " ")
            row = LifecycleTable.shared.row(for: identity)
            evidence = identity.evidence.isEmpty ? [Evidence(path: "/etc/os-release")] : identity.evidence
            if let finding = notImported(version, context.target, identity, evidence) {
                findings.append(finding)
            }
        } else {
            return context.withoutLinux
        }
        guard let row else {
            return findings.isEmpty
                ? .notApplicable("no date is known for \(version)")
                : .judged(value: version, findings: findings)
        }
        let today = LifecycleTable.date(context.now)
        if row.end >= today {
            return .judged(
                value: "until \(row.end)", "\(version) is maintained.", findings: findings, evidence: evidence
            )
        }
        guard let extended = row.extended.first(where: { $0.end >= today }) else {
            let last = row.extended.map { "; \($0.name) ended on \($0.end)" }.joined()
            findings.append(
                finding(
                    "Lifecycle.Ended", "\(version) is maintained no more since \(row.end)\(last).", evidence))
            return .judged(value: "ended \(row.extended.last?.end ?? row.end)", findings: findings)
        }
        // Extended maintenance that everybody gets is maintenance.
        if !extended.isForEverybody {
            let end = row.extended.last { $0.isForEverybody }?.end ?? row.end
            findings.append(
                finding(
                    "Lifecycle.ExtendedOnly",
                    "Maintenance of \(version) for everybody ended on \(end); \(extended.name) goes on until"
                        + " \(extended.end) for those who have it.", evidence))
        }
        return .judged(
            value: "\(extended.name) until \(extended.end)", "\(version) is maintained.", findings: findings,
            evidence: evidence)
    }

    private static func finding(_ code: String, _ message: String, _ evidence: [Evidence]) -> Finding {
        Finding(
            code, .info, message, evidence: evidence,
            fixes: [.byHand("Plan the move to a version that is maintained")])
    }

    private static func notImported(
        _ name: String, _ target: Target, _ identity: OSIdentity, _ evidence: [Evidence]
    ) -> Finding? {
        let imports = target.rules.imports
        guard !imports.isEmpty, !imports.contains(where: { $0.matches(identity) }) else { return nil }
        let source = target.rules.sources.first { $0.about?.contains("imports") ?? false }
        let read = source.map { " (list of \($0.date))" } ?? ""
        return Finding(
            "Lifecycle.NotImported", .info,
            "The import of \(target.title) does not list \(name)\(read).", evidence: evidence,
            fixes: [.byHand("Bring the disk in as a snapshot, and make the image from that")])
    }

    static var examples: [CheckExample] {
        func debian(_ version: String) -> CheckContext {
            .example {
                $0.linux.identity.version = version
                $0.linux.identity.versionID = version
            }
        }
        func ubuntu(_ version: String) -> CheckContext {
            .example {
                $0.linux.identity.distribution = "ubuntu"
                $0.linux.identity.version = version
                $0.linux.identity.name = "Ubuntu \(version)"
            }
        }
        func client(_ edition: String) -> CheckContext {
            .windows {
                $0.windows.identity.productType = "WinNT"
                $0.windows.identity.build = 19044
                $0.windows.identity.edition = edition
            }
        }
        return [
            CheckExample("Debian 13", debian("13.2"), .pass),
            CheckExample("Debian 12, in long-term support, which everybody gets", .example(), .pass),
            CheckExample(
                "Debian 11, for which there is extended long-term support", debian("11.11"), .fail,
                codes: ["Lifecycle.ExtendedOnly"]),
            CheckExample("Debian 8", debian("8.11"), .fail, codes: ["Lifecycle.Ended"]),
            CheckExample(
                "Ubuntu 20.04, for which there is Ubuntu Pro", ubuntu("20.04"), .fail,
                codes: ["Lifecycle.ExtendedOnly"]),
            CheckExample(
                "a system that the import does not list",
                .example {
                    $0.target.rules.imports = Target.shipped("aws-nitro")?.rules.imports ?? []
                    $0.linux.identity.distribution = "arch"
                }, .fail, codes: ["Lifecycle.NotImported"]),
            CheckExample(
                "a rolling distribution", .example { $0.linux.identity.distribution = "arch" }, .notApplicable
            ),
            CheckExample("Windows Server 2022", .windows(), .pass),
            CheckExample("Windows 10 Enterprise LTSC 2021", client("EnterpriseS"), .pass),
            CheckExample(
                "Windows 10 Enterprise of the same build", client("Enterprise"), .fail,
                codes: ["Lifecycle.Ended"]),
            CheckExample(
                "Windows Server 2008 R2", .windows { $0.windows.identity.build = 7601 }, .fail,
                codes: ["Lifecycle.Ended"]),
        ]
    }
}
