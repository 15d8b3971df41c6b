import GuestFacts
import Targets

/// `COMPLIANCE.RootAccount`
enum ComplianceRootAccount: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.RootAccount", title: "Root account", link: .operation,
        summary:
            "Looks whether root exists with uid 0, a shell that works and an account that has not expired.",
        rationale: """
            Where people log in as root, an account that is locked or has no usable shell keeps them out. A locked \
            root is normal where cloud-init unlocks it or another user is made.
            """,
        codes: [
            ("Root.Missing", "There is no account root with uid 0."),
            ("Root.Locked", "Root's password is locked, and nothing unlocks it."),
            ("Root.Shell", "Root's shell does not exist or does not allow logins."),
            ("Root.Expired", "Root's account has expired."),
            ("Root.Home", "Root's home directory does not exist."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let accounts: [AccountFacts]
        switch linux.access.accounts {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let list): accounts = list
        }
        guard let root = accounts.first(where: { $0.name == "root" && $0.uid == 0 }) else {
            return .judged(
                findings: [
                    Finding(
                        "Root.Missing", .error, "There is no account root with uid 0.",
                        evidence: [Evidence(path: "/etc/passwd")],
                        fixes: [
                            Fix(
                                "Add the account", kind: .autoEdit,
                                edit: Fix.Edit(path: "/etc/passwd", new: "root:x:0:0:root:/root:/bin/bash"))
                        ])
                ])
        }
        // LOGIN.Reachability says whether anybody gets in.
        var findings: [Finding] = []
        func add(_ code: String, _ severity: Severity, _ message: String, _ command: String) {
            findings.append(
                Finding(
                    code, severity, message, evidence: [root.evidence],
                    fixes: [
                        Fix("Correct the account", where: .online, kind: .autoChroot, commands: [command])
                    ]))
        }
        if root.shellExists == .no && !linux.identity.makesAtBoot(root.shell) || !root.shellAllowsLogin {
            add(
                "Root.Shell", .warning, "Root's shell is \(root.shell), which lets nobody in.",
                "usermod -s /bin/bash root")
        }
        if root.isExpired { add("Root.Expired", .warning, "Root's account has expired.", "chage -E -1 root") }
        if root.homeExists == .no {
            add("Root.Home", .warning, "\(root.home) does not exist.", "mkdir -m 700 \(quoted(root.home))")
        }
        let unlocks = linux.cloudInit.runs(at: context.target) == .yes
        if root.password == .locked, context.target.rules.rootLogin, !unlocks, root.authorizedKeys == 0 {
            add(
                "Root.Locked", .warning, "Root's password is locked, and nothing unlocks it.",
                "passwd -u root")
        }
        return .judged("Root can be used.", findings: findings, evidence: [root.evidence])
    }

    static var examples: [CheckExample] {
        func root(cloudInit: Bool = true, _ change: (inout AccountFacts) -> Void) -> CheckContext {
            .example {
                var account = ExampleFacts.rootAccount()
                change(&account)
                $0.linux.access.accounts = .known([account])
                if !cloudInit { $0.linux.cloudInit = CloudInitFacts() }
            }
        }
        return [
            CheckExample("root with /bin/bash", .example(), .pass),
            CheckExample(
                "no root", .example { $0.linux.access.accounts = .known([]) }, .fail, codes: ["Root.Missing"]),
            CheckExample(
                "a shell that is not there", root { $0.shellExists = .no }, .fail, codes: ["Root.Shell"]),
            CheckExample("expired", root { $0.isExpired = true }, .fail, codes: ["Root.Expired"]),
            CheckExample("locked, with cloud-init", root { $0.password = .locked }, .pass),
            CheckExample(
                "locked, without cloud-init", root(cloudInit: false) { $0.password = .locked }, .fail,
                codes: ["Root.Locked"]),
            CheckExample(
                "the accounts could not be read",
                .example { $0.linux.access.accounts = .unknown(.example("/etc/passwd")) }, .unknown),
        ]
    }
}
