package import ByteReading

/// Rules in the format of iptables-save(8): `/etc/sysconfig/iptables`, `/etc/iptables/rules.v4`, ufw's files.
package struct IptablesRules: Sendable {
    /// The input side for the port asked about.
    package let filter: PacketFilter

    /// Reads rules and reduces them to a new TCP connection to `port`.
    package init(_ bytes: Bytes, name: String, port: Int = 22) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var filter = PacketFilter()
        var table = ""
        var inserted: [String: [PacketFilter.Rule]] = [:]
        for line in text.lines {
            let content = AsciiText.trimmed(line.bytes)
            guard let first = content.first, first != 0x23 else { continue }
            let words = UnitFile.words(AsciiText.string(content))
            switch first {
            case 0x2A:
                table = String((words.first ?? "").dropFirst())
            case 0x3A where table == "filter":
                guard let chain = words.first.map({ String($0.dropFirst()) }), words.count >= 2 else {
                    continue
                }
                filter.chains[chain] = filter.chains[chain] ?? []
                if chain == "INPUT" {
                    filter.bases = [
                        .init(
                            name: chain, policy: words[1] == "ACCEPT" ? .accept : .drop,
                            source: text.source(line))
                    ]
                }
            case 0x2D where table == "filter" || table.isEmpty:
                guard words.count >= 2 else { continue }
                if ["-A", "--append", "-I", "--insert"].contains(words[0]) {
                    var rest = Array(words.dropFirst(2))
                    if words[0].hasPrefix("-I") || words[0] == "--insert",
                        AsciiText.number(rest.first ?? "") != nil
                    {
                        rest.removeFirst()
                    }
                    let rule = Self.rule(rest, port: port, source: text.source(line))
                    if words[0] == "-A" || words[0] == "--append" {
                        filter.chains[words[1], default: []].append(rule)
                    } else {
                        inserted[words[1], default: []].append(rule)
                    }
                } else if ["-P", "--policy"].contains(words[0]), words[1] == "INPUT", words.count > 2 {
                    filter.bases = [
                        .init(
                            name: "INPUT", policy: words[2] == "ACCEPT" ? .accept : .drop,
                            source: text.source(line))
                    ]
                }
            default:
                break
            }
        }
        for (chain, rules) in inserted {
            filter.chains[chain] = rules.reversed() + (filter.chains[chain] ?? [])
        }
        if filter.bases.isEmpty, filter.chains["INPUT"] != nil {
            filter.bases = [.init(name: "INPUT", policy: .accept, source: nil)]
        }
        self.filter = filter
    }

    private static func rule(_ words: [String], port: Int, source: SourceLine) -> PacketFilter.Rule {
        var match = Ternary.yes
        var action = PacketFilter.Action.none
        var limits: [PacketFilter.Limit?] = []
        var index = 0
        var isNegated = false
        while index < words.count {
            let word = words[index]
            let value = index + 1 < words.count ? words[index + 1] : ""
            var used = 2
            var part = Ternary.yes
            switch word {
            case "!":
                isNegated = true
                index += 1
                continue
            case "-p", "--protocol":
                part = Ternary(["tcp", "all", "6", "0"].contains(value))
            case "--dport", "--destination-port", "--dports", "--destination-ports", "--ports":
                part = ports(value, contain: port)
            case "--state", "--ctstate":
                part = Ternary(value.split(separator: ",").contains("NEW"))
            case "-s", "--source", "--src":
                part = ["0.0.0.0/0", "::/0", "0/0"].contains(value) ? .yes : .unknown
            case "-i", "--in-interface":
                part = value == "lo" ? .no : value == "+" ? .yes : .unknown
            case "-m", "--match":
                part = value == "recent" || value == "limit" || value == "hashlimit" ? .unknown : .yes
            case "--comment", "--log-prefix", "--log-level", "--reject-with", "--tcp-flags", "--dst-type",
                "--limit", "--limit-burst", "--icmp-type", "--icmpv6-type", "-c", "--set-counters":
                if word == "--tcp-flags" || word == "-c" || word == "--set-counters" { used = 3 }
                if word.hasPrefix("--icmp") { part = .no }
            case "--syn":
                used = 1
            case "-j", "--jump":
                action = target(value)
            case "-g", "--goto":
                action = .goTo(value)
            case "-o", "--out-interface":
                part = .no
            default:
                part = .unknown
                used = value.hasPrefix("-") ? 1 : 2
            }
            if part == .unknown {
                switch word {
                case "-s", "--source", "--src": limits.append(isNegated ? nil : .source(value))
                case "-i", "--in-interface": limits.append(isNegated ? nil : .interface(value))
                default: limits.append(nil)
                }
            }
            match = match && (isNegated ? !part : part)
            isNegated = false
            index += used
        }
        return PacketFilter.Rule(
            match: match, action: action, source: source, limit: limits.count == 1 ? limits[0] : nil)
    }

    private static let passing: Set<String> = [
        "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "CONNSECMARK", "SECMARK", "TRACE", "AUDIT", "NOTRACK",
        "TCPMSS",
    ]

    private static func target(_ name: String) -> PacketFilter.Action {
        switch name {
        case "ACCEPT": .accept
        case "DROP", "REJECT", "TARPIT": .drop
        case "RETURN": .back
        case _ where passing.contains(name): .none
        case "NFQUEUE", "QUEUE": .unknown
        default: .jump(name)
        }
    }

    /// Whether a list of ports and ranges (`22,80:90`) contains `port`; a service name other than ssh is unknown.
    static func ports(_ list: String, contain port: Int) -> Ternary {
        var answer = Ternary.no
        for part in list.split(separator: ",") {
            let ends = part.split { $0 == ":" || $0 == "-" }.map(String.init)
            if part == "ssh" {
                answer = answer || Ternary(port == 22)
            } else if let low = AsciiText.number(ends.first ?? "") {
                let high =
                    ends.count > 1 ? AsciiText.number(ends[1]) ?? low : part.hasSuffix(":") ? 65535 : low
                answer = answer || Ternary(low <= port && port <= high)
            } else {
                answer =
                    answer
                    || (["http", "https", "domain", "smtp"].contains(ends.first ?? "") ? .no : .unknown)
            }
        }
        return answer
    }
}

/// ufw: `/etc/ufw/ufw.conf`, `/etc/default/ufw` and `/etc/ufw/user.rules`.
package struct UfwConfiguration: Sendable {
    /// Whether ufw sets rules at boot (`ENABLED=yes`).
    package let isEnabled: Bool
    /// Where that stands.
    package let source: SourceLine?
    /// What becomes of a new connection when it is enabled.
    package let answer: PacketFilter.Answer

    /// Reads the three files; nil for one that is absent.
    package init(configuration: Bytes, defaults: Bytes?, userRules: Bytes?, port: Int = 22) throws(ImageFault)
    {
        let conf = try ShellAssignments(configuration, name: "/etc/ufw/ufw.conf")
        isEnabled = AsciiText.boolean(conf.value("ENABLED") ?? "no") ?? false
        source = conf["ENABLED"]?.source
        var policy: (action: PacketFilter.Action, source: SourceLine?) = (.drop, nil)
        if let defaults {
            let values = try ShellAssignments(defaults, name: "/etc/default/ufw")
            if let entry = values["DEFAULT_INPUT_POLICY"] {
                policy = (AsciiText.lowercased(entry.value) == "accept" ? .accept : .drop, entry.source)
            }
        }
        var filter = PacketFilter()
        if let userRules {
            filter = try IptablesRules(userRules, name: "/etc/ufw/user.rules", port: port).filter
        }
        filter.chains["ufw-user-input"] = filter.chains["ufw-user-input"] ?? []
        filter.bases = [.init(name: "ufw-user-input", policy: policy.action, source: policy.source)]
        answer = filter.answer
    }
}
