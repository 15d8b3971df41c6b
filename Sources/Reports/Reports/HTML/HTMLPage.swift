import Checks
import GuestFacts

/// What `report.mustache` shows, under the names it uses.
struct HTMLPage {
    let path: String
    let name: String
    let tool: String
    let answer: String
    let heading: String
    let summary: String?
    /// What those who keep the policy should know.
    let notes: [String]
    let guests: [HTMLGuest]
    let severities: [Choice]
    let hasFindings: Bool
    let findings: [HTMLFinding]
    let imageSummary: String
    let backing: [Reference]
    let hasLayers: Bool
    let layers: [HTMLLayer]
    let hasUnknowns: Bool
    let unknowns: [Unknown]
    let statuses: [Choice]
    let items: [Item]
    let closing: String
    let style = HTMLReport.style
    let script = HTMLReport.script
    let scriptDigest = HTMLReport.scriptDigest

    /// A box of a filter.
    struct Choice {
        let name: String
        let title: String
        let count: Int
        let isShown: Bool
    }

    /// A file that the image refers to.
    struct Reference {
        let name: String
        let state: String
    }

    /// Something that could not be read.
    struct Unknown {
        let place: String
        let message: String
    }

    /// A row of the table of all items.
    struct Item {
        let id: String
        let title: String
        let link: String
        let status: String
        let statusTitle: String
        let tone: String
        let value: String?
        let message: String?
        let scope: String?
    }

    init(_ report: ScanReport) {
        let image = report.image
        path = image.path
        name = image.path.split(separator: "/").last.map(String.init) ?? image.path
        tool = "\(report.tool.name) \(report.tool.version)"
        let headline = Headline(report)
        answer = headline.word
        heading = headline.sentence
        let first = report.guests.count == 1 ? report.guests.first : nil
        summary = first.map { $0.os.summary.joined(separator: " · ") }
        guests = report.guests.enumerated().map { index, guest in
            HTMLGuest(guest, number: index + 1, of: report.guests.count)
        }

        let groups = FindingGroup.groups(of: report.failures, targets: report.targetCount)
        let accepted = FindingGroup.groups(of: report.acceptedFailures, targets: report.targetCount)
        findings =
            groups.enumerated().map { HTMLFinding($1, isFirst: $0 == 0) }
            + accepted.map { HTMLFinding($0, isFirst: false) }
        notes = report.policy?.notes ?? []
        hasFindings = !findings.isEmpty
        let weights: [Choice] = Severity.allCases.reversed().compactMap { severity in
            let count = groups.count { ($0.item.severity ?? .error) == severity }
            guard count > 0 else { return nil }
            return Choice(name: severity.rawValue, title: severity.rawValue, count: count, isShown: true)
        }
        severities =
            accepted.isEmpty
            ? weights
            : weights + [Choice(name: "accepted", title: "accepted", count: accepted.count, isShown: true)]

        imageSummary =
            "\(image.format), \(Quantity.bytes(image.virtualSize)), file of \(Quantity.bytes(image.fileSize))"
        backing = (image.backing ?? []).map {
            Reference(
                name: $0.name,
                state: $0.opened ? "opened" : "not opened" + ($0.reason.map { ": " + $0 } ?? ""))
        }
        layers = image.layers.map { HTMLLayer($0, within: image.virtualSize) }
        hasLayers = !layers.isEmpty
        unknowns = report.unknowns.map {
            Unknown(place: $0.place, message: TerminalText.cut($0.message, to: HTMLPage.sentenceLimit))
        }
        hasUnknowns = !unknowns.isEmpty

        let all = report.allChecks
        statuses = CheckStatus.allCases.compactMap { status in
            let count = all.count { $0.status == status }
            guard count > 0 else { return nil }
            return Choice(
                name: status.rawValue, title: HTMLPage.title(status), count: count,
                isShown: status != .notApplicable)
        }
        let families = report.guests.flatMap { guest in guest.checks.map { _ in guest.os.family } }
        items = zip(all, (report.checks ?? []).map { _ in "" } + families).map { item, family in
            let scope = (item.targets ?? []) + (item.launches ?? [])
            return Item(
                id: item.id, title: item.title, link: item.link.label(family: family),
                status: item.status.rawValue,
                statusTitle: item.status != .fail
                    ? HTMLPage.title(item.status)
                    : item.accepted == nil ? (item.severity ?? .error).rawValue : "accepted",
                tone: HTMLPage.tone(item), value: item.value,
                message: (item.message ?? item.gaps?.joined(separator: "; ")).map {
                    TerminalText.cut($0, to: HTMLPage.sentenceLimit)
                },
                scope: scope.isEmpty ? nil : scope.joined(separator: "; "))
        }
        let cost = report.cost
        closing = [
            tool, Quantity.count(report.coverage.checksRun, "check") + ", \(report.coverage.unknown) unknown",
            "\(Quantity.bytes(cost.bytesRead)) read in \(cost.reads) reads", Quantity.seconds(cost.seconds),
            "\(Quantity.bytes(cost.peakMemory)) of memory",
        ].joined(separator: " · ")
    }

    /// Columns that a sentence or an excerpt may take: what a guest made longer is in the JSON report.
    static let sentenceLimit = 1000

    private static func title(_ status: CheckStatus) -> String {
        status == .notApplicable ? "not applicable" : status.rawValue
    }

    private static func tone(_ item: ScanReport.CheckItem) -> String {
        switch item.status {
        case .pass: "good"
        case .fail: item.accepted == nil ? (item.severity ?? .error).rawValue : "accepted"
        case .unknown: "warn"
        case .notApplicable, .info: "quiet"
        }
    }
}
