package import ByteReading

/// `/etc/hosts.allow` and `/etc/hosts.deny` (hosts_access(5)), as TCP wrappers judge a connection from anywhere.
/// sshd of many distributions still links the library (Debian does, Red Hat from 8 on does not).
package struct HostsAccess: Sendable {
    /// One rule.
    package struct Rule: Sendable {
        /// The daemons: `sshd`, `ALL`.
        package let daemons: [String]
        /// The clients: `ALL`, `10.0.0.0/8`, `.example.org`, `LOCAL`.
        package let clients: [String]
        /// What the options behind the clients say (hosts_options(5)); nil when neither `allow` nor `deny` is among
        /// them.
        package let admits: Bool?
        /// Where it stands.
        package let source: SourceLine
    }

    /// The rules of hosts.allow.
    package let allow: [Rule]
    /// The rules of hosts.deny.
    package let deny: [Rule]

    /// Reads the files; nil for one that is absent.
    package init(
        allow: Bytes?, deny: Bytes?, allowName: String = "/etc/hosts.allow",
        denyName: String = "/etc/hosts.deny"
    ) throws(ImageFault) {
        self.allow =
            try allow.map { (bytes) throws(ImageFault) in try Self.rules(bytes, name: allowName) } ?? []
        self.deny = try deny.map { (bytes) throws(ImageFault) in try Self.rules(bytes, name: denyName) } ?? []
    }

    private static func rules(_ bytes: Bytes, name: String) throws(ImageFault) -> [Rule] {
        let text = try ConfigurationText(bytes, name: name)
        var rules: [Rule] = []
        var pending: [UInt8] = []
        for line in text.lines {
            var content = Array(line.withoutCarriageReturn)
            // A backslash at the end goes on with the next line, in comments too (`xgets` of misc.c).
            if content.last == 0x5C {
                content.removeLast()
                pending += content
                continue
            }
            let whole = pending + content
            pending = []
            guard whole.first != 0x23 else { continue }
            let fields = Self.fields(whole[...])
            guard fields.count >= 2 else { continue }
            rules.append(
                Rule(
                    daemons: Self.list(fields[0]), clients: Self.list(fields[1]),
                    admits: Self.verdict(fields.dropFirst(2)),
                    source: text.source(line)))
        }
        return rules
    }

    /// What colons separate, outside the brackets of an IPv6 address and without an escaped one.
    private static func fields(_ line: AsciiText.Piece) -> [AsciiText.Piece] {
        var fields: [AsciiText.Piece] = []
        var start = line.startIndex
        var isBracketed = false
        for index in line.indices {
            switch line[index] {
            case 0x5B: isBracketed = true
            case 0x5D: isBracketed = false
            case 0x3A where !isBracketed && (index == line.startIndex || line[index - 1] != 0x5C):
                fields.append(line[start..<index])
                start = index + 1
            default: break
            }
        }
        fields.append(line[start...])
        return fields
    }

    private static func list(_ field: AsciiText.Piece) -> [String] {
        AsciiText.words(field) { AsciiText.isSpace($0) || $0 == 0x2C }.map(AsciiText.string)
    }

    private static func verdict(_ options: ArraySlice<AsciiText.Piece>) -> Bool? {
        for option in options {
            switch AsciiText.lowercased(AsciiText.words(AsciiText.string(option)).first ?? "") {
            case "allow": return true
            case "deny", "twist": return false
            default: continue
            }
        }
        return nil
    }

    /// Whether a client from an unknown address reaches `daemon`: yes, no, or unknown when only some addresses
    /// do; with the line that decides.
    package func admits(_ daemon: String) -> (answer: Ternary, source: SourceLine?) {
        var doubt: (answer: Ternary, source: SourceLine?)?
        for (list, standard) in [(allow, true), (deny, false)] {
            for rule in list where Self.names(rule.daemons, daemon) {
                let answer = Ternary(rule.admits ?? standard)
                let isAnybody =
                    rule.clients.first == "ALL" && !rule.clients.contains("EXCEPT")
                    || rule.clients.contains("0.0.0.0/0") || rule.clients.contains("0.0.0.0/0.0.0.0")
                if isAnybody {
                    guard let doubt else { return (answer, rule.source) }
                    return doubt.answer == answer ? doubt : (.unknown, rule.source)
                }
                // Somebody from elsewhere is not among those whom it lets in, and may be among those it keeps out.
                if answer == .no { doubt = doubt ?? (answer, rule.source) }
            }
        }
        // Who is in no list is let in.
        guard let doubt else { return (.yes, nil) }
        return (.unknown, doubt.source)
    }

    private static func names(_ daemons: [String], _ daemon: String) -> Bool {
        if let index = daemons.firstIndex(of: "EXCEPT") {
            return names(Array(daemons[..<index]), daemon) && !names(Array(daemons[(index + 1)...]), daemon)
        }
        return daemons.contains { $0 == "ALL" || $0 == daemon || $0.hasPrefix(daemon + "@") }
    }
}
