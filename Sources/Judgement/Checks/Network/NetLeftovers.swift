import GuestFacts
import Targets

/// `NET.Leftovers`
enum NetLeftovers: Check {
    static let metadata = CheckMetadata(
        id: "NET.Leftovers", title: "Left-over network settings", link: .operation,
        summary: "Looks for routes, name servers, proxies, hosts entries and mirrors of the old network.",
        rationale:
            "They do not stop the guest, but names are not resolved, packages not found, packets sent nowhere.",
        codes: [
            ("Leftovers.Route", "A static route of the old network."),
            ("Leftovers.NameServer", "A fixed name server of the old network."),
            ("Leftovers.Hosts", "An entry of /etc/hosts for an address of the old network."),
            ("Leftovers.Proxy", "A proxy of the old network."),
            ("Leftovers.TimeServer", "A time server of another platform."),
            ("Leftovers.Mirror", "A package mirror of another platform."),
            ("Leftovers.Other", "Another setting of the old network."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let known = Set(metadata.codes.map(\.code))
        let findings = linux.network.leftovers.map { found in
            Finding(
                known.contains(found.code) ? found.code : "Leftovers.Other", .warning, found.message,
                evidence: [found.evidence],
                fixes: [.edit("Remove the line", found.evidence, to: nil, risk: .medium)])
        }
        return .judged(
            "No setting of another network was found.", findings: findings,
            questions: linux.network.gap.map { [OpenQuestion($0)] } ?? [])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing is left", .example(), .pass),
            CheckExample(
                "a proxy for apt",
                .example {
                    $0.linux.network.leftovers = [
                        StructureFinding(
                            code: "Leftovers.Proxy", message: "apt uses the proxy 192.168.77.2.",
                            evidence: Evidence(path: "/etc/apt/apt.conf", line: 1))
                    ]
                }, .fail, codes: ["Leftovers.Proxy"]),
            CheckExample(
                "the configuration could not be read", .example { $0.linux.network.gap = .example("/etc") },
                .unknown),
        ]
    }
}
