extension SSHDaemonConfiguration {
    /// Whether sshd would refuse to start with this configuration.
    package var isRefused: Bool { problems.contains(where: \.isFatal) }

    /// Checks one line as sshd does while reading; false when it is not to be kept.
    mutating func check(
        _ keyword: String, _ written: String, _ arguments: [String], _ isInMatch: Bool,
        _ version: OpenSSHVersion?, _ source: SourceLine
    ) -> Bool {
        func report(_ kind: Problem.Kind, _ detail: String) {
            problems.append(Problem(kind: kind, detail: detail, source: source))
        }
        let lower = AsciiText.lowercased(written)
        if SSHDaemonKeywords.deprecated.contains(lower), SSHDaemonKeywords.known[keyword] == nil {
            report(
                isInMatch && !SSHDaemonKeywords.deprecatedInMatch.contains(lower)
                    ? .notAllowedInMatch : .deprecated,
                written)
            return false
        }
        guard let known = SSHDaemonKeywords.known[keyword] else {
            report(.unknownKeyword, written)
            return false
        }
        if let version, let introduced = SSHDaemonKeywords.introduced[lower], version < introduced {
            report(.keywordTooNew, written)
            return false
        }
        if isInMatch, !known.isAllowedInMatch {
            report(.notAllowedInMatch, written)
            return false
        }
        guard let first = arguments.first, !first.isEmpty else {
            report(.missingArgument, written)
            return false
        }
        if case .one = known.arguments, arguments.count > 1 {
            report(.extraArguments, written)
            return false
        }
        if let bad = Self.badValue(keyword, arguments) ?? Self.removedAlgorithm(keyword, first, version) {
            report(.badValue, bad)
            return false
        }
        if keyword == "subsystem", !isInMatch {
            if !subsystems.insert(first).inserted {
                report(.duplicateSubsystem, first)
            }
            if arguments.count < 2 {
                report(.missingArgument, written)
                return false
            }
        }
        return true
    }

    private static let closedValues: [String: Set<String>] = [
        "permitrootlogin": ["yes", "no", "prohibit-password", "without-password", "forced-commands-only"],
        "addressfamily": ["any", "inet", "inet6"], "compression": ["yes", "no", "delayed"],
        "gatewayports": ["yes", "no", "clientspecified"], "ignorerhosts": ["yes", "no", "shosts-only"],
        "allowtcpforwarding": ["yes", "no", "all", "local", "remote"],
        "allowstreamlocalforwarding": ["yes", "no", "all", "local", "remote"],
        "permittunnel": ["yes", "no", "point-to-point", "ethernet"], "fingerprinthash": ["md5", "sha256"],
        "loglevel": [
            "quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3",
        ],
    ]

    /// Algorithms that OpenSSH 7.6 does not know any more (release notes): a list that names one is refused ("Bad SSH2
    /// cipher spec"). What is only taken away from the default may name anything.
    private static let removed: [String: Set<String>] = [
        "ciphers": ["arcfour", "arcfour128", "arcfour256", "blowfish-cbc", "cast128-cbc"],
        "macs": ["hmac-ripemd160", "hmac-ripemd160@openssh.com", "hmac-ripemd160-etm@openssh.com"],
    ]

    private static func removedAlgorithm(
        _ keyword: String, _ value: String, _ version: OpenSSHVersion?
    ) -> String? {
        guard let gone = removed[keyword], let version, version >= OpenSSHVersion(7, 6), !value.hasPrefix("-")
        else { return nil }
        let names = value.hasPrefix("+") || value.hasPrefix("^") ? String(value.dropFirst()) : value
        return names.split(separator: ",").map(String.init).first { gone.contains($0) }
    }

    private static func badValue(_ keyword: String, _ arguments: [String]) -> String? {
        let value = AsciiText.lowercased(arguments.first ?? "")
        if SSHDaemonKeywords.flags.contains(keyword), value != "yes", value != "no" { return value }
        if let allowed = closedValues[keyword], !allowed.contains(value) { return value }
        if keyword == "port" {
            // A service name is looked up in /etc/services, so a word is not an error by itself.
            let isNumber = value.utf8.allSatisfy(AsciiText.isDigit)
            if isNumber, !(1...65535).contains(AsciiText.number(value) ?? 0) { return value }
            if !isNumber, value.utf8.contains(where: { !AsciiText.isAlphanumeric($0) && $0 != 0x2D }) {
                return value
            }
        }
        if ["maxauthtries", "maxsessions", "x11displayoffset", "clientalivecountmax"].contains(keyword),
            AsciiText.number(value) == nil
        {
            return value
        }
        return nil
    }
}
