import Checks
import GuestFacts
import LaunchChain

/// A system and its verdicts.
struct HTMLGuest {
    let anchor: String
    let isOneOfSeveral: Bool
    let title: String
    let verdicts: [Verdict]

    /// The verdict of one target.
    struct Verdict {
        let target: String
        let tone: String
        let answers: [Answer]
        let register: String?
        /// Why it passes a gate although it does not start or cannot be reached.
        let acceptances: [String]
        let launches: [Launch]
    }

    /// One of the three answers.
    struct Answer {
        let question: String
        let answer: String
        let tone: String
    }

    /// A launch, drawn as its chain.
    struct Launch {
        let name: String
        /// Other launches that go the same way.
        var alike: String?
        let links: [Link]
        let stop: Stop?
        let open: [String]
    }

    struct Link {
        let label: String
        let state: String
        let sign: String
        /// The state in words.
        let said: String
    }

    struct Stop {
        let link: String
        let message: String
        let code: String?
        /// Why it fails nothing.
        let acceptance: String?
    }

    init(_ guest: ScanReport.Guest, number: Int, of count: Int) {
        anchor = "guest-\(number)"
        isOneOfSeveral = count > 1
        title =
            count > 1 ? "\(guest.os.summary.joined(separator: " · ")) on \(guest.root)" : "Verdict"
        verdicts = guest.verdicts.map { HTMLGuest.verdict($0, family: guest.os.family) }
    }

    private static func verdict(_ verdict: TargetVerdict, family: String) -> Verdict {
        let answers = [
            ("Boots", verdict.boots.rawValue), ("Reachable", verdict.reachable.rawValue),
            ("Ready", verdict.ready.rawValue),
        ].map { Answer(question: $0, answer: $1, tone: tone($1)) }
        let tones = Set(answers.map(\.tone))
        return Verdict(
            target: verdict.target,
            tone: tones == ["good"]
                ? "good" : answers.prefix(2).contains { $0.tone == "bad" } ? "bad" : "warn",
            answers: answers, register: verdict.register.map { TextReport.firmwareName($0.firmware) },
            acceptances: verdict.acceptanceLines,
            launches: launches(verdict.launches, family: family))
    }

    private static func tone(_ answer: String) -> String {
        answer == "yes" ? "good" : answer == "no" ? "bad" : "warn"
    }

    /// One chain for launches that go the same way.
    private static func launches(_ launches: [LaunchVerdict], family: String) -> [Launch] {
        var groups: [[LaunchVerdict]] = []
        for launch in launches {
            if let index = groups.firstIndex(where: { $0.first?.isLike(launch) == true }) {
                groups[index].append(launch)
            } else {
                groups.append([launch])
            }
        }
        return groups.compactMap { group in
            guard let launch = group.first else { return nil }
            let others = group.dropFirst().map(\.name)
            return Launch(
                name: launch.name, alike: others.isEmpty ? nil : others.joined(separator: "; "),
                links: launch.links.map { link($0, of: launch, family: family) },
                stop: launch.stopsAt.map {
                    Stop(
                        link: $0.link.label(family: family), message: $0.message,
                        code: $0.code.isEmpty ? nil : $0.code, acceptance: $0.accepted?.shortSentence)
                },
                open: launch.stopsAt == nil ? launch.unknownBecause ?? [] : [])
        }
    }

    private static func link(
        _ link: LaunchVerdict.LinkState, of launch: LaunchVerdict, family: String
    ) -> Link {
        let mark = launch.mark(of: link)
        let said =
            switch mark {
            case .holds: "holds"
            case .noted: "worth a look"
            case .broken: "broken"
            case .unknown: "unknown"
            case .notReached: "not reached"
            }
        return Link(
            label: link.name.label(family: family), state: mark.rawValue, sign: mark.sign, said: said)
    }
}
