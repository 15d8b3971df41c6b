import ArgumentParser
import Checks
import Reports

/// The forms in which checks tell of themselves.
enum CheckFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json, markdown
}

struct ChecksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checks", abstract: "List the checks.",
        discussion: """
            JSON holds everything a check says of itself, with its reason codes; Markdown is a table.
            """)

    @Option(help: "The form of the answer.")
    var format: CheckFormat = .text

    func run() throws {
        switch format {
        case .text: try Host.write(CheckPage.table(CheckRegistry.all, style: Host.style(for: nil)))
        case .json:
            try Host.write(JSONReport.bytes(CheckRegistry.all.map { CheckPage.Rule($0.metadata) }) + [0x0A])
        case .markdown: try Host.write(CheckPage.markdownTable(CheckRegistry.all))
        }
    }
}

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain a check or a reason code: what it looks at, why it matters.")

    @Argument(
        help: "A check id (GUESTOS.Fstab), a reason code (Fstab.DeviceNotFound) or an older name.",
        completion: .checkIDs)
    var id: String

    @Option(help: "The form of the answer.")
    var format: CheckFormat = .text

    func run() throws {
        let names = CheckNames(CheckRegistry.all)
        guard let check = names.check(named: id) else {
            let near = names.near(id)
            throw CommandFailure(
                "there is no check or reason code named “\(id)”",
                hint: near.isEmpty
                    ? "All are listed by: imagecheck checks" : "Near it: \(near.joined(separator: ", "))",
                code: .validationFailure)
        }
        switch format {
        case .text: try Host.write(CheckPage(check).text(Host.style(for: nil)))
        case .json: try Host.write(JSONReport.bytes(CheckPage.Rule(check.metadata)) + [0x0A])
        case .markdown: try Host.write(CheckPage(check).markdown)
        }
    }
}
