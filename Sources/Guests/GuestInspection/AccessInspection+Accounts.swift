import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

extension AccessInspection {
    func accountFacts(_ accounts: Reading<PasswdFile>) -> Fact<[AccountFacts]> {
        switch accounts {
        case .absent: return .known([])
        case .unreadable(let gap): return .unknown(gap)
        case .found(let passwd):
            let shadow = reader.parse("/etc/shadow") { (bytes) throws(ImageFault) in try ShadowFile(bytes) }
            let shells = passwd.accounts.filter { $0.uid == 0 || $0.hasLoginShell }
            return .known(shells.prefix(64).map { account($0, shadow: shadow) })
        }
    }

    private func account(_ entry: PasswdFile.Account, shadow: Reading<ShadowFile>) -> AccountFacts {
        let line = shadow.value?[entry.name]
        var facts = AccountFacts(
            name: entry.name, uid: entry.uid, shell: entry.effectiveShell,
            shellExists: reader.exists(entry.effectiveShell), shellAllowsLogin: entry.hasLoginShell,
            home: entry.home, homeExists: reader.exists(entry.home),
            password: password(entry, shadow: shadow),
            isExpired: line?.isExpired(onDay: today) ?? false, authorizedKeys: 0,
            evidence: Evidence(entry.source))
        facts.mustChangePassword = line?.mustChangePassword(onDay: today) ?? false
        facts.isLocked = line?.isLocked ?? false
        readKeys(of: entry, into: &facts)
        judgeSSH(of: entry, into: &facts)
        return facts
    }

    private func password(_ entry: PasswdFile.Account, shadow: Reading<ShadowFile>) -> AccountFacts.Password {
        let state: PasswordState
        if entry.password == .shadowed {
            switch shadow {
            case .unreadable: return .unknown
            case .absent: return .missing
            case .found(let file):
                guard let line = file[entry.name] else { return .missing }
                state = line.password
            }
        } else {
            state = entry.password
        }
        switch state {
        case .empty: return .empty
        case .none, .locked, .invalid: return .locked
        case .hashed: return .set
        case .shadowed: return .missing
        }
    }

    // MARK: Keys

    /// Paths of the files with an account's keys (`AuthorizedKeysFile`, tokens expanded).
    private func keyFiles(of entry: PasswdFile.Account) -> [String] {
        let setting = configuration?.setting(
            "authorizedkeysfile", for: .init(user: entry.name, groups: groups?.names(of: entry)))
        let patterns =
            setting?.candidates.first?.arguments ?? [".ssh/authorized_keys", ".ssh/authorized_keys2"]
        return patterns.filter { $0 != "none" }.map { pattern in
            let expanded = pattern.replacingTokens([
                "%h": entry.home, "%u": entry.name, "%U": String(entry.uid), "%%": "%",
            ])
            return expanded.hasPrefix("/") ? expanded : entry.home + "/" + expanded
        }
    }

    private func readKeys(of entry: PasswdFile.Account, into facts: inout AccountFacts) {
        for path in keyFiles(of: entry) {
            let keys = reader.parse(path) { (bytes) throws(ImageFault) in
                try AuthorizedKeys(bytes, name: path)
            }
            guard let keys = keys.value else { continue }
            facts.forcedKeys += keys.keys.filter { !$0.givesShell && !$0.isCloudInitNotice }.count
            var usable = keys.keys.filter { $0.givesShell && !$0.isCloudInitNotice }
            guard !usable.isEmpty else { continue }
            for key in usable {
                guard let why = refusal(of: key, for: entry) else { continue }
                facts.keyProblems.append(
                    StructureFinding(code: why.code, message: why.message, evidence: Evidence(key.source)))
            }
            usable.removeAll { refusal(of: $0, for: entry) != nil }
            facts.restrictedKeys += usable.filter(\.isSourceRestricted).map { Evidence($0.source) }
            usable.removeAll(where: \.isSourceRestricted)
            guard !usable.isEmpty else { continue }
            if let problem = modeProblem(path, of: entry) {
                facts.keyProblems.append(problem)
                continue
            }
            facts.authorizedKeys += usable.count
            facts.authorizedKeysEvidence.append(
                Evidence(path: path, excerpt: usable.count == 1 ? "1 key" : "\(usable.count) keys"))
        }
    }

    /// Why sshd does not take a key, whoever brings it.
    private func refusal(
        of key: AuthorizedKeys.Key, for entry: PasswdFile.Account
    ) -> (code: String, message: String)? {
        if key.isExpired(onDay: today) {
            return ("expiredKey", "the time of the key is over (expiry-time)")
        }
        let accepted = configuration?.accepts(
            keyType: key.type, for: .init(user: entry.name, groups: groups?.names(of: entry)),
            version: packageVersion.flatMap { OpenSSHVersion($0) })
        guard let accepted, accepted.answer == .no else { return nil }
        return ("refusedKeyType", "sshd takes no keys of type \(key.type)")
    }

    /// `StrictModes`: the file and every directory above it up to the home must belong to the account or to root
    /// and must not be writable by others (safe_path of OpenSSH's misc.c).
    private func modeProblem(_ path: String, of entry: PasswdFile.Account) -> StructureFinding? {
        if configuration?.flag("strictmodes", default: true).value == .no { return nil }
        var current = GuestPath(path)
        let home = GuestPath(entry.home)
        while true {
            if let info = reader.info(current.description).value,
                info.permissions & 0o022 != 0 || (info.owner != entry.uid && info.owner != 0)
            {
                return StructureFinding(
                    code: "strictModes",
                    message:
                        "\(current) has mode \(String(info.permissions, radix: 8)) and owner \(info.owner): sshd ignores the keys of \(entry.name)",
                    evidence: Evidence(path: path))
            }
            if current == home || current.names.isEmpty { return nil }
            current = current.parent
        }
    }

    // MARK: What the server says

    private func judgeSSH(of entry: PasswdFile.Account, into facts: inout AccountFacts) {
        if let dropbear { return judgeDropbear(dropbear, entry, &facts) }
        var ways = sshd(entry)
        if usesPAM == .no, facts.isLocked {
            // `platform_locked_account`: without PAM a locked account is refused whatever it brings.
            ways.refuse(
                key: true,
                Evidence(
                    path: "/etc/shadow", excerpt: "\(entry.name): the password is locked, and UsePAM is off"))
        }
        if usesPAM != .no { askPAM(about: entry, &ways) }
        facts.sshWithPassword = Answer(ways.password)
        facts.sshWithKey = Answer(ways.key)
        facts.refusedBy = ways.decisive
    }

    /// The two ways in, and what closes one.
    private struct Ways {
        var password: Ternary
        var key: Ternary
        var decisive: Evidence?

        mutating func refuse(key refusesKey: Bool, _ evidence: Evidence?) {
            if password == .yes || (refusesKey && key == .yes) || decisive == nil {
                decisive = evidence ?? decisive
            }
            password = .no
            if refusesKey { key = .no }
        }
    }

    private func sshd(_ entry: PasswdFile.Account) -> Ways {
        guard let configuration else {
            // Without a configuration file sshd's defaults hold: keys for everybody, passwords but for root.
            let isUnknown = configurationGap != nil
            return Ways(
                password: isUnknown ? .unknown : Ternary(entry.uid != 0), key: isUnknown ? .unknown : .yes)
        }
        let names = groups?.names(of: entry)
        let connection = SSHDaemonConfiguration.Connection(user: entry.name, groups: names)
        let admitted = configuration.admits(user: entry.name, groups: names)
        let passwords = configuration.flag("passwordauthentication", default: true, for: connection)
        let keyboard = configuration.flag("kbdinteractiveauthentication", default: true, for: connection)
        let keys = configuration.flag("pubkeyauthentication", default: true, for: connection)
        // PAM asks for the password through keyboard-interactive when that is on.
        let byPAM: Ternary = usesPAM == .no ? .no : usesPAM == .yes ? .yes : .unknown
        var ways = Ways(password: passwords.value || (keyboard.value && byPAM), key: keys.value)
        if passwords.value == .no { ways.decisive = passwords.source.map { Evidence($0) } }
        if entry.uid == 0 {
            let root = configuration.rootLogin(defaults)
            let place = root.source.map { Evidence($0) }
            switch root.login {
            case .yes?: break
            case .no?, .forcedCommandsOnly?: ways.refuse(key: true, place)
            case .prohibitPassword?: ways.refuse(key: false, place)
            case nil:
                ways.password = ways.password && .unknown
                // Without a line the default of any version lets keys in.
                if root.source != nil { ways.key = ways.key && .unknown }
            }
        }
        takeMethods(configuration, connection, &ways)
        ways.password = ways.password && admitted.answer
        ways.key = ways.key && admitted.answer
        if admitted.answer == .no { ways.decisive = admitted.source.map { Evidence($0) } ?? ways.decisive }
        return ways
    }

    /// `AuthenticationMethods`, and `ForceCommand` with a command that ends the session at once.
    private func takeMethods(
        _ configuration: SSHDaemonConfiguration, _ connection: SSHDaemonConfiguration.Connection,
        _ ways: inout Ways
    ) {
        if let methods = configuration.methods(for: connection) {
            let place = methods.source.map { Evidence($0) }
            if methods.key != .enough || methods.password != .enough {
                ways.decisive = place ?? ways.decisive
            }
            func take(_ answer: SSHDaemonConfiguration.MethodAnswer, _ way: Ternary) -> Ternary {
                switch answer {
                case .enough: way
                case .needsMore: way && .unknown
                case .never: .no
                }
            }
            ways.key = take(methods.key, ways.key)
            ways.password = take(methods.password, ways.password)
        } else {
            (ways.key, ways.password) = (ways.key && .unknown, ways.password && .unknown)
        }
        let forced = configuration.setting("forcecommand", for: connection)
        let program = forced.value?.split(separator: " ").first?.split(separator: "/").last ?? ""
        if ["nologin", "false", "true", "internal-sftp"].contains(program) {
            ways.refuse(key: true, forced.source.map { Evidence($0) })
        }
    }

    /// The stacks for accounts and sessions are asked whatever somebody brings, the one for authentication only about
    /// passwords.
    private func askPAM(about entry: PasswdFile.Account, _ ways: inout Ways) {
        guard pam.isPresent else { return }
        let account = pam.outcome("sshd", .account)
        let auth = pam.outcome("sshd", .auth)
        func take(_ outcome: PAMInspection.Outcome, key: Bool) {
            switch outcome.admits {
            case .yes: break
            case .no: ways.refuse(key: key, outcome.source.map { Evidence($0) })
            case .unknown:
                ways.password = ways.password && .unknown
                if key { ways.key = ways.key && .unknown }
                if ways.decisive == nil { ways.decisive = outcome.source.map { Evidence($0) } }
            }
        }
        take(account, key: true)
        take(auth, key: false)
        // Without a session that is open sshd ends the login with status 254; what is not known of one is passed over.
        let session = pam.outcome("sshd", .session)
        if session.admits == .no { take(session, key: true) }
        if pam.uses("pam_access", "sshd", .account) != nil, let table = accessTable.value {
            let admitted = table.admits(user: entry.name, groups: groups?.names(of: entry))
            take(PAMInspection.Outcome(admits: admitted.answer, source: admitted.source), key: true)
        }
    }

    private func judgeDropbear(
        _ options: DropbearOptions, _ entry: PasswdFile.Account, _ facts: inout AccountFacts
    ) {
        let isRoot = entry.uid == 0
        let refusesPassword =
            options.refusesPasswords || (isRoot && (options.refusesRoot || options.refusesRootPassword))
        facts.sshWithPassword = Answer(!refusesPassword)
        facts.sshWithKey = Answer(!(isRoot && options.refusesRoot))
        if refusesPassword { facts.refusedBy = options.path.map { Evidence(path: $0) } }
    }
}
