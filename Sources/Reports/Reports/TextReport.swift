import Checks
import GuestFacts
import LaunchChain

/// The report for people: the verdict and the chain, then what to do about it, most severe first, then facts.
/// A healthy image fits one screen.
public struct TextReport: Sendable {
    private let report: ScanReport
    private let style: TextStyle
    private let isVerbose: Bool

    /// A text of `report` for a place that can show `style`.
    ///
    /// - Parameter isVerbose: with every item, whatever became of it, every reason and place, and all layers.
    public init(_ report: ScanReport, style: TextStyle = TextStyle(), isVerbose: Bool = false) {
        self.report = report
        self.style = style
        self.isVerbose = isVerbose
    }

    /// The whole report, as `scan` shows it.
    public var full: String {
        var canvas = TextCanvas(style)
        heading(on: &canvas)
        for guest in report.guests {
            canvas.gap()
            if report.guests.count > 1 {
                canvas.cutLine([Piece(guest.os.title, .strong), Piece("  on \(guest.root)", .quiet)])
            }
            VerdictText(style, family: guest.os.family).write(guest.verdicts, on: &canvas)
        }
        findings(on: &canvas)
        facts(on: &canvas)
        unknowns(on: &canvas)
        if isVerbose { details(on: &canvas) }
        closing(on: &canvas)
        return canvas.text
    }

    /// The answer of `verify`: one line that says it, the chain, the reasons.
    public func verification(_ outcome: Gate.Outcome, gate: Gate) -> String {
        var canvas = TextCanvas(style)
        let (word, ink): (String, Ink) =
            switch outcome {
            case .good: isAccepted ? ("ACCEPTED", .warning) : ("PASS", .good)
            case .failing: ("FAIL", .bad)
            case .unknown: ("UNKNOWN", .warning)
            }
        canvas.cutLine([Piece(word, ink), Piece("  "), Piece(report.image.path, .strong)])
        for guest in report.guests {
            if report.guests.count > 1 { canvas.cutLine([Piece(guest.os.title, .quiet)]) }
            VerdictText(style, family: guest.os.family).write(guest.verdicts, on: &canvas)
        }
        let text = FindingText(
            style, length: isVerbose ? .whole : .short, isOfOneTarget: report.targetCount < 2)
        let failing = gate.failures(in: report)
        // Below the threshold, but a launch stops there: a pipeline's log should say why the answer is "partly".
        let others = report.failures.filter { !failing.contains($0) && ($0.severity ?? .error) > .info }
        for group in FindingGroup.groups(of: failing + others, targets: report.targetCount) {
            text.write(group.item, scope: group.scope, on: &canvas)
        }
        accepted(on: &canvas)
        // The launches say themselves what is not known about them.
        let isExplained = report.guests.flatMap(\.verdicts).flatMap(\.launches).contains {
            $0.unknownBecause != nil || $0.isAccepted && $0.alsoUnknown != nil
        }
        if outcome == .unknown, !isExplained {
            for line in report.unknowns.map(\.text).prefix(isVerbose ? .max : 5) {
                canvas.paragraph(head: [Piece("unknown  ", .warning)], line, hang: 9)
            }
        }
        if isVerbose {
            if isExplained || outcome != .unknown { unknowns(on: &canvas) }
            details(on: &canvas)
        }
        return canvas.text
    }

    /// Whether the image passes only because somebody accepts what stops it.
    private var isAccepted: Bool {
        report.guests.flatMap(\.verdicts).contains { !$0.acceptanceLines.isEmpty }
    }

    // MARK: Parts

    private func heading(on canvas: inout TextCanvas) {
        canvas.cutLine([Piece(report.image.path, .strong)])
        if report.guests.count == 1, let guest = report.guests.first {
            canvas.flow([], guest.os.summary.map { Piece($0) }, between: " · ", indent: 0, hang: 0)
        } else if report.guests.isEmpty {
            canvas.line("No operating system was found in this image.", .warning)
        } else {
            canvas.line("\(report.guests.count) operating systems", .warning)
        }
    }

    private func findings(on canvas: inout TextCanvas) {
        let text = FindingText(
            style, length: isVerbose ? .whole : .long, isOfOneTarget: report.targetCount < 2)
        let serious = report.failures.filter { ($0.severity ?? .error) > .info }
        if !serious.isEmpty {
            canvas.gap()
            canvas.line("What to do", .strong)
            for group in FindingGroup.groups(of: serious, targets: report.targetCount) {
                text.write(group.item, scope: group.scope, on: &canvas)
            }
        }
        if !report.acceptedToTell.isEmpty || report.policy?.notes != nil {
            canvas.gap()
            canvas.line("Accepted", .strong)
            accepted(on: &canvas)
        }
        let advice = FindingGroup.groups(
            of: report.failures.filter { $0.severity == .info }, targets: report.targetCount)
        guard !advice.isEmpty else { return }
        canvas.gap()
        canvas.line("Advice", .strong)
        if isVerbose {
            for group in advice { text.write(group.item, scope: group.scope, on: &canvas) }
            return
        }
        // A matrix of many targets leaves less room on the screen.
        let shown = report.targetCount > 4 ? 2 : TextReport.adviceShown
        for item in advice.prefix(shown).map(\.item) {
            canvas.cutLine(
                [Piece(item.code ?? item.id), Piece("  " + (item.message ?? item.title), .quiet)], indent: 2)
        }
        if advice.count > shown {
            canvas.line("… and \(advice.count - shown) more (--verbose)", .quiet, indent: 2)
        }
    }

    /// A line for each finding that somebody accepts, and what those who keep the policy should know.
    private func accepted(on canvas: inout TextCanvas) {
        let text = FindingText(style, length: .short, isOfOneTarget: report.targetCount < 2)
        let findings = isVerbose ? report.acceptedFailures : report.acceptedToTell
        for group in FindingGroup.groups(of: findings, targets: report.targetCount) {
            text.write(accepted: group, on: &canvas)
        }
        for note in report.policy?.notes ?? [] {
            canvas.paragraph(head: [Piece("note     ", .warning)], note, hang: 9)
        }
    }

    private func facts(on canvas: inout TextCanvas) {
        canvas.gap()
        canvas.line("Facts", .strong)
        let image = report.image
        let size =
            "\(image.format), \(Quantity.bytes(image.virtualSize)), file of \(Quantity.bytes(image.fileSize))"
        fact("image", size, on: &canvas)
        for backing in image.backing ?? [] {
            let state = backing.opened ? "opened" : "not opened" + (backing.reason.map { ": " + $0 } ?? "")
            fact("refers to", "\(backing.name) (\(state))", on: &canvas)
        }
        for layer in image.layers {
            LayerText.fileSystems(of: layer).forEach { fact("volume", $0, on: &canvas) }
        }
        for guest in report.guests {
            // The list of every item has them all.
            if isVerbose { break }
            let values = guest.checks.filter { $0.status == .info && $0.value != nil && $0.link != .hygiene }
            for item in values.prefix(report.targetCount > 4 ? 0 : TextReport.valuesShown)
            where !isHeading(item, of: guest) {
                fact(item.title, item.value ?? "", on: &canvas)
            }
        }
    }

    private func unknowns(on canvas: inout TextCanvas) {
        let lines = report.unknowns.map(\.text)
        guard !lines.isEmpty else { return }
        canvas.gap()
        canvas.line("Not known", .strong)
        let shown = isVerbose ? .max : TextReport.unknownsShown
        for line in lines.prefix(shown) { canvas.paragraph(line, indent: 2, hang: 2) }
        if lines.count > shown {
            canvas.line("… and \(lines.count - shown) more (--verbose)", .quiet, indent: 2)
        }
    }

    /// Every layer and every item.
    private func details(on canvas: inout TextCanvas) {
        canvas.gap()
        canvas.line("Layers", .strong)
        LayerText(report, style: style).writeLayers(on: &canvas)
        for guest in report.guests {
            canvas.gap()
            let place = report.guests.count > 1 ? " of \(guest.os.title) on \(guest.root)" : ""
            canvas.line("Every check" + place, .strong)
            ItemText(targets: guest.verdicts.map(\.target), family: guest.os.family).write(
                guest.checks, on: &canvas)
        }
        if let checks = report.checks {
            canvas.gap()
            canvas.line("Every check of the image", .strong)
            ItemText(targets: [], family: "").write(checks, on: &canvas)
        }
    }

    private func closing(on canvas: inout TextCanvas) {
        canvas.gap()
        let coverage = report.coverage
        let cost = report.cost
        canvas.flow(
            [],
            [
                Piece(
                    Quantity.count(coverage.checksRun, "check") + ", \(coverage.unknown) unknown"
                        + (report.acceptedFailures.isEmpty
                            ? "" : ", \(Quantity.count(report.acceptedFailures.count, "finding")) accepted"),
                    .quiet),
                Piece("\(Quantity.bytes(cost.bytesRead)) read in \(cost.reads) reads", .quiet),
                Piece(Quantity.seconds(cost.seconds), .quiet),
                Piece("\(Quantity.bytes(cost.peakMemory)) of memory", .quiet),
            ], between: " · ", indent: 0, hang: 0)
    }

    // MARK: Values

    private static let adviceShown = 6
    private static let valuesShown = 8
    private static let unknownsShown = 8

    static func firmwareName(_ mode: String) -> String {
        mode == "bios" ? "BIOS" : mode == "uefi" ? "UEFI" : mode == "bios+uefi" ? "BIOS and UEFI" : mode
    }

    /// Whether the heading says the value already.
    private func isHeading(_ item: ScanReport.CheckItem, of guest: ScanReport.Guest) -> Bool {
        guard report.guests.count == 1, let value = item.value else { return false }
        let os = guest.os
        return ["GUESTOS.Platform", "GUESTOS.OSVersion", "GUESTOS.BootMode"].contains(item.id)
            || value == os.kernelVersion || value == os.architecture
    }

    private func fact(_ name: String, _ value: String, on canvas: inout TextCanvas) {
        canvas.cutLine([Piece(TerminalText.padded(name, to: 14) + "  ", .quiet), Piece(value)], indent: 2)
    }
}
