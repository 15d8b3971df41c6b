import GuestFacts
import LaunchChain

/// The answer in one sentence and in one word.
struct Headline {
    let sentence: String
    let word: String

    init(_ report: ScanReport) {
        let verdicts = report.guests.flatMap(\.verdicts)
        guard let verdict = verdicts.first else {
            sentence =
                report.guests.isEmpty ? "No operating system was found in this image" : "Not judged"
            word = "no system"
            return
        }
        if verdicts.count > 1 {
            let good = verdicts.filter { Headline.isGood($0) }
            let boots = verdicts.count { $0.boots == .yes }
            let places = report.guests.count > 1 ? "launches of \(report.guests.count) systems" : "targets"
            sentence =
                good.count == verdicts.count
                ? "Will boot, be reachable and customise itself on all \(verdicts.count) \(places)"
                : "Boots on \(boots) of \(verdicts.count) \(places), ready to use on \(good.count)"
            word = good.count == verdicts.count ? "yes" : "\(good.count) of \(verdicts.count)"
            return
        }
        (sentence, word) = Headline.answer(verdict)
    }

    private static func isGood(_ verdict: TargetVerdict) -> Bool {
        verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .yes
    }

    private static func answer(_ verdict: TargetVerdict) -> (String, String) {
        let target = verdict.target
        return switch (verdict.boots, verdict.reachable, verdict.ready) {
        case (.yes, .yes, .yes): ("Will boot on \(target), be reachable and customise itself", "yes")
        case (.no, _, _): ("Will not boot on \(target)", "no")
        case (.unknown, _, _): ("Whether it will boot on \(target) is not known", "unknown")
        case (.partly, _, _): ("Boots on some of the launches that \(target) offers, not on all", "partly")
        case (.yes, .no, _): ("Boots on \(target), but nobody can reach it there", "unreachable")
        case (.yes, .yes, .no):
            ("Boots on \(target) and is reachable, but does not customise itself", "not ready")
        case (.yes, .yes, _):
            ("Boots on \(target) and is reachable; whether it customises itself is not sure", "not ready")
        case (.yes, _, _): ("Boots on \(target); whether it can be reached is not sure", "boots")
        }
    }
}
