import GuestFacts
import Targets

/// `WIN.Accounts`
enum WinAccounts: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Accounts", title: "Accounts of a Windows", link: .access,
        summary: """
            Looks for a local account that may log in from outside: enabled, an administrator or Remote Desktop user, \
            with a password stored; or for an agent that makes one at first boot.
            """,
        rationale: """
            Windows takes no empty password over the network, and the built-in Administrator is disabled on every \
            client edition. Where nobody can log in and no agent of the target sets a password, the instance has to \
            be repaired from outside.
            """,
        codes: [
            ("Accounts.Disabled", "Every account that may log in from outside is disabled."),
            ("Accounts.BlankPassword", "The accounts that may log in have no password."),
            ("Accounts.NoLogin", "No account may log in from outside."),
            ("Accounts.DomainOnly", "Only accounts of a domain may log in from outside."),
            ("Accounts.MustChangePassword", "The password has to be changed before anybody gets in."),
            ("Accounts.Locked", "An account is locked after too many wrong passwords."),
        ],
        references: [
            "[MS-SAMR] 2.2.1.12: user account control", "Windows: LimitBlankPasswordUse",
            "ECS: image import, Administrator password",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        return WindowsAccountReview(context, windows).outcome
    }

    static var examples: [CheckExample] {
        func with(
            target: Target = .kvm, agent: String? = nil, _ change: (inout WindowsAccounts) -> Void
        ) -> CheckContext {
            .windows {
                var accounts = ExampleWindows.accounts()
                change(&accounts)
                $0.windows.access.accounts = .known(accounts)
                $0.target = target
                $0.windows.agents.agents = .known(agent.map { [ExampleWindows.agent($0)] } ?? [])
            }
        }
        func administrator(
            target: Target = .kvm, agent: String? = nil, _ change: (inout WindowsAccount) -> Void
        ) -> CheckContext {
            with(target: target, agent: agent) { change(&$0.accounts[0]) }
        }
        return [
            CheckExample("Administrator has a password", .windows(), .pass),
            CheckExample(
                "Administrator is disabled", administrator { $0.isDisabled = true }, .fail,
                codes: ["Accounts.Disabled"]),
            CheckExample(
                "Administrator is disabled, another administrator has a password",
                with {
                    $0.accounts[0].isDisabled = true
                    var other = WindowsAccount(
                        rid: 1000, name: "ops", key: ExampleWindows.samUsers + "\\000003E8")
                    other.isAdministrator = true
                    other.password = .stored
                    $0.accounts.append(other)
                }, .pass),
            CheckExample(
                "Administrator is disabled, and cloudbase-init makes an account",
                administrator(agent: "cloudbase-init") { $0.isDisabled = true }, .pass),
            CheckExample(
                "Administrator is disabled, and Vminit sets its password",
                administrator(target: .alibabaECS, agent: "vminit") { $0.isDisabled = true }, .unknown),
            CheckExample(
                "Administrator has no password", administrator { $0.password = .blank }, .fail,
                codes: ["Accounts.BlankPassword"]),
            CheckExample(
                "Administrator has no password, and Vminit sets one",
                administrator(target: .alibabaECS, agent: "vminit") { $0.password = .blank }, .pass),
            CheckExample(
                "an empty password is good for all",
                with {
                    $0.accounts[0].password = .blank
                    $0.limitBlankPasswords = Located(
                        0, Evidence(path: #"HKLM\SYSTEM\ControlSet001\Control\Lsa"#))
                }, .pass),
            CheckExample(
                "only a plain user has a password",
                with {
                    $0.accounts[0].isDisabled = true
                    var other = WindowsAccount(
                        rid: 1000, name: "user", key: ExampleWindows.samUsers + "\\000003E8")
                    other.password = .stored
                    $0.accounts.append(other)
                }, .fail, codes: ["Accounts.Disabled"]),
            CheckExample(
                "nobody but the built-in accounts, and they are gone from the group",
                administrator { $0.isAdministrator = false }, .fail, codes: ["Accounts.NoLogin"]),
            CheckExample(
                "administrators of a domain only",
                with {
                    $0.accounts[0].isDisabled = true
                    $0.isInDomain = true
                    $0.otherAdministrators = ["S-1-5-21-1-2-3-512"]
                }, .fail, codes: ["Accounts.DomainOnly"]),
            CheckExample(
                "the password has to be changed first", administrator { $0.mustChangePassword = true }, .fail,
                codes: ["Accounts.MustChangePassword"]),
            CheckExample(
                "the password is too old",
                administrator { $0.passwordExpires = 1_700_000_000 }, .fail,
                codes: ["Accounts.MustChangePassword"]),
            CheckExample(
                "Administrator is locked", administrator { $0.isLocked = true }, .fail,
                codes: ["Accounts.Locked"]),
            CheckExample("the password is not known", administrator { $0.password = .unknown }, .unknown),
            CheckExample(
                "a domain controller",
                .windows { $0.windows.identity.productType = "LanmanNT" }, .unknown),
            CheckExample(
                "the accounts could not be read",
                .windows {
                    $0.windows.access.accounts = .unknown(.example("SAM"))
                    $0.windows.agents.agents = .known([])
                }, .unknown),
        ]
    }
}
