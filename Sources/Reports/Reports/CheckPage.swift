package import Checks

/// The page of a check, made from what the check says of itself: for `explain`, and as Markdown for the docs.
package struct CheckPage {
    private let metadata: CheckMetadata
    private let examples: [CheckExample]

    package init(_ check: any Check.Type) {
        metadata = check.metadata
        examples = check.examples
    }

    /// A check in machine-readable lists.
    package struct Rule: Sendable, Hashable, Codable {
        package var id: String
        package var title: String
        package var link: LaunchLink
        package var summary: String
        package var rationale: String
        package var codes: [String: String]
        package var aliases: [String]
        package var references: [String]

        package init(_ metadata: CheckMetadata) {
            id = metadata.id
            title = metadata.title
            link = metadata.link
            summary = metadata.summary
            rationale = metadata.rationale
            codes = Dictionary(
                metadata.codes.map { ($0.code, $0.meaning) }, uniquingKeysWith: { first, _ in first })
            aliases = metadata.aliases
            references = metadata.references
        }
    }

    /// The page for a terminal.
    package func text(_ style: TextStyle) -> String {
        var canvas = TextCanvas(style)
        canvas.cutLine([Piece(metadata.id, .strong), Piece("  " + metadata.title)])
        canvas.line("link: \(metadata.link.rawValue)", .quiet)
        if !metadata.aliases.isEmpty {
            canvas.paragraph("also known as: " + metadata.aliases.joined(separator: ", "), .quiet, hang: 2)
        }
        section("What it looks at", metadata.summary, on: &canvas)
        section("Why it matters", metadata.rationale, on: &canvas)
        if !metadata.codes.isEmpty {
            canvas.gap()
            canvas.line("Reason codes", .strong)
            for (code, meaning) in metadata.codes {
                canvas.paragraph(head: [Piece(code + "  ")], meaning, .quiet, indent: 2, hang: 4)
            }
        }
        if !examples.isEmpty {
            canvas.gap()
            canvas.line("Examples", .strong)
            for example in examples {
                canvas.paragraph(
                    head: [Piece(outcome(example) + "  ")], example.title, .quiet, indent: 2, hang: 4)
            }
        }
        if !metadata.references.isEmpty {
            canvas.gap()
            canvas.line("References", .strong)
            for reference in metadata.references { canvas.paragraph(reference, indent: 2, hang: 2) }
        }
        return canvas.text
    }

    /// The page for the docs.
    package var markdown: String {
        var lines = [
            "# \(metadata.id): \(escaped(metadata.title))", "",
            "Link of the launch: `\(metadata.link.rawValue)`",
        ]
        if !metadata.aliases.isEmpty {
            lines += ["", "Also known as: " + metadata.aliases.map { "`\($0)`" }.joined(separator: ", ")]
        }
        lines += ["", "## What it looks at", "", escaped(metadata.summary)]
        lines += ["", "## Why it matters", "", escaped(metadata.rationale)]
        if !metadata.codes.isEmpty {
            lines += ["", "## Reason codes", "", "| Code | Meaning |", "|---|---|"]
            lines += metadata.codes.map { "| `\($0.code)` | \(escaped($0.meaning)) |" }
        }
        if !examples.isEmpty {
            lines += ["", "## Examples", "", "Each is run as a test.", "", "| Case | Answer |", "|---|---|"]
            lines += examples.map { "| \(escaped($0.title)) | \(outcome($0)) |" }
        }
        if !metadata.references.isEmpty {
            lines += ["", "## References", ""] + metadata.references.map { "- \(escaped($0))" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// All checks as one table that stands by itself.
    package static func markdownTable(_ checks: [any Check.Type]) -> String {
        var lines = ["| Id | Link | Title | Reason codes |", "|---|---|---|---|"]
        for check in checks {
            let metadata = check.metadata
            let codes = metadata.codes.map { "`\($0.code)`" }.joined(separator: ", ")
            lines.append(
                "| `\(metadata.id)` | \(metadata.link.rawValue) | \(CheckPage(check).escaped(metadata.title)) | \(codes) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The list of pages for the docs.
    package static func markdownIndex(_ checks: [any Check.Type]) -> String {
        var lines = ["# Checks", "", "| Id | Link | Title |", "|---|---|---|"]
        for metadata in checks.map({ $0.metadata }) {
            lines.append(
                "| [\(metadata.id)](\(metadata.id).md) | \(metadata.link.rawValue) | \(metadata.title) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// All checks, one to a line.
    package static func table(_ checks: [any Check.Type], style: TextStyle) -> String {
        var canvas = TextCanvas(style)
        let all = checks.map { $0.metadata }
        let idWidth = (all.map { TerminalText.width($0.id) }.max() ?? 0) + 2
        let linkWidth = (all.map { TerminalText.width($0.link.rawValue) }.max() ?? 0) + 2
        for metadata in all {
            canvas.cutLine([
                Piece(TerminalText.padded(metadata.id, to: idWidth), .strong),
                Piece(TerminalText.padded(metadata.link.rawValue, to: linkWidth), .quiet),
                Piece(metadata.title),
            ])
        }
        return canvas.text
    }

    private func outcome(_ example: CheckExample) -> String {
        example.codes.isEmpty
            ? example.expected.rawValue
            : "\(example.expected.rawValue): \(example.codes.joined(separator: ", "))"
    }

    private func section(_ title: String, _ text: String, on canvas: inout TextCanvas) {
        canvas.gap()
        canvas.line(title, .strong)
        canvas.paragraph(text, indent: 2)
    }

    /// Our own text, but a title may quote `<`, `|` or `*`.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "\\*_[]<>|#".contains(character) { result.append("\\") }
            result.append(character == "\n" ? " " : character)
        }
        return result
    }
}
