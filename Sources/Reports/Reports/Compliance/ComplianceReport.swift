import Checks
import GuestFacts

/// The report of the cloud's in-guest compliance tool (`image_check`), computed from the image: the same lines and the
/// same JSON, so that what reads the one reads the other.
///
/// It knows three results. `FAILED` is a fail of severity error, `WARNING` one of severity warning; advice and what
/// does not apply are `OK`. What could not be judged is `WARNING` with the error code `Unknown`: the tool itself has no
/// word for it, and `OK` would not be true.
///
/// The tool is for Linux: another system has no items.
public struct ComplianceReport: Sendable {
    private let results: ScanResults
    private static let target = "alibaba-ecs"

    /// Reports on all systems of a run.
    public init(_ results: ScanResults) { self.results = results }

    // MARK: Text

    /// What the tool prints, one system after the other, and after each the items that are not OK.
    public var text: String {
        let parts =
            sheets.map(text)
            + results.unreadable.map { shown("\($0.path): could not be read: \($0.message)") + "\n" }
        return parts.joined(separator: "\n")
    }

    private static let rule = String(repeating: "-", count: 39)

    private func text(_ sheet: ComplianceSheet) -> String {
        var lines = [
            "Image: \(sheet.image)", ComplianceReport.rule,
            "The information you need to input when you import your image to Alibaba Cloud website:",
            "Current system: \(sheet.system)", "Architecture: \(sheet.architecture ?? "unknown")",
            "System disk size: \(sheet.gigabytes) GB", ComplianceReport.rule,
        ].map(shown)
        guard let items = sheet.items else {
            return
                (lines + [
                    "The compliance items are for Linux; this image has no Linux system to apply them to.",
                    "",
                ])
                .joined(separator: "\n")
        }
        for item in items {
            let mark = item.result == .ok ? "  OK  " : item.result.rawValue
            lines.append(TerminalText.padded("Check \(item.name)", to: 59) + "[\(mark)]")
        }
        func count(_ result: ComplianceSheet.Result) -> Int { items.count { $0.result == result } }
        lines += [
            ComplianceReport.rule, "\(count(.ok)) items are OK.", "\(count(.failed)) items are failed.",
            "\(count(.warning)) items are warning.", ComplianceReport.rule,
        ]
        for item in items where item.result != .ok {
            lines += ["Check \(item.name)", shown("  " + item.description), shown("  " + item.comment)]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func shown(_ text: String) -> String { TerminalText.escaped(text) }

    // MARK: JSON

    /// What the tool writes to `image_check_report.json`; an array of it when there are several systems. Throws what
    /// the encoder throws.
    public func json() throws -> [UInt8] {
        let documents = sheets.map { Document($0, time: UTCTime(secondsSince1970: results.time).fileName) }
        let isOne = documents.count == 1 && results.unreadable.isEmpty
        return try (isOne ? JSONReport.bytes(documents[0]) : JSONReport.bytes(documents)) + [0x0A]
    }

    // The names of the tool's file, as they are there.
    private struct Document: Encodable {
        var platform: String
        var os_big_version: String
        var os_small_version: String
        var architecture: String
        var system_disk_size: String
        var version: String
        var time: String
        var check_items: [Item]
        /// Not in the tool's file, which knows one machine: the image this is about.
        var image: String

        struct Item: Encodable {
            var name: String
            var result: String
            var error_code: String
            var description: String
            var comment: String
        }

        init(_ sheet: ComplianceSheet, time: String) {
            platform = sheet.platform
            (os_big_version, os_small_version) = sheet.version
            architecture = sheet.architecture ?? "unknown"
            system_disk_size = String(sheet.gigabytes)
            version = sheet.toolVersion
            self.time = time
            image = sheet.image
            check_items = (sheet.items ?? []).map {
                Item(
                    name: $0.name, result: $0.result.rawValue, error_code: $0.code,
                    description: $0.description,
                    comment: $0.comment)
            }
        }
    }

    // MARK: Systems

    private var sheets: [ComplianceSheet] {
        results.reports.flatMap { report in
            report.guests.isEmpty
                ? [ComplianceSheet(report, nil, target: ComplianceReport.target)]
                : report.guests.map { ComplianceSheet(report, $0, target: ComplianceReport.target) }
        }
    }
}
