package import ByteReading

/// `sshd_config` with its includes, read as sshd reads it (sshd_config(5), servconf.c): keywords in any case, the
/// first value of most keywords holds, `Include` is expanded in place, a `Match` block goes on to the next `Match`
/// or the end of its file.
package struct SSHDaemonConfiguration: Sendable {
    /// One line with a keyword.
    package struct Directive: Sendable {
        /// The keyword in lower case, old names replaced by new ones.
        package let keyword: String
        /// The arguments without quotes and comments.
        package let arguments: [String]
        /// The Match blocks the line stands in, outermost first; all have to hold. Empty for global lines.
        package let conditions: [Int]
        /// Where it stands.
        package let source: SourceLine

        /// The first argument.
        package var value: String { arguments.first ?? "" }
    }

    /// One `Match` line.
    package struct MatchBlock: Sendable {
        /// A criterion and its pattern list.
        package struct Criterion: Sendable {
            /// `user`, `group`, `host`, `address`, `localaddress`, `localport`, `rdomain`, `all` … in lower case.
            package let name: String
            /// The pattern list as written; empty for `all`.
            package let patterns: String
        }
        /// The criteria; all have to hold.
        package let criteria: [Criterion]
        /// Where it stands.
        package let source: SourceLine
    }

    /// Something wrong with the configuration.
    package struct Problem: Sendable {
        /// What is wrong.
        package enum Kind: String, Sendable, Hashable {
            /// No OpenSSH up to 10.0 knows the keyword.
            case unknownKeyword
            /// The keyword is newer than the sshd installed, as far as that is known.
            case keywordTooNew
            /// A keyword without argument.
            case missingArgument
            /// More arguments than the keyword takes.
            case extraArguments
            /// The value is not one the keyword takes.
            case badValue
            /// A quote that is not closed.
            case badQuotes
            /// A `Match` line that cannot be understood.
            case badMatch
            /// A keyword that may not stand in a Match block.
            case notAllowedInMatch
            /// Includes nested more than 16 deep.
            case includeTooDeep
            /// A `Subsystem` defined twice (fatal before OpenSSH 9.5).
            case duplicateSubsystem
            /// A keyword that does nothing any more.
            case deprecated
        }
        /// What is wrong.
        package let kind: Kind
        /// The keyword or value concerned.
        package let detail: String
        /// Where it stands.
        package let source: SourceLine

        /// Whether sshd refuses to start.
        package var isFatal: Bool {
            kind != .deprecated && kind != .duplicateSubsystem && kind != .keywordTooNew
        }
        /// Whether it may refuse: distributions add keywords of newer versions to older ones.
        package var isDoubtful: Bool { kind == .keywordTooNew }
    }

    /// Reads what an `Include` names: the files in the order of glob(3), which sorts by name. No match is no error.
    package typealias Includes = (String) throws(ImageFault) -> [ConfigurationFile]

    /// Every directive in the order in which sshd meets it.
    package internal(set) var directives: [Directive] = []
    /// Every Match block; `Directive.conditions` are indices into it.
    package internal(set) var matches: [MatchBlock] = []
    /// What is wrong.
    package internal(set) var problems: [Problem] = []
    /// The files read, in order.
    package internal(set) var files: [String] = []
    /// Include patterns that matched no file.
    package internal(set) var emptyIncludes: [(pattern: String, source: SourceLine)] = []

    /// Names of subsystems defined so far.
    var subsystems: Set<String> = []

    /// Reads `file` and what it includes.
    ///
    /// - Parameters:
    ///   - version: the sshd that will read it, to judge keywords it cannot know; nil accepts all.
    ///   - arguments: lines that stand before it: what `-o` and `-p` say.
    package init(
        _ file: ConfigurationFile, version: OpenSSHVersion? = nil, arguments: [ConfigurationFile] = [],
        includes: Includes
    ) throws(ImageFault) {
        var budget = Budget(512, of: "included sshd configuration files")
        for argument in arguments {
            try read(argument, outer: [], depth: 0, version: version, budget: &budget, includes: includes)
        }
        try read(file, outer: [], depth: 0, version: version, budget: &budget, includes: includes)
    }

    private mutating func read(
        _ file: ConfigurationFile, outer: [Int], depth: Int, version: OpenSSHVersion?, budget: inout Budget,
        includes: Includes
    ) throws(ImageFault) {
        try budget.spend()
        files.append(file.path)
        let text = try ConfigurationText(file.bytes, name: file.path)
        var conditions = outer
        for line in text.lines {
            let source = text.source(line)
            guard let (written, rest) = Self.keyword(line.bytes) else { continue }
            let lower = AsciiText.lowercased(written)
            let keyword = SSHDaemonKeywords.aliases[lower] ?? lower
            guard let arguments = Self.arguments(rest) else {
                problems.append(Problem(kind: .badQuotes, detail: written, source: source))
                continue
            }
            if keyword == "match" {
                guard let block = Self.match(arguments, source: source) else {
                    problems.append(
                        Problem(kind: .badMatch, detail: arguments.joined(separator: " "), source: source))
                    // Nothing after it can be trusted to belong to anything; keep it apart from the global part.
                    matches.append(MatchBlock(criteria: [], source: source))
                    conditions = outer + [matches.count - 1]
                    continue
                }
                matches.append(block)
                conditions = outer + [matches.count - 1]
                continue
            }
            guard check(keyword, written, arguments, !conditions.isEmpty, version, source) else { continue }
            if keyword == "include" {
                guard depth < 16 else {
                    problems.append(Problem(kind: .includeTooDeep, detail: file.path, source: source))
                    continue
                }
                for pattern in arguments {
                    let absolute =
                        pattern.hasPrefix("/") || pattern.hasPrefix("~") ? pattern : "/etc/ssh/" + pattern
                    let included = try includes(absolute)
                    if included.isEmpty { emptyIncludes.append((absolute, source)) }
                    for file in included {
                        try read(
                            file, outer: conditions, depth: depth + 1, version: version, budget: &budget,
                            includes: includes)
                    }
                }
                continue
            }
            directives.append(
                Directive(keyword: keyword, arguments: arguments, conditions: conditions, source: source))
        }
    }

    /// The keyword of a line and what follows it; nil for blank lines and comments. White space or one `=`
    /// separates them (`strdelim`); trailing white space, `\r` and form feeds are dropped first.
    static func keyword(_ line: AsciiText.Piece) -> (String, AsciiText.Piece)? {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D || last == 0x0C {
            line = line.dropLast()
        }
        while let first = line.first, first == 0x20 || first == 0x09 || first == 0x0D {
            line = line.dropFirst()
        }
        guard let first = line.first, first != 0x23 else { return nil }
        if first == 0x22 {
            // A quoted keyword.
            let rest = line.dropFirst()
            guard let end = rest.firstIndex(of: 0x22) else { return (AsciiText.string(line), []) }
            return (AsciiText.string(rest[..<end]), rest[(end + 1)...])
        }
        let name = line.prefix { $0 != 0x20 && $0 != 0x09 && $0 != 0x3D }
        var rest = line.dropFirst(name.count)
        var seenEquals = false
        while let byte = rest.first, byte == 0x20 || byte == 0x09 || (byte == 0x3D && !seenEquals) {
            if byte == 0x3D { seenEquals = true }
            rest = rest.dropFirst()
        }
        return (AsciiText.string(name), rest)
    }

    /// The arguments as `argv_split` gives them: single and double quotes, a backslash before a quote, a backslash
    /// or a space, `#` at the start of a word ends the line. Nil for an open quote.
    static func arguments(_ rest: AsciiText.Piece) -> [String]? {
        var arguments: [String] = []
        var index = rest.startIndex
        while index < rest.endIndex {
            if AsciiText.isBlank(rest[index]) {
                index += 1
                continue
            }
            if rest[index] == 0x23 { break }
            var word: [UInt8] = []
            var quote: UInt8 = 0
            while index < rest.endIndex {
                let byte = rest[index]
                let next = index + 1 < rest.endIndex ? rest[index + 1] : 0
                if byte == 0x5C, next == 0x27 || next == 0x22 || next == 0x5C || (quote == 0 && next == 0x20)
                {
                    word.append(next)
                    index += 2
                    continue
                }
                if quote == 0, AsciiText.isBlank(byte) { break }
                if quote == 0, byte == 0x22 || byte == 0x27 {
                    quote = byte
                } else if quote != 0, byte == quote {
                    quote = 0
                } else {
                    word.append(byte)
                }
                index += 1
            }
            guard quote == 0 else { return nil }
            arguments.append(AsciiText.string(word[...]))
        }
        return arguments
    }

    private static let criteria: Set<String> = [
        "user", "group", "host", "address", "localaddress", "localport", "rdomain", "version", "sessiontype",
        "command",
    ]

    private static func match(_ arguments: [String], source: SourceLine) -> MatchBlock? {
        var criteria: [MatchBlock.Criterion] = []
        var index = 0
        while index < arguments.count {
            var name = AsciiText.lowercased(arguments[index])
            var patterns: String?
            if let (left, right) = AsciiText.split(arguments[index], at: "=") {
                name = AsciiText.lowercased(left)
                patterns = right.isEmpty ? nil : right
            }
            index += 1
            if name == "all" {
                // `all` stands alone.
                guard arguments.count == 1 else { return nil }
                return MatchBlock(criteria: [.init(name: "all", patterns: "")], source: source)
            }
            if name == "invalid-user" {
                criteria.append(.init(name: name, patterns: ""))
                continue
            }
            guard Self.criteria.contains(name) else { return nil }
            if patterns == nil, index < arguments.count {
                patterns = arguments[index]
                index += 1
            }
            guard let list = patterns, !list.isEmpty else { return nil }
            criteria.append(.init(name: name, patterns: list))
        }
        return criteria.isEmpty ? nil : MatchBlock(criteria: criteria, source: source)
    }
}
