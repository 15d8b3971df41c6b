import Checks
import GuestFacts
import LaunchChain

/// The part of a Markdown comment that is about one image.
struct MarkdownSection {
    private let report: ScanReport

    init(_ report: ScanReport) { self.report = report }

    private static let evidenceShown = 6
    private static let linesShown = 60
    private static let listShown = 30

    func write(on page: inout MarkdownPage) {
        page.add(["### imagecheck: \(MarkdownText.code(report.image.path))"])
        if report.guests.isEmpty { page.add(["**No operating system** was found in this image."]) }
        for guest in report.guests {
            let place = report.guests.count > 1 ? " on \(MarkdownText.code(guest.root))" : ""
            page.add(["System: " + summary(of: guest) + place])
            if !guest.verdicts.isEmpty { page.add(table(of: guest)) }
        }
        for note in report.policy?.notes ?? [] { page.add(["**Note**: " + MarkdownText.prose(note)]) }
        findings(on: &page)
        folded("Accepted", accepted, on: &page)
        folded("Advice", advice, on: &page)
        folded("Not known", report.unknowns.map { "- " + MarkdownText.prose($0.text) }, on: &page)
        let coverage = report.coverage
        page.add([
            "<sub>\(Quantity.count(coverage.checksRun, "check")), \(coverage.unknown) unknown · "
                + "\(MarkdownText.prose(report.tool.name + " " + report.tool.version))</sub>"
        ])
    }

    // MARK: Verdict

    private func summary(of guest: ScanReport.Guest) -> String {
        guest.os.summary.map(MarkdownText.prose).joined(separator: " · ")
    }

    private func table(of guest: ScanReport.Guest) -> [String] {
        ["| Target | Boots | Reachable | Ready | |", "|---|---|---|---|---|"]
            + guest.verdicts.map { verdict in
                let answers = [verdict.boots, verdict.reachable, verdict.ready].map(cell)
                return "| \(MarkdownText.cell(verdict.target)) | \(answers.joined(separator: " | ")) | "
                    + remarks(on: verdict, of: guest).joined(separator: "<br>") + " |"
            }
    }

    private func cell(_ answer: TargetVerdict.Answer) -> String {
        switch answer {
        case .yes: "yes"
        case .no, .partly: "**\(answer.rawValue)**"
        case .unknown: "unknown"
        }
    }

    /// Where launches stop, what keeps an answer open, or what to register.
    private func remarks(on verdict: TargetVerdict, of guest: ScanReport.Guest) -> [String] {
        var seen: Set<String> = []
        var remarks: [String] = []
        for launch in verdict.launches {
            let scope = verdict.launches.count > 1 ? "\(MarkdownText.prose(launch.name)): " : ""
            if let stop = launch.stopsAt {
                let code = stop.code.isEmpty ? "" : " " + MarkdownText.cell(stop.code)
                let accepted = stop.accepted.map { ", " + MarkdownText.prose($0.sentence) } ?? ""
                remarks.append(
                    "\(scope)stops at **\(stop.link.label(family: guest.os.family))**\(code)\(accepted)")
            } else if let reason = launch.unknownBecause?.first, seen.insert(reason).inserted {
                remarks.append("\(scope)not known: \(MarkdownText.prose(reason))")
            }
        }
        if remarks.isEmpty, let register = verdict.register {
            remarks.append("register as \(TextReport.firmwareName(register.firmware))")
        }
        return remarks
    }

    // MARK: Findings

    private func findings(on page: inout MarkdownPage) {
        let serious = report.failures.filter { ($0.severity ?? .error) > .info }
        guard !serious.isEmpty else { return }
        page.add(["#### What to do"])
        for group in FindingGroup.groups(of: serious, targets: report.targetCount) {
            let sentence = sentence(of: group)
            let details = details(of: group.item)
            if details.isEmpty ? page.add([sentence]) : page.add([sentence, ""] + details) { continue }
            if page.add([sentence]) {
                page.leaveOut(1, "detail")
            } else {
                page.leaveOut(1, "finding")
            }
        }
    }

    private func sentence(of group: FindingGroup) -> String {
        let item = group.item
        var head = "**\((item.severity ?? .error).rawValue)** " + MarkdownText.code(item.id)
        if let code = item.code { head += " " + MarkdownText.code(code) }
        if let remark = item.severityRemark { head += " (\(remark))" }
        let scope = group.scope ?? ((item.targets ?? []) + (item.launches ?? [])).joined(separator: "; ")
        if !scope.isEmpty { head += " (\(MarkdownText.prose(scope)))" }
        return head + "<br>" + MarkdownText.prose(item.message ?? item.title)
    }

    private func details(of item: ScanReport.CheckItem) -> [String] {
        let evidence = item.evidence ?? []
        let fixes = item.fixes ?? []
        guard !evidence.isEmpty || !fixes.isEmpty else { return [] }
        let title =
            evidence.isEmpty ? "Fix" : fixes.isEmpty ? "Evidence" : "Evidence and fix"
        var lines = ["<details><summary>\(title)</summary>", ""]
        for place in evidence.prefix(MarkdownSection.evidenceShown) {
            lines.append(
                "- "
                    + [place.place, place.excerpt].compactMap { $0.map(MarkdownText.code) }.joined(
                        separator: ": "))
        }
        if evidence.count > MarkdownSection.evidenceShown {
            lines.append("- and \(evidence.count - MarkdownSection.evidenceShown) more places")
        }
        for fix in fixes { lines += self.lines(of: fix) }
        return lines + ["", "</details>"]
    }

    private func lines(of fix: Fix) -> [String] {
        var lines = ["", "**Fix**: \(MarkdownText.prose(fix.title)) (\(fix.manner))", ""]
        if !fix.commands.isEmpty {
            lines += MarkdownText.block(shortened(fix.commands.flatMap(split)), language: "sh")
        }
        if let edit = fix.edit {
            lines += ["", MarkdownText.code(edit.path + (edit.line.map { ":\($0)" } ?? "")), ""]
            let change = split(edit.old).map { "- " + $0 } + split(edit.new).map { "+ " + $0 }
            lines += MarkdownText.block(shortened(change), language: "diff")
        }
        if let registry = fix.registry {
            lines += ["", "`fix.reg`:", ""]
            lines += MarkdownText.block(shortened(split(registry.text)), language: "reg")
        }
        return lines
    }

    /// The lines of a text; an end of line at its end opens no further one.
    private func split(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.count > 1, lines.last == "" { lines.removeLast() }
        return lines
    }

    private func shortened(_ lines: [String]) -> [String] {
        guard lines.count > MarkdownSection.linesShown else { return lines }
        return lines.prefix(MarkdownSection.linesShown) + [
            "# … \(lines.count - MarkdownSection.linesShown) more lines in the JSON report"
        ]
    }

    // MARK: Lists

    private var accepted: [String] {
        FindingGroup.groups(of: report.acceptedToTell, targets: report.targetCount).map { group in
            let item = group.item
            let place = [item.evidence?.first?.place, group.scope].compactMap { $0 }.joined(separator: ", ")
            return "- \((item.severity ?? .error).rawValue) \(MarkdownText.code(item.code ?? item.id)) "
                + (place.isEmpty ? "" : "(\(MarkdownText.prose(place))) ")
                + MarkdownText.prose(item.accepted?.sentence ?? "")
        }
    }

    private var advice: [String] {
        FindingGroup.groups(of: report.failures.filter { $0.severity == .info }, targets: report.targetCount)
            .map {
                "- \(MarkdownText.code($0.item.code ?? $0.item.id)) "
                    + MarkdownText.prose($0.item.message ?? $0.item.title)
            }
    }

    private func folded(_ title: String, _ lines: [String], on page: inout MarkdownPage) {
        guard !lines.isEmpty else { return }
        let shown = lines.prefix(MarkdownSection.listShown)
        let rest = lines.count > shown.count ? ["- and \(lines.count - shown.count) more"] : []
        let block =
            ["<details><summary>\(title) (\(lines.count))</summary>", ""] + shown + rest + ["", "</details>"]
        if !page.add(block) { page.leaveOut(1, "list") }
    }
}
