import ArgumentParser
import Batch
import ByteReading
import CAllocation
import Glibc
import ImageCheck
import Reports

/// Judges one image for `batch`: gives up every right it does not need, then reads the image and answers with
/// one line.
struct WorkerCommand: ParsableCommand {
    /// What `batch` calls it. It is no subcommand of the help.
    static let name = "batch-worker"

    static let configuration = CommandConfiguration(
        commandName: "imagecheck batch-worker", shouldDisplay: false)

    @Option var memory: Int
    @Option var processorTime: Int
    @OptionGroup var judging: JudgingOptions
    @OptionGroup var reading: ReadingOptions
    @Argument var image: String

    static func answer(_ arguments: [String]) {
        do {
            let command = try parse(arguments)
            try command.run()
        } catch {
            exit(withError: error)
        }
    }

    func run() throws {
        var options = reading.scanOptions
        // Before the rights are given up: a target may be a file.
        try judging.apply(to: &options)
        Interruption.isDecidedByParent()
        _ = Confinement(memoryMiB: memory, processorSeconds: processorTime).apply()
        callocation_exit_when_refused(BatchRun.refusedMemory)
        let answer: WorkerAnswer
        do throws(ImageFault) {
            answer = WorkerAnswer(try ImageScanner(options).scan(image))
        } catch {
            answer = WorkerAnswer(error)
        }
        try Host.write(JSONReport.bytes(answer, layout: .line) + [0x0A])
    }
}

/// Says which files each of many images refers to: the paths come as lines of JSON on standard
/// input, a line of JSON answers each.
struct SurveyCommand: ParsableCommand {
    /// What `batch` calls it. It is no subcommand of the help.
    static let name = "batch-survey"

    static let configuration = CommandConfiguration(
        commandName: "imagecheck batch-survey", shouldDisplay: false)

    @Option var memory: Int
    @Option var processorTime: Int
    @OptionGroup var judging: JudgingOptions
    @OptionGroup var reading: ReadingOptions

    static func answer(_ arguments: [String]) {
        do {
            let command = try parse(arguments)
            try command.run()
        } catch {
            exit(withError: error)
        }
    }

    func run() throws {
        Interruption.isDecidedByParent()
        // The processor's time of all files together says nothing: each gets its own time, by the clock.
        _ = Confinement(memoryMiB: memory, processorSeconds: SurveyCommand.processorSeconds).apply()
        callocation_exit_when_refused(BatchRun.refusedMemory)
        let scanner = ImageScanner(reading.scanOptions)
        while let line = readLine() {
            let path = try JSONReport.decode(String.self, from: Array(line.utf8))
            // A file that never answers (on a dead server, say) ends the process, and the batch asks on behind it.
            _ = alarm(CUnsignedInt(processorTime))
            // What cannot be read is said by the worker that judges it.
            let answer = BatchSurvey.Answer(parts: (try? scanner.parts(of: path)) ?? [])
            try Host.write(JSONReport.bytes(answer, layout: .line) + [0x0A])
        }
    }

    private static let processorSeconds = 86_400
}
