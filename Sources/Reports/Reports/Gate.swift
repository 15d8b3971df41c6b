import Checks
import GuestFacts
import LaunchChain

/// Turns a report into the answer of the exit code.
public struct Gate: Sendable, Hashable {
    /// From which severity on a failing item fails the run.
    public enum Threshold: String, Sendable, Hashable, Codable, CaseIterable {
        case error, warning, never
    }

    /// What the exit code says. The raw values are the exit codes.
    public enum Outcome: Int32, Sendable, Hashable, Codable, Comparable {
        case good = 0
        /// At least one failing item at or above the threshold.
        case failing = 1
        /// Nothing failed, but something needed for the verdict is unknown.
        case unknown = 2

        private var weight: Int {
            switch self {
            case .good: 0
            case .unknown: 1
            case .failing: 2
            }
        }

        /// Good is less than unknown, unknown less than failing.
        public static func < (a: Outcome, b: Outcome) -> Bool { a.weight < b.weight }
    }

    /// From which severity on an item counts.
    public var threshold: Threshold

    /// A gate.
    public init(_ threshold: Threshold) { self.threshold = threshold }

    /// The outcome of `scan` and `batch`: items at or above the threshold, then unknown verdicts.
    public func outcome(of report: ScanReport) -> Outcome {
        if threshold == .never { return .good }
        if !failures(in: report).isEmpty { return .failing }
        return isUnknown(report) ? .unknown : .good
    }

    /// The outcome of `verify`: good only when every system boots and is reachable.
    ///
    /// `partly` follows the severity of its findings: a launch that fails with a warning passes unless warnings
    /// fail, or that launch was asked for alone (then the answer is `no`, not `partly`). `ready` is reported;
    /// it fails the gate through findings at or above the threshold.
    ///
    /// A launch that stops at nothing but accepted findings fails nothing, whatever it answers. What is not known
    /// behind such a stop makes the outcome unknown: nobody has accepted that.
    public func verifies(_ report: ScanReport) -> Outcome {
        if !failures(in: report).isEmpty { return .failing }
        for verdict in report.guests.flatMap(\.verdicts) {
            for answer in [verdict.countedBoots, verdict.countedReachable] {
                if answer == .no { return .failing }
                if answer == .partly, threshold == .warning { return .failing }
            }
        }
        return isUnknown(report) ? .unknown : .good
    }

    /// The failing items at or above the threshold that nobody accepts.
    func failures(in report: ScanReport) -> [ScanReport.CheckItem] {
        report.allChecks.filter { item in
            guard item.status == .fail, item.accepted == nil else { return false }
            return switch threshold {
            case .error: item.severity == .error
            case .warning: (item.severity ?? .error) >= .warning
            case .never: false
            }
        }
    }

    /// Whether something the verdict needs is not known. No system and nothing failed is no answer either.
    private func isUnknown(_ report: ScanReport) -> Bool {
        let verdicts = report.guests.flatMap(\.verdicts)
        if verdicts.isEmpty || report.guests.contains(where: \.verdicts.isEmpty) { return true }
        if report.guests.contains(where: hidesQuestions) { return true }
        return verdicts.contains { verdict in
            verdict.boots == .unknown || verdict.reachable == .unknown
                || verdict.launches.contains {
                    $0.boots == .unknown || ($0.reachable == .unknown && $0.boots != .no)
                        || $0.isAccepted && $0.alsoUnknown != nil
                }
        }
    }

    /// Whether a launch passes by acceptance only, and something on its way is not known. The stop may be why an item
    /// has no answer: whoever accepts the stop has not answered it.
    private func hidesQuestions(_ guest: ScanReport.Guest) -> Bool {
        let way = LaunchLink.allCases.prefix { $0 != .provisioning }
        let open = guest.checks.filter { $0.status == .unknown && way.contains($0.link) }
        return guest.verdicts.contains { verdict in
            verdict.launches.contains(where: \.isAccepted) && open.contains { $0.holds(at: verdict.target) }
        }
    }
}

extension TargetVerdict {
    /// What `boots` counts as: launches that stop at accepted findings only do not count against it. For the gate
    /// alone; no form says it.
    fileprivate var countedBoots: Answer { counted(boots, \.boots) }

    /// What `reachable` counts as.
    fileprivate var countedReachable: Answer { counted(reachable, \.reachable) }

    private func counted(_ answer: Answer, _ own: (LaunchVerdict) -> GuestFacts.Answer) -> Answer {
        guard launches.contains(where: \.isAccepted) else { return answer }
        let all = Set(launches.map { $0.isAccepted ? .yes : own($0) })
        if all.contains(.yes), all.contains(.no) { return .partly }
        if all.contains(.unknown) { return .unknown }
        return all.contains(.no) ? .no : .yes
    }
}

extension ScanReport {
    /// The items of the image and of every system in it.
    package var allChecks: [CheckItem] { (checks ?? []) + guests.flatMap(\.checks) }
}
