import Checks
import GuestFacts

/// The report in SARIF 2.1.0 (OASIS), for code scanning and the viewers of editors: one run, whatever the number of
/// images, whose rules are the checks.
public struct SARIFReport: Sendable {
    /// Which results the log holds.
    public enum Scope: Sendable {
        /// What asks for something: fails and open questions. Code scanning takes every result for an alert, whatever
        /// its kind, and would show each pass as one.
        case attention
        /// Every item with its kind: `pass`, `fail`, `open`, `notApplicable`, `informational`.
        case everything
    }

    private let results: ScanResults
    private let scope: Scope

    /// A log of a run.
    public init(_ results: ScanResults, scope: Scope = .attention) {
        self.results = results
        self.scope = scope
    }

    /// The log as JSON. Throws what the encoder throws.
    public func bytes() throws -> [UInt8] { try JSONReport.bytes(log) + [0x0A] }

    var log: SARIF.Log {
        let rules = SARIFRules.all
        var artifacts = SARIFArtifacts()
        var found: [SARIF.Result] = []
        var notifications: [SARIF.Notification] = []
        var seen: [String: Int] = [:]
        for report in results.reports {
            artifacts.add(report)
            for gap in report.gaps {
                notifications.append(
                    SARIF.Notification(
                        descriptor: SARIFRules.reference(gap.kind), level: "warning",
                        message: SARIFText.message("\(gap.where): \(gap.message)"),
                        locations: [artifacts.imageLocation]))
            }
            for (items, root) in report.itemsByRoot {
                for item in items where isIncluded(item) {
                    found.append(
                        result(item, of: report, root: root, rules: rules, artifacts: &artifacts, seen: &seen)
                    )
                }
            }
        }
        for image in results.unreadable {
            artifacts.add(unreadable: image.path)
            notifications.append(
                SARIF.Notification(
                    descriptor: SARIFRules.unreadable, level: "error",
                    message: SARIFText.message(image.message),
                    locations: [artifacts.imageLocation]))
        }
        let tool = results.reports.first?.tool ?? ScanReport.Tool(name: "imagecheck", version: "0")
        return SARIF.Log(runs: [
            SARIF.Run(
                tool: SARIF.Tool(
                    driver: SARIF.Component(
                        name: tool.name, version: tool.version, semanticVersion: tool.version,
                        shortDescription: SARIFText.message(
                            "Says offline whether a disk image will boot and be reachable on a KVM cloud."),
                        rules: rules.descriptors, notifications: SARIFRules.notifications)),
                invocations: [
                    SARIF.Invocation(
                        executionSuccessful: results.unreadable.isEmpty,
                        toolExecutionNotifications: notifications.isEmpty ? nil : notifications)
                ],
                artifacts: artifacts.all, results: found,
                properties: SARIF.RunProperties(verdicts: verdicts))
        ])
    }

    private func isIncluded(_ item: ScanReport.CheckItem) -> Bool {
        scope == .everything || item.status == .fail || item.status == .unknown
    }

    private var verdicts: [SARIF.Verdict] {
        results.reports.flatMap { report in
            report.guests.flatMap { guest in
                guest.verdicts.map { SARIF.Verdict(image: report.image.path, root: guest.root, verdict: $0) }
            }
        }
    }

    private func result(
        _ item: ScanReport.CheckItem, of report: ScanReport, root: String?, rules: SARIFRules,
        artifacts: inout SARIFArtifacts, seen: inout [String: Int]
    ) -> SARIF.Result {
        var locations: [SARIF.Location] = []
        for evidence in item.evidence ?? [] {
            let location = artifacts.location(of: evidence, root: root)
            if !locations.contains(location) { locations.append(location) }
        }
        let fixes = (item.fixes ?? []).compactMap { repair($0, root: root, artifacts: &artifacts) }
        return SARIF.Result(
            ruleId: item.id, ruleIndex: rules.index(of: item.id), kind: kind(item.status),
            level: item.status == .fail ? SARIFRules.level(item.severity ?? .error) : "none",
            message: message(of: item), locations: [locations.first ?? artifacts.imageLocation],
            relatedLocations: locations.count > 1 ? Array(locations.dropFirst()) : nil,
            partialFingerprints: fingerprints(item, of: report, root: root, seen: &seen),
            suppressions: suppressions(of: item, in: report),
            baselineState: baselineState(of: item, in: report),
            fixes: fixes.isEmpty ? nil : fixes,
            properties: SARIF.ResultProperties(
                code: item.code, originalSeverity: item.originalSeverity, link: item.link.rawValue,
                value: item.value, guest: root,
                targets: item.targets,
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
    private func fingerprints(
        _ item: ScanReport.CheckItem, of report: ScanReport, root: String?, seen: inout [String: Int]
    ) -> [String: String] {
        let name = FindingIdentity(item, image: report.image.path, root: root).fingerprint
        let number = seen[name, default: 0] + 1
        seen[name] = number
        // The second name is the one that GitHub's code scanning tells alerts apart by.
        return ["imagecheckFinding/v1": "\(name):\(number)", "primaryLocationLineHash": "\(name):\(number)"]
    }

    // MARK: Fixes

    /// A fix as SARIF has it: text of a file that is replaced. Commands, new files and the registry have no such form;
    /// they stand in the message and the properties.
    private func repair(_ fix: Fix, root: String?, artifacts: inout SARIFArtifacts) -> SARIF.Repair? {
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
