public import Checks
import LaunchChain
public import Reports

/// What a list of images says of one: little enough to hold thousands.
public struct BatchRow: Sendable, Hashable, Codable {
    /// The image, as the batch names it.
    public var image: String
    /// How its worker ended.
    public var status: BatchResult.Status
    /// Wall time of the worker.
    public var seconds: Double
    /// What people call the system, `-` when there is none.
    public var system: String
    /// The worst answers to boots, reachable and ready over systems and targets; `-` without a verdict.
    public var answers: [String]
    /// What differs from target to target, a line each.
    public var targets: [String]
    /// Why it is not good: where a launch stops, the worst finding, what became of the worker.
    public var reason: String
    /// The reason codes of the failing items, the worst severity of each.
    public var codes: [String: Severity]
    /// What each threshold would make of it.
    public var outcomes: [Gate.Threshold: Gate.Outcome]
    /// The reason codes of failing items that a policy or a baseline accepts; absent when there are none.
    public var accepted: [String]?
    /// What its report says of the policy; absent when there is none.
    public var policy: ScanReport.PolicyUse?

    /// What is to be said of `result`.
    public init(_ result: BatchResult) {
        image = result.image
        status = result.status
        seconds = result.seconds
        let guests = result.report?.guests ?? []
        system =
            (guests.first.map { $0.os.name ?? $0.os.distribution ?? $0.os.family } ?? "-")
            + (guests.count > 1 ? " +\(guests.count - 1)" : "")
        let report = result.status == .checked ? result.report : nil
        answers = report.map(BatchRow.answers) ?? ["-", "-", "-"]
        targets = report.map(BatchRow.targets) ?? []
        reason =
            report.map(BatchRow.reason)
            ?? result.status.words + (result.message.map { ": " + $0 } ?? "")
        codes = [:]
        let failures = (report?.allChecks ?? []).filter { $0.status == .fail }
        let accepted = Set(failures.filter { $0.accepted != nil }.map { $0.code ?? $0.id }).sorted()
        self.accepted = accepted.isEmpty ? nil : accepted
        policy = result.report?.policy
        for item in failures where item.accepted == nil {
            let code = item.code ?? item.id
            codes[code] = max(codes[code] ?? .info, item.severity ?? .error)
        }
        outcomes = [:]
        for threshold in Gate.Threshold.allCases {
            outcomes[threshold] =
                switch result.status {
                case .checked: report.map { Gate(threshold).outcome(of: $0) } ?? .unknown
                case .notAnImage, .skipped: .good
                case .unreadable, .timedOut, .memory, .crashed: threshold == .never ? .good : .unknown
                }
        }
    }

    /// Whether it boots and is reachable everywhere.
    public var isGood: Bool { answers[0] == "yes" && answers[1] == "yes" }

    private static func answers(_ report: ScanReport) -> [String] {
        let verdicts = report.guests.flatMap(\.verdicts)
        func worst(_ answer: (TargetVerdict) -> TargetVerdict.Answer) -> String {
            let all = verdicts.map(answer)
            let order: [TargetVerdict.Answer] = [.no, .unknown, .partly, .yes]
            return order.first { all.contains($0) }?.rawValue ?? "-"
        }
        return [worst(\.boots), worst(\.reachable), worst(\.ready)]
    }

    /// Of several targets, those where the image does not boot and is reached on every launch.
    private static func targets(_ report: ScanReport) -> [String] {
        let verdicts = report.guests.flatMap(\.verdicts)
        guard Set(verdicts.map(\.target)).count > 1 else { return [] }
        let order: [TargetVerdict.Answer] = [.no, .unknown, .partly]
        return order.compactMap { answer in
            let names = verdicts.filter { verdict in
                order.first { $0 == verdict.boots || $0 == verdict.reachable } == answer
            }.map(\.target)
            return names.isEmpty ? nil : "\(answer.rawValue) at \(names.joined(separator: ", "))"
        }
    }

    private static func reason(_ report: ScanReport) -> String {
        if report.guests.isEmpty {
            let worst = (report.checks ?? []).filter { $0.status == .fail }.enumerated().max { a, b in
                let (x, y) = (a.element.severity ?? .error, b.element.severity ?? .error)
                return x != y ? x < y : a.offset > b.offset
            }
            return worst?.element.message ?? "no system found"
        }
        let launches = report.guests.flatMap(\.verdicts).flatMap(\.launches)
        let stops = launches.compactMap(\.stopsAt)
        if let stop = stops.first(where: { $0.accepted == nil }) ?? stops.first {
            let words = stop.code.isEmpty ? stop.message : "\(stop.code): \(stop.message)"
            return words + (stop.accepted.map { " — \($0.sentence)" } ?? "")
        }
        let items = report.allChecks.filter {
            $0.status == .fail && $0.accepted == nil && ($0.severity ?? .error) > .info
        }
        if let worst = items.max(by: { ($0.severity ?? .error) < ($1.severity ?? .error) }) {
            return "\(worst.code ?? worst.id): \(worst.message ?? worst.title)"
        }
        return launches.compactMap { $0.unknownBecause?.first }.first ?? ""
    }
}
