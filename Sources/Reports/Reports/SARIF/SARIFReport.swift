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
        var collection = SARIFCollection(scope)
        let shares =
            results.reports.map { collection.add($0) } + results.unreadable.map { collection.add($0) }
        let notifications = shares.flatMap(\.notifications)
        return SARIF.Log(runs: [
            SARIF.Run(
                tool: SARIFReport.tool(
                    results.reports.first?.tool ?? ScanReport.Tool(name: "imagecheck", version: "0")),
                invocations: [
                    SARIF.Invocation(
                        executionSuccessful: results.unreadable.isEmpty,
                        toolExecutionNotifications: notifications.isEmpty ? nil : notifications)
                ],
                artifacts: shares.flatMap(\.artifacts), results: shares.flatMap(\.results),
                properties: SARIF.RunProperties(verdicts: shares.flatMap(\.verdicts)))
        ])
    }

    static func tool(
        _ tool: ScanReport.Tool, notifications: [SARIF.Descriptor] = SARIFRules.notifications
    ) -> SARIF.Tool {
        SARIF.Tool(
            driver: SARIF.Component(
                name: tool.name, version: tool.version, semanticVersion: tool.version,
                shortDescription: SARIFText.message(
                    "Says offline whether a disk image will boot and be reachable on a KVM cloud."),
                rules: SARIFRules.all.descriptors, notifications: notifications))
    }
}
