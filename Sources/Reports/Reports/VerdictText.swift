import Checks
import GuestFacts
import LaunchChain
import Targets

/// The verdicts of one system: of one target its launches link by link, of several a line for each.
struct VerdictText {
    private let style: TextStyle
    let family: String

    /// - Parameter family: of the system, `linux` or `windows`: some links have other names there.
    init(_ style: TextStyle, family: String) {
        self.style = style
        self.family = family
    }

    func write(_ verdicts: [TargetVerdict], on canvas: inout TextCanvas) {
        guard verdicts.count == 1, let verdict = verdicts.first else {
            if !verdicts.isEmpty { VerdictMatrix(self).write(verdicts, on: &canvas) }
            return
        }
        canvas.line(
            [Piece(verdict.target + "   ", .strong)]
                + answers(verdict, width: max(verdict.boots.rawValue.count, verdict.reachable.rawValue.count))
                + (verdict.register.map {
                    [Piece("   (register as \(TextReport.firmwareName($0.firmware)))", .quiet)]
                } ?? []))
        for line in verdict.acceptanceLines {
            canvas.paragraph(line, .warning, indent: 2, hang: 2)
        }
        for (index, launch) in verdict.launches.enumerated() {
            let earlier = verdict.launches.prefix(index).first { $0.isLike(launch) }
            write(launch, as: earlier, on: &canvas)
        }
    }

    private func answers(_ verdict: TargetVerdict, width: Int) -> [Piece] {
        let (boots, reachable) = (verdict.boots.rawValue, verdict.reachable.rawValue)
        return [
            Piece("boots: "), Piece(TerminalText.padded(boots, to: width), ink(boots)),
            Piece("   reachable: "),
            Piece(TerminalText.padded(reachable, to: width), ink(reachable)), Piece("   ready: "),
            Piece(verdict.ready.rawValue, ink(verdict.ready.rawValue)),
        ]
    }

    func ink(_ answer: String) -> Ink {
        answer == "yes" ? .good : answer == "no" ? .bad : .warning
    }

    private func write(_ launch: LaunchVerdict, as earlier: LaunchVerdict?, on canvas: inout TextCanvas) {
        let name = launch.name
        let column = 19
        if let earlier {
            canvas.line(
                [
                    Piece(TerminalText.padded(name, to: column)),
                    Piece("the same as \(earlier.name)", .quiet),
                ], indent: 2)
            return
        }
        var items: [Piece] = []
        for link in launch.links {
            let mark = launch.mark(of: link)
            if mark == .notReached { continue }
            let ink: Ink =
                switch mark {
                case .holds, .notReached: .good
                case .broken: .bad
                case .unknown, .noted: .warning
                }
            items.append(Piece("\(link.name.label(family: family)) \(mark.sign)", ink))
        }
        canvas.flow(
            [Piece(TerminalText.padded(name, to: column))], items, between: "  ", indent: 2, hang: column)
        if let stop = launch.stopsAt {
            canvas.paragraph(
                head: [Piece("stops at \(stop.link.label(family: family)): ", .bad)], stop.message,
                indent: 2 + column,
                hang: 2)
        }
        if let accepted = launch.stopsAt?.accepted {
            canvas.line(accepted.shortSentence, .warning, indent: 2 + column)
        }
        // Nobody has accepted what lies behind.
        for reason in launch.isAccepted ? (launch.alsoUnknown ?? []).prefix(3) : [] {
            canvas.paragraph(
                head: [Piece("not known behind it: ", .warning)], reason, indent: 2 + column, hang: 2)
        }
        for reason in (launch.unknownBecause ?? []).prefix(3) {
            canvas.paragraph(head: [Piece("not known: ", .warning)], reason, indent: 2 + column, hang: 2)
        }
    }
}
