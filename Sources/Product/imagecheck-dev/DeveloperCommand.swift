import ArgumentParser
import ImageCheck

/// Commands for those who work on the program.
@main
struct DeveloperCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imagecheck-dev", abstract: "Pages, fuzzing, benchmarks and self-tests of imagecheck.",
        version: "imagecheck-dev \(ImageScanner.version)",
        subcommands: [
            CheckPagesCommand.self, ManPageCommand.self, FuzzCommand.self, BenchmarkCommand.self,
            ConfinementCommand.self,
        ])
}
