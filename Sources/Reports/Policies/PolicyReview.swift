import Checks
import LaunchChain
public import Reports

/// Holds reports against a policy and a baseline. What is true of an image stays: status, verdict, chain and message.
/// What is added is which findings are accepted and why, and what they weigh here.
public struct PolicyReview: Sendable {
    let policy: Policy?
    let baseline: Baseline?
    let directory: String?
    private let ledger: BaselineLedger?

    /// A review.
    ///
    /// - Parameters:
    ///   - directory: of a batch, below which images have their names; nil for single images.
    public init(policy: Policy?, baseline: Baseline?, directory: String? = nil) {
        self.policy = policy
        self.baseline = baseline
        self.directory = directory
        ledger = baseline.map(BaselineLedger.init)
    }

    /// Whether there is anything to hold a report against.
    public var isEmpty: Bool { policy == nil && baseline == nil }

    /// All that decides what is made of a report on a day, in a few letters: for those who remember answers. Empty
    /// when there is nothing to hold a report against.
    public func question(on day: CalendarDay) -> String {
        var parts: [String] = []
        if let policy {
            parts += [policy.name] + policy.severities.map { "\($0.subject)=\($0.severity.rawValue)" }
            for exception in policy.inForce(on: day) {
                parts += [
                    "\(exception.subject)", exception.source, exception.reason, "\(exception.expires)",
                    (exception.targets ?? ["*"]).joined(separator: " "),
                    (exception.images?.map(\.text) ?? ["*"]).joined(separator: "\n"),
                ]
            }
        }
        if let baseline { parts += [baseline.name] + baseline.findings.map(\.fingerprint) }
        return isEmpty ? "" : SARIFText.fingerprint(parts)
    }

    /// Exceptions that end within so many days are announced.
    static let noticeDays = 14

    /// The report as it counts on a day.
    public func review(_ report: ScanReport, on day: CalendarDay) -> ScanReport {
        guard !isEmpty else { return report }
        var report = report
        var known = ledger?.page(of: report.image.path, below: directory)
        var met: Set<Int> = []
        let targets = report.guests.flatMap(\.verdicts).map(\.target)
        func judged(_ item: ScanReport.CheckItem, root: String?) -> [ScanReport.CheckItem] {
            guard item.status == .fail else { return [item] }
            // What is accepted at one target need not be at another: then the result is told for each.
            var parts: [(item: ScanReport.CheckItem, targets: [String])] = []
            for target in item.targets.map({ $0 as [String?] }) ?? [nil] {
                var part = item
                let isKnown = known?.takes(part, root: root, at: target.map { [$0] } ?? targets)
                part.known = isKnown
                let fitting = exceptions(for: part, at: target, in: report.image.path)
                met.formUnion(fitting)
                part.accepted =
                    acceptance(by: fitting, on: day)
                    ?? (isKnown == true ? Acceptance(by: .baseline, source: baseline?.name) : nil)
                weigh(&part)
                if let index = parts.firstIndex(where: { $0.item == part }) {
                    parts[index].targets += target.map { [$0] } ?? []
                } else {
                    parts.append((part, target.map { [$0] } ?? []))
                }
            }
            return parts.map { part, targets in
                var part = part
                part.targets = item.targets == nil ? nil : targets
                return part
            }
        }
        report.checks = report.checks.map { items in items.flatMap { judged($0, root: nil) } }
        for index in report.guests.indices {
            let root = report.guests[index].root
            report.guests[index].checks = report.guests[index].checks.flatMap { judged($0, root: root) }
            accept(stopsOf: &report.guests[index])
        }
        let applied = met.sorted().compactMap { number in policy?.exceptions[number] }
        let notes = applied.compactMap { PolicyReview.note(on: $0, day) }
        let found = known?.found ?? []
        report.policy = ScanReport.PolicyUse(
            date: day.description, policy: policy?.name, baseline: baseline?.name,
            notes: notes.isEmpty ? nil : notes,
            exceptions: applied.isEmpty ? nil : applied.map(\.source),
            found: found.isEmpty ? nil : found)
        return report
    }

    // MARK: One finding

    /// The exceptions that fit a finding, expired ones among them, by their numbers.
    ///
    /// - Parameter target: where the finding counts; nil for everywhere.
    private func exceptions(
        for item: ScanReport.CheckItem, at target: String?, in image: String
    ) -> [Int] {
        (policy?.exceptions ?? []).indices.filter { number in
            guard let exception = policy?.exceptions[number], exception.subject.fits(item) else {
                return false
            }
            if let allowed = exception.targets {
                guard let target, allowed.contains(target) else { return false }
            }
            return isAbout(exception, image)
        }
    }

    /// Of several exceptions the one that counts longest.
    private func acceptance(by numbers: [Int], on day: CalendarDay) -> Acceptance? {
        let exceptions = numbers.compactMap { policy?.exceptions[$0] }.filter { !$0.isExpired(on: day) }
        return exceptions.max { $0.expires < $1.expires }.map {
            Acceptance(
                by: .policy, reason: $0.reason, expires: $0.expires.description, source: $0.source)
        }
    }

    /// A reason code goes before its item.
    private func weigh(_ item: inout ScanReport.CheckItem) {
        let weights = (policy?.severities ?? []).filter { $0.subject.fits(item) }
        let own = weights.first { if case .code = $0.subject { true } else { false } } ?? weights.first
        guard let own, let severity = item.severity, severity != own.severity else { return }
        item.originalSeverity = severity
        item.severity = own.severity
    }

    /// Marks what stops launches, where the finding that stops them is accepted.
    private func accept(stopsOf guest: inout ScanReport.Guest) {
        let failures = guest.checks.filter { $0.status == .fail }
        for place in guest.verdicts.indices {
            let target = guest.verdicts[place].target
            for index in guest.verdicts[place].launches.indices {
                let name = guest.verdicts[place].launches[index].name
                func judged(_ stop: LaunchVerdict.Stop) -> LaunchVerdict.Stop {
                    let own = failures.filter { item in
                        item.code == stop.code && item.link == stop.link && item.message == stop.message
                            && item.targets?.contains(target) ?? true
                            && item.launches?.contains(name) ?? true
                    }
                    var stop = stop
                    // Two findings may say the same: then both have to be accepted.
                    stop.accepted = own.allSatisfy { $0.accepted != nil } ? own.first?.accepted : nil
                    return stop
                }
                guest.verdicts[place].launches[index].stopsAt =
                    guest.verdicts[place].launches[index].stopsAt.map(judged)
                guest.verdicts[place].launches[index].alsoStopsAt =
                    guest.verdicts[place].launches[index].alsoStopsAt?.map(judged)
            }
        }
    }

    // MARK: What a run should be told

    /// What is said of an exception on a day: that it has expired, or will soon.
    static func note(on exception: Policy.Exception, _ day: CalendarDay) -> String? {
        let name = "the exception for \(exception.subject) (\(exception.source))"
        if exception.isExpired(on: day) { return "\(name) expired on \(exception.expires)" }
        let days = day.days(until: exception.expires)
        guard days <= noticeDays else { return nil }
        return days == 0
            ? "\(name) expires today"
            : "\(name) expires in \(Quantity.count(days, "day")), on \(exception.expires)"
    }

    /// An image that a run has looked at.
    public struct Look: Sendable {
        /// As the user or the batch names it.
        public var image: String
        /// What its report says of the policy.
        public var use: ScanReport.PolicyUse?

        /// Makes a look.
        public init(image: String, use: ScanReport.PolicyUse?) {
            self.image = image
            self.use = use
        }
    }

    /// What is to be said once of a whole run: exceptions that have expired or will soon, and, of those that are about
    /// the images and targets of the run, the ones that fitted nothing; findings of the baseline that are gone.
    ///
    /// - Parameters:
    ///   - looks: the images that were judged.
    ///   - targets: ids of the targets that were judged.
    ///   - isWhole: whether everything was asked of them: otherwise nothing can be missed.
    public func notices(
        _ looks: [Look], targets: [String], on day: CalendarDay, isWhole: Bool = true
    ) -> [String] {
        var notices: [String] = []
        let met = Set(looks.flatMap { $0.use?.exceptions ?? [] })
        for exception in policy?.exceptions ?? [] {
            if let note = PolicyReview.note(on: exception, day) { notices.append(note) }
            let isAsked =
                exception.targets?.contains { targets.contains($0) } ?? true
                && looks.contains { isAbout(exception, $0.image) }
            if isWhole, isAsked, !exception.isExpired(on: day), !met.contains(exception.source) {
                notices.append("the exception for \(exception.subject) (\(exception.source)) fits no finding")
            }
        }
        if isWhole, let baseline, let ledger {
            let found = Set(looks.flatMap { $0.use?.found ?? [] })
            let gone = ledger.count(missing: found, in: looks.map(\.image), below: directory, at: targets)
            if gone > 0 {
                notices.append(
                    "\(Quantity.count(gone, "known finding")) of \(baseline.name) "
                        + "\(gone == 1 ? "is" : "are") gone; write the baseline anew")
            }
        }
        return notices
    }

    private func isAbout(_ exception: Policy.Exception, _ image: String) -> Bool {
        exception.images?.contains { $0.fits(image, below: directory) } ?? true
    }
}
