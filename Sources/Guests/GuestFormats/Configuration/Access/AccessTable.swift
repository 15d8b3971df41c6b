package import ByteReading

/// `/etc/security/access.conf` (access.conf(5)), as pam_access judges a login from somewhere on the network.
package struct AccessTable: Sendable {
    /// One line.
    package struct Rule: Sendable {
        /// `+` lets in, `-` keeps out.
        package let admits: Bool
        /// Accounts and groups: `ALL`, `root`, `(wheel)`, `EXCEPT`.
        package let users: [String]
        /// Terminals, hosts and networks: `ALL`, `LOCAL`, `10.0.0.0/8`, `tty1`.
        package let origins: [String]
        /// Where it stands.
        package let source: SourceLine
    }

    /// The rules in order; the first that matches decides.
    package let rules: [Rule]
    /// Lines that are no rules, which pam_access passes over.
    package let rejected: [SourceLine]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/security/access.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var rules: [Rule] = []
        var rejected: [SourceLine] = []
        for line in text.lines {
            let content = AsciiText.trimmed(line.withoutCarriageReturn)
            guard let first = content.first, first != 0x23 else { continue }
            let fields = content.split(separator: 0x3A, maxSplits: 2, omittingEmptySubsequences: false)
            let permission = fields.first.map { AsciiText.string(AsciiText.trimmed($0)) }
            guard fields.count == 3, permission == "+" || permission == "-" else {
                rejected.append(text.source(line))
                continue
            }
            rules.append(
                Rule(
                    admits: permission == "+", users: Self.list(fields[1]), origins: Self.list(fields[2]),
                    source: text.source(line)))
        }
        self.rules = rules
        self.rejected = rejected
    }

    private static func list(_ field: AsciiText.Piece) -> [String] {
        AsciiText.words(field) { AsciiText.isSpace($0) || $0 == 0x2C }.map(AsciiText.string)
    }

    /// Whether an account gets in from an unknown address: unknown when the address decides.
    package func admits(user: String, groups: [String]?) -> (answer: Ternary, source: SourceLine?) {
        var answer: (answer: Ternary, source: SourceLine?)?
        for rule in rules {
            let match =
                Self.matches(rule.users) { Self.names($0, user: user, groups: groups) }
                && Self.matches(rule.origins, Self.isRemote)
            switch match {
            case .no: continue
            case .yes:
                let certain = (Ternary(rule.admits), Optional(rule.source))
                guard let earlier = answer else { return certain }
                return earlier.answer == certain.0 ? earlier : (.unknown, earlier.source)
            case .unknown:
                // It may decide: what follows has to say the same.
                let possible = Ternary(rule.admits)
                if let earlier = answer, earlier.answer != possible { return (.unknown, earlier.source) }
                answer = answer ?? (possible, rule.source)
            }
        }
        guard let answer else { return (.yes, nil) }
        return answer.answer == .yes ? answer : (.unknown, answer.source)
    }

    /// `list_match` of pam_access.c: what stands before EXCEPT matches, and what stands behind it does not.
    private static func matches(_ list: [String], _ one: (String) -> Ternary) -> Ternary {
        guard let except = list.firstIndex(of: "EXCEPT") else {
            return list.reduce(Ternary.no) { $0 || one($1) }
        }
        let wanted = list[..<except].reduce(Ternary.no) { $0 || one($1) }
        return wanted && !matches(Array(list[(except + 1)...]), one)
    }

    private static func names(_ token: String, user: String, groups: [String]?) -> Ternary {
        if token == "ALL" || token == user { return .yes }
        if token.hasPrefix("@") { return .unknown }
        if token.hasPrefix("("), token.hasSuffix(")") {
            return groups.map { Ternary($0.contains(String(token.dropFirst().dropLast()))) } ?? .unknown
        }
        if let (name, _) = AsciiText.split(token, at: "@") {
            return name == user || name == "ALL" ? .unknown : .no
        }
        // A bare name may be a group's.
        return groups.map { Ternary($0.contains(token)) } ?? .unknown
    }

    /// Whether a login over the network comes from there.
    private static func isRemote(_ token: String) -> Ternary {
        if token == "ALL" || token == "0.0.0.0/0" || token == "::/0" { return .yes }
        let isTerminal = ["tty", ":", "pts", "console", "cron", "hvc"].contains { token.hasPrefix($0) }
        return token == "LOCAL" || isTerminal ? .no : .unknown
    }
}
