import ArgumentParser
import Batch
import CHost
import FoundationEssentials
import ImageCheck
import Reports

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Judge every image of a directory, each in a confined process of its own.",
        discussion: """
            Every regular file counts, whatever its name; links to files are followed, links to directories are \
            not. A file that is no image is listed and fails nothing. An image whose worker dies, hangs or needs \
            too much memory gets that as its result.

            JSON is one line per image as it is finished; text is a table at the end. With --output DIR the \
            lines go to DIR/results.jsonl and each report to a file of its own. Gates only when --fail-on is \
            given; 2 when an image could not be judged and nothing failed.
            """)

    @Argument(help: ArgumentHelp("A directory of images.", valueName: "dir"), completion: .directory)
    var directory: String

    @Flag(help: "Look into directories below it too.")
    var recursive = false

    @Option(help: "Images at a time; as many as there are processors unless given.")
    var jobs: Int?

    @Option(help: ArgumentHelp("The most time one image may take.", valueName: "seconds"))
    var timeout: Double = 120

    @Option(help: ArgumentHelp("The most memory one image may take.", valueName: "MiB"))
    var memory: Int = 1024

    @Option(help: "The form of the answer.")
    var format: OutputFormat = .text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A directory for the reports; made when it is not there.", valueName: "dir"))
    var output: String?

    @OptionGroup var judging: JudgingOptions

    @Option(help: "Exit with 1 when an item fails with this severity or a higher one.")
    var failOn: Gate.Threshold?

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if let jobs, !(1...1024).contains(jobs) {
            throw ValidationError("--jobs is a number from 1 to 1024.")
        }
        if !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("--timeout is a number of seconds up to 86400.")
        }
        if !(1...1_048_576).contains(memory) {
            throw ValidationError("--memory is a number of MiB from 1 to 1048576.")
        }
    }

    func run() async throws {
        // Wrong names are said once, not by every worker.
        var options = reading.scanOptions
        try judging.apply(to: &options)
        let images: [String]
        do {
            images = try BatchCandidates.list(in: directory, recursive: recursive)
        } catch {
            throw CommandFailure("\(error)")
        }
        let store = try output.map { try BatchOutput(directory: $0, images: directory) }
        let run = BatchRun(worker: worker, jobs: jobs ?? BatchRun.usualJobs, timeoutSeconds: timeout)
        let progress = BatchProgress(total: images.count)
        let results = try await run.results(of: images) { result in
            try store?.add(result)
            progress.advance(to: result.image)
            guard format == .json, store == nil else { return true }
            return try Host.write(JSONReport.bytes(result, layout: .line) + [0x0A])
        }
        progress.finish()
        if format == .text || store != nil {
            try Host.write(BatchSummary(results, style: Host.style(for: nil)).text)
        }
        try exit(for: results)
    }

    private var worker: BatchRun.Worker {
        BatchRun.Worker(
            executable: "/proc/self/exe",
            arguments: [
                WorkerCommand.name, "--memory", "\(memory)", "--processor-time",
                "\(Int(timeout.rounded(.up)) + 1)",
            ] + judging.arguments + reading.arguments + ["--"])
    }

    private func exit(for results: [BatchResult]) throws {
        guard let failOn, failOn != .never else { return }
        let gate = Gate(failOn)
        let outcome =
            results.map { result -> Gate.Outcome in
                switch result.status {
                case .checked: result.report.map { gate.outcome(of: $0) } ?? .unknown
                case .notAnImage: .good
                case .unreadable, .timedOut, .memory, .crashed: .unknown
                }
            }.max() ?? .good
        if outcome != .good { throw ExitCode(outcome.rawValue) }
    }
}

/// Which image is at hand, on one line of the terminal; nothing in a pipe.
struct BatchProgress {
    private final class Count {
        var done = 0
    }

    private let total: Int
    private let count = Count()
    private let isShown = Host.isErrorTerminal

    init(total: Int) { self.total = total }

    func advance(to image: String) {
        count.done += 1
        guard isShown else { return }
        let name = TerminalText.cut(TerminalText.escaped(image), to: 50)
        Host.show("\r\u{1b}[K\(count.done) of \(total)  \(name)")
    }

    func finish() {
        if isShown { Host.show("\r\u{1b}[K") }
    }
}
