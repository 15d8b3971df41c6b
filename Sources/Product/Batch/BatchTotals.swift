public import Checks
import Reports

/// How many images came to what, and for which reasons.
public struct BatchTotals: Sendable {
    /// A reason code and the images that have it.
    public struct Reason: Sendable, Hashable {
        /// `Nvme.NotInInitramfs`.
        public var code: String
        /// The worst severity it has among them.
        public var severity: Severity
        /// What the check looks at: `NVMe driver`.
        public var subject: String
        /// What it means.
        public var meaning: String
        /// How many images.
        public var count: Int
    }

    /// What images came to, with how many did; only what occurs.
    public let outcomes: [(count: Int, words: String)]
    /// Reasons of warnings and errors, those of most images first.
    public let reasons: [Reason]
    /// All images.
    public let count: Int

    /// The totals of `rows`.
    public init(_ rows: [BatchRow]) {
        func count(_ status: BatchResult.Status) -> Int { rows.count { $0.status == status } }
        let verdicts = rows.filter { $0.status == .checked }.map(\.answers)
        let good = verdicts.count { $0[0] == "yes" && $0[1] == "yes" }
        let bad = verdicts.count { $0[0] == "no" || $0[1] == "no" }
        let partly = verdicts.count { !$0.prefix(2).contains("no") && $0.prefix(2).contains("partly") }
        let all: [(Int, String)] =
            [
                (good, "boot and are reachable"), (partly, "on some launches only"),
                (bad, "do not boot or are not reachable"),
                (verdicts.count - good - bad - partly, "not known"),
            ] + BatchResult.Status.allCases.filter { $0 != .checked }.map { (count($0), $0.words) }
        outcomes = all.filter { $0.0 > 0 }.map { (count: $0.0, words: $0.1) }
        self.count = rows.count

        var reasons: [String: Reason] = [:]
        for row in rows {
            for (code, severity) in row.codes where severity > .info {
                var reason =
                    reasons[code]
                    ?? Reason(
                        code: code, severity: severity, subject: BatchTotals.words[code]?.subject ?? code,
                        meaning: BatchTotals.words[code]?.meaning ?? "", count: 0)
                reason.count += 1
                reason.severity = max(reason.severity, severity)
                reasons[code] = reason
            }
        }
        self.reasons = reasons.values.sorted {
            $0.count != $1.count ? $0.count > $1.count : $0.code < $1.code
        }
    }

    /// `12 files: 8 boot and are reachable, 2 do not boot or are not reachable, 2 no image`
    public var sentence: String {
        let files = Quantity.count(count, "file")
        let parts = outcomes.map { "\($0.count) \($0.words)" }
        return parts.isEmpty ? files : files + ": " + parts.joined(separator: ", ")
    }

    private static let words: [String: (subject: String, meaning: String)] = Dictionary(
        CheckRegistry.all.flatMap { check in
            let metadata = check.metadata
            return metadata.codes.map { ($0.code, (subject: metadata.title, meaning: $0.meaning)) }
        },
        uniquingKeysWith: { a, b in
            // Linux and Windows share a code: the shorter title is the more general one.
            a.subject.count <= b.subject.count ? a : b
        })
}
