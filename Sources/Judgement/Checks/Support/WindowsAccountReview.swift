import GuestFacts
import Targets

/// Looks for a way into a Windows, account by account.
struct WindowsAccountReview {
    private let context: CheckContext
    private let windows: WindowsFacts
    private let initialization: (answer: Answer, agent: WindowsAgent?)

    init(_ context: CheckContext, _ windows: WindowsFacts) {
        self.context = context
        self.windows = windows
        initialization = WindowsReach(context, windows).initialization
    }

    var outcome: CheckOutcome {
        if windows.identity.isDomainController {
            return .judged(questions: [
                OpenQuestion(
                    "the accounts of a domain controller stand in its directory, which is not read",
                    consequence: .unreachable)
            ])
        }
        switch windows.access.accounts {
        case .unknown(let gap):
            guard makesAccount == .yes else {
                return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
            }
            return .judged(value: agentTitle, questions: [OpenQuestion(gap)])
        case .known(let accounts): return judge(accounts)
        }
    }

    private func judge(_ accounts: WindowsAccounts) -> CheckOutcome {
        let candidates = accounts.accounts.filter { mayLogIn($0, accounts) }
        let locked = candidates.filter { $0.isLocked && !$0.isDisabled }.map { account in
            Finding(
                "Accounts.Locked", .info,
                "\(account.name) is locked after too many wrong passwords; it opens by itself after a while.",
                evidence: [account.evidence],
                fixes: [
                    Fix(
                        "Unlock it in the source system", where: .online, kind: .online,
                        commands: ["net user \(windowsQuoted(account.name)) /active:yes"])
                ])
        }
        let answers = candidates.map { ($0, canLogIn($0, accounts)) }
        if let (account, _) = answers.first(where: { $0.1 == .yes }) {
            return .judged(
                value: account.name, "\(account.name) can log in from outside.", findings: locked,
                evidence: [account.evidence])
        }
        switch initialization(of: accounts) {
        case .yes:
            return .judged(
                value: agentTitle, "\(agentTitle ?? "An agent") sets a password at first boot.",
                findings: locked, evidence: initialization.agent?.evidence ?? [])
        case .unknown:
            return .judged(
                value: agentTitle, findings: locked,
                questions: [
                    OpenQuestion(
                        "whether \(agentTitle ?? "an agent") lets somebody in at first boot is not known",
                        consequence: .unreachable)
                ])
        case .no: break
        }
        if answers.contains(where: { $0.1 == .unknown }) {
            return .judged(
                findings: locked + renewals(answers.map(\.0), accounts),
                questions: [
                    OpenQuestion(
                        "whether an account can log in from outside is not certain",
                        consequence: .unreachable)
                ])
        }
        return nobody(candidates, accounts, locked)
    }

    // MARK: One account

    /// Administrators and Remote Desktop users; Windows lets others log in at the console only.
    private func mayLogIn(_ account: WindowsAccount, _ accounts: WindowsAccounts) -> Bool {
        account.isAdministrator || account.isRemoteDesktopUser
            || accounts.otherRemoteDesktopUsers.contains { WindowsAccountReview.everybody.contains($0) }
    }

    /// Everyone, INTERACTIVE, Authenticated Users, Users.
    private static let everybody: Set = ["S-1-1-0", "S-1-5-4", "S-1-5-11", "S-1-5-32-545"]

    private func canLogIn(_ account: WindowsAccount, _ accounts: WindowsAccounts) -> Answer {
        if account.isDisabled || account.expires.map({ $0 <= context.now }) ?? false { return .no }
        switch account.password {
        case .blank where accounts.refusesBlankPasswords: return .no
        case .unknown: return .unknown
        case .blank, .stored: break
        }
        // Who has to choose a new password first is turned away by network level authentication; without it
        // Windows asks for one.
        return needsNewPassword(account) ? .unknown : .yes
    }

    private func needsNewPassword(_ account: WindowsAccount) -> Bool {
        account.mustChangePassword || account.passwordExpires.map { $0 <= context.now } ?? false
    }

    // MARK: The agent

    private var agentTitle: String? { initialization.agent?.title }

    /// Cloudbase-Init makes its account if it is not there; the others set the password of one that is.
    private var makesAccount: Answer {
        guard initialization.agent?.name == "cloudbase-init" else {
            return initialization.answer == .no ? .no : .unknown
        }
        return initialization.answer
    }

    private func initialization(of accounts: WindowsAccounts) -> Answer {
        if makesAccount == .yes { return .yes }
        guard let built = accounts.builtInAdministrator, !built.isDisabled, built.isAdministrator else {
            return makesAccount
        }
        return initialization.answer
    }

    // MARK: Nobody

    private func nobody(
        _ candidates: [WindowsAccount], _ accounts: WindowsAccounts, _ locked: [Finding]
    ) -> CheckOutcome {
        if accounts.isInDomain != false, !accounts.otherAdministrators.isEmpty {
            let finding = Finding(
                "Accounts.DomainOnly", .warning,
                "Only accounts of a domain may log in from outside; the instance has to reach its domain for that.",
                evidence: [
                    Evidence(
                        path: #"HKLM\SAM\SAM\Domains\Builtin\Aliases\00000220"#,
                        excerpt: accounts.otherAdministrators.prefix(3).joined(separator: ", "))
                ], fixes: [enable(accounts)])
            return .judged(
                findings: locked + [finding],
                questions: [
                    OpenQuestion(
                        "whether the instance reaches the domain its administrators belong to is not known",
                        consequence: .unreachable)
                ])
        }
        let enabled = candidates.filter { !$0.isDisabled }
        let code: String
        let message: String
        if candidates.isEmpty {
            code = "Accounts.NoLogin"
            message = "No account is an administrator or Remote Desktop user"
        } else if enabled.isEmpty {
            code = "Accounts.Disabled"
            message = "Every account that may log in from outside is disabled"
        } else if enabled.contains(where: { $0.password == .blank }) {
            code = "Accounts.BlankPassword"
            message = "The accounts that may log in have no password, and Windows takes none over the network"
        } else {
            code = "Accounts.NoLogin"
            message = "The accounts that may log in have come to their end"
        }
        let shown = candidates.isEmpty ? accounts.accounts : candidates
        let evidence = shown.prefix(5).map(\.evidence)
        return .judged(
            findings: locked + [
                Finding(
                    code, .error, message + ", and no agent sets a password at first boot.",
                    evidence: evidence.isEmpty
                        ? [Evidence(path: #"HKLM\SAM\SAM\Domains\Account\Users"#, excerpt: "no account")]
                        : evidence,
                    fixes: [enable(accounts), .installInitialization(context.target)],
                    consequence: .unreachable)
            ])
    }

    private func renewals(_ candidates: [WindowsAccount], _ accounts: WindowsAccounts) -> [Finding] {
        candidates.filter { !$0.isDisabled && $0.password != .unknown && needsNewPassword($0) }.map {
            account in
            Finding(
                "Accounts.MustChangePassword", .warning,
                "\(account.name) has to choose a new password first, and Remote Desktop with network level authentication does not ask for one.",
                evidence: [account.evidence], fixes: [enable(accounts)])
        }
    }

    private func enable(_ accounts: WindowsAccounts) -> Fix {
        let name = windowsQuoted(accounts.builtInAdministrator?.name ?? "Administrator")
        return Fix(
            "Enable the administrator and give it a password, in the source system", where: .online,
            kind: .online, commands: ["net user \(name) * /active:yes"])
    }
}

/// A name from a guest inside a command of Windows: one word, and nothing that `cmd` would take for its own.
func windowsQuoted(_ text: String) -> String {
    let isPlain =
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x80 || isNameByte($0) }
    if isPlain { return text }
    return "\""
        + String(text.unicodeScalars.filter { $0.value >= 0x20 && !"\"%^&|<>".unicodeScalars.contains($0) })
        + "\""
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
    default: false
    }
}
