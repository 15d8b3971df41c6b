import ArgumentParser
import ByteReading
import ImageCheck
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

            JSON is the same report as that of scan.
            """)

    @Argument(help: ArgumentHelp("A disk image.", valueName: "image"))
    var image: String

    @OptionGroup var judging: JudgingOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The lowest severity that fails: error or warning.", valueName: "severity"))
    var failOn: Gate.Threshold = .error

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if failOn == .never {
            throw ValidationError("verify always gates; to look without gating: imagecheck scan \(image)")
        }
    }

    func run() throws {
        var options = reading.scanOptions
        try judging.apply(to: &options)
        let gate = Gate(failOn)
        let report: ScanReport
        do throws(ImageFault) {
            report = try ImageScanner(options).scan(image)
        } catch {
            throw CommandFailure(error, image: image)
        }
        let outcome = gate.verifies(report)
        switch output.format {
        case .text:
            let text = TextReport(report, style: Host.style(for: output.output)).verification(
                outcome, gate: gate)
            try Host.write(Array(text.utf8), to: output.output)
        case .json:
            try Host.write(JSONReport.bytes(report) + [0x0A], to: output.output)
        }
        if outcome != .good { throw ExitCode(outcome.rawValue) }
    }
}
