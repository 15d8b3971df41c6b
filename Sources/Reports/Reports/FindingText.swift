import Checks
import GuestFacts

/// One finding: what is wrong, on what evidence, what to change.
struct FindingText {
    private let style: TextStyle
    private let length: Length
    /// Whether the report judges one target only, which then needs no name.
    private let isOfOneTarget: Bool

    enum Length {
        /// The sentence and its first evidence.
        case short
        /// With evidence lines, commands and edits.
        case long
        /// All of them.
        case whole
    }

    init(_ style: TextStyle, length: Length, isOfOneTarget: Bool) {
        self.style = style
        self.length = length
        self.isOfOneTarget = isOfOneTarget
    }

    private static let excerptLimit = 200
    private var evidenceShown: Int { length == .whole ? .max : 4 }
    private var commandsShown: Int { length == .whole ? .max : 12 }
    private var registryLinesShown: Int { length == .whole ? .max : 20 }

    /// - Parameter scope: the targets that need it, where there are several.
    func write(_ item: ScanReport.CheckItem, scope joined: String? = nil, on canvas: inout TextCanvas) {
        let severity = item.severity ?? .error
        let ink: Ink = severity == .error ? .bad : severity == .warning ? .warning : .quiet
        let head = Piece(TerminalText.padded(severity.rawValue, to: 7) + "  ", ink)
        guard length != .short else {
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
        let scope = (isOfOneTarget ? [] : item.targets ?? []) + (item.launches ?? [])
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
        for item in evidence.prefix(evidenceShown) {
            var pieces = [Piece(item.place ?? "", .quiet)]
            if let excerpt = item.excerpt {
                let text = TerminalText.cut(excerpt, to: FindingText.excerptLimit)
                pieces.append(Piece(pieces[0].text.isEmpty ? text : "  " + text))
            }
            if length == .whole {
                canvas.line(pieces, indent: 9)
            } else {
                canvas.cutLine(pieces, indent: 9)
            }
        }
        if evidence.count > evidenceShown {
            canvas.line("… and \(evidence.count - evidenceShown) more places (--verbose)", .quiet, indent: 9)
        }
    }

    private func write(_ fix: Fix, isFirst: Bool, on canvas: inout TextCanvas) {
        canvas.paragraph(
            head: [Piece(isFirst ? "fix: " : "or: ", .good)], "\(fix.title) (\(fix.manner))", indent: 9,
            hang: 5)
        for command in fix.commands.prefix(commandsShown) {
            canvas.line(command, .strong, indent: 14)
        }
        if fix.commands.count > commandsShown {
            canvas.line("… \(fix.commands.count - commandsShown) more lines (--verbose)", .quiet, indent: 14)
        }
        if let edit = fix.edit { write(edit, on: &canvas) }
        if let registry = fix.registry { write(registry, on: &canvas) }
    }

    private func write(_ edit: RegistryEdit, on canvas: inout TextCanvas) {
        let lines = edit.text.split(whereSeparator: \.isNewline)
        canvas.line("fix.reg:", .quiet, indent: 14)
        for line in lines.prefix(registryLinesShown) {
            canvas.line(String(line), .good, indent: 14)
        }
        if lines.count > registryLinesShown {
            canvas.line(
                "… \(lines.count - registryLinesShown) more lines (--verbose)", .quiet,
                indent: 14)
        }
    }

    private func write(_ edit: Fix.Edit, on canvas: inout TextCanvas) {
        canvas.line(edit.path + (edit.line.map { ":\($0)" } ?? ""), .quiet, indent: 14)
        if let old = edit.old { write("- ", old, .bad, on: &canvas) }
        if let new = edit.new { write("+ ", new, .good, on: &canvas) }
    }

    private func write(_ sign: String, _ text: String, _ ink: Ink, on canvas: inout TextCanvas) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.prefix(commandsShown) { canvas.line(sign + line, ink, indent: 14) }
        if lines.count > commandsShown {
            canvas.line("… \(lines.count - commandsShown) more lines (--verbose)", .quiet, indent: 14)
        }
    }
}
