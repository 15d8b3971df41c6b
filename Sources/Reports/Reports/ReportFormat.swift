/// The forms in which a run can be told.
public enum ReportFormat: String, Sendable, Hashable, CaseIterable {
    /// For people on a terminal.
    case text
    /// `schema/report-1.schema.json`.
    case json
    /// A page for a browser, of one image.
    case html
    /// For a comment on a pull request.
    case markdown
    /// SARIF 2.1.0: what asks for something.
    case sarif
    /// SARIF 2.1.0: every item with its kind.
    case sarifAll = "sarif-all"
    /// JUnit XML.
    case junit
    /// As the cloud's DescribeImages answers.
    case ecs
    /// As the cloud's in-guest compliance tool prints.
    case compliance
    /// As the cloud's in-guest compliance tool writes.
    case complianceJSON = "compliance-json"
    /// The findings as `--baseline` takes them.
    case baseline

    /// Whether the form has a place for an image that could not be read.
    public var namesUnreadable: Bool {
        switch self {
        case .markdown, .sarif, .sarifAll, .junit, .compliance: true
        case .text, .json, .html, .ecs, .complianceJSON, .baseline: false
        }
    }

    /// Whether the form is about one image only.
    public var isOfOneImage: Bool { self == .html }

    /// The bytes of a run in this form. Throws what the JSON encoder throws.
    ///
    /// Several images make: one text after the other; an array in `json` and `compliance-json`; one comment, one
    /// SARIF run, one suite for each in JUnit, one list in `ecs`, one `baseline`.
    ///
    /// What reads `ecs`, `compliance` and `compliance-json` knows of no policy: they say what is, whatever is accepted
    /// or weighed otherwise.
    ///
    /// - Parameters:
    ///   - style: of `text`.
    ///   - isOne: the run was about one image: JSON is the report itself, not an array.
    ///   - isVerbose: whether `text` shows every item.
    public func bytes(
        of results: ScanResults, style: TextStyle, isOne: Bool, isVerbose: Bool = false
    ) throws -> [UInt8] {
        switch self {
        case .text:
            Array(
                results.reports.map { TextReport($0, style: style, isVerbose: isVerbose).full }
                    .joined(separator: "\n").utf8)
        case .json:
            if isOne {
                try results.reports.first.map { try JSONReport.bytes($0) + [0x0A] } ?? []
            } else {
                try JSONReport.bytes(results.reports) + [0x0A]
            }
        case .html: Array(results.reports.map { HTMLReport($0).text }.joined(separator: "\n").utf8)
        case .markdown: Array(MarkdownReport(results).text.utf8)
        case .sarif: try SARIFReport(results).bytes()
        case .sarifAll: try SARIFReport(results, scope: .everything).bytes()
        case .junit: Array(JUnitReport(results).text.utf8)
        case .ecs: try ECSReport(results.withoutPolicy).bytes()
        case .compliance: Array(ComplianceReport(results.withoutPolicy).text.utf8)
        case .complianceJSON: try ComplianceReport(results.withoutPolicy).json()
        case .baseline: try BaselineFile.bytes(of: Baseline(results))
        }
    }
}
