package import ByteReading

/// The rules of one file below `/etc/pam.d` (pam.conf(5)), in order.
package struct PAMService: Sendable {
    /// What a rule is for.
    package enum Kind: String, Sendable, Hashable {
        case auth, account, password, session
    }

    /// What libpam does with an outcome.
    package enum Action: Hashable, Sendable {
        case ignore, ok, done, bad, die, reset
        /// Passes over so many rules.
        case jump(Int)
    }

    /// What stands in the second field.
    package enum Control: Hashable, Sendable {
        case required, requisite, sufficient, optional
        /// `[success=1 default=ignore]`, by the names of outcomes.
        case actions([String: Action])
        /// `include FILE`, or `substack FILE`, whose `done` and `die` end only itself.
        case include(isSubstack: Bool)
    }

    /// One rule.
    package struct Rule: Sendable {
        package let kind: Kind
        package let control: Control
        /// The module, or the file for an include.
        package let module: String
        package let arguments: [String]
        /// Where it stands.
        package let source: SourceLine

        /// `pam_unix` of `/lib/security/pam_unix.so`.
        package var name: String {
            let last = module.split(separator: "/").last.map(String.init) ?? module
            return last.hasSuffix(".so") ? String(last.dropLast(3)) : last
        }
    }

    /// A rule, or a whole file that is taken in.
    package enum Entry: Sendable {
        case rule(Rule)
        /// `@include FILE` (Debian).
        case file(String, SourceLine)
    }

    /// The entries in order.
    package let entries: [Entry]
    /// Lines that libpam does not understand: it treats the service as broken.
    package let rejected: [SourceLine]

    /// Reads a file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var entries: [Entry] = []
        var rejected: [SourceLine] = []
        var pending: [UInt8] = []
        for line in text.lines {
            var content = Array(AsciiText.trimmed(line.withoutCarriageReturn.prefix { $0 != 0x23 }))
            if content.last == 0x5C {
                content.removeLast()
                pending += content + [0x20]
                continue
            }
            let whole = pending + content
            pending = []
            guard !AsciiText.trimmed(whole[...]).isEmpty else { continue }
            let source = text.source(line)
            if let entry = Self.entry(Self.tokens(whole[...]), source) {
                entries.append(entry)
            } else {
                rejected.append(source)
            }
        }
        self.entries = entries
        self.rejected = rejected
    }

    /// Words; what stands in brackets is one.
    private static func tokens(_ line: AsciiText.Piece) -> [String] {
        var tokens: [String] = []
        var word: [UInt8] = []
        var isBracketed = false
        for byte in line {
            if isBracketed {
                if byte == 0x5D {
                    isBracketed = false
                    tokens.append(AsciiText.string(word[...]))
                    word = []
                } else {
                    word.append(byte)
                }
            } else if AsciiText.isSpace(byte) {
                if !word.isEmpty { tokens.append(AsciiText.string(word[...])) }
                word = []
            } else if byte == 0x5B, word.isEmpty {
                isBracketed = true
                word = [0x5B]
            } else {
                word.append(byte)
            }
        }
        if !word.isEmpty { tokens.append(AsciiText.string(word[...])) }
        return tokens
    }

    private static func entry(_ tokens: [String], _ source: SourceLine) -> Entry? {
        guard let first = tokens.first, tokens.count >= 2 else { return nil }
        if first == "@include" { return .file(tokens[1], source) }
        // A dash keeps a missing module out of the log.
        let type = AsciiText.lowercased(first.hasPrefix("-") ? String(first.dropFirst()) : first)
        guard let kind = Kind(rawValue: type), tokens.count >= 3, let control = control(tokens[1]) else {
            return nil
        }
        return .rule(
            Rule(
                kind: kind, control: control, module: tokens[2], arguments: Array(tokens.dropFirst(3)),
                source: source))
    }

    private static func control(_ text: String) -> Control? {
        switch AsciiText.lowercased(text) {
        case "required": return .required
        case "requisite": return .requisite
        case "sufficient": return .sufficient
        case "optional": return .optional
        case "include": return .include(isSubstack: false)
        case "substack": return .include(isSubstack: true)
        case let list where list.hasPrefix("["):
            var actions: [String: Action] = [:]
            for word in AsciiText.words(String(list.dropFirst())) {
                guard let (name, value) = AsciiText.split(word, at: "="), let action = action(value) else {
                    return nil
                }
                actions[name] = action
            }
            return .actions(actions)
        default: return nil
        }
    }

    private static func action(_ text: String) -> Action? {
        switch text {
        case "ignore": .ignore
        case "ok": .ok
        case "done": .done
        case "bad": .bad
        case "die": .die
        case "reset": .reset
        default: AsciiText.number(text).flatMap { $0 >= 1 && $0 < 1000 ? .jump($0) : nil }
        }
    }
}
