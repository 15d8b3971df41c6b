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
            if judged.answer == .no || facts.allowsSSH == .yes {
                facts.allowsSSH = starts.starts == .unknown && judged.answer == .no ? .unknown : judged.answer
            }
        }
        return facts
    }

    private typealias Judged = (answer: Answer, evidence: [Evidence])

    private var candidates: [(unit: String, judge: () -> Judged?)] {
        [
            ("nftables.service", nftables),
            ("netfilter-persistent.service", { iptables(["/etc/iptables/rules.v4"]) }),
            ("iptables.service", { iptables(["/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"]) }),
            ("ufw.service", ufw),
            ("firewalld.service", firewalld),
        ]
    }

    private func judged(_ answer: PacketFilter.Answer) -> Judged {
        (Answer(answer.accepts), answer.source.map { [Evidence($0)] } ?? [])
    }

    /// A rules file that cannot be read leaves the answer open.
    private func open(_ reading: Reading<PacketFilter.Answer>) -> Judged? {
        switch reading {
        case .found(let answer): judged(answer)
        case .absent: nil
        case .unreadable(let gap): (.unknown, [Evidence(path: gap.where, excerpt: gap.message)])
        }
    }

    private func nftables() -> Judged? {
        let path = ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"].first { reader.exists($0) == .yes }
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
        let configuration = reader.parse(path) { (bytes) throws(ImageFault) in
            try UfwConfiguration(
                configuration: bytes, defaults: reader.file("/etc/default/ufw").value,
                userRules: reader.file("/etc/ufw/user.rules").value, port: port)
        }
        switch configuration {
        case .found(let ufw): return ufw.isEnabled ? judged(ufw.answer) : nil
        case .absent: return nil
        case .unreadable(let gap): return (.unknown, [Evidence(path: gap.where, excerpt: gap.message)])
        }
    }

    private func firewalld() -> Judged? {
        let path = "/etc/firewalld/firewalld.conf"
        let zone =
            reader.parse(path) { (bytes) throws(ImageFault) in
                try FirewalldZone.defaultZone(bytes, name: path).zone
            }.value ?? "public"
        for directory in ["/etc/firewalld/zones", "/usr/lib/firewalld/zones"] {
            let file = "\(directory)/\(zone).xml"
            let answer = reader.parse(file) { (bytes) throws(ImageFault) in
                try FirewalldZone(bytes, name: file).answer(port: port)
            }
            if let judged = open(answer) { return judged }
        }
        return (.unknown, [Evidence(path: path, excerpt: "zone \(zone) is not defined")])
    }
}
