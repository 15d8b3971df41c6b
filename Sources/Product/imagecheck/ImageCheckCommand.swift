import ArgumentParser
import CHost
import ImageCheck

/// The command line. It reads options, calls the library and chooses the exit code; everything else is below.
@main
struct ImageCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imagecheck",
        abstract:
            "Says offline whether a disk image will boot and be reachable on a KVM cloud, and what to change.",
        discussion: """
            The image is only read: no boot, no root, no virtual machine, nothing is written.

            Exit codes: 0 good; 1 at least one failing item at or above --fail-on; 2 something needed for \
            the verdict is unknown, or an image could not be read; 64 wrong usage.
            """,
        version: "imagecheck \(ImageScanner.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Judge", subcommands: [ScanCommand.self, VerifyCommand.self, BatchCommand.self]),
            CommandGroup(
                name: "Look inside", subcommands: [InspectCommand.self, ListCommand.self, CatCommand.self]),
            CommandGroup(
                name: "Ask",
                subcommands: [
                    ChecksCommand.self, ExplainCommand.self, TargetsCommand.self, PolicyCommand.self,
                ]),
        ])

    static func main() async {
        // A reader that goes away (`| head`) must not change the exit code.
        chost_ignore_broken_pipes()
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Not part of the help: how `batch` starts itself for one image.
        if arguments.first == WorkerCommand.name { return WorkerCommand.answer(Array(arguments.dropFirst())) }
        if arguments.first == SurveyCommand.name { return SurveyCommand.answer(Array(arguments.dropFirst())) }
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Host.complain(failure.message, hint: failure.hint)
            exit(withError: failure.code)
        } catch {
            exit(withError: error)
        }
    }
}

/// Why a command ends without an answer: a sentence, and what to do next.
struct CommandFailure: Error {
    var message: String
    var hint: String?
    var code: ExitCode

    init(_ message: String, hint: String? = nil, code: ExitCode = .unreadable) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    /// Says all of several failures: the program ends with the last one.
    static func `throw`(_ failures: [CommandFailure]) throws {
        for failure in failures.dropLast() { Host.complain(failure.message, hint: failure.hint) }
        if let failure = failures.last { throw failure }
    }
}

extension ExitCode {
    /// An image could not be read, or the verdict is not known.
    static let unreadable = ExitCode(2)
}
