import Checks
import Reports

/// A batch as a comment on a pull request (GitHub Flavored Markdown): the totals, the reasons that images share, and
/// each image that is not good.
struct BatchComment {
    private let rows: [BatchRow]
    private let title: String
    private let remaining: Int

    init(_ rows: [BatchRow], title: String, remaining: Int) {
        self.rows = rows
        self.title = title
        self.remaining = remaining
    }

    /// The comment; what GitHub does not take in one comment is left out, and counted.
    var text: String {
        var page = MarkdownPage(limit: MarkdownReport.commentLimit)
        let totals = BatchTotals(rows)
        // A bot finds its earlier comment by this line.
        page.add(["<!-- imagecheck -->"])
        page.add(["### imagecheck: \(MarkdownText.code(title))"])
        if remaining > 0 {
            page.add(["**Stopped**: \(Quantity.count(remaining, "image")) not checked."])
        }
        page.add([MarkdownText.prose(totals.sentence)])
        if !totals.reasons.isEmpty {
            page.addTable(
                ["| Images | Reason | What it means |", "|---:|---|---|"],
                totals.reasons.map { reason in
                    let mark = reason.severity == .error ? "❌" : "⚠️"
                    return "| \(reason.count) \(mark) | \(MarkdownText.cell(reason.code)) | "
                        + "\(MarkdownText.prose(reason.subject + ". " + reason.meaning)) |"
                }, share: 3, of: "reason")
        }
        let bad = rows.filter { row in
            row.status == .checked ? !row.isGood : row.status != .notAnImage && row.status != .skipped
        }
        if !bad.isEmpty {
            page.addTable(
                ["| Image | System | Boots | Reachable | Ready | Why |", "|---|---|---|---|---|---|"],
                bad.map { row in
                    let answers = row.answers.map { $0 == "-" ? "" : $0 }.joined(separator: " | ")
                    let why = ([row.reason] + row.targets).filter { !$0.isEmpty }.joined(separator: "; ")
                    return "| \(MarkdownText.cell(row.image)) | "
                        + "\(row.system == "-" ? "" : MarkdownText.prose(row.system)) | \(answers) | "
                        + "\(MarkdownText.prose(why)) |"
                }, share: 1, of: "image")
        }
        return page.text
    }
}
