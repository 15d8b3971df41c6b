import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out how one gets in: sshd, accounts, firewall and what keeps people out.
final class AccessInspection {
    private let reader: GuestReader
    private let services: ServiceInspection
    private let identity: OSIdentity
    /// Days since 1970.
    private let today: Int
    private var configuration: SSHDaemonConfiguration?
    private var configurationGap: Gap?
    private var groups: GroupFile?

    init(reader: GuestReader, services: ServiceInspection, identity: OSIdentity, now: Int64) {
        self.reader = reader
        self.services = services
        self.identity = identity
        today = Int(now / 86400)
    }

    func inspect() -> AccessFacts {
        groups = reader.parse("/etc/group") { (bytes) throws(ImageFault) in try GroupFile(bytes) }.value
        let accounts = readAccounts()
        let ssh = inspectSSH(accounts)
        var facts = AccessFacts(
            ssh: ssh, accounts: accountFacts(accounts, ssh: ssh), shadow: shadow(),
            firewall: FirewallInspection(reader: reader, services: services, ports: ssh.ports.map(\.value))
                .inspect())
        facts.obstacles = obstacles()
        for path in ["/usr/bin/passwd", "/usr/sbin/chpasswd", "/usr/sbin/useradd"] {
            switch reader.exists(path) {
            case .yes: facts.passwordTools[path] = true
            case .no: facts.passwordTools[path] = false
            case .unknown: break
            }
        }
        return facts
    }

    private func readAccounts() -> Reading<PasswdFile> {
        reader.parse("/etc/passwd") { (bytes) throws(ImageFault) in try PasswdFile(bytes) }
    }

    // MARK: sshd

    private static let units = [
        "ssh.service", "sshd.service", "ssh.socket", "sshd.socket", "dropbear.service",
    ]
    private static let servers = [
        "/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/usr/sbin/dropbear",
    ]

    private var version: OpenSSHVersion? {
        identity.packages["openssh-server"].flatMap { OpenSSHVersion($0) }
    }

    private func inspectSSH(_ accounts: Reading<PasswdFile>) -> SSHFacts {
        let units = AccessInspection.units.map(services.unit)
        var starts: Answer = units.contains { $0.starts == .yes } ? .yes : .no
        if starts == .no, units.contains(where: { $0.starts == .unknown }) { starts = .unknown }
        if !services.isPresent { starts = .unknown }
        var facts = SSHFacts(starts: starts)
        facts.server = AccessInspection.servers.first { reader.exists($0) == .yes }
        facts.version = identity.packages["openssh-server"]
        facts.unitEvidence = units.filter { $0.state != .missing }.flatMap { unit in
            unit.evidence.isEmpty
                ? [Evidence(path: unit.name, excerpt: "\(unit.state.rawValue): nothing starts it")]
                : unit.evidence
        }
        readConfiguration(&facts)
        for name in ["/etc/ssh/sshd_not_to_be_run"] where reader.exists(name) == .yes {
            facts.obstacles.append(
                StructureFinding(
                    code: "notToBeRun", message: "sshd does not start while this file is there",
                    evidence: Evidence(path: name)))
        }
        if facts.server != nil, let passwd = accounts.value, passwd["sshd"] == nil {
            facts.obstacles.append(
                StructureFinding(
                    code: "noPrivilegeSeparationUser",
                    message: "the account sshd is missing, and sshd refuses to start without it",
                    evidence: Evidence(path: "/etc/passwd")))
        }
        hostKeys(&facts)
        return facts
    }

    private func readConfiguration(_ facts: inout SSHFacts) {
        let path = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"].first { reader.exists($0) != .no }
        guard let path else { return }
        switch reader.file(path) {
        case .absent: return
        case .unreadable(let gap):
            facts.gap = gap
            configurationGap = gap
            return
        case .found(let bytes):
            do {
                let configuration = try SSHDaemonConfiguration(
                    ConfigurationFile(path: path, bytes: bytes), version: version
                ) { (pattern) throws(ImageFault) in self.included(pattern) }
                self.configuration = configuration
                describe(configuration, in: &facts)
            } catch {
                let gap = Gap(error, at: path)
                reader.record(gap)
                facts.gap = gap
                configurationGap = gap
            }
        }
    }

    /// Files that an `Include` pattern names, relative ones below `/etc/ssh`, sorted as glob(3) does.
    private func included(_ pattern: String) -> [ConfigurationFile] {
        let path = pattern.hasPrefix("/") ? pattern : "/etc/ssh/" + pattern
        return reader.glob(path).compactMap { path in
            reader.file(path).value.map { ConfigurationFile(path: path, bytes: $0) }
        }
    }

    private func describe(_ configuration: SSHDaemonConfiguration, in facts: inout SSHFacts) {
        let main = "/etc/ssh/sshd_config"
        func place(_ source: SourceLine?) -> Evidence {
            source.map { Evidence($0) } ?? Evidence(path: main, excerpt: "not set: the default")
        }
        let root = configuration.rootLogin(version: version)
        if let login = root.login { facts.permitRootLogin = Located(login.rawValue, place(root.source)) }
        func flag(_ keyword: String, default standard: Bool) -> Located<Bool>? {
            let (value, source) = configuration.flag(keyword, default: standard)
            return value == .unknown ? nil : Located(value == .yes, place(source))
        }
        facts.passwordAuthentication = flag("passwordauthentication", default: true)
        facts.publicKeyAuthentication = flag("pubkeyauthentication", default: true)
        facts.permitEmptyPasswords = flag("permitemptypasswords", default: false)
        facts.ports = configuration.ports.map { Located($0.port, place($0.source)) }
        facts.listenAddresses = configuration.listenAddresses.map { Located($0.address, place($0.source)) }
        for keyword in ["allowusers", "denyusers", "allowgroups", "denygroups"] {
            facts.restrictions += configuration.accumulated(keyword).directives.map { Evidence($0.source) }
        }
        facts.errors = configuration.problems.filter(\.isFatal).map {
            StructureFinding(
                code: $0.kind.rawValue, message: "sshd refuses to start: \($0.kind.rawValue) \($0.detail)",
                evidence: Evidence($0.source))
        }
    }

    private func hostKeys(_ facts: inout SSHFacts) {
        let names = reader.names(in: "/etc/ssh").value ?? []
        facts.hostKeys = names.filter { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key") }.map {
            "/etc/ssh/\($0)"
        }
        for key in facts.hostKeys {
            guard let info = reader.info(key).value else { continue }
            // sshd refuses keys that others can read (sshkey_perm_ok): group may on some systems, the world never.
            if info.permissions & 0o077 & ~0o040 != 0 || info.size == 0 {
                facts.obstacles.append(
                    StructureFinding(
                        code: "hostKeyPermissions",
                        message: info.size == 0
                            ? "the key is empty"
                            : "mode \(String(info.permissions, radix: 8)): sshd ignores a key that others can read",
                        evidence: Evidence(path: key)))
            }
        }
        for name in [
            "sshd-keygen.service", "sshd-keygen.target", "sshd-keygen@ed25519.service", "ssh-keygen.service",
            "regenerate_ssh_host_keys.service", "sshdgenkeys.service",
        ]
        where services.unit(name).starts == .yes {
            facts.hostKeyGenerator = Evidence(path: name, excerpt: "makes missing host keys at boot")
            return
        }
        for name in ["ssh.service", "sshd.service"] {
            let lines = services.file(of: name)?.values("Service", "ExecStartPre") ?? []
            if let line = lines.first(where: {
                $0.value.contains("ssh-keygen -A") || $0.value.contains("sshd-gen-keys")
            }) {
                facts.hostKeyGenerator = Evidence(line.source)
                return
            }
        }
    }

    // MARK: Accounts

    private func accountFacts(_ accounts: Reading<PasswdFile>, ssh: SSHFacts) -> Fact<[AccountFacts]> {
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
            let usable = keys.keys.filter { $0.givesShell && !$0.isCloudInitNotice }
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

    private func judgeSSH(of entry: PasswdFile.Account, into facts: inout AccountFacts) {
        guard let configuration else {
            // Without a configuration file sshd's defaults hold: keys for everybody, passwords but for root.
            let isUnknown = configurationGap != nil
            facts.sshWithKey = isUnknown ? .unknown : .yes
            facts.sshWithPassword = isUnknown ? .unknown : Answer(entry.uid != 0)
            return
        }
        let names = groups?.names(of: entry)
        let connection = SSHDaemonConfiguration.Connection(user: entry.name, groups: names)
        let admitted = configuration.admits(user: entry.name, groups: names)
        let passwords = configuration.flag("passwordauthentication", default: true, for: connection)
        let keyboard = configuration.flag("kbdinteractiveauthentication", default: true, for: connection)
        let keys = configuration.flag("pubkeyauthentication", default: true, for: connection)
        let usePAM = configuration.flag("usepam", default: false)
        // PAM asks for the password through keyboard-interactive when that is on.
        var byPassword = passwords.value || (keyboard.value && usePAM.value)
        var byKey = keys.value
        var decisive = passwords.value == .no ? passwords.source : nil
        if entry.uid == 0 {
            let root = configuration.rootLogin(version: version)
            switch root.login {
            case .yes?: break
            case .no?:
                byPassword = .no
                byKey = .no
                decisive = root.source
            case .prohibitPassword?:
                byPassword = .no
                decisive = root.source
            case .forcedCommandsOnly?:
                byPassword = .no
                byKey = .no
                decisive = root.source
            case nil:
                byPassword = byPassword && .unknown
                byKey = byKey && .unknown
            }
        }
        if admitted.answer == .no { decisive = admitted.source }
        facts.sshWithPassword = Answer(byPassword && admitted.answer)
        facts.sshWithKey = Answer(byKey && admitted.answer)
        facts.refusedBy = decisive.map { Evidence($0) }
    }

    private func shadow() -> ShadowFacts {
        let info = reader.info("/etc/shadow")
        var facts = ShadowFacts(present: info.presence)
        facts.permissions = info.value?.permissions
        for path in [
            "/etc/shadow", "/etc/passwd", "/etc/group", "/etc/gshadow", "/etc/ssh", "/etc/ssh/sshd_config",
            "/root/.ssh", "/root/.ssh/authorized_keys", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts",
            "/etc/sudoers", "/etc/fstab", "/etc", "/root",
        ] {
            guard let flags = reader.info(path).value?.flags else { continue }
            var words: [String] = []
            if flags.contains(.immutable) { words.append("immutable") }
            if flags.contains(.appendOnly) { words.append("append-only") }
            if !words.isEmpty {
                facts.immutable.append(Evidence(path: path, excerpt: words.joined(separator: ", ")))
            }
        }
        return facts
    }

    private func obstacles() -> [StructureFinding] {
        var found: [StructureFinding] = []
        if reader.exists("/etc/nologin") == .yes {
            found.append(
                StructureFinding(
                    code: "nologin", message: "while this file is there, only root can log in",
                    evidence: Evidence(path: "/etc/nologin")))
        }
        do {
            let wrappers = try HostsAccess(
                allow: reader.file("/etc/hosts.allow").value, deny: reader.file("/etc/hosts.deny").value)
            let admitted = wrappers.admits("sshd")
            if admitted.answer != .yes {
                found.append(
                    StructureFinding(
                        code: "hostsDeny", message: "TCP wrappers refuse SSH, where sshd is built with them",
                        evidence: admitted.source.map { Evidence($0) } ?? Evidence(path: "/etc/hosts.deny")))
            }
        } catch {
            reader.record(Gap(error, at: "/etc/hosts.deny"))
        }
        return found
    }
}

extension String {
    /// Replaces two-character tokens such as `%h`, front to back.
    func replacingTokens(_ tokens: [String: String]) -> String {
        var result = ""
        var rest = self[...]
        while let first = rest.first {
            let token = String(rest.prefix(2))
            if let value = tokens[token] {
                result += value
                rest = rest.dropFirst(2)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
