import Checks
import GuestFacts
import LaunchChain

/// The report as JUnit XML, as Ant, Jenkins and GitLab read it: an image a suite, a target a class, an item a test
/// case, and before them the verdict (`boots`, `reachable`, `ready`) as cases of their own.
///
/// | result | test case |
/// |---|---|
/// | pass, info; fail of severity info (advice) | passed; advice stands in `system-out` |
/// | fail of severity error or warning | `failure`, its type the reason code |
/// | fail that a policy or a baseline accepts; a verdict whose every no is accepted | `skipped` with the reason |
/// | not applicable | `skipped` |
/// | not known | `skipped` with the reason: an item that was not judged neither passed nor failed |
/// | a verdict that is not known; an image that cannot be read | `error`: the question asked has no answer |
public struct JUnitReport: Sendable {
    private let results: ScanResults

    /// A document on a run.
    public init(_ results: ScanResults) { self.results = results }

    /// The document.
    public var text: String {
        let suites =
            results.reports.map { JUnitSuite($0) } + results.unreadable.map { JUnitSuite(unreadable: $0) }
        let time = UTCTime(secondsSince1970: results.time).iso8601
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>"]
        for (index, suite) in suites.enumerated() { lines += suite.lines(number: index, time: time) }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n") + "\n"
    }
}
