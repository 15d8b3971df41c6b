import GuestFacts
import Targets

/// `SEC.Secrets`
enum SecSecrets: Check {
    static let metadata = CheckMetadata(
        id: "SEC.Secrets", title: "Keys, credentials and histories", link: .hygiene,
        summary:
            "Lists files that hold private keys, credentials or the history of a shell. Never what is in them.",
        rationale: "Everybody who gets the image gets them too.",
        codes: [("Secrets.Found", "A file that should not be published is in the image.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let files = linux.hygiene.secrets
        guard !files.isEmpty else { return .judged("No private key, credential or history was found.") }
        return .judged(
            findings: [
                Finding(
                    "Secrets.Found", .info,
                    "\(files.count == 1 ? "A file" : "\(files.count) files") with keys, credentials or histories"
                        + " \(files.count == 1 ? "is" : "are") in the image.", evidence: files,
                    fixes: [
                        Fix(
                            "Remove what is not meant to be published", kind: .manual,
                            commands: files.prefix(20).compactMap(\.path).map { "rm -f \(quoted($0))" })
                    ])
            ])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing", .example(), .pass),
            CheckExample(
                "a history", .example { $0.linux.hygiene.secrets = [Evidence(path: "/root/.bash_history")] },
                .fail,
                codes: ["Secrets.Found"]),
        ]
    }
}
