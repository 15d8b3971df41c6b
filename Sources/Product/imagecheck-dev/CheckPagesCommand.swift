import ArgumentParser
import Checks
import FoundationEssentials
import Reports

struct CheckPagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-pages",
        abstract: "Write one Markdown page per check from what the check says of itself.",
        discussion: "Pages of checks that no longer exist are removed.")

    @Option(help: ArgumentHelp("The directory of the pages.", valueName: "dir"))
    var output = "docs/checks"

    func run() throws {
        let files = FileManager.default
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        var pages = ["README.md": CheckPage.markdownIndex(CheckRegistry.all)]
        for check in CheckRegistry.all { pages[check.metadata.id + ".md"] = CheckPage(check).markdown }
        for name in try files.contentsOfDirectory(atPath: output)
        where name.hasSuffix(".md") && pages[name] == nil {
            try files.removeItem(atPath: output + "/" + name)
        }
        for (name, text) in pages {
            try Data(text.utf8).write(to: URL(filePath: output + "/" + name), options: .atomic)
        }
        print("\(pages.count - 1) pages in \(output)")
    }
}
