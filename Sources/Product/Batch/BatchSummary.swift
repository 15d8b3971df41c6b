import Checks
public import Reports

/// The end of a batch: a table of the images, one line of totals, the reasons that most of them share.
public struct BatchSummary: Sendable {
    private let rows: [BatchRow]
    private let style: TextStyle
    private let listsImages: Bool

    /// A summary of `rows`, in their order.
    ///
    /// - Parameter listsImages: whether it has the table; without, each image has been named already.
    public init(_ rows: [BatchRow], style: TextStyle = TextStyle(), listsImages: Bool = true) {
        self.rows = rows
        self.style = style
        self.listsImages = listsImages
    }

    /// With more images than that, those that are good are counted and not listed.
    private static let listedWhole = 40
    private static let mostListed = 200
    private static let reasonsShown = 12

    /// Table, totals and reasons.
    public var text: String {
        var canvas = TextCanvas(style)
        let listed =
            !listsImages
            ? [] : rows.count > BatchSummary.listedWhole ? rows.filter { !$0.isGood } : rows
        write(Array(listed.prefix(BatchSummary.mostListed)), on: &canvas)
        if listed.count > BatchSummary.mostListed {
            canvas.line("… and \(listed.count - BatchSummary.mostListed) more", .quiet)
        }
        canvas.gap()
        let totals = BatchTotals(rows)
        canvas.paragraph(totals.sentence)
        if rows.count > 1 { write(totals.reasons, on: &canvas) }
        return canvas.text
    }

    private func write(_ rows: [BatchRow], on canvas: inout TextCanvas) {
        let names = rows.map { $0.image.split(separator: "/").last.map(String.init) ?? $0.image }
        let nameWidth = min(22, max(5, names.map { TerminalText.width(canvas.shown($0)) }.max() ?? 0))
        // On a narrow page there is no room for the systems.
        let systemWidth =
            style.width < 72
            ? 0 : min(20, max(6, rows.map { TerminalText.width(canvas.shown($0.system)) }.max() ?? 0))
        if !rows.isEmpty {
            canvas.cutLine([
                Piece(
                    column("image", nameWidth, canvas) + column("system", systemWidth, canvas)
                        + "boots    reach    ready      time", .quiet)
            ])
        }
        for (row, name) in zip(rows, names) {
            var pieces = [
                Piece(column(name, nameWidth, canvas), .strong),
                Piece(column(row.system, systemWidth, canvas)),
            ]
            for answer in row.answers {
                pieces.append(Piece(TerminalText.padded(answer, to: 9), ink(answer)))
            }
            let seconds = Quantity.seconds(row.seconds)
            pieces.append(Piece(String(repeating: " ", count: max(0, 6 - seconds.count)) + seconds, .quiet))
            canvas.cutLine(pieces)
            for target in row.targets { canvas.cutLine([Piece(target, .quiet)], indent: 4) }
            if !row.reason.isEmpty { canvas.cutLine([Piece(row.reason, .quiet)], indent: 4) }
        }
    }

    private func write(_ reasons: [BatchTotals.Reason], on canvas: inout TextCanvas) {
        guard !reasons.isEmpty else { return }
        canvas.gap()
        for reason in reasons.prefix(BatchSummary.reasonsShown) {
            // "412 images: NVMe driver. It is a module, and the initramfs does not hold it."
            let number = String(reason.count)
            let noun = reason.count == 1 ? " image:  " : " images: "
            canvas.flow(
                [
                    Piece(String(repeating: " ", count: max(0, 6 - number.count))),
                    Piece(number + noun, reason.severity == .error ? .bad : .warning),
                ],
                BatchSummary.words(reason.subject + ".", .strong) + BatchSummary.words(reason.meaning, .plain)
                    + [Piece(reason.code, .quiet)],
                between: " ", indent: 0, hang: 15)
        }
        if reasons.count > BatchSummary.reasonsShown {
            canvas.line("        … and \(reasons.count - BatchSummary.reasonsShown) more reasons", .quiet)
        }
    }

    private static func words(_ text: String, _ ink: Ink) -> [Piece] {
        text.split(separator: " ").map { Piece(String($0), ink) }
    }

    private func column(_ text: String, _ width: Int, _ canvas: TextCanvas) -> String {
        if width == 0 { return "" }
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
