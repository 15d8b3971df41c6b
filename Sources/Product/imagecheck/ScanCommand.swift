import ArgumentParser
import ByteReading
import ImageCheck
import Reports

struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Look at images: the verdict, the launch chain, what to change.",
        discussion: """
            Advice, not a gate: the exit code is 0 whatever is found, unless --fail-on is given, and 2 when an \
            image cannot be read. With several images it is the worst of them. JSON of several images is an \
            array of the reports of those that could be read.
            """)

    @Argument(help: ArgumentHelp("Disk images.", valueName: "image"))
    var images: [String]

    @OptionGroup var judging: JudgingOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Exit with 1 when an item fails with this severity or a higher one.")
    var failOn: Gate.Threshold?

    @OptionGroup var reading: ReadingOptions

    func run() throws {
        var options = reading.scanOptions
        try judging.apply(to: &options)
        let scanner = ImageScanner(options)
        let style = Host.style(for: output.output)
        var reports: [ScanReport] = []
        var outcome = Gate.Outcome.good
        var isUnreadable = false
        for image in images {
            do throws(ImageFault) {
                let report = try scanner.scan(image)
                reports.append(report)
                if let failOn { outcome = max(outcome, Gate(failOn).outcome(of: report)) }
            } catch {
                let failure = CommandFailure(error, image: image)
                Host.complain(failure.message, hint: failure.hint)
                isUnreadable = true
            }
        }
        switch output.format {
        case .text:
            let text = reports.map { TextReport($0, style: style).full }.joined(separator: "\n")
            try Host.write(Array(text.utf8), to: output.output)
        case .json where images.count == 1:
            for report in reports { try Host.write(JSONReport.bytes(report) + [0x0A], to: output.output) }
        case .json:
            try Host.write(JSONReport.bytes(reports) + [0x0A], to: output.output)
        }
        if outcome == .failing { throw ExitCode(outcome.rawValue) }
        if isUnreadable || outcome == .unknown { throw ExitCode.unreadable }
    }
}
