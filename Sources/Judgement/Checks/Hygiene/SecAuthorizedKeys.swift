import GuestFacts
import Targets

/// `SEC.AuthorizedKeys`
enum SecAuthorizedKeys: Check {
    static let metadata = CheckMetadata(
        id: "SEC.AuthorizedKeys", title: "Left-over SSH keys", link: .hygiene,
        summary: "Looks for authorized_keys files of accounts.",
        rationale: "Whoever holds one of the keys gets into every instance made from the image.",
        codes: [
            ("AuthorizedKeys.Present", "An account accepts SSH keys that are in the image."),
            ("AuthorizedKeys.Forced", "An account accepts SSH keys for one command."),
            ("AuthorizedKeys.Command", "sshd asks a program for keys, which may know some of its own."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        switch linux.access.accounts {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let accounts):
            var findings = accounts.filter { $0.authorizedKeys > 0 }.map { account in
                let files = account.authorizedKeysEvidence
                return Finding(
                    "AuthorizedKeys.Present", .warning,
                    "\(account.name) accepts \(account.authorizedKeys == 1 ? "an SSH key" : "\(account.authorizedKeys) SSH keys") of the image.",
                    evidence: files.isEmpty ? [account.evidence] : files,
                    fixes: [
                        Fix(
                            "Empty the files, unless the keys are meant to stay", kind: .manual,
                            commands: files.compactMap(\.path).map { "truncate -s 0 \(quoted($0))" })
                    ])
            }
            for account in accounts where account.forcedKeys > 0 {
                findings.append(
                    Finding(
                        "AuthorizedKeys.Forced", .info,
                        "\(account.name) accepts \(account.forcedKeys) SSH keys for certain commands.",
                        evidence: [account.evidence],
                        fixes: [.byHand("Remove the keys, unless they are meant to stay")]))
            }
            if let command = linux.access.ssh.keysCommand {
                findings.append(
                    Finding(
                        "AuthorizedKeys.Command", .info, "sshd asks \(command.value) for keys.",
                        evidence: [command.evidence],
                        fixes: [
                            .edit("Remove the line, unless it is meant to stay", command.evidence, to: nil)
                        ]))
            }
            let open = accounts.filter { $0.homeExists == .unknown }.map {
                OpenQuestion("\($0.home) of \($0.name) could not be looked into")
            }
            return .judged("No SSH keys are in the image.", findings: findings, questions: open)
        }
    }

    static var examples: [CheckExample] {
        func root(_ change: (inout AccountFacts) -> Void) -> CheckContext {
            .example {
                var account = ExampleFacts.rootAccount()
                change(&account)
                $0.linux.access.accounts = .known([account])
            }
        }
        return [
            CheckExample("no keys", .example(), .pass),
            CheckExample(
                "two keys of root", root { $0.authorizedKeys = 2 }, .fail, codes: ["AuthorizedKeys.Present"]),
            CheckExample(
                "a key for one command", root { $0.forcedKeys = 1 }, .fail, codes: ["AuthorizedKeys.Forced"]),
            CheckExample(
                "a program that knows keys",
                .example {
                    $0.linux.access.ssh.keysCommand = Located(
                        "/usr/bin/sss_ssh_authorizedkeys", Evidence(path: "/etc/ssh/sshd_config", line: 50))
                }, .fail, codes: ["AuthorizedKeys.Command"]),
            CheckExample("the home directory is elsewhere", root { $0.homeExists = .unknown }, .unknown),
        ]
    }
}
