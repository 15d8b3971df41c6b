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
            ("Leftovers.Mtu", "A frame size of the old network."),
            ("Leftovers.VirtualAddress", "An address that several machines of the old network shared."),
            ("Leftovers.Tunnel", "A tunnel to the old network starts at boot."),
            (
                "Leftovers.MetadataBlocked",
                "The guest is kept from the address where the platform answers it."
            ),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let own = Set(context.target.rules.datasources)
        let findings = linux.network.leftovers.compactMap { found -> Finding? in
            let isOwn = found.platform.map(own.contains) ?? false
            if found.kind == .metadataBlocked {
                // Another platform's address may be blocked for all that this one cares.
                if found.platform != nil, !isOwn { return nil }
                if found.platform == nil, own.contains("AliYun") { return nil }
                return Finding(
                    "Leftovers.MetadataBlocked", .error, found.message, evidence: [found.evidence],
                    fixes: [.edit("Remove the line", found.evidence, to: nil)],
                    consequence: context.target.rules.needsProvisioning ? .notReady : .none,
                    link: .provisioning)
            }
            if isOwn { return nil }
            let (code, severity) = weight(of: found.kind)
            return Finding(
                code, severity, found.message, evidence: [found.evidence],
                fixes: [.edit("Remove the line", found.evidence, to: nil, risk: .medium)])
        }
        return .judged(
            "No setting of another network was found.", findings: findings,
            questions: linux.network.gap.map { [OpenQuestion($0)] } ?? [])
    }

    private static func weight(of kind: LeftoverFacts.Kind) -> (String, Severity) {
        switch kind {
        case .route: ("Leftovers.Route", .warning)
        case .nameServer: ("Leftovers.NameServer", .warning)
        case .hosts: ("Leftovers.Hosts", .warning)
        case .proxy: ("Leftovers.Proxy", .warning)
        case .timeServer: ("Leftovers.TimeServer", .warning)
        case .mirror: ("Leftovers.Mirror", .warning)
        case .mtu: ("Leftovers.Mtu", .warning)
        case .virtualAddress: ("Leftovers.VirtualAddress", .warning)
        case .tunnel: ("Leftovers.Tunnel", .info)
        case .metadataBlocked: ("Leftovers.MetadataBlocked", .error)
        }
    }

    static var examples: [CheckExample] {
        func with(_ kind: LeftoverFacts.Kind, _ message: String, _ path: String, platform: String? = nil)
            -> CheckContext
        {
            .example {
                $0.linux.network.leftovers = [
                    LeftoverFacts(kind, message, platform: platform, evidence: Evidence(path: path, line: 1))
                ]
            }
        }
        return [
            CheckExample("nothing is left", .example(), .pass),
            CheckExample(
                "a proxy for apt", with(.proxy, "apt uses a proxy of the old network.", "/etc/apt/apt.conf"),
                .fail,
                codes: ["Leftovers.Proxy"]),
            CheckExample(
                "a time server of the target itself",
                with(.timeServer, "A time server of a platform.", "/etc/chrony.conf", platform: "AliYun"),
                .pass),
            CheckExample(
                "a time server of Amazon",
                with(.timeServer, "A time server of a platform.", "/etc/chrony.conf", platform: "Ec2"), .fail,
                codes: ["Leftovers.TimeServer"]),
            CheckExample(
                "the packet filter drops what goes to the metadata",
                with(
                    .metadataBlocked, "The packet filter drops what goes to 100.100.100.200.",
                    "/etc/sysconfig/iptables", platform: "AliYun"), .fail,
                codes: ["Leftovers.MetadataBlocked"]),
            CheckExample(
                "it drops what goes to another platform's",
                with(
                    .metadataBlocked, "The packet filter drops what goes to 169.254.169.254.",
                    "/etc/sysconfig/iptables"), .pass),
            CheckExample(
                "the configuration could not be read", .example { $0.linux.network.gap = .example("/etc") },
                .unknown),
        ]
    }
}
