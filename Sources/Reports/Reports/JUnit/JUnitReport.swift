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
/// | a file of a batch that is no image, or left out | `skipped` |
public struct JUnitReport: Sendable {
    private let results: ScanResults

    /// A document on a run.
    public init(_ results: ScanResults) { self.results = results }

    /// The document.
    public var text: String {
        var stream = JUnitStream(time: results.time)
        var text = JUnitStream.head
        for report in results.reports { text += stream.add(report) }
        for image in results.unreadable { text += stream.add(image) }
        return text + JUnitStream.tail
    }
}
