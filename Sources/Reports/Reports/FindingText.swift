import Checks
import GuestFacts

/// One finding: what is wrong, on what evidence, what to change.
struct FindingText {
    private let style: TextStyle
    /// With evidence lines, commands and edits; without, the sentence and its first evidence.
    private let isLong: Bool

    init(_ style: TextStyle, isLong: Bool) {
        self.style = style
        self.isLong = isLong
    }

    private static let excerptLimit = 200
    private static let evidenceShown = 4
    private static let commandsShown = 12

    /// - Parameter scope: the targets that need it, where there are several.
    func write(_ item: ScanReport.CheckItem, scope joined: String? = nil, on canvas: inout TextCanvas) {
        let severity = item.severity ?? .error
        let ink: Ink = severity == .error ? .bad : severity == .warning ? .warning : .quiet
        let head = Piece(TerminalText.padded(severity.rawValue, to: 7) + "  ", ink)
        guard isLong else {
            let place = item.evidence?.first?.place.map { " (\($0))" } ?? ""
            let code = item.code ?? item.id
            canvas.paragraph(
                head: [head, Piece(code + "  ", .strong)], (item.message ?? item.title) + place, hang: 9)
            if let joined {
                canvas.paragraph(head: [Piece("for ", .quiet)], joined, .quiet, indent: 9, hang: 4)
            }
            return
        }
        var name = [head, Piece(item.id, .strong)]
        if let code = item.code { name.append(Piece("  " + code, .quiet)) }
        let scope = (item.targets ?? []) + (item.launches ?? [])
        if joined == nil, !scope.isEmpty {
            name.append(Piece("  (" + scope.joined(separator: "; ") + ")", .quiet))
        }
        canvas.cutLine(name)
        if let joined { canvas.paragraph(head: [Piece("for ", .quiet)], joined, .quiet, indent: 9, hang: 4) }
        canvas.paragraph(item.message ?? item.title, indent: 9)
        if let remark = item.severityRemark { canvas.paragraph(remark, .quiet, indent: 9) }
        write(item.evidence ?? [], on: &canvas)
        for (index, fix) in (item.fixes ?? []).enumerated() { write(fix, isFirst: index == 0, on: &canvas) }
    }

    /// One that is accepted: what it is, where, until when and why.
    func write(accepted group: FindingGroup, on canvas: inout TextCanvas) {
        let item = group.item
        let place = [item.evidence?.first?.place, group.scope].compactMap { $0 }.joined(separator: ", ")
        canvas.paragraph(
            head: [
                Piece(TerminalText.padded((item.severity ?? .error).rawValue, to: 7) + "  ", .quiet),
                Piece((item.code ?? item.id) + " ", .strong),
            ], (place.isEmpty ? "" : "(\(place)) ") + (item.accepted?.sentence ?? "accepted"), hang: 9)
    }

    private func write(_ evidence: [Evidence], on canvas: inout TextCanvas) {
        for item in evidence.prefix(FindingText.evidenceShown) {
            var pieces = [Piece(item.place ?? "", .quiet)]
            if let excerpt = item.excerpt {
                let text = TerminalText.cut(excerpt, to: FindingText.excerptLimit)
                pieces.append(Piece(pieces[0].text.isEmpty ? text : "  " + text))
            }
            canvas.cutLine(pieces, indent: 9)
        }
        if evidence.count > FindingText.evidenceShown {
            canvas.line("… and \(evidence.count - FindingText.evidenceShown) more places", .quiet, indent: 9)
        }
    }

    private func write(_ fix: Fix, isFirst: Bool, on canvas: inout TextCanvas) {
        canvas.paragraph(
            head: [Piece(isFirst ? "fix: " : "or: ", .good)], "\(fix.title) (\(fix.manner))", indent: 9,
            hang: 5)
        for command in fix.commands.prefix(FindingText.commandsShown) {
            canvas.line(command, .strong, indent: 14)
        }
        if fix.commands.count > FindingText.commandsShown {
            canvas.line("… \(fix.commands.count - FindingText.commandsShown) more lines", .quiet, indent: 14)
        }
        if let edit = fix.edit { write(edit, on: &canvas) }
        if let registry = fix.registry { write(registry, on: &canvas) }
    }

    private func write(_ edit: RegistryEdit, on canvas: inout TextCanvas) {
        let lines = edit.text.split(whereSeparator: \.isNewline)
        canvas.line("fix.reg:", .quiet, indent: 14)
        for line in lines.prefix(FindingText.commandsShown + 8) {
            canvas.line(String(line), .good, indent: 14)
        }
        if lines.count > FindingText.commandsShown + 8 {
            canvas.line(
                "… \(lines.count - FindingText.commandsShown - 8) more lines in the JSON report", .quiet,
                indent: 14)
        }
    }

    private func write(_ edit: Fix.Edit, on canvas: inout TextCanvas) {
        canvas.line(edit.path + (edit.line.map { ":\($0)" } ?? ""), .quiet, indent: 14)
        if let old = edit.old { write("- ", old, .bad, on: &canvas) }
        if let new = edit.new { write("+ ", new, .good, on: &canvas) }
    }

    private func write(_ sign: String, _ text: String, _ ink: Ink, on canvas: inout TextCanvas) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).prefix(
            FindingText.commandsShown)
        {
            canvas.line(sign + line, ink, indent: 14)
        }
    }
}
