import GuestFacts
import LaunchChain
import Targets

/// The verdicts of one system at several targets: a line for each, with where its launches stop.
struct VerdictMatrix {
    private let names: VerdictText
    private let columns = ["boots", "reachable", "ready"]

    init(_ names: VerdictText) { self.names = names }

    func write(_ verdicts: [TargetVerdict], on canvas: inout TextCanvas) {
        let first = (verdicts.map { TerminalText.width($0.target) }.max() ?? 0) + 2
        let margin = first + columns.reduce(0) { $0 + width($1) }
        let head = columns.map { TerminalText.padded($0, to: width($0)) }.joined()
        // On a narrow page the remarks stand below the answers.
        let isNarrow = canvas.style.width - margin < 24
        let stops = !isNarrow && verdicts.contains { $0.launches.contains { $0.stopsAt != nil } }
        canvas.line([
            Piece(TerminalText.padded("", to: first)), Piece(head + (stops ? "stops at" : ""), .quiet),
        ])
        for verdict in verdicts {
            let answers = zip(columns, [verdict.boots, verdict.reachable, verdict.ready]).map {
                column, answer in
                Piece(TerminalText.padded(answer.rawValue, to: width(column)), names.ink(answer.rawValue))
            }
            let start = [Piece(TerminalText.padded(verdict.target, to: first), .strong)] + answers
            let remarks = remarks(on: verdict)
            if isNarrow {
                canvas.line(start)
                for remark in remarks { canvas.paragraph(remark.text, remark.ink, indent: 2, hang: 2) }
                continue
            }
            let remark = remarks.first ?? Piece("")
            canvas.paragraph(head: start, remark.text, remark.ink, hang: margin + 2)
            for remark in remarks.dropFirst() {
                canvas.paragraph(remark.text, remark.ink, indent: margin, hang: 2)
            }
        }
    }

    /// The widest answer is `unknown`.
    private func width(_ column: String) -> Int { max(column.count, 7) + 1 }

    /// Where its launches stop, what keeps an answer open, or what to register.
    private func remarks(on verdict: TargetVerdict) -> [Piece] {
        var remarks: [Piece] = []
        for stop in unique(verdict.launches.compactMap(\.stopsAt)) {
            let concerned = verdict.launches.filter {
                $0.stopsAt?.code == stop.code && $0.stopsAt?.link == stop.link
            }
            let code = stop.code.isEmpty ? "" : ", \(stop.code)"
            remarks.append(
                Piece("\(scope(concerned, of: verdict))\(stop.link.label(family: names.family))\(code)", .bad)
            )
        }
        remarks += verdict.acceptanceLines.map { Piece($0, .warning) }
        let open = verdict.launches.filter { $0.unknownBecause != nil }
        if remarks.isEmpty, let reason = open.first?.unknownBecause?.first {
            remarks.append(Piece("\(scope(open, of: verdict))not known: \(reason)", .warning))
        }
        if remarks.isEmpty, let register = verdict.register {
            remarks.append(Piece("register as \(TextReport.firmwareName(register.firmware))", .quiet))
        }
        return remarks
    }

    private func unique(_ stops: [LaunchVerdict.Stop]) -> [LaunchVerdict.Stop] {
        stops.reduce(into: []) { list, stop in
            if !list.contains(where: { $0.code == stop.code && $0.link == stop.link }) { list.append(stop) }
        }
    }

    /// Which launches are meant; nothing when all are.
    private func scope(_ some: [LaunchVerdict], of verdict: TargetVerdict) -> String {
        if some.count == verdict.launches.count { return "" }
        let disks = Set(some.map(\.disk))
        let isByDisk = verdict.launches.allSatisfy { !disks.contains($0.disk) || some.contains($0) }
        let names =
            isByDisk
            ? verdict.launches.map(\.disk.rawValue).filter { name in disks.contains { $0.rawValue == name } }
            : some.map(\.name)
        return names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(
            separator: "; ") + ": "
    }
}
