import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Measure what the design promises; build with -c release.",
        subcommands: [LoadBenchmark.self, ScanBenchmark.self], defaultSubcommand: LoadBenchmark.self)
}
