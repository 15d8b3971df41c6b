package import ByteReading

/// An `authorized_keys` file (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
package struct AuthorizedKeys: Sendable {
    /// One key.
    package struct Key: Sendable {
        /// `ssh-ed25519`, `ssh-rsa` …
        package let type: String
        /// The options before it: `command="…"`, `no-pty`, `from="…"` with their values.
        package let options: MountOptions
        /// What follows the key.
        package let comment: String
        /// Where it stands; without the key.
        package let source: SourceLine

        /// The forced command.
        package var command: String? { options.value("command") }
        /// Whether this is the line that cloud-init writes for root to send people to the default user.
        package var isCloudInitNotice: Bool {
            guard let command else { return false }
            return command.contains("Please login as the user")
        }
        /// Whether the key gives a shell: no forced command and no expiry or source that may keep it out.
        package var givesShell: Bool { command == nil }
        /// Whether a source address is demanded; a pattern for all demands none.
        package var isSourceRestricted: Bool {
            guard options.contains("from") else { return false }
            let patterns = (options.value("from") ?? "").split { $0 == "," || $0 == "\"" }
            return !patterns.contains { ["*", "0.0.0.0/0"].contains($0) }
                || patterns.contains { $0.hasPrefix("!") }
        }

        /// Whether the key was good for a time that is over: `expiry-time="YYYYMMDD[HHMM[SS]]"`, taken to the day.
        package func isExpired(onDay day: Int) -> Bool {
            let digits = (options.value("expiry-time") ?? "").prefix(8)
            guard digits.utf8.count == 8, let number = AsciiText.number(String(digits)) else { return false }
            let (year, month) = (number / 10000, number / 100 % 100)
            guard year >= 1970, (1...12).contains(month) else { return false }
            // Days since 1970 of a year that starts in March, so that the day of a leap year is its last.
            let (y, m) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
            let end = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + number % 100 - 1 - 719468
            return end < day
        }
    }

    /// The keys in order.
    package let keys: [Key]
    /// Lines that hold no key sshd knows.
    package let rejected: [SourceLine]

    static let types: Set<String> = [
        "ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa-cert-v01@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ssh-xmss@openssh.com",
    ]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var keys: [Key] = []
        var rejected: [SourceLine] = []
        for line in text.lines {
            let content = AsciiText.trimmed(line.bytes)
            guard let first = content.first, first != 0x23 else { continue }
            var options: AsciiText.Piece = []
            var rest = content
            if !Self.types.contains(AsciiText.string(rest.prefix { !AsciiText.isBlank($0) })) {
                options = Self.options(rest)
                rest = AsciiText.trimmed(rest.dropFirst(options.count))
            }
            let words = rest.split(maxSplits: 2, whereSeparator: AsciiText.isBlank)
            guard let type = words.first.map(AsciiText.string), Self.types.contains(type), words.count >= 2
            else {
                rejected.append(SourceLine(file: name, line: line.number, excerpt: "…"))
                continue
            }
            let comment = words.count > 2 ? AsciiText.string(AsciiText.trimmed(words[2])) : ""
            keys.append(
                Key(
                    type: type, options: MountOptions(AsciiText.string(options)), comment: comment,
                    source: SourceLine(file: name, line: line.number, excerpt: "\(type) … \(comment)")))
        }
        self.keys = keys
        self.rejected = rejected
    }

    /// The options at the start: up to a blank outside double quotes.
    private static func options(_ line: AsciiText.Piece) -> AsciiText.Piece {
        var isQuoted = false
        var isEscaped = false
        return line.prefix { byte in
            if isEscaped {
                isEscaped = false
                return true
            }
            if byte == 0x5C { isEscaped = true }
            if byte == 0x22 { isQuoted.toggle() }
            return isQuoted || !AsciiText.isBlank(byte)
        }
    }
}
