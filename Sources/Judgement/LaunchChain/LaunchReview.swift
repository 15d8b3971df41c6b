import Checks
import GuestFacts
import Targets

/// What all checks say about one launch, sorted by link.
struct LaunchReview {
    private struct Entry {
        var link: LaunchLink
        var code: String?
        var message: String
        var consequence: Consequence
        var severity: Severity?

        var isFinding: Bool { code != nil }
    }

    private let launch: Launch
    private let target: Target
    private var entries: [Entry] = []

    init(_ results: [(metadata: CheckMetadata, outcome: CheckOutcome)], launch: Launch, target: Target) {
        self.launch = launch
        self.target = target
        for (metadata, outcome) in results {
            for finding in outcome.findings where finding.launches?.contains(launch) ?? true {
                entries.append(
                    Entry(
                        link: finding.link ?? metadata.link, code: finding.code, message: finding.message,
                        consequence: finding.consequence, severity: finding.severity))
            }
            for question in outcome.questions where question.launches?.contains(launch) ?? true {
                entries.append(
                    Entry(
                        link: question.link ?? metadata.link, code: nil, message: question.message,
                        consequence: question.consequence, severity: nil))
            }
        }
    }

    var verdict: LaunchVerdict {
        let boots = answer(to: .stopsBoot)
        let reachable = boots == .no ? .no : worse(boots, answer(to: .unreachable))
        let ready = boots == .no || hasNoDataForFirstBoot ? .no : worse(boots, answer(to: .notReady))
        let stop = first(.stopsBoot) ?? first(.unreachable)
        return LaunchVerdict(
            disk: launch.disk, firmware: launch.firmware, boots: boots, reachable: reachable, ready: ready,
            stopsAt: stop.map {
                LaunchVerdict.Stop(link: $0.link, code: $0.code ?? "", message: $0.message)
            },
            unknownBecause: reasons(boots, reachable, ready), links: links(bootStops: first(.stopsBoot)?.link)
        )
    }

    private func worse(_ a: Answer, _ b: Answer) -> Answer {
        if a == .no || b == .no { return .no }
        return a == .unknown || b == .unknown ? .unknown : .yes
    }

    private func answer(to consequence: Consequence) -> Answer {
        let concerned = entries.filter { $0.consequence == consequence }
        if concerned.contains(where: \.isFinding) { return .no }
        return concerned.isEmpty ? .yes : .unknown
    }

    /// The first finding, in the order of the links, with this consequence.
    private func first(_ consequence: Consequence) -> Entry? {
        for link in LaunchLink.allCases {
            let found = entries.first { $0.link == link && $0.isFinding && $0.consequence == consequence }
            if let found { return found }
        }
        return nil
    }

    /// Without a network, data that come over it never arrive.
    private var hasNoDataForFirstBoot: Bool {
        let local: Set = ["NoCloud", "ConfigDrive"]
        guard !target.rules.datasources.isEmpty, local.isDisjoint(with: target.rules.datasources) else {
            return false
        }
        return entries.contains { $0.isFinding && $0.consequence == .unreachable && $0.link == .network }
    }

    private func reasons(_ boots: Answer, _ reachable: Answer, _ ready: Answer) -> [String]? {
        var open: Set<Consequence> = []
        if boots == .unknown { open.insert(.stopsBoot) }
        if reachable == .unknown { open.insert(.unreachable) }
        if ready == .unknown { open.insert(.notReady) }
        var reasons: [String] = []
        for entry in entries where !entry.isFinding && open.contains(entry.consequence) {
            if !reasons.contains(entry.message) { reasons.append(entry.message) }
        }
        return reasons.isEmpty ? nil : reasons
    }

    private func links(bootStops stop: LaunchLink?) -> [LaunchVerdict.LinkState] {
        let all = LaunchLink.allCases
        let stopIndex = stop.flatMap { all.firstIndex(of: $0) }
        return all.enumerated().map { index, link in
            if let stopIndex, index > stopIndex, link != .hygiene {
                return LaunchVerdict.LinkState(name: link, state: .notReached)
            }
            return LaunchVerdict.LinkState(name: link, state: state(of: link))
        }
    }

    private func state(of link: LaunchLink) -> LaunchVerdict.LinkState.State {
        let own = entries.filter { $0.link == link }
        let isLoose = link == .hygiene || link == .operation
        let isBroken = own.contains { entry in
            guard let severity = entry.severity else { return false }
            return entry.consequence != .none || isLoose && severity >= .warning
        }
        if isBroken { return .broken }
        return own.contains { !$0.isFinding && $0.consequence != .none } ? .unknown : .holds
    }
}
