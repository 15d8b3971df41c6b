/// A JUnit document that is made image by image, for more of them than memory holds: the head, the suite of each, the
/// tail.
public struct JUnitStream: Sendable {
    private let time: String
    private var count = 0

    /// A document on a run that began at `time`, in seconds since 1970.
    public init(time: Int64) { self.time = UTCTime(secondsSince1970: time).iso8601 }

    /// What stands before the suites.
    public static let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"

    /// What stands after them.
    public static let tail = "</testsuites>\n"

    /// The suite of an image.
    public mutating func add(_ report: ScanReport) -> String { add(JUnitSuite(report)) }

    /// The suite of a file without a report.
    public mutating func add(_ image: ScanResults.Unreadable) -> String { add(JUnitSuite(unreadable: image)) }

    private mutating func add(_ suite: JUnitSuite) -> String {
        defer { count += 1 }
        return suite.lines(number: count, time: time).joined(separator: "\n") + "\n"
    }
}
