import Checks
public import Reports
import Targets

/// A policy in words.
public enum PolicyText {
    /// What the policy does on a day: where images are judged, what is asked, what fails, what is accepted and until
    /// when.
    public static func text(of policy: Policy, on day: CalendarDay, style: TextStyle) -> String {
        var canvas = TextCanvas(style)
        canvas.cutLine([Piece(policy.name, .strong), Piece("  on \(day), UTC", .quiet)])
        canvas.gap()
        func fact(_ name: String, _ text: String) {
            canvas.paragraph(
                head: [Piece(TerminalText.padded(name, to: 10), .quiet)], text, indent: 2, hang: 10)
        }
        let targets = policy.targets.map(\.id)
        fact("targets", targets.isEmpty ? "as the command line says" : targets.joined(separator: ", "))
        fact(
            "fails",
            policy.threshold.map { threshold in
                "a run with a finding of severity error" + (threshold == .warning ? " or warning" : "")
            } ?? "as the command line says")
        if !policy.only.isEmpty { fact("only", policy.only.joined(separator: ", ")) }
        if !policy.skip.isEmpty { fact("skips", policy.skip.joined(separator: ", ")) }
        write(policy.severities, on: &canvas)
        let inForce = policy.inForce(on: day)
        write("Accepted", inForce, .plain, on: &canvas)
        write(
            "Expired: these count no more", policy.exceptions.filter { $0.isExpired(on: day) }, .bad,
            on: &canvas)
        let notes = inForce.compactMap { PolicyReview.note(on: $0, day) }
        if !notes.isEmpty { canvas.gap() }
        for note in notes { canvas.paragraph(head: [Piece("note: ", .warning)], note, hang: 2) }
        return canvas.text
    }

    private static func write(_ weights: [Policy.Weight], on canvas: inout TextCanvas) {
        guard !weights.isEmpty else { return }
        canvas.gap()
        canvas.line("Weights", .strong)
        for weight in weights {
            canvas.cutLine(
                [
                    Piece(TerminalText.padded(weight.severity.rawValue, to: 7) + "  "),
                    Piece("\(weight.subject)", .strong), Piece("  " + meaning(of: weight.subject), .quiet),
                ], indent: 2)
        }
    }

    private static func write(
        _ title: String, _ exceptions: [Policy.Exception], _ ink: Ink, on canvas: inout TextCanvas
    ) {
        guard !exceptions.isEmpty else { return }
        canvas.gap()
        canvas.line(title, .strong)
        for exception in exceptions {
            let scope = [
                exception.targets.map { "at " + $0.joined(separator: ", ") },
                exception.images.map { "in " + $0.map(\.text).joined(separator: ", ") },
            ].compactMap { $0 }.joined(separator: " ")
            canvas.cutLine(
                [
                    Piece("\(exception.subject)", .strong),
                    Piece("  " + (scope.isEmpty ? "everywhere" : scope)),
                ], indent: 2)
            canvas.paragraph(
                head: [Piece("until \(exception.expires): ", ink)], exception.reason, indent: 4, hang: 2)
            canvas.cutLine([Piece(meaning(of: exception.subject), .quiet)], indent: 4)
        }
    }

    private static func meaning(of subject: Policy.Subject) -> String {
        guard let check = CheckNames(CheckRegistry.all).check(named: subject.description) else { return "" }
        switch subject {
        case .item: return check.metadata.title
        case .code(let code): return check.metadata.codes.first { $0.code == code }?.meaning ?? ""
        }
    }
}
