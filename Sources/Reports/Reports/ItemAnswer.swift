import Checks
import LaunchChain

/// What one check says of one system at one target: the results that belong together, the heaviest first.
struct ItemAnswer {
    /// Never empty.
    private(set) var results: [ScanReport.CheckItem]

    /// The heaviest result: a fail before an open question, that before anything else.
    var first: ScanReport.CheckItem { results[0] }

    /// What became of the item as a whole.
    var status: CheckStatus { first.status }

    /// The results that are fails.
    var fails: [ScanReport.CheckItem] { results.filter { $0.status == .fail } }

    /// Why parts of it are not known.
    var questions: [String] { results.filter { $0.status == .unknown }.flatMap { $0.gaps ?? [] } }

    /// The answers among `items` that hold at `target`, in the order in which the checks come.
    ///
    /// - Parameter target: nil for all results, whatever target they are for.
    static func answers(in items: [ScanReport.CheckItem], at target: String?) -> [ItemAnswer] {
        var order: [String] = []
        var results: [String: [ScanReport.CheckItem]] = [:]
        for item in items where item.holds(at: target) {
            if results[item.id] == nil { order.append(item.id) }
            results[item.id, default: []].append(item)
        }
        return order.map { id in
            let own = (results[id] ?? []).enumerated().sorted { a, b in
                let (weightA, weightB) = (weight(a.element), weight(b.element))
                return weightA != weightB ? weightA > weightB : a.offset < b.offset
            }
            return ItemAnswer(results: own.map(\.element))
        }
    }

    private static func weight(_ item: ScanReport.CheckItem) -> Int {
        switch item.status {
        case .fail: 2 + (Severity.allCases.firstIndex(of: item.severity ?? .error) ?? 0)
        case .unknown: 1
        case .pass, .info, .notApplicable: 0
        }
    }
}

extension ScanReport.CheckItem {
    /// Whether the result counts at a target; one that names none counts at all.
    func holds(at target: String?) -> Bool {
        guard let target, let targets else { return true }
        return targets.contains(target)
    }
}

extension ScanReport.Guest {
    /// The verdict of a form that knows one target only: of the one named, when it was judged.
    func verdict(preferring target: String) -> TargetVerdict? {
        verdicts.first { $0.target == target } ?? verdicts.first
    }
}
