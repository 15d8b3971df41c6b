import ByteReading
import GuestFacts
import GuestFormats

/// Finds the packet filter that starts at boot and asks it about the SSH port.
struct FirewallInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let ports: [Int]

    private var port: Int { ports.first ?? 22 }

    func inspect() -> FirewallFacts {
        var facts = FirewallFacts()
        for (unit, judge) in candidates where services.unit(unit).starts != .no {
            let starts = services.unit(unit)
            guard let judged = judge() else { continue }
            let place = starts.evidence.first ?? Evidence(path: unit)
            // Several filters all have to let a packet pass.
            if facts.active == nil { facts.active = Located(unit, place) }
            facts.evidence += judged.evidence
            guard facts.allowsSSH == .yes || judged.answer == .no else { continue }
            facts.allowsSSH = starts.starts == .unknown && judged.answer == .no ? .unknown : judged.answer
            guard judged.answer == .unknown, let place = judged.evidence.first else { continue }
            switch judged.limit {
            case .source(let network)?: facts.sourceLimit = Located(network, place)
            case .interface(let name)?: facts.interfaceLimit = Located(name, place)
            case nil: break
            }
        }
        return facts
    }

    private struct Judged {
        var answer: Answer
        var evidence: [Evidence]
        var limit: PacketFilter.Limit?
    }

    private var candidates: [(unit: String, judge: () -> Judged?)] {
        [
            ("nftables.service", nftables),
            ("netfilter-persistent.service", { iptables(["/etc/iptables/rules.v4"]) }),
            ("iptables-persistent.service", { iptables(["/etc/iptables/rules.v4", "/etc/iptables/rules"]) }),
            (
                "iptables.service",
                {
                    iptables([
                        "/etc/sysconfig/iptables", "/etc/iptables/iptables.rules", "/etc/iptables/rules-save",
                        "/var/lib/iptables/rules-save",
                    ])
                }
            ),
            ("ufw.service", ufw), ("firewalld.service", firewalld), ("SuSEfirewall2.service", suse),
            ("SuSEfirewall2_setup.service", suse), ("csf.service", csf), ("shorewall.service", shorewall),
        ]
    }

    private func judged(_ answer: PacketFilter.Answer) -> Judged {
        Judged(
            answer: Answer(answer.accepts), evidence: answer.source.map { [Evidence($0)] } ?? [],
            limit: answer.limit)
    }

    /// A file that cannot be read leaves the answer open.
    private func open<Value>(_ reading: Reading<Value>, _ judge: (Value) -> Judged?) -> Judged? {
        switch reading {
        case .found(let value): judge(value)
        case .absent: nil
        case .unreadable(let gap):
            Judged(answer: .unknown, evidence: [Evidence(path: gap.where, excerpt: gap.message)])
        }
    }

    private func open(_ reading: Reading<PacketFilter.Answer>) -> Judged? { open(reading, judged) }

    /// A file of assignments.
    private func settings(_ path: String, _ judge: (ShellAssignments) -> Judged?) -> Judged? {
        open(
            reader.parse(path) { (bytes) throws(ImageFault) in try ShellAssignments(bytes, name: path) },
            judge)
    }

    private func nftables() -> Judged? {
        let path = [
            "/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft",
            "/var/lib/nftables/rules-save",
        ].first { reader.exists($0) == .yes }
        guard let path else { return nil }
        return open(
            reader.parse(path) { (bytes) throws(ImageFault) in
                try NftablesRules(bytes, name: path, port: port).filter.answer
            })
    }

    private func iptables(_ paths: [String]) -> Judged? {
        guard let path = paths.first(where: { reader.exists($0) == .yes }) else { return nil }
        return open(
            reader.parse(path) { (bytes) throws(ImageFault) in
                try IptablesRules(bytes, name: path, port: port).filter.answer
            })
    }

    private func ufw() -> Judged? {
        let path = "/etc/ufw/ufw.conf"
        // Up to Ubuntu 14.04 the rules are below /lib.
        let rules = ["/etc/ufw/user.rules", "/lib/ufw/user.rules"].lazy.compactMap { reader.file($0).value }
            .first
        let configuration = reader.parse(path) { (bytes) throws(ImageFault) in
            try UfwConfiguration(
                configuration: bytes, defaults: reader.file("/etc/default/ufw").value, userRules: rules,
                port: port)
        }
        return open(configuration) { $0.isEnabled ? judged($0.answer) : nil }
    }

    // MARK: firewalld

    private static let firewalldDirectories = ["/etc/firewalld", "/usr/lib/firewalld"]

    private func firewalld() -> Judged? {
        let path = "/etc/firewalld/firewalld.conf"
        let name =
            reader.parse(path) { (bytes) throws(ImageFault) in
                try FirewalldZone.defaultZone(bytes, name: path).zone
            }.value ?? "public"
        guard var judged = zone(name) else {
            return Judged(
                answer: .unknown, evidence: [Evidence(path: path, excerpt: "zone \(name) is not defined")])
        }
        // The NIC may be bound to another zone by its name.
        for file in reader.glob("/etc/firewalld/zones/*.xml") {
            let other = reader.parse(file) { (bytes) throws(ImageFault) in
                try FirewalldZone(bytes, name: file)
            }
            guard let other = other.value, let interface = other.interfaces.first else { continue }
            let answer = Answer(other.answer(port: port, service: opens).accepts)
            guard answer != judged.answer else { continue }
            judged.answer = .unknown
            judged.evidence.insert(Evidence(path: file, excerpt: "interface \(interface)"), at: 0)
            judged.limit = .interface(interface)
        }
        if judged.answer == .yes, let direct = reader.file("/etc/firewalld/direct.xml").value?.text,
            direct.contains("<rule") || direct.contains("<passthrough")
        {
            judged.answer = .unknown
            judged.evidence.append(
                Evidence(path: "/etc/firewalld/direct.xml", excerpt: "rules that are not followed"))
        }
        return judged
    }

    private func zone(_ name: String) -> Judged? {
        for directory in FirewallInspection.firewalldDirectories {
            let file = "\(directory)/zones/\(name).xml"
            let answer = reader.parse(file) { (bytes) throws(ImageFault) in
                try FirewalldZone(bytes, name: file).answer(port: port, service: opens)
            }
            if let judged = open(answer) { return judged }
        }
        return nil
    }

    /// Whether a service opens the port, by its file, which has the form of a zone's; nil without one.
    private func opens(_ service: String) -> Ternary? {
        for directory in FirewallInspection.firewalldDirectories {
            let file = "\(directory)/services/\(service).xml"
            let found = reader.parse(file) { (bytes) throws(ImageFault) in
                try FirewalldZone(bytes, name: file)
            }
            if let definition = found.value { return Ternary(definition.opening(port) != nil) }
        }
        return nil
    }

    // MARK: Others

    private func suse() -> Judged? {
        let path = "/etc/sysconfig/SuSEfirewall2"
        return open(
            reader.parse(path) { (bytes) throws(ImageFault) in
                try SuSEFirewall(bytes, name: path, port: port).answer
            })
    }

    /// ConfigServer Firewall drops what `TCP_IN` does not name.
    private func csf() -> Judged? {
        settings("/etc/csf/csf.conf") { values in
            values["TCP_IN"].map { list in
                judged(
                    PacketFilter.Answer(
                        accepts: FirewalldZone.contains(list.value, port: port), source: list.source))
            }
        }
    }

    /// Recognised; its tables of rules and macros are not followed.
    private func shorewall() -> Judged? {
        settings("/etc/shorewall/shorewall.conf") { values in
            guard values.value("STARTUP_ENABLED")?.lowercased() != "no" else { return nil }
            return Judged(
                answer: .unknown,
                evidence: [Evidence(path: "/etc/shorewall/rules", excerpt: "its rules are not followed")])
        }
    }
}
