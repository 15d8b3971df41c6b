extension SSHDaemonConfiguration {
    /// A connection as far as it is known. What is nil makes criteria about it `unknown`.
    package struct Connection: Sendable {
        /// The account.
        package var user: String?
        /// The groups of the account.
        package var groups: [String]?
        /// The port sshd was reached at.
        package var localPort: Int?
        /// Whether the account exists.
        package var userExists = true

        /// A connection by `user` from somewhere.
        package init(
            user: String? = nil, groups: [String]? = nil, localPort: Int? = nil, userExists: Bool = true
        ) {
            self.user = user
            self.groups = groups
            self.localPort = localPort
            self.userExists = userExists
        }
    }

    /// What a keyword comes to for a connection.
    package struct Setting: Sendable {
        /// The directives that may hold, most likely first. Empty: the default.
        package let candidates: [Directive]
        /// Whether the first candidate (or the default, if there is none) certainly holds.
        package let isCertain: Bool

        /// The value if it is certain and not the default.
        package var value: String? { isCertain ? candidates.first?.value : nil }
        /// Where it stands.
        package var source: SourceLine? { candidates.first?.source }
    }

    /// Whether a Match block holds for `connection`.
    package func holds(_ block: MatchBlock, for connection: Connection) -> Ternary {
        block.criteria.isEmpty
            ? .unknown : block.criteria.reduce(.yes) { $0 && Self.holds($1, for: connection) }
    }

    private static func holds(_ criterion: MatchBlock.Criterion, for connection: Connection) -> Ternary {
        switch criterion.name {
        case "all":
            return .yes
        case "invalid-user":
            return Ternary(!connection.userExists)
        case "user":
            guard let user = connection.user else { return isAnything(criterion.patterns) ? .yes : .unknown }
            return Ternary(matches(list: criterion.patterns, user))
        case "group":
            guard let groups = connection.groups else { return .unknown }
            // Any group counts, unless a negated pattern names one.
            var found = false
            for group in groups {
                switch matchResult(list: criterion.patterns, group) {
                case true?: found = true
                case false?: return .no
                case nil: break
                }
            }
            return Ternary(found)
        case "localport":
            guard let port = connection.localPort else { return .unknown }
            return Ternary(AsciiText.number(criterion.patterns) == port)
        default:
            return isAnything(criterion.patterns) ? .yes : .unknown
        }
    }

    private static func isAnything(_ patterns: String) -> Bool { patterns == "*" }

    /// `match_pattern_list`: whether `text` matches one of the comma-separated patterns and no negated one.
    static func matches(list: String, _ text: String) -> Bool { matchResult(list: list, text) == true }

    /// True for a match, false for a negated match, nil for none.
    static func matchResult(list: String, _ text: String) -> Bool? {
        var result: Bool?
        for part in list.split(separator: ",") {
            let isNegated = part.hasPrefix("!")
            guard pattern(isNegated ? String(part.dropFirst()) : String(part)).matches(text) else { continue }
            if isNegated { return false }
            result = true
        }
        return result
    }

    /// A pattern of OpenSSH, in which only `*` and `?` have a meaning.
    static func pattern(_ text: String) -> FileNamePattern {
        var escaped = ""
        for character in text {
            if character == "[" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return FileNamePattern(escaped)
    }

    /// What `keyword` comes to: Match blocks that hold go before the global part; within each, the first wins.
    package func setting(_ keyword: String, for connection: Connection = Connection()) -> Setting {
        let lower = AsciiText.lowercased(keyword)
        let wanted = SSHDaemonKeywords.aliases[lower] ?? lower
        var candidates: [Directive] = []
        for directive in directives where directive.keyword == wanted && !directive.conditions.isEmpty {
            switch conditions(of: directive, for: connection) {
            case .yes:
                candidates.append(directive)
                return Setting(candidates: candidates, isCertain: candidates.count == 1)
            case .unknown: candidates.append(directive)
            case .no: break
            }
        }
        let isCertain = candidates.isEmpty
        if let global = directives.first(where: { $0.keyword == wanted && $0.conditions.isEmpty }) {
            candidates.append(global)
        }
        return Setting(candidates: candidates, isCertain: isCertain)
    }

    private func conditions(of directive: Directive, for connection: Connection) -> Ternary {
        directive.conditions.reduce(.yes) { $0 && holds(matches[$1], for: connection) }
    }

    /// All arguments of a keyword whose lines add up. Lines in Match blocks that hold replace the global ones.
    package func accumulated(
        _ keyword: String, for connection: Connection = Connection()
    ) -> (directives: [Directive], isCertain: Bool) {
        let wanted = AsciiText.lowercased(keyword)
        let all = directives.filter { $0.keyword == wanted }
        let global = all.filter(\.conditions.isEmpty)
        var held: [Directive] = []
        var isCertain = true
        for directive in all where !directive.conditions.isEmpty {
            switch conditions(of: directive, for: connection) {
            case .yes: held.append(directive)
            case .unknown: isCertain = false
            case .no: break
            }
        }
        return (held.isEmpty ? global : held, isCertain)
    }

    /// The ports sshd listens on; 22 when none is given. A service name that is not `ssh` is left out.
    package var ports: [(port: Int, source: SourceLine?)] {
        let given = accumulated("port").directives.compactMap {
            directive -> (port: Int, source: SourceLine?)? in
            let number = AsciiText.number(directive.value) ?? (directive.value == "ssh" ? 22 : nil)
            return number.map { ($0, directive.source) }
        }
        if accumulated("port").directives.isEmpty { return [(22, nil)] }
        return given
    }

    /// The addresses sshd binds to; empty for all. `0.0.0.0`, `::` and `*` are all too.
    package var listenAddresses: [(address: String, port: Int?, source: SourceLine)] {
        accumulated("listenaddress").directives.map { directive in
            let text = directive.value
            if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
                let port = text[text.index(after: close)...].dropFirst()
                return (
                    String(text[text.index(after: text.startIndex)..<close]), AsciiText.number(String(port)),
                    directive.source
                )
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count == 2, let port = AsciiText.number(String(parts[1])) {
                return (String(parts[0]), port, directive.source)
            }
            return (text, nil, directive.source)
        }
    }

    /// What root may do (`PermitRootLogin`), with the default of the version: `prohibit-password` from 7.0 on,
    /// `yes` before.
    package enum RootLogin: String, Sendable, Hashable {
        case yes
        case no
        /// Keys only. Also written `without-password`.
        case prohibitPassword = "prohibit-password"
        case forcedCommandsOnly = "forced-commands-only"
    }

    /// What root may do; nil when it depends on what is not known.
    package func rootLogin(version: OpenSSHVersion?) -> (login: RootLogin?, source: SourceLine?) {
        rootLogin(SSHDaemonDefaults(version: version ?? OpenSSHVersion(7, 0)))
    }

    /// What root may do; nil when it depends on what is not known.
    package func rootLogin(_ defaults: SSHDaemonDefaults) -> (login: RootLogin?, source: SourceLine?) {
        let setting = setting("permitrootlogin", for: Connection(user: "root", groups: ["root"]))
        guard setting.isCertain else { return (nil, setting.source) }
        guard let value = setting.value else { return (defaults.rootLogin, nil) }
        let lower = AsciiText.lowercased(value)
        return (lower == "without-password" ? .prohibitPassword : RootLogin(rawValue: lower), setting.source)
    }

    /// A yes-or-no keyword, with its default.
    package func flag(
        _ keyword: String, default standard: Bool, for connection: Connection = Connection()
    ) -> (value: Ternary, source: SourceLine?) {
        let setting = setting(keyword, for: connection)
        let values = setting.candidates.map { AsciiText.equalIgnoringCase($0.value, "yes") }
        if setting.isCertain { return (Ternary(values.first ?? standard), setting.source) }
        var possible = values
        // When no candidate is certain, the default may hold too.
        if setting.candidates.allSatisfy({ !$0.conditions.isEmpty }) { possible.append(standard) }
        let isSame = possible.allSatisfy { $0 == possible.first }
        return (isSame ? Ternary(possible.first ?? standard) : .unknown, setting.source)
    }

    /// Whether `DenyUsers`, `AllowUsers`, `DenyGroups` and `AllowGroups` let the account in (`allowed_user` of
    /// auth.c), with the line that keeps it out or decides.
    package func admits(user: String, groups: [String]?) -> (answer: Ternary, source: SourceLine?) {
        let connection = Connection(user: user, groups: groups)
        var answer = Ternary.yes
        var decisive: SourceLine?
        func apply(_ result: Ternary, _ source: SourceLine?) -> Bool {
            let both = answer && result
            if both != answer { decisive = source }
            answer = both
            return answer == .no
        }
        for (keyword, isDeny, isGroup) in [
            ("denyusers", true, false), ("allowusers", false, false), ("denygroups", true, true),
            ("allowgroups", false, true),
        ] {
            let (list, isCertain) = accumulated(keyword, for: connection)
            if !isCertain, apply(.unknown, list.first?.source) { break }
            guard !list.isEmpty else { continue }
            var found = Ternary.no
            var place = list.first?.source
            for directive in list {
                for argument in directive.arguments {
                    let hit = isGroup ? Self.matchesGroup(argument, groups) : Self.matchesUser(argument, user)
                    if hit != .no, found != .yes { place = directive.source }
                    found = found || hit
                }
            }
            if apply(isDeny ? !found : found, place) { break }
        }
        return (answer, decisive)
    }

    private static func matchesUser(_ argument: String, _ user: String) -> Ternary {
        guard let at = argument.lastIndex(of: "@") else { return Ternary(pattern(argument).matches(user)) }
        guard pattern(String(argument[..<at])).matches(user) else { return .no }
        return argument[argument.index(after: at)...] == "*" ? .yes : .unknown
    }

    private static func matchesGroup(_ argument: String, _ groups: [String]?) -> Ternary {
        guard let groups else { return argument == "*" ? .yes : .unknown }
        return Ternary(groups.contains { pattern(argument).matches($0) })
    }
}
