import ArgumentParser
import ByteReading
import ImageCheck
import Reports

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the layers only: format, partitions, volumes, file systems, systems.")

    @Argument(help: ArgumentHelp("A disk image.", valueName: "image"))
    var image: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        let report: ScanReport
        do throws(ImageFault) {
            report = try ImageScanner(reading.scanOptions).inspect(image)
        } catch {
            throw CommandFailure(error, image: image)
        }
        switch output.format {
        case .text:
            let text = LayerText(report, style: Host.style(for: output.output)).text
            try Host.write(Array(text.utf8), to: output.output)
        case .json:
            try Host.write(JSONReport.bytes(report) + [0x0A], to: output.output)
        }
    }
}
