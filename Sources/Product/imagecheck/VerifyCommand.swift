import ArgumentParser
import BlockIO
import ByteReading
import ImageCheck
import Policies
import Reports

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Gate an image before it is launched: one verdict, the chain, the reasons.",
        discussion: """
            Exits with 0 only when the image boots and is reachable on every target asked for.

            “partly” (some launches only, NVMe say) follows the severity of its findings: warnings pass unless \
            --fail-on warning is given; asked for alone with --disk nvme, that launch fails. “ready: no” is \
            reported, and fails only through findings at or above --fail-on. 2 when boots or reachable is \
            unknown and nothing failed, or when the image cannot be read.

            A launch that stops at nothing but findings accepted by --policy or --baseline does not fail; the \
            answer stays “no”, and says until when and why it is accepted.

            All forms but text are those of scan.
            """)

    @Argument(help: ArgumentHelp("A disk image.", valueName: "image"), completion: .file())
    var image: String

    @OptionGroup var judging: JudgingOptions
    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: ReportOptions

    @Option(
        help: ArgumentHelp(
            "The lowest severity that fails: error (unless given) or warning.", valueName: "severity"))
    var failOn: Gate.Threshold?

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        _ = try output.requests()
        if failOn == .never {
            throw ValidationError("verify always gates; to look without gating: imagecheck scan \(image)")
        }
    }

    func run() throws {
        var options = reading.scanOptions
        let policy = try RunPolicy(policy, judging)
        try judging.apply(to: &options, policy: policy.policy)
        let writer = try ReportWriter(output, images: [image])
        let gate = Gate(failOn ?? policy.policy?.threshold ?? .error)
        var results = ScanResults([], time: HostProcess.secondsSince1970)
        let report: ScanReport
        do throws(ImageFault) {
            report = policy.review.review(try ImageScanner(options).scan(image), on: .today)
        } catch {
            let failure = CommandFailure(error, image: image)
            // A pipeline that collects the answer's file finds in it why there is no verdict.
            results.unreadable = [ScanResults.Unreadable(path: image, message: failure.message)]
            try writer.write(results)
            throw failure
        }
        results.reports = [report]
        policy.notify(
            [PolicyReview.Look(image: image, use: report.policy)], options, isWhole: true)
        let outcome = gate.verifies(report)
        try writer.write(results) { style in
            TextReport(report, style: style, isVerbose: output.verbose).verification(outcome, gate: gate)
        }
        if outcome != .good { throw ExitCode(outcome.rawValue) }
    }
}
