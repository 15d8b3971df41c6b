import GuestFacts
import Targets

/// Looks for a way into a guest, account by account.
struct LoginReview {
    private let context: CheckContext
    private let linux: LinuxFacts
    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
    }

    private var ssh: SSHFacts { linux.access.ssh }
    private var keepsUsersOut: Bool {
        linux.access.obstacles.contains { LoginReview.code($0) == "Login.NoLogin" }
    }

    var outcome: CheckOutcome {
        var findings = linux.access.obstacles.map(described)
        var questions: [OpenQuestion] = linux.access.obstacles.filter(isOpen).map {
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
            if let why = linux.identity.notFollowed(.accounts) {
                questions.append(OpenQuestion(why, consequence: .unreachable))
            } else if accounts.isEmpty {
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

    /// Obstacles of which it is not known whether or whom they keep out.
    private func isOpen(_ obstacle: StructureFinding) -> Bool {
        ["hostsDenyUnknown", "accessConfUnknown", "pamUnknown", "osLogin"].contains(obstacle.code)
    }

    /// Its default user is not root, unless it is told so.
    private var cloudInitLetsIn: Answer {
        if keepsUsersOut, linux.cloudInit.disableRoot != false { return .no }
        // Which user it makes is up to its configuration; a list of users may leave that one out.
        let names = ssh.restrictions.isEmpty ? Answer.yes : .unknown
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
        return best == .unknown || account.shellExists == .unknown ? .unknown : .yes
    }

    /// Keys that sshd would ignore are not among those that are counted. Whoever has to change the password
    /// first is asked for the old one, which a key does not give.
    private func byKey(_ account: AccountFacts) -> Answer {
        guard !account.mustChangePassword else { return .no }
        if account.authorizedKeys > 0 { return account.sshWithKey }
        // Whether somebody comes from one of the addresses is not known.
        return account.restrictedKeys.isEmpty || account.sshWithKey == .no ? .no : .unknown
    }

    private func byPassword(_ account: AccountFacts) -> Answer {
        switch account.password {
        case .set: return account.sshWithPassword
        case .empty: return ssh.permitEmptyPasswords?.value ?? false ? account.sshWithPassword : .no
        case .locked, .missing: return .no
        case .unknown: return account.sshWithPassword == .no ? .no : .unknown
        }
    }

    // MARK: What it comes to

    private func noPath(_ message: String, _ accounts: [AccountFacts]) -> Finding {
        var evidence = accounts.flatMap { account in
            [account.evidence] + account.keyProblems.map(\.evidence) + (account.refusedBy.map { [$0] } ?? [])
        }
        evidence += ssh.restrictions
        if evidence.isEmpty { evidence = [Evidence(path: "/etc/passwd")] }
        let keyProblems = accounts.flatMap(\.keyProblems)
        var fixes = keyProblems.filter { $0.code == "strictModes" }.compactMap(\.evidence.path).map { path in
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
            if account.mustChangePassword {
                fixes.append(
                    Fix(
                        "Do not ask \(account.name) for a new password", where: .online, kind: .autoChroot,
                        commands: ["chage -d $(($(date +%s)/86400)) \(quoted(account.name))"]))
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
        let code = LoginReview.code(obstacle)
        let isFatal = isFatal(obstacle)
        let fix: Fix =
            switch code {
            case "Login.NoLogin":
                Fix(
                    "Remove the file", kind: .autoEdit,
                    commands: ["rm \(quoted(obstacle.evidence.path ?? "/etc/nologin"))"])
            case "Login.PamModuleMissing":
                .byHand("Install what the line names, or write the files of PAM again")
            default: .edit("Remove the line", obstacle.evidence, to: nil)
            }
        return Finding(
            code, isFatal || code == "Login.OSLogin" ? .error : .warning,
            obstacle.message.capitalizedFirst + ".",
            evidence: [obstacle.evidence],
            fixes: [fix],
            consequence: isFatal ? .unreachable : .none)
    }

    /// Obstacles that keep everybody out. What is said about one account is weighed with that account.
    private func isFatal(_ obstacle: StructureFinding) -> Bool {
        ["pamModuleMissing", "hostsDeny"].contains(obstacle.code)
    }

    private static func code(_ obstacle: StructureFinding) -> String {
        switch obstacle.code {
        case "nologin": "Login.NoLogin"
        case "hostsDeny", "hostsDenyUnknown": "Login.HostsDeny"
        case "pamModuleMissing", "pamRefuses", "pamUnknown": "Login.PamModuleMissing"
        case "accessConf", "accessConfUnknown": "Login.AccessConf"
        case "osLogin": "Login.OSLogin"
        case _ where LoginReachability.metadata.codes.contains { $0.code == obstacle.code }: obstacle.code
        default: "Login.Obstacle"
        }
    }
}
