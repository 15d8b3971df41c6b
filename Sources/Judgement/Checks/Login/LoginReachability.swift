import GuestFacts
import Targets

/// `LOGIN.Reachability`
enum LoginReachability: Check {
    static let metadata = CheckMetadata(
        id: "LOGIN.Reachability", title: "A way to log in", link: .access,
        summary: """
            Looks for at least one way in: an account with a key or a password that SSH accepts, or cloud-init that \
            puts one in place.
            """,
        rationale: "A server that runs and lets nobody in is of no use.",
        codes: [
            ("Login.NoPath", "No account can log in, and nothing puts a key or password in place."),
            ("Login.HostsDeny", "hosts.deny refuses SSH."),
            (
                "Login.PamModuleMissing",
                "PAM needs a module or file that does not exist, or asks one that refuses: logins fail."
            ),
            ("Login.OSLogin", "PAM asks the OS Login of Google Cloud, which is not there elsewhere."),
            ("Login.NoLogin", "/etc/nologin keeps everybody but root out."),
            ("Login.AccessConf", "access.conf keeps some people out."),
            ("Login.Obstacle", "Something else keeps people out."),
        ], references: ["sshd(8)", "pam(7)", "hosts_access(5)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        return LoginReview(context: context, linux: linux).outcome
    }

    static var examples: [CheckExample] {
        func guest(
            cloudInit: Bool = false, obstacle: String? = nil,
            _ change: (inout AccountFacts) -> Void
        ) -> CheckContext {
            .example {
                var root = ExampleFacts.rootAccount()
                root.password = .locked
                change(&root)
                $0.linux.access.accounts = .known([root])
                if !cloudInit { $0.linux.cloudInit = CloudInitFacts() }
                if let obstacle {
                    $0.linux.access.obstacles = [
                        StructureFinding(code: obstacle, message: obstacle, evidence: Evidence(path: "/etc"))
                    ]
                }
            }
        }
        return [
            CheckExample("root has a password", .example(), .pass),
            CheckExample("root is locked, with a key", guest { $0.authorizedKeys = 1 }, .pass),
            CheckExample(
                "root is locked, and cloud-init puts a key in place", guest(cloudInit: true) { _ in }, .pass),
            CheckExample("root is locked, without a key", guest { _ in }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key, and a shell that does not exist",
                guest {
                    $0.authorizedKeys = 1
                    $0.shellExists = .no
                }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key, and the account has expired",
                guest {
                    $0.authorizedKeys = 1
                    $0.isExpired = true
                }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key, and the password has to be changed first",
                guest {
                    $0.authorizedKeys = 1
                    $0.mustChangePassword = true
                }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key, and AllowUsers names somebody else",
                guest {
                    $0.authorizedKeys = 1
                    $0.sshWithKey = .no
                    $0.refusedBy = Evidence(
                        path: "/etc/ssh/sshd_config", line: 1, excerpt: "AllowUsers admin")
                }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key that has run out",
                guest {
                    $0.keyProblems = [
                        StructureFinding(
                            code: "expiredKey", message: "the time of the key is over (expiry-time)",
                            evidence: Evidence(path: "/root/.ssh/authorized_keys", line: 1))
                    ]
                }, .fail, codes: ["Login.NoPath"]),
            CheckExample(
                "a key for connections from some addresses only",
                guest {
                    $0.restrictedKeys = [Evidence(path: "/root/.ssh/authorized_keys", line: 1)]
                    $0.sshWithKey = .yes
                }, .unknown),
            CheckExample(
                "a key, and hosts.deny refuses all",
                guest(obstacle: "hostsDeny") { $0.authorizedKeys = 1 },
                .fail, codes: ["Login.HostsDeny"]),
            CheckExample(
                "a key, and a module of PAM is missing",
                guest(obstacle: "pamModuleMissing") { $0.authorizedKeys = 1 }, .fail,
                codes: ["Login.PamModuleMissing"]),
            CheckExample(
                "a key, and OS Login in PAM", guest(obstacle: "osLogin") { $0.authorizedKeys = 1 }, .fail,
                codes: ["Login.OSLogin"]),
            CheckExample(
                "a key, and access.conf keeps root out",
                guest(obstacle: "accessConf") {
                    $0.authorizedKeys = 1
                    $0.sshWithKey = .no
                }, .fail, codes: ["Login.AccessConf", "Login.NoPath"]),
            CheckExample(
                "root has a key, and /etc/nologin keeps only others out",
                guest(obstacle: "nologin") { $0.authorizedKeys = 1 }, .fail, codes: ["Login.NoLogin"]),
            CheckExample(
                "the accounts could not be read",
                .example {
                    $0.linux.access.accounts = .unknown(.example("/etc/passwd"))
                    $0.linux.cloudInit = CloudInitFacts()
                }, .unknown),
        ]
    }
}
