import Checks
import GuestFacts
import LaunchChain

/// The report as a comment on a pull request (GitHub Flavored Markdown): the verdict per target, the broken link,
/// what to do about it with the details folded, and what is not known.
///
/// It stays below `limit`, which is what GitHub takes for one comment. What does not fit is left out piece by piece,
/// details before findings, and the comment says how much and where it is.
public struct MarkdownReport: Sendable {
    /// Characters (UTF-16 code units) that a comment of GitHub can have, and some that its own additions need.
    public static let commentLimit = 65_000

    private let results: ScanResults
    private let limit: Int

    /// A comment on all images of a run.
    public init(_ results: ScanResults, limit: Int = commentLimit) {
        self.results = results
        self.limit = limit
    }

    /// The comment.
    public var text: String {
        var page = MarkdownPage(limit: limit)
        // A bot finds its earlier comment by this line.
        page.add(["<!-- imagecheck -->"])
        for image in results.unreadable where !page.isFull {
            page.add(["### imagecheck: \(MarkdownText.code(image.path))"])
            page.add(["**Could not be read**: " + MarkdownText.prose(image.message)])
        }
        if results.reports.count > 1 { overview(on: &page) }
        for (index, report) in results.reports.enumerated() {
            if page.isFull {
                page.leaveOut(results.reports.count - index, "image")
                break
            }
            MarkdownSection(report).write(on: &page)
        }
        return page.text
    }

    /// Several images: a line for each and target, before any detail.
    private func overview(on page: inout MarkdownPage) {
        let head = ["| Image | Target | Boots | Reachable | Ready |", "|---|---|---|---|---|"]
        var rows: [String] = []
        for report in results.reports {
            let name = MarkdownText.cell(report.image.path)
            if report.guests.isEmpty { rows.append("| \(name) | | no operating system | | |") }
            for guest in report.guests {
                for verdict in guest.verdicts {
                    let answers = [verdict.boots, verdict.reachable, verdict.ready].map(\.rawValue)
                    rows.append(
                        "| \(name) | \(MarkdownText.cell(verdict.target)) | \(answers.joined(separator: " | ")) |"
                    )
                }
            }
        }
        page.addTable(head, rows, share: 2, of: "image")
    }
}
