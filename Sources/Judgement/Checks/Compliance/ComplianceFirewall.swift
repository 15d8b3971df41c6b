import GuestFacts
import Targets

/// `COMPLIANCE.Firewall`
enum ComplianceFirewall: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Firewall", title: "Host firewall", link: .access,
        summary: "Looks whether a firewall starts in the guest, and whether it lets SSH in.",
        rationale: """
            The platform has its security groups in front of the instance. Rules of the old site in the guest keep \
            people out whom the security group would let in.
            """,
        codes: [
            ("Firewall.BlocksSsh", "The rules do not let SSH in."),
            ("Firewall.SourceRestricted", "The rules let SSH in from certain networks only."),
            ("Firewall.InterfaceBound", "The rules let SSH in by a certain interface only."),
            ("Firewall.Enabled", "A firewall starts where the target expects none."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let firewall = linux.access.firewall
        guard let active = firewall.active else {
            if firewall.allowsSSH == .unknown {
                return .judged(
                    questions: [
                        OpenQuestion("whether a firewall starts is not known", consequence: .unreachable)
                    ])
            }
            return .judged(value: "Off", "No firewall starts in the guest.")
        }
        let evidence = [active.evidence] + firewall.evidence
        let name = active.value.hasSuffix(".service") ? String(active.value.dropLast(8)) : active.value
        let off =
            name == "ufw"
            ? Fix("Switch it off", where: .online, kind: .autoChroot, commands: ["ufw disable"])
            : Fix.stop(active.value, "Switch it off", in: linux)
        switch firewall.allowsSSH {
        case .no:
            return .judged(
                value: active.value,
                findings: [
                    Finding(
                        "Firewall.BlocksSsh", .error, "\(active.value) starts and does not let SSH in.",
                        evidence: evidence, fixes: [off, open(name)], consequence: .unreachable)
                ])
        case .unknown:
            return .judged(
                value: active.value,
                findings: limits(firewall, off, open(name)),
                questions: [
                    OpenQuestion(
                        "whether the rules of \(active.value) let SSH in is not known",
                        consequence: .unreachable)
                ])
        case .yes:
            guard context.target.rules.firewallOff else {
                return .judged(value: active.value, "\(active.value) lets SSH in.", evidence: evidence)
            }
            return .judged(
                value: active.value,
                findings: [
                    Finding(
                        "Firewall.Enabled", .warning, "\(active.value) starts; it lets SSH in.",
                        evidence: evidence,
                        fixes: [off], link: .operation)
                ])
        }
    }

    /// What the rule that lets SSH in demands.
    private static func limits(
        _ firewall: FirewallFacts, _ off: Fix, _ open: Fix
    ) -> [Finding] {
        var findings: [Finding] = []
        if let limit = firewall.sourceLimit {
            findings.append(
                Finding(
                    "Firewall.SourceRestricted", .warning,
                    "SSH is let in from \(limit.value) only, which was right for the old network.",
                    evidence: [limit.evidence], fixes: [off, open]))
        }
        if let limit = firewall.interfaceLimit {
            findings.append(
                Finding(
                    "Firewall.InterfaceBound", .warning,
                    "What becomes of SSH hangs on the interface \(limit.value), which may have another name.",
                    evidence: [limit.evidence], fixes: [off, open]))
        }
        return findings
    }

    private static func open(_ firewall: String) -> Fix {
        let command =
            switch firewall {
            case "firewalld": "firewall-offline-cmd --add-service=ssh"
            case "ufw": "ufw allow 22/tcp"
            case "SuSEfirewall2", "SuSEfirewall2_setup":
                "sed -i 's/^FW_SERVICES_EXT_TCP=\"/&22 /' /etc/sysconfig/SuSEfirewall2"
            case "shorewall": "echo 'ACCEPT net $FW tcp 22' >> /etc/shorewall/rules"
            case "csf": "csf -a tcp:in:d=22"
            case "nftables": "nft add rule inet filter input tcp dport 22 accept"
            default: "iptables -I INPUT -p tcp --dport 22 -j ACCEPT"
            }
        return Fix("Or let SSH in", where: .online, kind: .manual, commands: [command])
    }

    static var examples: [CheckExample] {
        let unit = Evidence(path: "/etc/systemd/system/sysinit.target.wants/nftables.service")
        func nftables(_ answer: Answer, target: Target = .alibabaECS) -> CheckContext {
            .example {
                $0.target = target
                $0.linux.access.firewall = FirewallFacts(active: Located("nftables", unit), allowsSSH: answer)
            }
        }
        return [
            CheckExample("no firewall", .example(), .pass),
            CheckExample("the rules drop SSH", nftables(.no), .fail, codes: ["Firewall.BlocksSsh"]),
            CheckExample("the rules let SSH in", nftables(.yes), .fail, codes: ["Firewall.Enabled"]),
            CheckExample("the same where the target does not mind", nftables(.yes, target: .kvm), .pass),
            CheckExample(
                "the rules let SSH in from the old network only",
                .example {
                    var facts = FirewallFacts(active: Located("iptables.service", unit), allowsSSH: .unknown)
                    facts.sourceLimit = Located(
                        "10.0.0.0/8", Evidence(path: "/etc/sysconfig/iptables", line: 9))
                    $0.linux.access.firewall = facts
                }, .fail, codes: ["Firewall.SourceRestricted"]),
            CheckExample(
                "the rules go by the interface",
                .example {
                    var facts = FirewallFacts(active: Located("firewalld.service", unit), allowsSSH: .unknown)
                    facts.interfaceLimit = Located("ens192", Evidence(path: "/etc/firewalld/zones/drop.xml"))
                    $0.linux.access.firewall = facts
                }, .fail, codes: ["Firewall.InterfaceBound"]),
            CheckExample("the rules could not be followed", nftables(.unknown), .unknown),
        ]
    }
}
