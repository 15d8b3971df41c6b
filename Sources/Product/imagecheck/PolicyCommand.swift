import ArgumentParser
import Policies
import Reports

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check a policy file, and say in words what it does.",
        discussion: """
            Everything that is wrong with it is said at once, with line and column; the exit code is then 64. \
            Exceptions that have expired or will soon are named.

            A policy is for scan, verify and batch: --policy FILE. Its keys are explained in docs/policy.md.
            """)

    @Argument(
        help: ArgumentHelp("A policy (YAML).", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    func run() throws {
        let policy = try PolicyOptions.policy(file)
        try Host.write(PolicyText.text(of: policy, on: .today, style: Host.style(for: nil)))
    }
}
