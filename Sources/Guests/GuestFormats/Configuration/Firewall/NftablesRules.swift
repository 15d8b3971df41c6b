package import ByteReading

/// An nftables script: `/etc/nftables.conf`, `/etc/sysconfig/nftables.conf` (nft(8)).
///
/// Understood are tables, chains, policies and the common conditions (protocol, port, connection state, interface,
/// source). A condition that is not understood leaves its rule open; includes and variables leave the whole open.
package struct NftablesRules: Sendable {
    /// The input side for the port asked about.
    package let filter: PacketFilter

    /// Reads a script and reduces it to a new TCP connection to `port`.
    package init(_ bytes: Bytes, name: String, port: Int = 22) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var reader = NftablesReader(tokens: try NftablesReader.tokens(text), port: port)
        reader.read()
        filter = reader.filter
    }
}

/// A token of an nftables script.
struct NftablesToken {
    let text: String
    let source: SourceLine
}

struct NftablesReader {
    let tokens: [NftablesToken]
    let port: Int
    var filter = PacketFilter()
    private var index = 0

    init(tokens: [NftablesToken], port: Int) {
        self.tokens = tokens
        self.port = port
    }

    /// Words, braces, commas; `;` and line ends are both `;`.
    static func tokens(_ text: ConfigurationText) throws(ImageFault) -> [NftablesToken] {
        var tokens: [NftablesToken] = []
        var budget = Budget(200_000, of: "nftables tokens")
        for line in text.lines {
            let source = text.source(line)
            var word: [UInt8] = []
            var isQuoted = false
            func flush() {
                if !word.isEmpty {
                    tokens.append(NftablesToken(text: AsciiText.string(word[...]), source: source))
                }
                word = []
            }
            var continues = false
            for byte in line.withoutCarriageReturn {
                if isQuoted {
                    if byte == 0x22 { isQuoted = false } else { word.append(byte) }
                    continue
                }
                if byte == 0x23 { break }
                continues = byte == 0x5C
                switch byte {
                case 0x22:
                    isQuoted = true
                case 0x7B, 0x7D, 0x2C, 0x3B:
                    flush()
                    try budget.spend()
                    tokens.append(NftablesToken(text: String(UnicodeScalar(byte)), source: source))
                case 0x20, 0x09, 0x5C:
                    flush()
                    try budget.spend()
                default:
                    word.append(byte)
                }
            }
            flush()
            if !continues { tokens.append(NftablesToken(text: ";", source: source)) }
        }
        return tokens
    }

    mutating func read() {
        while index < tokens.count {
            let token = tokens[index].text
            index += 1
            switch token {
            case "table": table()
            case "include", "define": filter.isIncomplete = true
            case "add", "insert", "create":
                // Rules given one by one are rare in files; they are not followed.
                if index < tokens.count, tokens[index].text == "rule" { filter.isIncomplete = true }
            default: break
            }
        }
    }

    /// `table [FAMILY] NAME { … }`.
    private mutating func table() {
        var words: [String] = []
        while index < tokens.count, tokens[index].text != "{", tokens[index].text != ";" {
            words.append(tokens[index].text)
            index += 1
        }
        guard index < tokens.count, tokens[index].text == "{" else { return }
        index += 1
        let prefix = words.joined(separator: " ")
        let family = words.count > 1 ? words[0] : "ip"
        while index < tokens.count, tokens[index].text != "}" {
            let token = tokens[index].text
            index += 1
            if token == "chain", index < tokens.count {
                let name = prefix + "/" + tokens[index].text
                index += 1
                chain(name, prefix: prefix, isInet: family == "inet" || family == "ip" || family == "ip6")
            } else if token == "{" {
                skipBlock()
            }
        }
        index += 1
    }

    private mutating func skipBlock() {
        var depth = 1
        while index < tokens.count, depth > 0 {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" { depth -= 1 }
            index += 1
        }
    }

    private mutating func chain(_ name: String, prefix: String, isInet: Bool) {
        while index < tokens.count, tokens[index].text == ";" { index += 1 }
        guard index < tokens.count, tokens[index].text == "{" else { return }
        index += 1
        filter.chains[name] = filter.chains[name] ?? []
        var statement: [NftablesToken] = []
        var depth = 0
        while index < tokens.count {
            let token = tokens[index]
            index += 1
            if token.text == "{" { depth += 1 }
            if token.text == "}" {
                if depth == 0 { break }
                depth -= 1
            }
            if token.text == ";", depth == 0 {
                take(statement, chain: name, prefix: prefix, isInet: isInet)
                statement = []
            } else if token.text != ";" {
                statement.append(token)
            }
        }
        take(statement, chain: name, prefix: prefix, isInet: isInet)
    }

    private mutating func take(_ statement: [NftablesToken], chain: String, prefix: String, isInet: Bool) {
        guard let first = statement.first else { return }
        let words = statement.map(\.text)
        if first.text == "type" {
            if words.contains("input"), isInet {
                filter.bases.append(.init(name: chain, policy: .accept, source: first.source))
            }
            return
        }
        if first.text == "policy", words.count > 1 {
            if let base = filter.bases.lastIndex(where: { $0.name == chain }) {
                filter.bases[base].policy = words[1] == "accept" ? .accept : .drop
                filter.bases[base].source = first.source
            }
            return
        }
        let rule = rule(words, prefix: prefix, source: first.source)
        filter.chains[chain]?.append(rule)
    }

    private func rule(_ words: [String], prefix: String, source: SourceLine) -> PacketFilter.Rule {
        var match = Ternary.yes
        var action = PacketFilter.Action.none
        var limits: [PacketFilter.Limit?] = []
        var position = 0
        /// The values after the current word: one, or a set in braces, or a comma list.
        func values() -> (list: [String], isNegated: Bool) {
            var isNegated = false
            if position < words.count, words[position] == "!=" || words[position] == "==" {
                isNegated = words[position] == "!="
                position += 1
            }
            guard position < words.count else { return ([], isNegated) }
            var list: [String] = []
            if words[position] == "{" {
                position += 1
                while position < words.count, words[position] != "}" {
                    if words[position] != "," { list.append(words[position]) }
                    position += 1
                }
                position += 1
                return (list, isNegated)
            }
            list.append(words[position])
            position += 1
            while position + 1 < words.count, words[position] == "," {
                list.append(words[position + 1])
                position += 2
            }
            return (list, isNegated)
        }
        func apply(_ part: Ternary, _ isNegated: Bool = false, _ limit: PacketFilter.Limit? = nil) {
            match = match && (isNegated ? !part : part)
            if part == .unknown { limits.append(isNegated ? nil : limit) }
        }
        while position < words.count {
            let word = words[position]
            let next = position + 1 < words.count ? words[position + 1] : ""
            position += 1
            switch word {
            case "accept": action = .accept
            case "drop": action = .drop
            case "reject":
                action = .drop
                position = words.count
            case "return": action = .back
            case "continue", "counter", "notrack": break
            case "packets", "bytes": position += 1
            case "log", "comment": position = actionIndex(words, from: position)
            case "jump", "goto":
                action = word == "jump" ? .jump("\(prefix)/\(next)") : .goTo("\(prefix)/\(next)")
                position += 1
            case "tcp", "th":
                position += 1
                if next == "dport" {
                    let (list, isNegated) = values()
                    let known = list.reduce(Ternary.no) { $0 || IptablesRules.ports($1, contain: port) }
                    apply(
                        list.contains { $0.hasPrefix("@") || $0.hasPrefix("$") } ? known || .unknown : known,
                        isNegated)
                } else {
                    _ = values()
                    apply(.unknown)
                }
            case "udp", "icmp", "icmpv6", "igmp", "sctp", "dccp", "esp", "ah":
                apply(.no)
                position = max(position, actionIndex(words, from: position))
            case "ct":
                position += 1
                if next == "state" {
                    let (list, isNegated) = values()
                    apply(Ternary(list.contains("new")), isNegated)
                } else {
                    _ = values()
                    apply(.unknown)
                }
            case "iif", "iifname":
                let (list, isNegated) = values()
                apply(list == ["lo"] ? .no : .unknown, isNegated, .interface(list.joined(separator: ", ")))
            case "meta":
                position += 1
                let (list, isNegated) = values()
                switch next {
                case "l4proto": apply(Ternary(list.contains("tcp") || list.contains("6")), isNegated)
                case "iif", "iifname":
                    apply(
                        list == ["lo"] ? .no : .unknown, isNegated, .interface(list.joined(separator: ", ")))
                case "nfproto": apply(Ternary(list.contains("ipv4")), isNegated)
                default: apply(.unknown)
                }
            case "ip", "ip6":
                position += 1
                let (list, isNegated) = values()
                if next == "protocol" || next == "nexthdr" {
                    apply(Ternary(list.contains("tcp") || list.contains("6")), isNegated)
                } else {
                    apply(.unknown, isNegated, next == "saddr" ? .source(list.joined(separator: ", ")) : nil)
                }
            default:
                apply(.unknown)
            }
        }
        return PacketFilter.Rule(
            match: match, action: action, source: source, limit: limits.count == 1 ? limits[0] : nil)
    }

    /// Where the verdict of a rule stands from `position` on, or its end.
    private func actionIndex(_ words: [String], from position: Int) -> Int {
        let verdicts: Set<String> = ["accept", "drop", "reject", "jump", "goto", "return"]
        return words.indices.first { $0 >= position && verdicts.contains(words[$0]) } ?? words.count
    }
}
