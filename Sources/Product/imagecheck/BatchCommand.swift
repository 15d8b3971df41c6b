import ArgumentParser
import Batch
import ImageCheck
import Policies
import Reports
import Targets

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Judge every image of a directory, each in a confined process of its own.",
        discussion: """
            Every regular file counts, whatever its name; a file that is no image is listed and fails nothing. \
            Links are followed inside the directory only. A file that holds a part of another image (the base \
            of an overlay, the pieces of a split disk) is judged with that image, and not again. An image whose \
            worker dies, hangs or needs too much memory gets that as its result.

            With --output DIR, DIR/results.ndjson gets a line per image as it is finished, DIR/images a page and \
            a JSON report of each, and DIR/index.html is a list to sort and search. What is done is remembered \
            in DIR/state.sqlite: after any stop, --resume checks only what is missing, has changed or was asked \
            otherwise. Ctrl-C stops and keeps what is done.

            Gates only when --fail-on is given; 2 when an image could not be judged and nothing failed.
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

    @Option(
        help: ArgumentHelp(
            "The file that remembers what is done; state.sqlite of the output directory unless given.",
            valueName: "file"))
    var state: String?

    @Flag(help: "Go on where an earlier run stopped: check what is missing or has changed.")
    var resume = false

    @Flag(help: "Check everything again, whatever an earlier run has done.")
    var force = false

    @Flag(help: "Stay, and check images as they appear or change, once they have stopped growing.")
    var watch = false

    @OptionGroup var judging: JudgingOptions
    @OptionGroup var policy: PolicyOptions

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
        if resume, force { throw ValidationError("--resume and --force are opposites.") }
        if resume, statePath == nil {
            throw ValidationError(
                "--resume needs the --output or the --state of the run that it goes on with.")
        }
    }

    private var statePath: String? { state ?? output.map { $0 + "/state.sqlite" } }

    func run() async throws {
        // Wrong names are said once, not by every worker.
        var options = reading.scanOptions
        let policy = try RunPolicy(policy, judging, directory: directory)
        try judging.apply(to: &options, policy: policy.policy)
        let failOn = failOn ?? policy.policy?.threshold
        let job = try job(options, policy)
        let isLines = format == .json && output == nil
        // On a terminal a table comes at the end; a pipe gets a line for each image as it is done.
        let isTable = Host.isOutputTerminal
        let progress = BatchProgress(isQuiet: isLines || isTable)
        let watch = watch
        let work = Task {
            let report: (BatchJob.Event) throws -> Void = { event in
                switch event {
                case .began(let images, let kept): progress.begin(images: images, kept: kept)
                case .finished(let row, let line):
                    progress.finish(row)
                    if isLines { try Host.write(line + [0x0A]) }
                }
            }
            return watch
                ? try await job.watch(watching: report) : try await job.perform(watching: report)
        }
        let interruption = Interruption { work.cancel() }
        let rows: [BatchRow]
        do {
            rows = try await work.value
        } catch {
            progress.end()
            switch error {
            case let failure as BatchDirectory.Failure: throw CommandFailure("\(failure)")
            case let failure as BatchState.Failure: throw CommandFailure("\(failure)")
            case let failure as BatchPages.Failure: throw CommandFailure("\(failure)")
            default: throw error
            }
        }
        withExtendedLifetime(interruption) {}
        progress.end()
        if !isLines {
            try Host.write(BatchSummary(rows, style: Host.style(for: nil), listsImages: isTable).text)
        }
        policy.notify(
            rows.filter { $0.status == .checked }.map { PolicyReview.Look(image: $0.image, use: $0.policy) },
            options, isWhole: !work.isCancelled)
        // A watch has no other end.
        if work.isCancelled, !watch {
            let hint = statePath == nil ? nil : "the same command with --resume goes on from here"
            Host.complain("stopped: \(progress.remaining) not checked", hint: hint)
            throw ExitCode(130)
        }
        if let failOn {
            let outcome = rows.map { $0.outcomes[failOn] ?? .unknown }.max() ?? .good
            if outcome != .good { throw ExitCode(outcome.rawValue) }
        }
    }

    private func job(_ options: ScanOptions, _ policy: RunPolicy) throws -> BatchJob {
        do {
            try output.map(BatchPages.makeDirectory)
            let state = try statePath.map(BatchState.init(path:))
            if !resume, !force, let path = statePath, try state?.isEmpty() == false {
                throw CommandFailure(
                    "\(path) holds the results of an earlier run",
                    hint: "--resume goes on with them, --force begins anew")
            }
            // It begins results.ndjson anew: not before it is sure that this run may.
            let pages = try output.map { try BatchPages(directory: $0, images: directory) }
            var job = BatchJob(
                directory: directory, isRecursive: recursive,
                run: BatchRun(
                    worker: worker(WorkerCommand.name, policy), jobs: jobs ?? BatchRun.usualJobs,
                    timeoutSeconds: timeout),
                survey: BatchSurvey(worker: worker(SurveyCommand.name, policy)),
                question: try question(options, policy), state: state, pages: pages, isResumed: resume)
            // Here and not by the workers: they need not know what is accepted, and a day that ends while the batch
            // is at work ends the exceptions of that day.
            job.review = { policy.review.review($0, on: .today) }
            return job
        } catch let failure as BatchState.Failure {
            throw CommandFailure("\(failure)")
        } catch let failure as BatchPages.Failure {
            throw CommandFailure("\(failure)")
        }
    }

    private func worker(
        _ name: String, _ policy: RunPolicy
    ) -> BatchRun.Worker {
        var asked = judging
        if let policy = policy.policy { asked.complete(from: policy) }
        // All files of the directory are read anyway: one of them may refer to another.
        return BatchRun.Worker(
            executable: "/proc/self/exe",
            arguments: [
                name, "--memory", "\(memory)", "--processor-time", "\(Int(timeout.rounded(.up)) + 1)",
            ] + asked.arguments + reading.arguments + ["--allow-backing", directory, "--"])
    }

    /// Everything that decides what a result means.
    private func question(_ options: ScanOptions, _ policy: RunPolicy) throws -> String {
        struct Question: Encodable {
            let version: String
            let targets: [Target]
            let arguments: [String]
            let limits: [String]
            let policy: String
        }
        var narrowed = judging
        if let policy = policy.policy { narrowed.complete(from: policy) }
        narrowed.targets = []
        let question = Question(
            version: ImageScanner.version, targets: options.targets,
            arguments: narrowed.arguments + reading.arguments, limits: ["\(timeout)", "\(memory)"],
            policy: policy.review.question(on: .today))
        return String(decoding: try JSONReport.bytes(question, layout: .line), as: UTF8.self)
    }
}
