package import ByteReading

/// `/etc/passwd` (passwd(5)).
package struct PasswdFile: Sendable {
    /// One account.
    package struct Account: Sendable {
        /// The login name.
        package let name: String
        /// Field 2: `x` means the shadow file.
        package let password: PasswordState
        /// The user id.
        package let uid: UInt32
        /// The primary group's id.
        package let gid: UInt32
        /// The home directory.
        package let home: String
        /// The shell; empty means `/bin/sh`.
        package let shell: String
        /// Where it stands; without the password field.
        package let source: SourceLine

        /// Whether the shell lets nobody in.
        package var hasLoginShell: Bool {
            let name = shell.split(separator: "/").last.map(String.init) ?? "sh"
            return !["nologin", "false", "true", "sync", "shutdown", "halt", "git-shell"].contains(name)
        }
        /// The shell that is started.
        package var effectiveShell: String { shell.isEmpty ? "/bin/sh" : shell }
    }

    /// The accounts in order; the first of a name counts.
    package let accounts: [Account]
    /// Lines that glibc skips: wrong number of fields, no number where one belongs.
    package let rejected: [SourceLine]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/passwd") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var accounts: [Account] = []
        var rejected: [SourceLine] = []
        for line in text.lines {
            guard let fields = AccountLine.fields(line) else { continue }
            let source = AccountLine.source(fields, line: line, file: name, hiding: 1)
            guard fields.count >= 7, !fields[0].isEmpty,
                let uid = AsciiText.number(fields[2]).flatMap(UInt32.init),
                let gid = AsciiText.number(fields[3]).flatMap(UInt32.init)
            else {
                // NIS markers are not accounts.
                if !(fields[0].hasPrefix("+") || fields[0].hasPrefix("-")) { rejected.append(source) }
                continue
            }
            accounts.append(
                Account(
                    name: fields[0], password: PasswordState(fields[1]), uid: uid, gid: gid, home: fields[5],
                    shell: fields[6], source: source))
        }
        self.accounts = accounts
        self.rejected = rejected
    }

    /// The account of this name.
    package subscript(name: String) -> Account? { accounts.first { $0.name == name } }
}

/// What a password field allows. The hash itself is never kept.
package enum PasswordState: Hashable, Sendable {
    /// No password needed.
    case empty
    /// `*`, `!`, `!!`, `!*`: no password can match.
    case none
    /// A hash behind `!`: locked, `passwd -u` opens it again.
    case locked(Scheme)
    /// A hash.
    case hashed(Scheme)
    /// `x`: see the shadow file.
    case shadowed
    /// Something that is no hash of any known scheme; nothing matches it.
    case invalid

    /// How a hash was made (crypt(5)).
    package enum Scheme: String, Sendable, Hashable {
        case descrypt
        case md5crypt
        case bcrypt
        case sha256crypt
        case sha512crypt
        case yescrypt
        case scrypt
        case sunMD5 = "sunmd5"
        case ntHash = "nt"
        case gostYescrypt = "gost-yescrypt"
        case smallCrypt = "sm3crypt"
    }

    /// Judges a password field.
    package init(_ field: String) {
        if field.isEmpty {
            self = .empty
        } else if field == "x" {
            self = .shadowed
        } else if let scheme = Self.scheme(field) {
            self = .hashed(scheme)
        } else if field.hasPrefix("!") || field.hasPrefix("*") {
            let rest = String(field.drop { $0 == "!" })
            if let scheme = Self.scheme(rest) { self = .locked(scheme) } else { self = .none }
        } else {
            self = .invalid
        }
    }

    private static func scheme(_ field: String) -> Scheme? {
        let prefixes: [(String, Scheme)] = [
            ("$1$", .md5crypt), ("$2a$", .bcrypt), ("$2b$", .bcrypt), ("$2y$", .bcrypt), ("$2x$", .bcrypt),
            ("$5$", .sha256crypt), ("$6$", .sha512crypt), ("$y$", .yescrypt), ("$7$", .scrypt),
            ("$md5", .sunMD5),
            ("$3$", .ntHash), ("$gy$", .gostYescrypt), ("$sm3$", .smallCrypt),
        ]
        for (prefix, scheme) in prefixes
        where field.hasPrefix(prefix) && field.utf8.count > prefix.utf8.count + 8 {
            return scheme
        }
        let isDES =
            field.utf8.count == 13
            && field.utf8.allSatisfy { AsciiText.isAlphanumeric($0) || $0 == 0x2E || $0 == 0x2F }
        return isDES ? .descrypt : nil
    }

    /// Whether some password lets the account in.
    package var allowsPassword: Bool {
        switch self {
        case .hashed, .empty: true
        default: false
        }
    }
}

/// `/etc/shadow` (shadow(5)).
package struct ShadowFile: Sendable {
    /// One account's password.
    package struct Entry: Sendable {
        /// The login name.
        package let name: String
        /// What the password field allows.
        package let password: PasswordState
        /// Day of the last change since 1970; 0 forces a change at login.
        package let lastChange: Int?
        /// Days after which the password has to be changed.
        package let maximumAge: Int?
        /// Days after that in which it still can be.
        package let inactivity: Int?
        /// Day on which the account ends.
        package let expiry: Int?
        /// The password field starts with `!`, as `passwd -l` leaves it.
        package let isLocked: Bool
        /// Where it stands; without the password field.
        package let source: SourceLine

        /// Whether the password has to be changed at the next login on `day`, which blocks logins without a
        /// terminal.
        package func mustChangePassword(onDay day: Int) -> Bool {
            if lastChange == 0 { return true }
            guard let lastChange, let maximumAge, maximumAge >= 0 else { return false }
            return day - lastChange > maximumAge
        }
        /// Whether the account is over on `day`: its last day has come, or the password is so old that it cannot be
        /// changed any more (`check_shadow_expiry` of pam_unix).
        package func isExpired(onDay day: Int) -> Bool {
            if let expiry, expiry >= 0, day >= expiry { return true }
            guard let lastChange, lastChange > 0, let maximumAge, maximumAge >= 0, let inactivity,
                inactivity >= 0
            else { return false }
            let age = day.subtractingReportingOverflow(lastChange)
            let limit = maximumAge.addingReportingOverflow(inactivity)
            return !age.overflow && !limit.overflow && age.partialValue > limit.partialValue
        }
    }

    /// The entries in order.
    package let entries: [Entry]
    /// Lines that are no entries.
    package let rejected: [SourceLine]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/shadow") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var entries: [Entry] = []
        var rejected: [SourceLine] = []
        for line in text.lines {
            guard let fields = AccountLine.fields(line) else { continue }
            let source = AccountLine.source(fields, line: line, file: name, hiding: 1)
            guard fields.count >= 2, !fields[0].isEmpty else {
                rejected.append(source)
                continue
            }
            func day(_ index: Int) -> Int? { index < fields.count ? AsciiText.number(fields[index]) : nil }
            entries.append(
                Entry(
                    name: fields[0], password: PasswordState(fields[1]), lastChange: day(2),
                    maximumAge: day(4),
                    inactivity: day(6), expiry: day(7), isLocked: fields[1].hasPrefix("!"), source: source))
        }
        self.entries = entries
        self.rejected = rejected
    }

    /// The entry of this account.
    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}

/// `/etc/group` (group(5)).
package struct GroupFile: Sendable {
    /// One group.
    package struct Group: Sendable {
        /// Its name.
        package let name: String
        /// Its id.
        package let gid: UInt32
        /// Accounts that are members besides those whose primary group it is.
        package let members: [String]
        /// Where it stands.
        package let source: SourceLine
    }

    /// The groups in order.
    package let groups: [Group]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/group") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        groups = text.lines.compactMap { line in
            guard let fields = AccountLine.fields(line), fields.count >= 3, !fields[0].isEmpty,
                let gid = AsciiText.number(fields[2]).flatMap(UInt32.init)
            else { return nil }
            return Group(
                name: fields[0], gid: gid,
                members: fields.count > 3 ? AsciiText.list(fields[3], separatedBy: ",") : [],
                source: AccountLine.source(fields, line: line, file: name, hiding: 1))
        }
    }

    /// The names of all groups of an account.
    package func names(of account: PasswdFile.Account) -> [String] {
        groups.filter { $0.gid == account.gid || $0.members.contains(account.name) }.map(\.name)
    }
}

/// The fields of a line of the account files.
enum AccountLine {
    static func fields(_ line: ConfigurationText.Line) -> [String]? {
        guard let first = line.bytes.first, first != 0x23, !AsciiText.trimmed(line.bytes).isEmpty else {
            return nil
        }
        return line.bytes.split(separator: 0x3A, omittingEmptySubsequences: false).map(AsciiText.string)
    }

    /// The place with the field `index` replaced, so that no hash gets into a report.
    static func source(
        _ fields: [String], line: ConfigurationText.Line, file: String, hiding index: Int
    ) -> SourceLine {
        var shown = fields
        if index < shown.count, shown[index].utf8.count > 2 { shown[index] = "…" }
        // A line without colons may be anything, a hash included.
        if shown.count < 2 { shown = ["…"] }
        return SourceLine(file: file, line: line.number, excerpt: shown.joined(separator: ":"))
    }
}
