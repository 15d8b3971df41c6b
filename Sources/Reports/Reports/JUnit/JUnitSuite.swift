import Checks
import GuestFacts
import LaunchChain

/// The suite of one image.
struct JUnitSuite {
    private let name: String
    private let properties: [(name: String, value: String)]
    private let seconds: Double
    private var cases: [JUnitCase] = []
    private var notes: [String] = []

    init(_ report: ScanReport) {
        name = report.image.path
        seconds = report.cost.seconds
        var properties = [
            ("tool", "\(report.tool.name) \(report.tool.version)"), ("format", report.image.format),
            ("virtualSize", String(report.image.virtualSize)),
        ]
        for guest in report.guests { properties.append(("system", "\(guest.os.title) on \(guest.root)")) }
        self.properties = properties
        for guest in report.guests {
            let place = report.guests.count > 1 ? guest.root : nil
            for verdict in guest.verdicts {
                let group = [verdict.target, place].compactMap { $0 }.joined(separator: " ")
                cases += JUnitSuite.cases(of: verdict, family: guest.os.family, in: group)
                add(ItemAnswer.answers(in: guest.checks, at: verdict.target), in: group)
            }
            if guest.verdicts.isEmpty {
                add(ItemAnswer.answers(in: guest.checks, at: nil), in: place ?? "image")
            }
        }
        if let checks = report.checks { add(ItemAnswer.answers(in: checks, at: nil), in: "image") }
        if report.guests.isEmpty { notes.append("No operating system was found in this image.") }
        notes += (report.policy?.notes ?? []).map { "note: " + $0 }
        notes += report.gaps.map { "not read: \($0.where): \($0.message)" }
    }

    init(unreadable image: ScanResults.Unreadable) {
        name = image.path
        seconds = 0
        properties = []
        let outcome: JUnitCase.Outcome =
            image.kind.isFailure
            ? .error(type: image.kind.id, message: image.message)
            : .skipped(type: image.kind.id, message: image.message)
        let name = image.kind == .unreadable ? "readable" : "judged"
        cases = [JUnitCase(name: name, group: "image", outcome: outcome)]
    }

    func lines(number: Int, time: String) -> [String] {
        let counts = (
            failures: cases.count { $0.outcome.isFailure }, errors: cases.count { $0.outcome.isError },
            skipped: cases.count { $0.outcome.isSkipped }
        )
        var lines = [
            "  <testsuite name=\"\(XMLText.attribute(name))\" package=\"imagecheck\" id=\"\(number)\" "
                + "hostname=\"localhost\" timestamp=\"\(time)\" tests=\"\(cases.count)\" "
                + "failures=\"\(counts.failures)\" errors=\"\(counts.errors)\" skipped=\"\(counts.skipped)\" "
                + "time=\"\(JUnitSuite.decimal(seconds))\">"
        ]
        lines.append("    <properties>")
        for (name, value) in properties {
            lines.append(
                "      <property name=\"\(XMLText.attribute(name))\" value=\"\(XMLText.attribute(value))\"/>")
        }
        lines.append("    </properties>")
        for test in cases { lines += test.lines }
        lines.append("    <system-out>" + XMLText.content(notes.joined(separator: "\n")) + "</system-out>")
        lines += ["    <system-err></system-err>", "  </testsuite>"]
        return lines
    }

    // MARK: Cases

    private static func cases(
        of verdict: TargetVerdict, family: String, in group: String
    ) -> [JUnitCase] {
        let stops = verdict.launches.compactMap { launch in
            launch.stopsAt.map {
                "\(launch.name): stops at \($0.link.label(family: family)): \($0.message)"
            }
        }
        let reasons = verdict.launches.flatMap { launch in
            (launch.unknownBecause ?? []).map {
                "\(launch.name): not known: \($0)"
            }
        }
        return [
            ("boots", verdict.boots, verdict.isAccepted(\.boots)),
            ("reachable", verdict.reachable, verdict.isAccepted(\.reachable)),
            ("ready", verdict.ready, verdict.isAccepted(\.ready)),
        ].map { name, answer, isAccepted in
            let outcome: JUnitCase.Outcome =
                switch answer {
                case .yes: .passed
                case .no where isAccepted, .partly where isAccepted:
                    .skipped(
                        type: "accepted",
                        message: "accepted: \(name): \(answer.rawValue); "
                            + verdict.acceptanceLines.joined(separator: "; "))
                case .no, .partly:
                    .failure(
                        type: "verdict.\(name)", message: "\(name): \(answer.rawValue)",
                        text: stops.joined(separator: "\n"))
                case .unknown:
                    .error(
                        type: "verdict.unknown",
                        message: (["\(name): unknown"] + reasons.prefix(3)).joined(separator: "; "))
                }
            return JUnitCase(name: name, group: group, outcome: outcome)
        }
    }

    private mutating func add(_ answers: [ItemAnswer], in group: String) {
        for answer in answers {
            cases.append(
                JUnitCase(name: answer.first.id, group: group, outcome: JUnitSuite.outcome(of: answer)))
            for item in answer.fails where item.severity == .info {
                notes.append("advice: \(group): \(item.code ?? item.id): \(item.message ?? item.title)")
            }
        }
    }

    private static func outcome(of answer: ItemAnswer) -> JUnitCase.Outcome {
        let item = answer.first
        switch item.status {
        case .pass, .info: return .passed
        case .notApplicable:
            return .skipped(type: "notApplicable", message: "not applicable: " + (item.message ?? item.title))
        case .unknown:
            return .skipped(
                type: "unknown", message: "not known: " + answer.questions.joined(separator: "; "))
        case .fail:
            let all = answer.fails.filter { ($0.severity ?? .error) > .info }
            let serious = all.filter { $0.accepted == nil }
            guard let worst = serious.first else {
                let reasons =
                    all.compactMap { item in
                        item.accepted.map { "\(item.code ?? item.id): \($0.sentence)" }
                    } + answer.questions.map { "not known: " + $0 }
                return all.isEmpty
                    ? .passed
                    : .skipped(type: "accepted", message: "accepted: " + reasons.joined(separator: "; "))
            }
            var message = "\((worst.severity ?? .error).rawValue): \(worst.message ?? worst.title)"
            if serious.count > 1 { message += " (and \(serious.count - 1) more)" }
            let open = answer.questions.map { "not known: " + $0 }
            return .failure(
                type: worst.code ?? worst.id, message: message,
                text: (serious.map(text) + open).joined(separator: "\n\n"))
        }
    }

    /// What is wrong, on what evidence, what to change.
    private static func text(of item: ScanReport.CheckItem) -> String {
        var lines = [
            "\((item.severity ?? .error).rawValue) \(item.code ?? item.id): \(item.message ?? item.title)"
        ]
        if let launches = item.launches { lines.append("concerns: " + launches.joined(separator: "; ")) }
        for evidence in item.evidence ?? [] {
            lines.append([evidence.place, evidence.excerpt].compactMap { $0 }.joined(separator: "  "))
        }
        for fix in item.fixes ?? [] {
            lines.append("fix: \(fix.title) (\(fix.manner))")
            lines += fix.commands.map { "  " + $0 }
            if let edit = fix.edit {
                lines.append("  " + edit.path + (edit.line.map { ":\($0)" } ?? ""))
                if let old = edit.old { lines.append("  - " + old) }
                if let new = edit.new { lines.append("  + " + new) }
            }
            if let registry = fix.registry {
                lines += ["  fix.reg:", registry.text.replacing("\r\n", with: "\n")]
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Thousandths, without an exponent: `xs:decimal`.
    private static func decimal(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "0" }
        let thousandths = Int((seconds * 1000).rounded())
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
