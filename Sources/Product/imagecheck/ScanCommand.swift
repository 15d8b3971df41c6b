import ArgumentParser
import BlockIO
import ByteReading
import ImageCheck
import Policies
import Reports

struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Look at images: the verdict, the launch chain, what to change.",
        discussion: """
            Advice, not a gate: the exit code is 0 whatever is found, unless --fail-on is given, and 2 when an \
            image cannot be read. With several images it is the worst of them.

            Forms: text; json (schema/report-1.schema.json); html, a page for a browser; markdown, for a comment on a pull request; sarif, what \
            asks for something, and sarif-all, every item (SARIF 2.1.0); junit; ecs, as the cloud's DescribeImages \
            answers; compliance and compliance-json, as its in-guest compliance tool does.

            Several images make: in json and compliance-json an array, in markdown one comment, in sarif one run, in \
            junit a suite each, in ecs one list; html is a page of one. Those that cannot be read are named by markdown, sarif, junit and \
            compliance; the other forms hold the others only.

            Several forms in one run: --format junit=report.xml --format sarif=report.sarif. A file appears whole or \
            not at all, and never in the place of an image.
            """)

    @Argument(help: ArgumentHelp("Disk images.", valueName: "image"), completion: .file())
    var images: [String]

    @OptionGroup var judging: JudgingOptions
    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: ReportOptions

    @Option(help: "Exit with 1 when an item fails with this severity or a higher one.")
    var failOn: Gate.Threshold?

    @OptionGroup var reading: ReadingOptions

    func validate() throws { _ = try output.requests() }

    func run() throws {
        var options = reading.scanOptions
        let policy = try RunPolicy(policy, judging)
        try judging.apply(to: &options, policy: policy.policy)
        let failOn = failOn ?? policy.policy?.threshold
        let scanner = ImageScanner(options)
        let writer = try ReportWriter(output, images: images)
        var results = ScanResults([], time: HostProcess.secondsSince1970)
        var outcome = Gate.Outcome.good
        for image in images {
            do throws(ImageFault) {
                let report = policy.review.review(try scanner.scan(image), on: .today)
                results.reports.append(report)
                if let failOn { outcome = max(outcome, Gate(failOn).outcome(of: report)) }
            } catch {
                let failure = CommandFailure(error, image: image)
                Host.complain(failure.message, hint: failure.hint)
                results.unreadable.append(
                    ScanResults.Unreadable(path: image, message: failure.message))
            }
        }
        policy.notify(
            results.reports.map { PolicyReview.Look(image: $0.image.path, use: $0.policy) }, options,
            isWhole: results.unreadable.isEmpty)
        try writer.write(results)
        if outcome == .failing { throw ExitCode(outcome.rawValue) }
        if !results.unreadable.isEmpty || outcome == .unknown { throw ExitCode.unreadable }
    }
}
