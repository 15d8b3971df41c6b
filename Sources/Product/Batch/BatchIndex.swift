import Checks
internal import Reports

/// The list of all images of a batch, as a page: a table to sort and to search, the totals, the reasons that
/// many images share.
public struct BatchIndex: Sendable {
    private let title: String
    private let rows: [BatchRow]
    private let note: String

    /// An index of `rows`.
    ///
    /// - Parameters:
    ///   - title: the directory.
    ///   - note: what made it, and whether it is whole.
    public init(title: String, rows: [BatchRow], note: String) {
        self.title = title
        self.rows = rows
        self.note = note
    }

    /// The page; `link` tells where an image's own page is.
    func text(link: (BatchRow) -> String?) -> String {
        let totals = BatchTotals(rows)
        let base = title.hasSuffix("/") ? title : title + "/"
        var reasons = totals.reasons.map {
            Reason(
                code: $0.code, tone: $0.severity.rawValue, count: $0.count, subject: $0.subject,
                meaning: $0.meaning)
        }
        let acceptances = rows.count { $0.accepted != nil }
        if acceptances > 0 {
            reasons.append(
                Reason(
                    code: BatchIndex.accepted, tone: Severity.info.rawValue, count: acceptances,
                    subject: "Accepted findings",
                    meaning: "something fails that the policy or the baseline accepts"))
        }
        let page = Page(
            title: title, sentence: totals.sentence, note: note, hasReasons: !reasons.isEmpty,
            reasons: reasons,
            choices: [
                Choices("Boots", BatchIndex.answers, of: rows),
                Choices("No answer", BatchIndex.ends, of: rows),
            ].filter { !$0.choices.isEmpty },
            rows: rows.map { row in
                Entry(
                    name: row.image.hasPrefix(base) ? String(row.image.dropFirst(base.count)) : row.image,
                    link: link(row), system: row.system == "-" ? "" : row.system,
                    outcome: BatchIndex.outcome(of: row),
                    answers: zip(["Boots", "Reachable", "Ready"], row.answers).map(Answer.init),
                    reason: ([row.reason] + row.targets).filter { !$0.isEmpty }.joined(separator: "; "),
                    codes: BatchIndex.codes(of: row).joined(separator: " "),
                    seconds: Quantity.seconds(row.seconds), duration: row.seconds)
            })
        return BatchIndex.templates.render(page, with: "index")
    }

    /// Stands among the reason codes of an image that has something accepted; no code is written like it.
    private static let accepted = "accepted"

    private static func codes(of row: BatchRow) -> [String] {
        row.codes.filter { $0.value > .info }.keys.sorted() + (row.accepted == nil ? [] : [accepted])
    }

    /// By which the page filters: the answer, or why there is none.
    private static func outcome(of row: BatchRow) -> String {
        row.status == .checked ? row.answers[0] : row.status.rawValue
    }

    private static let answers = [
        ("yes", "yes"), ("partly", "partly"), ("unknown", "unknown"), ("no", "no"), ("-", "no system"),
    ]

    private static let ends: [(String, String)] =
        [BatchResult.Status.unreadable, .timedOut, .memory, .crashed, .notAnImage, .skipped].map {
            ($0.rawValue, $0.words)
        }

    /// SHA-256 of the script in base 64, by which the policy of the page knows it. A test computes it.
    static let scriptDigest = "8Fcrq3Hj5puNmP6fikB1HBS0rkTPybA8gMNjPQfGzqE="

    private static let templates = PageTemplates(["index": PackageResources.index_mustache])

    // What `index.mustache` shows, under the names it uses.

    struct Page {
        let title: String
        let sentence: String
        let note: String
        let hasReasons: Bool
        let reasons: [Reason]
        let choices: [Choices]
        let rows: [Entry]
        let style =
            HTMLReport.style + String(decoding: PackageResources.index_css, as: UTF8.self)
        let script = String(decoding: PackageResources.index_js, as: UTF8.self)
        let scriptDigest = BatchIndex.scriptDigest
    }

    struct Reason {
        let code: String
        let tone: String
        let count: Int
        let subject: String
        let meaning: String
        let noun: String

        init(code: String, tone: String, count: Int, subject: String, meaning: String) {
            self.code = code
            self.tone = tone
            self.count = count
            self.subject = subject
            self.meaning = meaning
            noun = count == 1 ? "image" : "images"
        }
    }

    struct Choices {
        let legend: String
        let choices: [Choice]

        init(_ legend: String, _ names: [(String, String)], of rows: [BatchRow]) {
            self.legend = legend
            choices = names.compactMap { name, title in
                let count = rows.count { BatchIndex.outcome(of: $0) == name }
                return count > 0 ? Choice(name: name, title: title, count: count) : nil
            }
        }
    }

    struct Choice {
        let name: String
        let title: String
        let count: Int
    }

    struct Entry {
        let name: String
        let link: String?
        let system: String
        let outcome: String
        let answers: [Answer]
        let reason: String
        let codes: String
        let seconds: String
        let duration: Double
    }

    struct Answer {
        let head: String
        let said: String
        let tone: String
        /// For sorting: what needs doing first comes first.
        let rank: Int

        init(_ head: String, _ answer: String) {
            self.head = head
            said = answer == "-" ? "" : answer
            tone = answer == "yes" ? "good" : answer == "no" ? "bad" : answer == "-" ? "quiet" : "warn"
            rank = ["no", "unknown", "partly", "yes", "-"].firstIndex(of: answer) ?? 5
        }
    }
}
