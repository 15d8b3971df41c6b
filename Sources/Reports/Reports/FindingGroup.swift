import Checks

/// Failing results that say the same at several targets, said once with the targets that need it.
struct FindingGroup {
    /// The result, with the severity it has where it weighs most.
    var item: ScanReport.CheckItem
    /// Where it counts: `aws-nitro, gcp on nvme, bios`; nil for all targets.
    var scope: String?

    /// The groups of `items`, in the order in which they come.
    ///
    /// - Parameter targets: how many the report judges. With one there is nothing to join.
    static func groups(of items: [ScanReport.CheckItem], targets: Int) -> [FindingGroup] {
        guard targets > 1 else { return items.map { FindingGroup(item: $0, scope: nil) } }
        var order: [ScanReport.CheckItem] = []
        var members: [ScanReport.CheckItem: [ScanReport.CheckItem]] = [:]
        for item in items {
            var key = item
            key.targets = nil
            key.launches = nil
            key.severity = nil
            key.originalSeverity = nil
            key.value = nil
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(item)
        }
        return order.map { key in
            let own = members[key] ?? []
            var item = own.first ?? key
            let heaviest = own.max { ($0.severity ?? .error) < ($1.severity ?? .error) }
            item.severity = heaviest?.severity
            item.originalSeverity = heaviest?.originalSeverity
            return FindingGroup(item: item, scope: scope(of: own, targets: targets))
        }
    }

    private static func scope(of items: [ScanReport.CheckItem], targets: Int) -> String? {
        let all = Set(items.filter { $0.launches == nil }.flatMap { $0.targets ?? [] })
        if all.count == targets || items.contains(where: { $0.launches == nil && $0.targets == nil }) {
            return "all targets"
        }
        return items.map { item in
            let names = (item.targets ?? ["all targets"]).joined(separator: ", ")
            return item.launches.map { "\(names) on \($0.joined(separator: " and "))" } ?? names
        }.joined(separator: "; ")
    }
}
