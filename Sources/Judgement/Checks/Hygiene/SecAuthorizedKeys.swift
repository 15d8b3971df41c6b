import GuestFacts
import Targets

/// `SEC.AuthorizedKeys`
enum SecAuthorizedKeys: Check {
    static let metadata = CheckMetadata(
        id: "SEC.AuthorizedKeys", title: "Left-over SSH keys", link: .hygiene,
        summary: "Looks for authorized_keys files of accounts.",
        rationale: "Whoever holds one of the keys gets into every instance made from the image.",
        codes: [("AuthorizedKeys.Present", "An account accepts SSH keys that are in the image.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        switch linux.access.accounts {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let accounts):
            let findings = accounts.filter { $0.authorizedKeys > 0 }.map { account in
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
            CheckExample("the home directory is elsewhere", root { $0.homeExists = .unknown }, .unknown),
        ]
    }
}
