import GuestFacts
import Targets

/// `COMPLIANCE.ShadowAuthority`
enum ComplianceShadowAuthority: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.ShadowAuthority", title: "Account files can be written", link: .provisioning,
        summary: "Looks whether /etc/shadow is there and neither it nor its kin carry the immutable flag.",
        rationale: """
            A hardened image boots and lets keys in; but the password, users and keys that the platform writes at \
            first boot are refused.
            """,
        codes: [
            ("Shadow.Missing", "/etc/shadow does not exist."),
            ("Shadow.RootLine", "/etc/shadow has no line for root."),
            ("Shadow.Immutable", "A file of the accounts has the immutable or append-only flag."),
            ("Shadow.ImmutableOther", "Another file that is written at boot has the flag."),
            ("Shadow.Permissions", "Others can read /etc/shadow."),
        ], references: ["chattr(1)", "shadow(5)"])

    private static let accountFiles = [
        "/etc/shadow", "/etc/passwd", "/etc/group", "/etc/gshadow", "/root/.ssh",
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let shadow = linux.access.shadow
        var findings: [Finding] = []
        switch shadow.present {
        case .unknown:
            return .judged(
                questions: [
                    OpenQuestion(
                        "/etc/shadow could not be looked at", consequence: .unreachable, link: .access)
                ])
        case .no:
            findings.append(
                Finding(
                    "Shadow.Missing", .error, "/etc/shadow does not exist, so no login is accepted.",
                    evidence: [Evidence(path: "/etc/shadow", excerpt: "absent")],
                    fixes: [
                        Fix(
                            "Make it from /etc/passwd", where: .online, kind: .autoChroot,
                            commands: ["pwconv"])
                    ],
                    consequence: .unreachable, link: .access))
        case .yes:
            let root = linux.access.accounts.value?.first { $0.name == "root" }
            guard root?.password == .missing else { break }
            findings.append(
                Finding(
                    "Shadow.RootLine", .error, "/etc/shadow has no line for root, whose logins PAM refuses.",
                    evidence: [Evidence(path: "/etc/shadow", excerpt: "no line that begins with root:")],
                    fixes: [
                        Fix(
                            "Make the line from /etc/passwd", where: .online, kind: .autoChroot,
                            commands: ["pwconv"])
                    ], link: .access))
        }
        for file in shadow.immutable {
            let path = file.path ?? "/etc/shadow"
            let isAccount = accountFiles.contains { path == $0 || path.hasPrefix($0 + "/") }
            findings.append(
                Finding(
                    isAccount ? "Shadow.Immutable" : "Shadow.ImmutableOther", isAccount ? .error : .warning,
                    "\(path) cannot be written: it has the immutable or append-only flag.", evidence: [file],
                    fixes: [Fix("Clear the flag", kind: .autoEdit, commands: ["chattr -ia \(quoted(path))"])],
                    consequence: isAccount ? .notReady : .none, link: isAccount ? nil : .operation))
        }
        if let permissions = shadow.permissions, permissions & 0o037 != 0 {
            findings.append(
                Finding(
                    "Shadow.Permissions", .warning,
                    "/etc/shadow has the mode \(String(permissions, radix: 8)).",
                    evidence: [
                        Evidence(path: "/etc/shadow", excerpt: "mode \(String(permissions, radix: 8))")
                    ],
                    fixes: [
                        Fix("Take the permissions away", kind: .autoEdit, commands: ["chmod 640 /etc/shadow"])
                    ],
                    link: .hygiene))
        }
        return .judged("The account files can be written.", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("mode 640, no flag", .example(), .pass),
            CheckExample(
                "mode 000 is normal on the rhel family", .example { $0.linux.access.shadow.permissions = 0 },
                .pass),
            CheckExample(
                "chattr +i",
                .example {
                    $0.linux.access.shadow.immutable = [Evidence(path: "/etc/shadow", excerpt: "immutable")]
                },
                .fail, codes: ["Shadow.Immutable"]),
            CheckExample(
                "no shadow", .example { $0.linux.access.shadow.present = .no }, .fail,
                codes: ["Shadow.Missing"]),
            CheckExample(
                "no line for root",
                .example {
                    var root = ExampleFacts.rootAccount()
                    root.password = .missing
                    $0.linux.access.accounts = .known([root])
                }, .fail, codes: ["Shadow.RootLine"]),
            CheckExample(
                "mode 644", .example { $0.linux.access.shadow.permissions = 0o644 }, .fail,
                codes: ["Shadow.Permissions"]),
            CheckExample(
                "it could not be looked at", .example { $0.linux.access.shadow.present = .unknown }, .unknown),
        ]
    }
}
