/// An event as upstart emits it, with its variables in order (init(5), "start on").
package struct UpstartEvent: Hashable, Sendable {
    /// `runlevel`, `started`, `filesystem` …
    package let name: String
    /// `RUNLEVEL=2`, `JOB=ssh` …, in the order in which they were given.
    package let variables: [Variable]

    /// `NAME=value`.
    package struct Variable: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// An event.
    package init(_ name: String, _ variables: [(String, String)] = []) {
        self.name = name
        self.variables = variables.map { Variable(name: $0.0, value: $0.1) }
    }
}

/// The expression behind `start on` and `stop on`: events with what their variables have to be, joined by `and`,
/// `or` and parentheses.
package indirect enum UpstartCondition: Hashable, Sendable {
    case event(Match)
    case and(UpstartCondition, UpstartCondition)
    case or(UpstartCondition, UpstartCondition)

    /// One event of an expression.
    package struct Match: Hashable, Sendable {
        package let name: String
        package let arguments: [Argument]

        /// A value by place (`[2345]`) or by name (`RUNLEVEL=2`, `IFACE!=lo`); values are patterns of fnmatch(3).
        package struct Argument: Hashable, Sendable {
            package let name: String?
            package let isNegated: Bool
            package let value: FileNamePattern
        }

        /// Whether `event` is meant (`event_operator_match` of upstart). A variable the job sets itself (`$X`)
        /// is not known here.
        package func matches(_ event: UpstartEvent) -> Ternary {
            guard name == event.name else { return .no }
            var answer = Ternary.yes
            for (index, argument) in arguments.enumerated() {
                let value =
                    argument.name.map { name in event.variables.first { $0.name == name }?.value }
                    ?? (index < event.variables.count ? event.variables[index].value : nil)
                if argument.value.text.contains("$") {
                    answer = answer && .unknown
                    continue
                }
                let isEqual = value.map(argument.value.matches) ?? false
                answer = answer && Ternary(isEqual != argument.isNegated)
            }
            return answer
        }
    }

    /// The deepest nesting that is followed, and the longest expression: evaluating one is recursive.
    private static let depthLimit = 32
    private static let tokenLimit = 512

    /// Parses an expression; nil when it is malformed.
    package init?(_ text: String) {
        var tokens = Self.tokens(text)[...]
        guard tokens.count <= Self.tokenLimit, let condition = Self.expression(&tokens, depth: 0),
            tokens.isEmpty
        else { return nil }
        self = condition
    }

    /// Words with quotes taken off, and parentheses.
    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        var quote: Character?
        func finish() {
            if !word.isEmpty { tokens.append(word) }
            word = ""
        }
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "(" || character == ")" {
                finish()
                tokens.append(String(character))
            } else if character.isWhitespace {
                finish()
            } else {
                word.append(character)
            }
        }
        finish()
        return tokens
    }

    /// `and` and `or` bind alike and to the left, as in upstart.
    private static func expression(_ tokens: inout ArraySlice<String>, depth: Int) -> UpstartCondition? {
        guard var left = operand(&tokens, depth: depth) else { return nil }
        while let token = tokens.first, token == "and" || token == "or" {
            tokens.removeFirst()
            guard let right = operand(&tokens, depth: depth) else { return nil }
            left = token == "and" ? .and(left, right) : .or(left, right)
        }
        return left
    }

    private static func operand(_ tokens: inout ArraySlice<String>, depth: Int) -> UpstartCondition? {
        guard depth < depthLimit, let first = tokens.popFirst(), first != ")" else { return nil }
        if first == "(" {
            guard let inner = expression(&tokens, depth: depth + 1), tokens.popFirst() == ")" else {
                return nil
            }
            return inner
        }
        var arguments: [Match.Argument] = []
        while let token = tokens.first, !["and", "or", "(", ")"].contains(token) {
            tokens.removeFirst()
            arguments.append(argument(token))
        }
        return .event(Match(name: first, arguments: arguments))
    }

    private static func argument(_ text: String) -> Match.Argument {
        guard let (name, value) = AsciiText.split(text, at: "="), !name.isEmpty,
            name.utf8.allSatisfy({ AsciiText.isName($0) || $0 == 0x21 })
        else { return Match.Argument(name: nil, isNegated: false, value: FileNamePattern(text)) }
        let isNegated = name.hasSuffix("!")
        return Match.Argument(
            name: isNegated ? String(name.dropLast()) : name, isNegated: isNegated,
            value: FileNamePattern(value))
    }

    /// The events that are named.
    package var matches: [Match] {
        switch self {
        case .event(let match): [match]
        case .and(let a, let b), .or(let a, let b): a.matches + b.matches
        }
    }

    /// The answer when each event has the answer that `event` gives it.
    package func evaluate(_ event: (Match) -> Ternary) -> Ternary {
        switch self {
        case .event(let match): event(match)
        case .and(let a, let b): a.evaluate(event) && b.evaluate(event)
        case .or(let a, let b): a.evaluate(event) || b.evaluate(event)
        }
    }
}
