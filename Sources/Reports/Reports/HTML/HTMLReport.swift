/// The report as one HTML file that needs nothing else: no request leaves the page, and its policy
/// (Content Security Policy, level 3) lets no script run but its own.
public struct HTMLReport: Sendable {
    private let report: ScanReport

    /// A page of `report`.
    public init(_ report: ScanReport) { self.report = report }

    /// The page.
    public var text: String {
        HTMLReport.templates.render(HTMLPage(report), with: "report")
    }

    /// The style of all pages of the program.
    package static let style = String(decoding: PackageResources.report_css, as: UTF8.self)
    static let script = String(decoding: PackageResources.report_js, as: UTF8.self)

    /// SHA-256 of `script` in base 64, by which the policy of the page knows it. A test computes it.
    static let scriptDigest = "/AjMf2CkTWI879qfoBclMnDKPP8UbnZK9mptxtHUAMk="

    private static let templates = PageTemplates([
        "report": PackageResources.report_mustache, "layer": PackageResources.layer_mustache,
    ])
}
