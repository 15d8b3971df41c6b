import Checks
import LaunchChain
public import Reports

/// The end of a batch in one table and one line of totals.
public struct BatchSummary: Sendable {
    private let results: [BatchResult]
    private let style: TextStyle

    /// A summary of `results`, in their order.
    public init(_ results: [BatchResult], style: TextStyle = TextStyle()) {
        self.results = results
        self.style = style
    }

    private struct Row {
        var name: String
        var system: String
        var answers: [String]
        /// What differs from target to target.
        var targets: [String]
        var reason: String
        var seconds: String
    }

    /// Table and totals.
    public var text: String {
        var canvas = TextCanvas(style)
        let rows = results.map(row)
        let nameWidth = min(22, max(5, rows.map { TerminalText.width(canvas.shown($0.name)) }.max() ?? 0))
        let systemWidth = min(20, max(6, rows.map { TerminalText.width(canvas.shown($0.system)) }.max() ?? 0))
        if !rows.isEmpty {
            canvas.cutLine([
                Piece(
                    column("image", nameWidth, canvas) + column("system", systemWidth, canvas)
                        + "boots    reach    ready      time", .quiet)
            ])
        }
        for row in rows {
            var pieces = [
                Piece(column(row.name, nameWidth, canvas), .strong),
                Piece(column(row.system, systemWidth, canvas)),
            ]
            for answer in row.answers {
                pieces.append(Piece(TerminalText.padded(answer, to: 9), ink(answer)))
            }
            let time = String(repeating: " ", count: max(0, 6 - row.seconds.count)) + row.seconds
            pieces.append(Piece(time, .quiet))
            canvas.cutLine(pieces)
            for target in row.targets { canvas.cutLine([Piece(target, .quiet)], indent: 4) }
            if !row.reason.isEmpty { canvas.cutLine([Piece(row.reason, .quiet)], indent: 4) }
        }
        canvas.gap()
        canvas.paragraph(totals)
        return canvas.text
    }

    /// `12 files: 8 boot and are reachable, 1 partly, 2 do not, 1 is no image`
    var totals: String {
        let verdicts = results.compactMap { $0.status == .checked ? answers($0) : nil }
        let good = verdicts.count { $0[0] == "yes" && $0[1] == "yes" }
        let bad = verdicts.count { $0[0] == "no" || $0[1] == "no" }
        let partly = verdicts.count { !$0.prefix(2).contains("no") && $0.prefix(2).contains("partly") }
        let others: [(Int, String)] = [
            (good, "boot and are reachable"), (partly, "on some launches only"), (bad, "do not"),
            (verdicts.count - good - bad - partly, "not known"),
            (count(.notAnImage), "no image"), (count(.unreadable), "not readable"),
            (count(.timedOut), "took too long"),
            (count(.memory), "needed too much memory"), (count(.crashed), "crashed"),
        ]
        let parts = others.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let files = Quantity.count(results.count, "file")
        return parts.isEmpty ? files : files + ": " + parts.joined(separator: ", ")
    }

    private func count(_ status: BatchResult.Status) -> Int { results.count { $0.status == status } }

    private func row(_ result: BatchResult) -> Row {
        let os = result.report?.guests.first?.os
        let more = (result.report?.guests.count ?? 0) - 1
        let system =
            (os.map { $0.name ?? $0.distribution ?? $0.family } ?? "-") + (more > 0 ? " +\(more)" : "")
        let isChecked = result.status == .checked
        return Row(
            name: result.image.split(separator: "/").last.map(String.init) ?? result.image, system: system,
            answers: isChecked ? answers(result) : ["-", "-", "-"], targets: isChecked ? targets(result) : [],
            reason: isChecked ? reason(result) : "\(result.status.rawValue): \(result.message ?? "")",
            seconds: Quantity.seconds(result.seconds))
    }

    /// The worst answer over systems and targets.
    private func answers(_ result: BatchResult) -> [String] {
        let verdicts = result.report?.guests.flatMap(\.verdicts) ?? []
        func worst(_ answer: (TargetVerdict) -> TargetVerdict.Answer) -> String {
            let all = verdicts.map(answer)
            let order: [TargetVerdict.Answer] = [.no, .unknown, .partly, .yes]
            return order.first { all.contains($0) }?.rawValue ?? "-"
        }
        return [worst(\.boots), worst(\.reachable), worst(\.ready)]
    }

    /// Of several targets, those where the image does not boot and is reached on every launch.
    private func targets(_ result: BatchResult) -> [String] {
        let verdicts = result.report?.guests.flatMap(\.verdicts) ?? []
        guard Set(verdicts.map(\.target)).count > 1 else { return [] }
        let order: [TargetVerdict.Answer] = [.no, .unknown, .partly]
        return order.compactMap { answer in
            let names = verdicts.filter { verdict in
                order.first { $0 == verdict.boots || $0 == verdict.reachable } == answer
            }.map(\.target)
            return names.isEmpty ? nil : "\(answer.rawValue) at \(names.joined(separator: ", "))"
        }
    }

    private func reason(_ result: BatchResult) -> String {
        guard let report = result.report else { return "" }
        if report.guests.isEmpty {
            return report.checks?.first { $0.status == .fail }?.message ?? "no system found"
        }
        let launches = report.guests.flatMap(\.verdicts).flatMap(\.launches)
        if let stop = launches.compactMap(\.stopsAt).first { return "\(stop.code): \(stop.message)" }
        let items = report.allChecks.filter { $0.status == .fail && ($0.severity ?? .error) > .info }
        if let worst = items.max(by: { ($0.severity ?? .error) < ($1.severity ?? .error) }) {
            return "\(worst.code ?? worst.id): \(worst.message ?? worst.title)"
        }
        return launches.compactMap { $0.unknownBecause?.first }.first ?? ""
    }

    private func column(_ text: String, _ width: Int, _ canvas: TextCanvas) -> String {
        let shown = TerminalText.cut(canvas.shown(text), to: width, ellipsis: style.unicode ? "…" : "...")
        return TerminalText.padded(shown, to: width) + "  "
    }

    private func ink(_ answer: String) -> Ink {
        switch answer {
        case "yes": .good
        case "no": .bad
        case "-": .quiet
        default: .warning
        }
    }
}
