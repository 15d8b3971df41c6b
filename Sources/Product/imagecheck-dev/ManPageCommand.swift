import ArgumentParser
import FoundationEssentials
import ImageCheck
import Subprocess
import SystemPackage

struct ManPageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man-page", abstract: "Write the manual page of imagecheck from its own help.",
        discussion: "It asks the imagecheck that lies beside this program.")

    @Option(help: ArgumentHelp("The file of the page.", valueName: "file"))
    var output = "docs/imagecheck.1"

    func run() async throws {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let program = FilePath(own).removingLastComponent().appending("imagecheck")
        let answer = try await Subprocess.run(
            .path(program), arguments: ["--experimental-dump-help"], output: .string(limit: 1 << 24),
            error: .discarded)
        guard answer.terminationStatus.isSuccess else {
            throw ValidationError("\(program) does not tell its options")
        }
        let help = try JSONDecoder().decode(CommandHelp.self, from: Data(answer.standardOutput.utf8))
        let page = ManPage(help.command, version: ImageScanner.version).text
        try Data(page.utf8).write(to: URL(filePath: output), options: .atomic)
    }
}

/// What a program of ArgumentParser tells of itself (`--experimental-dump-help`), as far as a page needs it.
struct CommandHelp: Decodable {
    var command: Command

    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var shouldDisplay: Bool?
        var arguments: [Argument]?
        var subcommands: [Command]?
    }

    struct Argument: Decodable {
        /// `positional`, `option` or `flag`.
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
        var discussion: String?
    }

    struct Name: Decodable {
        /// `long`, `short` or `longWithSingleDash`.
        var kind: String
        var name: String
    }
}
