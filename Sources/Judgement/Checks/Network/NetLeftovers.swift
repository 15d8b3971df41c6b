import GuestFacts
import Targets

/// `NET.Leftovers`
enum NetLeftovers: Check {
    static let metadata = CheckMetadata(
        id: "NET.Leftovers", title: "Left-over network settings", link: .operation,
        summary: """
            Looks for routes, name servers, proxies, hosts entries, mirrors, forwarding and translated addresses of the \
            old network.
            """,
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
            ("Leftovers.Forwarding", "The guest passes packets on, and no program on it needs that."),
            ("Leftovers.Translation", "Rules of the packet filter translate addresses of the old network."),
            ("Leftovers.ReturnPathFilter", "The filter of return paths is switched off."),
            ("Leftovers.NoIPv6", "IPv6 is switched off, and the target gives no other addresses."),
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
            if found.kind == .noIPv6 {
                guard context.target.rules.needsIPv6 else { return nil }
                return Finding(
                    "Leftovers.NoIPv6", .error,
                    "\(found.message) Instances of \(context.target.title) have no other addresses.",
                    evidence: [found.evidence], fixes: [fix(found, linux)], consequence: .unreachable,
                    link: .network)
            }
            let (code, severity) = weight(of: found.kind)
            return Finding(
                code, severity, found.message, evidence: [found.evidence], fixes: [fix(found, linux)])
        }
        return .judged(
            "No setting of another network was found.", findings: findings,
            questions: linux.network.gap.map { [OpenQuestion($0)] } ?? [])
    }

    private static func fix(_ found: LeftoverFacts, _ linux: LinuxFacts) -> Fix {
        // The line of the boot menu holds more than the one parameter.
        if found.kind == .noIPv6, let parameter = found.evidence.excerpt, parameter.hasPrefix("ipv6.") {
            return .commandLine(removing: [parameter], "Take \(parameter) off the command line", in: linux)
        }
        // Without the line there would be no name server at all.
        if found.kind == .nameServer, found.evidence.path == "/etc/resolv.conf" {
            return .byHand("Let the DHCP client write the file, or name the servers of the new network in it")
        }
        return .edit("Remove the line", found.evidence, to: nil, risk: .medium)
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
        case .forwarding: ("Leftovers.Forwarding", .warning)
        case .translation: ("Leftovers.Translation", .warning)
        case .returnPathFilter: ("Leftovers.ReturnPathFilter", .info)
        case .noIPv6: ("Leftovers.NoIPv6", .error)
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
                "a router of the old network",
                with(.forwarding, "The guest passes packets on.", "/etc/sysctl.conf"), .fail,
                codes: ["Leftovers.Forwarding"]),
            CheckExample(
                "it hid other machines behind its address",
                with(.translation, "The guest hides other machines.", "/etc/sysconfig/iptables"), .fail,
                codes: ["Leftovers.Translation"]),
            CheckExample(
                "the filter of return paths is off",
                with(.returnPathFilter, "Packets are taken from any network.", "/etc/sysctl.d/90-lb.conf"),
                .fail, codes: ["Leftovers.ReturnPathFilter"]),
            CheckExample(
                "IPv6 is off, and the target has IPv4",
                with(.noIPv6, "IPv6 is switched off.", "/etc/sysctl.conf"), .pass),
            CheckExample(
                "IPv6 is off, and the target has nothing else",
                .example {
                    $0.target.rules.needsIPv6 = true
                    $0.linux.network.leftovers = [
                        LeftoverFacts(
                            .noIPv6, "IPv6 is switched off.",
                            evidence: Evidence(path: "/etc/sysctl.conf", line: 4))
                    ]
                }, .fail, codes: ["Leftovers.NoIPv6"]),
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
