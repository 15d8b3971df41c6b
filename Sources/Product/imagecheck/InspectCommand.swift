import ArgumentParser
import ByteReading
import ImageCheck
import Reports

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract:
            "Show the layers only: format, partitions, volumes, file systems, systems; or keys of a registry hive.",
        discussion: """
            With --hive, KEY is a path below the root of the hive, names parted by backslashes, in any case; \
            without KEY the root is shown. Logs beside the hive (.LOG, .LOG1, .LOG2) are replayed in memory \
            as Windows would replay them.
            """)

    @Argument(
        help: ArgumentHelp(
            "A disk image; with --hive, a key: 'ControlSet001\\Services'.", valueName: "image-or-key"),
        completion: .file())
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "A registry hive: a file of this machine, or one in the guest of an image (win.qcow2:/path).",
            valueName: "file"), completion: .file())
    var hive: String?

    @Flag(help: "With --hive: show every key below the key too.")
    var recursive = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if hive == nil, subject == nil { throw ValidationError("Missing expected argument '<image>'") }
        if hive == nil, recursive { throw ValidationError("--recursive goes with --hive.") }
    }

    func run() throws {
        if let hive {
            try RegistryQuery(
                hive: hive, key: subject ?? "", isRecursive: recursive, output: output, reading: reading
            ).run()
        } else if let subject {
            try showLayers(subject)
        }
    }

    private func showLayers(_ image: String) throws {
        try output.file?.check(against: [image])
        let report: ScanReport
        do throws(ImageFault) {
            report = try ImageScanner(reading.scanOptions).inspect(image)
        } catch {
            throw CommandFailure(error, image: image)
        }
        let bytes =
            switch output.format {
            case .text: Array(LayerText(report, style: Host.style(for: output.output)).text.utf8)
            case .json: try JSONReport.bytes(report) + [0x0A]
            }
        if let file = output.file {
            try file.write(bytes, sparing: report.referredFiles)
        } else {
            try Host.write(bytes)
        }
    }
}
