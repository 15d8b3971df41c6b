import ArgumentParser
import Reports
import Targets

struct TargetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "targets",
        abstract: "List the targets, or print one as JSON to start a file of your own.")

    @Option(help: ArgumentHelp("Print this target as JSON.", valueName: "target"))
    var show: String?

    func run() throws {
        if let show {
            try Host.write(JSONReport.bytes(try TargetArgument.resolve(show)) + [0x0A])
            return
        }
        try Host.write(TargetText.table(Target.shipped, style: Host.style(for: nil)))
    }
}
