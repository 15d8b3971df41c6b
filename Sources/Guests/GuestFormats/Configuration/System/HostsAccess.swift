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
        for line in text.lines {
            let content = line.text
            guard !content.hasPrefix("#"), let (daemons, rest) = AsciiText.split(content, at: ":") else {
                continue
            }
            let clients = rest.split(separator: ":").first.map(String.init) ?? ""
            func list(_ text: String) -> [String] {
                text.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)
            }
            rules.append(Rule(daemons: list(daemons), clients: list(clients), source: text.source(line)))
        }
        return rules
    }

    /// Whether a client from an unknown address reaches `daemon`: yes, no, or unknown when only some addresses
    /// do; with the line that decides.
    package func admits(_ daemon: String) -> (answer: Ternary, source: SourceLine?) {
        for (list, answer) in [(allow, Ternary.yes), (deny, Ternary.no)] {
            for rule in list where Self.names(rule.daemons, daemon) {
                if rule.clients.first == "ALL", !rule.clients.contains("EXCEPT") {
                    return (answer, rule.source)
                }
                if answer == .no { return (.unknown, rule.source) }
            }
        }
        return (.yes, nil)
    }

    private static func names(_ daemons: [String], _ daemon: String) -> Bool {
        if let index = daemons.firstIndex(of: "EXCEPT") {
            return names(Array(daemons[..<index]), daemon) && !names(Array(daemons[(index + 1)...]), daemon)
        }
        return daemons.contains { $0 == "ALL" || $0 == daemon || $0.hasPrefix(daemon + "@") }
    }
}
