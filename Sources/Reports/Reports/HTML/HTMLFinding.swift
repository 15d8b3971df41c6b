import Checks
import GuestFacts
import LaunchChain

/// A failing item with its evidence and what to change.
struct HTMLFinding {
    /// What the filter goes by: a severity, or `accepted`.
    let group: String
    let severity: String
    /// Why it is accepted, and where that stands.
    let acceptance: String?
    /// Where its weight comes from.
    let weight: String?
    let isOpen: Bool
    let message: String
    let id: String
    let code: String?
    let scope: String?
    let hasEvidence: Bool
    let evidence: [Place]
    let fixes: [Change]
    /// Why the item matters.
    let why: String?

    struct Place {
        let place: String?
        let excerpt: String?
    }

    /// One fix.
    struct Change {
        let label: String
        let title: String
        let manner: String
        let commands: String?
        let edit: Edit?
        let registry: String?
    }

    struct Edit {
        let place: String
        let old: [String]
        let new: [String]
        /// The new lines as they are to be typed.
        let text: String?
    }

    private static let evidenceLimit = 100
    private static let lineLimit = 400

    /// - Parameter isFirst: the one that most needs doing is open from the start, as errors are.
    init(_ group: FindingGroup, isFirst: Bool) {
        let item = group.item
        severity = (item.severity ?? .error).rawValue
        self.group = item.accepted == nil ? severity : "accepted"
        acceptance = item.accepted.map { accepted in
            let sentence = accepted.sentence
            let source = accepted.by == .policy ? accepted.source.map { " (\($0))" } ?? "" : ""
            return sentence.prefix(1).uppercased() + sentence.dropFirst() + source
        }
        weight = item.severityRemark
        isOpen = item.accepted == nil && (isFirst || (item.severity ?? .error) == .error)
        message = TerminalText.cut(item.message ?? item.title, to: HTMLPage.sentenceLimit)
        id = item.id
        code = item.code
        let own = [item.targets?.joined(separator: ", "), item.launches?.joined(separator: "; ")]
        let named = own.compactMap { $0 }.joined(separator: " on ")
        scope = group.scope ?? (named.isEmpty ? nil : named)
        evidence = (item.evidence ?? []).prefix(HTMLFinding.evidenceLimit).map {
            Place(
                place: $0.place,
                excerpt: $0.excerpt.map { TerminalText.cut($0, to: HTMLPage.sentenceLimit) })
        }
        hasEvidence = !evidence.isEmpty
        fixes = (item.fixes ?? []).enumerated().map { HTMLFinding.change($1, isFirst: $0 == 0) }
        why = HTMLFinding.rationales[item.id]
    }

    private static let rationales = Dictionary(
        CheckRegistry.all.map { ($0.metadata.id, $0.metadata.rationale) },
        uniquingKeysWith: { first, _ in first })

    private static func change(_ fix: Fix, isFirst: Bool) -> Change {
        Change(
            label: isFirst ? "Fix" : "Or", title: fix.title, manner: fix.manner,
            commands: fix.commands.isEmpty ? nil : fix.commands.joined(separator: "\n"),
            edit: fix.edit.map { edit in
                Edit(
                    place: edit.path + (edit.line.map { ":\($0)" } ?? ""), old: lines(edit.old),
                    new: lines(edit.new), text: edit.new)
            },
            registry: fix.registry?.text)
    }

    private static func lines(_ text: String?) -> [String] {
        guard let text else { return [] }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let more = lines.count - lineLimit
        return lines.prefix(lineLimit).map { TerminalText.cut(String($0), to: HTMLPage.sentenceLimit) }
            + (more > 0 ? ["… \(more) more lines in the JSON report"] : [])
    }
}
