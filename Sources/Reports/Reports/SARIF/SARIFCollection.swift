import Checks
import GuestFacts

/// What of a run is in a log, image by image. It holds nothing of an image that it has given away but what tells the
/// next ones apart from it.
struct SARIFCollection {
    private let scope: SARIFReport.Scope
    private let rules = SARIFRules.all
    private var artifacts = SARIFArtifacts()
    private var seen: [UInt64: Int] = [:]

    init(_ scope: SARIFReport.Scope) { self.scope = scope }

    /// What one image adds to a log.
    struct Share {
        var artifacts: [SARIF.Artifact]
        var notifications: [SARIF.Notification] = []
        var verdicts: [SARIF.Verdict] = []
        var results: [SARIF.Result] = []
    }

    /// The share of a further image.
    mutating func add(_ report: ScanReport) -> Share {
        artifacts.add(report)
        let notifications = report.gaps.map { gap in
            SARIF.Notification(
                descriptor: SARIFRules.reference(gap.kind), level: "warning",
                message: SARIFText.message("\(gap.where): \(gap.message)"),
                locations: [artifacts.imageLocation])
        }
        var found: [SARIF.Result] = []
        for (items, root) in report.itemsByRoot {
            for item in items where isIncluded(item) { found.append(result(item, of: report, root: root)) }
        }
        let verdicts = report.guests.flatMap { guest in
            guest.verdicts.map { SARIF.Verdict(image: report.image.path, root: guest.root, verdict: $0) }
        }
        return Share(
            artifacts: artifacts.take(), notifications: notifications, verdicts: verdicts, results: found)
    }

    /// The share of a file without a report.
    mutating func add(_ image: ScanResults.Unreadable) -> Share {
        artifacts.add(unreadable: image.path)
        let notification = SARIF.Notification(
            descriptor: SARIFRules.reference(image.kind), level: image.kind.isFailure ? "error" : "note",
            message: SARIFText.message(image.message), locations: [artifacts.imageLocation])
        return Share(artifacts: artifacts.take(), notifications: [notification])
    }

    private func isIncluded(_ item: ScanReport.CheckItem) -> Bool {
        scope == .everything || item.status == .fail || item.status == .unknown
    }

    private mutating func result(
        _ item: ScanReport.CheckItem, of report: ScanReport, root: String?
    ) -> SARIF.Result {
        var locations: [SARIF.Location] = []
        for evidence in item.evidence ?? [] {
            let location = artifacts.location(of: evidence, root: root)
            if !locations.contains(location) { locations.append(location) }
        }
        let fixes = (item.fixes ?? []).compactMap { repair($0, root: root) }
        return SARIF.Result(
            ruleId: item.id, ruleIndex: rules.index(of: item.id), kind: kind(item.status),
            level: item.status == .fail ? SARIFRules.level(item.severity ?? .error) : "none",
            message: message(of: item), locations: [locations.first ?? artifacts.imageLocation],
            relatedLocations: locations.count > 1 ? Array(locations.dropFirst()) : nil,
            partialFingerprints: fingerprints(item, of: report, root: root),
            suppressions: suppressions(of: item, in: report),
            baselineState: baselineState(of: item, in: report),
            fixes: fixes.isEmpty ? nil : fixes,
            properties: SARIF.ResultProperties(
                code: item.code, originalSeverity: item.originalSeverity, link: item.link.rawValue,
                value: item.value, guest: root, targets: item.targets,
                launches: item.launches, fixes: item.fixes, gaps: item.gaps))
    }

    private func kind(_ status: CheckStatus) -> String {
        switch status {
        case .pass: "pass"
        case .fail: "fail"
        case .unknown: "open"
        case .notApplicable: "notApplicable"
        case .info: "informational"
        }
    }

    private func message(of item: ScanReport.CheckItem) -> SARIF.Message {
        var text = item.message ?? item.title
        if item.status == .unknown {
            text = "Not known: " + (item.gaps ?? [item.title]).joined(separator: "; ")
        } else if let fix = item.fixes?.first {
            // Most viewers show nothing but the message.
            let commands = fix.commands.map { "\n  " + $0 }.joined()
            text += "\nFix: \(fix.title) (\(fix.manner))" + (commands.isEmpty ? "" : ":" + commands)
        }
        return SARIFText.message(text)
    }

    // MARK: Policy

    /// Empty for what nobody accepts: the results of a run have the property all or none (3.27.23), as its reports
    /// were all held against the policy or none.
    private func suppressions(of item: ScanReport.CheckItem, in report: ScanReport) -> [SARIF.Suppression]? {
        guard report.policy != nil else { return nil }
        return item.accepted.map { [SARIF.Suppression(justification: $0.justification, properties: $0)] }
            ?? []
    }

    /// A baseline holds fails only: everything else is new to it (3.27.24).
    private func baselineState(of item: ScanReport.CheckItem, in report: ScanReport) -> String? {
        guard report.policy?.baseline != nil else { return nil }
        return item.known == true ? "unchanged" : "new"
    }

    // MARK: Fingerprints

    /// Names that a finding keeps from run to run, also when the image has been built anew, its lines have moved or
    /// it lies in another directory: from the name of the image, the system, the item, its reason and the file.
    private mutating func fingerprints(
        _ item: ScanReport.CheckItem, of report: ScanReport, root: String?
    ) -> [String: String] {
        let name = FindingIdentity(item, image: report.image.path, root: root).fingerprint
        // As a number it takes less room: a batch has hundreds of thousands.
        let key = UInt64(name, radix: 16) ?? 0
        let number = seen[key, default: 0] + 1
        seen[key] = number
        // The second name is the one that GitHub's code scanning tells alerts apart by.
        return ["imagecheckFinding/v1": "\(name):\(number)", "primaryLocationLineHash": "\(name):\(number)"]
    }

    // MARK: Fixes

    /// A fix as SARIF has it: text of a file that is replaced. Commands, new files and the registry have no such form;
    /// they stand in the message and the properties.
    private mutating func repair(_ fix: Fix, root: String?) -> SARIF.Repair? {
        guard let edit = fix.edit, let line = edit.line, line >= 1, let old = edit.old,
            let uri = SARIFText.uri(guestPath: edit.path)
        else { return nil }
        let count = old.split(separator: "\n", omittingEmptySubsequences: false).count
        let (end, isTooFar) = line.addingReportingOverflow(count)
        guard !isTooFar else { return nil }
        // Whole lines with their ends go away; replaced ones keep the last end.
        let region =
            edit.new == nil
            ? SARIF.Region(startLine: line, startColumn: 1, endLine: end, endColumn: 1)
            : SARIF.Region(startLine: line, endLine: end - 1)
        let file = artifacts.file(edit.path, uri: uri, root: root)
        return SARIF.Repair(
            description: SARIFText.message("\(fix.title) (\(fix.manner))"),
            artifactChanges: [
                SARIF.ArtifactChange(
                    artifactLocation: artifacts.place(file).artifactLocation,
                    replacements: [
                        SARIF.Replacement(
                            deletedRegion: region, insertedContent: edit.new.map { SARIF.Content(text: $0) })
                    ])
            ])
    }
}
