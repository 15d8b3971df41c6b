/// Local accounts and groups (the SAM hive).
package struct WindowsAccounts: Sendable, Hashable, Codable {
    package var accounts: [WindowsAccount] = []
    /// Members of Administrators that are no account of this machine, as `S-1-5-21-…-512`.
    package var otherAdministrators: [String] = []
    /// Members of Remote Desktop Users that are no account of this machine.
    package var otherRemoteDesktopUsers: [String] = []
    /// The machine belongs to a domain; nil when that is not known.
    package var isInDomain: Bool?
    /// `LimitBlankPasswordUse` of the LSA: an empty password is good for the console only. On when absent.
    package var limitBlankPasswords: Located<UInt64>?

    package init() {}

    package var refusesBlankPasswords: Bool { limitBlankPasswords?.value != 0 }
    /// The account that Windows brings along, whatever it is called now.
    package var builtInAdministrator: WindowsAccount? { accounts.first { $0.rid == 500 } }
}

/// A local account. What its password is never gets here.
package struct WindowsAccount: Sendable, Hashable, Codable {
    package enum Password: String, Sendable, Hashable, Codable {
        /// Something is stored. Of an empty password that was set as one, that is true too.
        case stored
        /// Nothing is stored: it is empty.
        case blank
        case unknown
    }

    /// The relative identifier: 500 for the built-in Administrator, 1000 and up for others.
    package var rid: Int
    package var name: String
    /// `HKLM\SAM\SAM\Domains\Account\Users\000001F4`
    package var key: String
    package var isDisabled = false
    /// Too many wrong passwords; it opens again by itself after the time of the policy.
    package var isLocked = false
    package var password: Password = .unknown
    /// Whoever logs in has to choose a new password first.
    package var mustChangePassword = false
    /// When the password becomes too old, in seconds since 1970; nil for never.
    package var passwordExpires: Int64?
    /// When the account ends, in seconds since 1970; nil for never.
    package var expires: Int64?
    package var isAdministrator = false
    package var isRemoteDesktopUser = false

    package init(rid: Int, name: String, key: String) {
        self.rid = rid
        self.name = name
        self.key = key
    }

    package var evidence: Evidence {
        let password =
            switch self.password {
            case .stored: "a password is stored"
            case .blank: "no password"
            case .unknown: "password not known"
            }
        let state = [
            isDisabled ? "disabled" : "enabled", isLocked ? "locked" : nil, password,
            mustChangePassword ? "to be changed at the next logon" : nil,
            isAdministrator ? "administrator" : isRemoteDesktopUser ? "Remote Desktop user" : nil,
        ]
        return Evidence(
            path: key, excerpt: "\(name): " + state.compactMap { $0 }.joined(separator: ", "))
    }
}
