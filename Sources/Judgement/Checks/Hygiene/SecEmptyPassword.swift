import GuestFacts
import Targets

/// `SEC.EmptyPassword`
enum SecEmptyPassword: Check {
    static let metadata = CheckMetadata(
        id: "SEC.EmptyPassword", title: "Empty passwords", link: .hygiene,
        summary: "Looks for accounts that can log in with an empty password.",
        rationale: "Anybody at the console gets in, and anybody on the network when sshd allows it.",
        codes: [
            ("EmptyPassword.Account", "An account with a login shell has an empty password."),
            (
                "EmptyPassword.SecondRoot",
                "Another account than root has the number 0, and so all its rights."
            ),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        switch linux.access.accounts {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let accounts):
            let isOpen = linux.access.ssh.permitEmptyPasswords?.value ?? false
            var findings = accounts.filter { $0.password == .empty && $0.shellAllowsLogin }.map { account in
                Finding(
                    "EmptyPassword.Account", isOpen ? .error : .warning,
                    "\(account.name) has an empty password\(isOpen ? ", and sshd accepts it" : "").",
                    evidence: [account.evidence],
                    fixes: [
                        Fix(
                            "Lock the password", where: .online, kind: .autoChroot,
                            commands: ["passwd -l \(quoted(account.name))"])
                    ])
            }
            for account in accounts where account.uid == 0 && account.name != "root" {
                findings.append(
                    Finding(
                        "EmptyPassword.SecondRoot", .warning, "\(account.name) has the rights of root.",
                        evidence: [account.evidence],
                        fixes: [.byHand("Remove the account, unless it is meant to be there")]))
            }
            let open = accounts.contains { $0.password == .unknown && $0.shellAllowsLogin }
            return .judged(
                "No account has an empty password.", findings: findings,
                questions: open ? [OpenQuestion("the passwords of some accounts could not be read")] : [])
        }
    }

    static var examples: [CheckExample] {
        func root(_ password: AccountFacts.Password) -> CheckContext {
            .example {
                var account = ExampleFacts.rootAccount()
                account.password = password
                $0.linux.access.accounts = .known([account])
            }
        }
        return [
            CheckExample("a password is set", .example(), .pass),
            CheckExample("locked", root(.locked), .pass),
            CheckExample("empty", root(.empty), .fail, codes: ["EmptyPassword.Account"]),
            CheckExample(
                "a second root",
                .example {
                    var second = ExampleFacts.rootAccount()
                    second.name = "toor"
                    $0.linux.access.accounts = .known([ExampleFacts.rootAccount(), second])
                }, .fail, codes: ["EmptyPassword.SecondRoot"]),
            CheckExample("shadow could not be read", root(.unknown), .unknown),
        ]
    }
}
