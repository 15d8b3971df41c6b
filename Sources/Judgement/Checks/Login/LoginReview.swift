import GuestFacts
import Targets

/// Looks for a way into a guest, account by account.
struct LoginReview {
    private let context: CheckContext
    private let linux: LinuxFacts
    private let rules: [LoginRule]

    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
        rules = linux.access.ssh.restrictions.compactMap { LoginRule($0.excerpt ?? "") }
    }

    private var ssh: SSHFacts { linux.access.ssh }
    private var keepsUsersOut: Bool { linux.access.obstacles.contains { $0.code == "Login.NoLogin" } }

    var outcome: CheckOutcome {
        var findings = linux.access.obstacles.map(described)
        var questions: [OpenQuestion] = linux.access.obstacles.filter { $0.code == "Login.AccessConf" }.map {
            OpenQuestion($0.message, consequence: .unreachable)
        }
        let cloudInit = cloudInitLetsIn
        switch linux.access.accounts {
        case .unknown(let gap):
            if cloudInit != .yes { questions.append(OpenQuestion(gap, consequence: .unreachable)) }
        case .known(let accounts):
            let answers = accounts.map { ($0, canLogIn($0)) }
            if let (account, _) = answers.first(where: { $0.1 == .yes }) {
                return .judged(
                    value: account.name, "\(account.name) can log in over SSH.", findings: findings,
                    questions: questions, evidence: [account.evidence])
            }
            if accounts.isEmpty {
                findings.append(noPath("There is no account in /etc/passwd, so nobody can log in.", []))
            } else if cloudInit == .no, !answers.contains(where: { $0.1 == .unknown }) {
                findings.append(
                    noPath(
                        "No account can log in over SSH, and nothing puts a key or a password in place at first boot.",
                        accounts))
            } else if cloudInit != .yes {
                questions.append(
                    OpenQuestion(
                        "whether anybody can log in depends on \(cloudInit == .unknown ? "the data that cloud-init is given" : "what could not be read of the accounts")",
                        consequence: .unreachable))
            }
        }
        return .judged(
            value: cloudInit == .yes ? "cloud-init" : nil, "cloud-init puts a key or a password in place.",
            findings: findings, questions: questions)
    }

    /// Its default user is not root, unless it is told so.
    private var cloudInitLetsIn: Answer {
        if keepsUsersOut, linux.cloudInit.disableRoot != false { return .no }
        let names = rules.isEmpty ? Answer.yes : .unknown
        let runs = linux.cloudInit.runs(at: context.target)
        return runs == .yes ? names : runs
    }

    // MARK: One account

    private func canLogIn(_ account: AccountFacts) -> Answer {
        guard account.shellAllowsLogin, account.shellExists != .no, !account.isExpired else { return .no }
        if keepsUsersOut, account.uid != 0 { return .no }
        let ways = [byKey(account), byPassword(account)]
        guard let best = ways.contains(.yes) ? Answer.yes : ways.contains(.unknown) ? .unknown : nil else {
            return .no
        }
        let open: [Answer] = [best, account.shellExists, isAllowed(account)]
        if open.contains(.no) { return .no }
        return open.contains(.unknown) ? .unknown : .yes
    }

    private func byKey(_ account: AccountFacts) -> Answer {
        guard account.authorizedKeys > 0, account.keyProblems.isEmpty,
            ssh.publicKeyAuthentication?.value ?? true
        else {
            return .no
        }
        guard account.uid == 0 else { return .yes }
        return ["yes", "prohibit-password", "without-password"].contains(permitRoot) ? .yes : .no
    }

    private func byPassword(_ account: AccountFacts) -> Answer {
        guard ssh.passwordAuthentication?.value ?? true else { return .no }
        if account.uid == 0, permitRoot != "yes" { return .no }
        switch account.password {
        case .set: return .yes
        case .empty: return ssh.permitEmptyPasswords?.value ?? false ? .yes : .no
        case .locked, .missing: return .no
        case .unknown: return .unknown
        }
    }

    /// Since OpenSSH 7.0 the default is prohibit-password.
    private var permitRoot: String {
        if let value = ssh.permitRootLogin?.value { return value.lowercased() }
        let major = ssh.version?.split(separator: ".").first.flatMap { Int($0) }
        return major.map { $0 < 7 } ?? false ? "yes" : "prohibit-password"
    }

    private func isAllowed(_ account: AccountFacts) -> Answer {
        var answer = Answer.yes
        let allowed = rules.filter { $0.kind == .allowUsers }
        if !allowed.isEmpty, !allowed.contains(where: { $0.names(account.name) }) { answer = .no }
        if rules.contains(where: { $0.kind == .denyUsers && $0.names(account.name) }) { answer = .no }
        // Which groups an account is in is not among the facts.
        if answer == .yes, rules.contains(where: { $0.kind == .groups }) { answer = .unknown }
        return answer
    }

    // MARK: What it comes to

    private func noPath(_ message: String, _ accounts: [AccountFacts]) -> Finding {
        var evidence = accounts.flatMap { account in
            [account.evidence] + account.keyProblems.map(\.evidence)
        }
        evidence += ssh.restrictions
        if evidence.isEmpty { evidence = [Evidence(path: "/etc/passwd")] }
        let keyProblems = accounts.flatMap(\.keyProblems)
        var fixes = keyProblems.compactMap(\.evidence.path).map { path in
            Fix(
                "Let nobody else write to \(path)", kind: .autoEdit, commands: ["chmod go-w \(quoted(path))"])
        }
        for account in accounts where account.uid == 0 {
            if account.shellExists == .no || !account.shellAllowsLogin {
                fixes.append(
                    Fix(
                        "Give \(account.name) a shell", where: .online, kind: .autoChroot,
                        commands: ["usermod -s /bin/bash \(quoted(account.name))"]))
            }
            if account.isExpired {
                fixes.append(
                    Fix(
                        "Let the account of \(account.name) not expire", where: .online, kind: .autoChroot,
                        commands: ["chage -E -1 \(quoted(account.name))"]))
            }
        }
        fixes.append(
            Fix(
                "Put a key of yours in place", kind: .manual,
                commands: ["virt-customize -a IMAGE --ssh-inject root:file:KEY.pub"]))
        return Finding(
            "Login.NoPath", .error, message, evidence: evidence, fixes: fixes, consequence: .unreachable)
    }

    private func described(_ obstacle: StructureFinding) -> Finding {
        let isFatal = obstacle.code == "Login.HostsDeny" || obstacle.code == "Login.PamModuleMissing"
        let isKnown = LoginReachability.metadata.codes.contains { $0.code == obstacle.code }
        let remove = Fix(
            "Remove the file", kind: .autoEdit,
            commands: ["rm \(quoted(obstacle.evidence.path ?? "/etc/nologin"))"])
        return Finding(
            isKnown ? obstacle.code : "Login.Obstacle", isFatal ? .error : .warning, obstacle.message,
            evidence: [obstacle.evidence],
            fixes: [
                obstacle.code == "Login.NoLogin"
                    ? remove : .edit("Remove the line", obstacle.evidence, to: nil)
            ], consequence: isFatal ? .unreachable : .none)
    }
}

/// AllowUsers, DenyUsers, AllowGroups or DenyGroups of sshd.
private struct LoginRule {
    enum Kind {
        case allowUsers, denyUsers, groups
    }

    var kind: Kind
    var patterns: [String]

    init?(_ line: String) {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == "=" }.map(String.init)
        switch words.first?.lowercased() {
        case "allowusers": kind = .allowUsers
        case "denyusers": kind = .denyUsers
        case "allowgroups", "denygroups": kind = .groups
        default: return nil
        }
        patterns = Array(words.dropFirst())
    }

    /// `USER` or `USER@HOST`; a pattern with wildcards is taken for a match.
    func names(_ account: String) -> Bool {
        patterns.contains { pattern in
            let user = pattern.split(separator: "@", maxSplits: 1).first.map(String.init) ?? pattern
            return user == account || user.contains("*") || user.contains("?")
        }
    }
}
