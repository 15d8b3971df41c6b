import Checks
import GuestFacts
import LaunchChain

extension Acceptance {
    /// Since when, until when and why, after the word "accepted": `until 2027-01-31: the disk comes later`.
    private var particulars: String {
        switch by {
        case .policy: (expires.map { " until \($0)" } ?? "") + (reason.map { ": " + $0 } ?? "")
        case .baseline: ": a known finding" + (source.map { " of \($0)" } ?? "")
        }
    }

    /// `accepted until 2027-01-31`.
    var shortSentence: String { "accepted" + (expires.map { " until \($0)" } ?? "") }

    /// Why, without the word "accepted".
    var justification: String {
        switch by {
        case .policy: (reason ?? "") + (expires.map { " (until \($0))" } ?? "")
        case .baseline: "a known finding" + (source.map { " of \($0)" } ?? "")
        }
    }

    /// `accepted until 2027-01-31: the data disk is attached at launch`.
    package var sentence: String { "accepted" + particulars }
}

extension LaunchVerdict {
    /// What stops the launch or leaves nobody a way in.
    var stops: [Stop] { (stopsAt.map { [$0] } ?? []) + (alsoStopsAt ?? []) }

    /// Whether all that stops it is accepted: it fails no gate, and starts no better for it.
    package var isAccepted: Bool { !stops.isEmpty && stops.allSatisfy { $0.accepted != nil } }

    /// Why what stops it is accepted, each once; empty unless all of it is.
    var acceptances: [Acceptance] {
        guard isAccepted else { return [] }
        return stops.compactMap(\.accepted).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension TargetVerdict {
    /// The launches that answer no, when all of them do so for accepted reasons; otherwise none.
    private var acceptedLaunches: [LaunchVerdict] {
        let stopped = launches.filter { $0.boots == .no || $0.reachable == .no }
        return stopped.allSatisfy(\.isAccepted) ? stopped : []
    }

    /// Whether every launch that answers no to `question` does so for accepted reasons.
    func isAccepted(_ question: (LaunchVerdict) -> GuestFacts.Answer) -> Bool {
        let stopped = launches.filter { question($0) == .no }
        return !stopped.isEmpty && stopped.allSatisfy(\.isAccepted)
    }

    /// A line for each acceptance that lets a launch pass which does not boot or cannot be reached: `boots: no —
    /// accepted until 2027-01-31: the data disk is attached at launch`.
    package var acceptanceLines: [String] {
        var lines: [String] = []
        for launch in acceptedLaunches {
            let answer =
                launch.boots == .no ? "boots: \(boots.rawValue)" : "reachable: \(reachable.rawValue)"
            for acceptance in launch.acceptances {
                let line = "\(answer) — \(acceptance.sentence)"
                if !lines.contains(line) { lines.append(line) }
            }
        }
        return lines
    }
}

extension ScanReport.CheckItem {
    /// Where its weight comes from, when a policy has given it.
    var severityRemark: String? {
        originalSeverity.map {
            "the policy weighs it as \((severity ?? .error).rawValue), not \($0.rawValue)"
        }
    }
}

extension ScanResults {
    /// The same run as if there were neither policy nor baseline: for forms whose readers know of none.
    var withoutPolicy: ScanResults {
        var results = self
        results.reports = reports.map(\.withoutPolicy)
        return results
    }
}

extension ScanReport {
    /// The same report as if there were neither policy nor baseline.
    fileprivate var withoutPolicy: ScanReport {
        func plain(_ item: CheckItem) -> CheckItem {
            var item = item
            item.severity = item.originalSeverity ?? item.severity
            (item.originalSeverity, item.accepted, item.known) = (nil, nil, nil)
            return item
        }
        var report = self
        report.policy = nil
        report.checks = checks?.map(plain)
        for guest in report.guests.indices {
            report.guests[guest].checks = guests[guest].checks.map(plain)
        }
        return report
    }
}
