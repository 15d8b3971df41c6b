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
        /// Whether a source address is demanded.
        package var isSourceRestricted: Bool { options.contains("from") }
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
