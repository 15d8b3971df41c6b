import Checks
import GuestFacts
import LaunchChain

/// Every item of one system, whatever became of it, by the links of the launch.
struct ItemText {
    private let targets: [String]
    private let family: String

    /// - Parameters:
    ///   - targets: those that are judged, in their order.
    ///   - family: of the system, `linux` or `windows`.
    init(targets: [String], family: String) {
        self.targets = targets
        self.family = family
    }

    func write(_ items: [ScanReport.CheckItem], on canvas: inout TextCanvas) {
        let all = rows(of: items)
        let rows = all.filter { $0.isApplicable }
        let width = min(28, (rows.map { TerminalText.width($0.id) }.max() ?? 0)) + 2
        for link in LaunchLink.allCases {
            let own = rows.filter { $0.link == link }
            if own.isEmpty { continue }
            canvas.line(link.label(family: family), .quiet, indent: 2)
            for row in own {
                let head = [
                    Piece(row.sign, row.ink), Piece(" " + TerminalText.padded(row.id, to: width)),
                ]
                canvas.paragraph(
                    head: head, row.text, row.ink == .good ? .plain : row.ink, indent: 4, hang: 4)
            }
        }
        writeOthers(all.filter { !$0.isApplicable }, on: &canvas)
    }

    /// Items that were not asked, those with the same reason together.
    private func writeOthers(_ rows: [Row], on canvas: inout TextCanvas) {
        if rows.isEmpty { return }
        canvas.line("not applicable", .quiet, indent: 2)
        var reasons: [String] = []
        for row in rows where !reasons.contains(row.text) { reasons.append(row.text) }
        for reason in reasons {
            canvas.paragraph(head: [Piece("- ")], reason, indent: 4, hang: 4)
            let names = rows.filter { $0.text == reason }.map { Piece($0.id, .quiet) }
            canvas.flow([], names, between: ", ", indent: 8, hang: 0)
        }
    }

    /// What one item says, at the targets where it says that.
    private struct Row {
        var id: String
        var link: LaunchLink
        var sign: String
        var ink: Ink
        var text: String
        var targets: [String]
        var isApplicable = true
    }

    /// An item has one row, or, where targets differ, one for each answer.
    private func rows(of items: [ScanReport.CheckItem]) -> [Row] {
        var order: [String] = []
        var rows: [String: [Row]] = [:]
        let places: [String?] = targets.isEmpty ? [nil] : targets.map { $0 }
        for place in places {
            for answer in ItemAnswer.answers(in: items, at: place) {
                let id = answer.first.id
                if rows[id] == nil { order.append(id) }
                for row in ItemText.rows(of: answer) {
                    if let index = rows[id]?.firstIndex(where: { $0.sign == row.sign && $0.text == row.text })
                    {
                        rows[id]?[index].targets += place.map { [$0] } ?? []
                    } else {
                        var row = row
                        row.targets = place.map { [$0] } ?? []
                        rows[id, default: []].append(row)
                    }
                }
            }
        }
        return order.flatMap { id in
            (rows[id] ?? []).map { row in
                var row = row
                if row.targets.count < targets.count {
                    row.text += " (\(row.targets.joined(separator: ", ")))"
                }
                return row
            }
        }
    }

    private static func rows(of answer: ItemAnswer) -> [Row] {
        answer.results.map { item in
            let (sign, ink, text): (String, Ink, String) =
                switch item.status {
                case .pass: ("✓", .good, item.value ?? item.message ?? item.title)
                case .info: ("·", .plain, item.value ?? item.message ?? item.title)
                case .notApplicable: ("-", .quiet, item.message ?? item.title)
                case .unknown:
                    (
                        "?", .warning,
                        "not known: " + (item.gaps ?? [item.message ?? item.title]).joined(separator: "; ")
                    )
                case .fail: fail(item)
                }
            return Row(
                id: item.id, link: item.link, sign: sign, ink: ink, text: text, targets: [],
                isApplicable: item.status != .notApplicable)
        }
    }

    private static func fail(_ item: ScanReport.CheckItem) -> (String, Ink, String) {
        let severity = item.severity ?? .error
        let text =
            [severity.rawValue, item.code].compactMap { $0 }.joined(separator: " ")
            + ": " + (item.message ?? item.title) + (item.accepted.map { " — " + $0.sentence } ?? "")
        if item.accepted != nil { return ("~", .quiet, text) }
        return switch severity {
        case .error: ("✗", .bad, text)
        case .warning: ("!", .warning, text)
        case .info: ("i", .plain, text)
        }
    }
}
