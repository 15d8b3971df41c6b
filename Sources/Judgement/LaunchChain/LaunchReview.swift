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
        let stops = all(.stopsBoot) + all(.unreachable)
        let further = stops.dropFirst().filter { $0 != stops.first }
        return LaunchVerdict(
            disk: launch.disk, firmware: launch.firmware, boots: boots, reachable: reachable, ready: ready,
            stopsAt: stops.first, unknownBecause: reasons(boots, reachable, ready),
            links: links(bootStops: all(.stopsBoot).first?.link),
            alsoStopsAt: further.isEmpty ? nil : further, alsoUnknown: hiddenQuestions(boots, reachable))
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

    /// The findings with this consequence in the order of the links, each once.
    private func all(_ consequence: Consequence) -> [LaunchVerdict.Stop] {
        var stops: [LaunchVerdict.Stop] = []
        for link in LaunchLink.allCases {
            for entry in entries where entry.link == link && entry.consequence == consequence {
                guard let code = entry.code else { continue }
                let stop = LaunchVerdict.Stop(link: link, code: code, message: entry.message)
                if !stops.contains(stop) { stops.append(stop) }
            }
        }
        return stops
    }

    /// The questions that would matter to an answer that is no already.
    private func hiddenQuestions(_ boots: Answer, _ reachable: Answer) -> [String]? {
        var hidden: Set<Consequence> = []
        if boots == .no { hidden.insert(.stopsBoot) }
        if reachable == .no { hidden.insert(.unreachable) }
        return messages(ofQuestionsWith: hidden)
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
        return messages(ofQuestionsWith: open)
    }

    private func messages(ofQuestionsWith consequences: Set<Consequence>) -> [String]? {
        var messages: [String] = []
        for entry in entries where !entry.isFinding && consequences.contains(entry.consequence) {
            if !messages.contains(entry.message) { messages.append(entry.message) }
        }
        return messages.isEmpty ? nil : messages
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
