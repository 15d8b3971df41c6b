import Checks
import GuestFacts

/// The rules of a SARIF run: every check, with its page as help, and the kinds of gaps as notifications.
struct SARIFRules {
    /// Those of all checks. They are made when they are first asked for: the weight of a check is found by running its
    /// examples.
    static let all = SARIFRules(CheckRegistry.all)

    let descriptors: [SARIF.Descriptor]
    private let positions: [String: Int]

    init(_ checks: [any Check.Type]) {
        descriptors = checks.map(SARIFRules.descriptor)
        positions = Dictionary(
            checks.enumerated().map { ($0.element.metadata.id, $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    func index(of id: String) -> Int? { positions[id] }

    private static func descriptor(_ check: any Check.Type) -> SARIF.Descriptor {
        let metadata = check.metadata
        let page = CheckPage(check)
        return SARIF.Descriptor(
            id: metadata.id, name: metadata.title, shortDescription: SARIFText.message(metadata.title),
            fullDescription: SARIFText.message(metadata.summary),
            help: SARIF.Message(text: page.text(TextStyle(width: 100)), markdown: page.markdown),
            defaultConfiguration: SARIF.Configuration(level: level(of: check)),
            properties: SARIF.RuleProperties(
                tags: [metadata.link.rawValue], aliases: metadata.aliases.isEmpty ? nil : metadata.aliases,
                codes: metadata.codes.isEmpty ? nil : CheckPage.Rule(metadata).codes))
    }

    /// The weight that the worst finding of the check has; its examples show all of them.
    private static func level(of check: any Check.Type) -> String {
        let failing = check.examples.filter { $0.expected == .fail }
        let worst = failing.flatMap { check.evaluate($0.context).findings }.map(\.severity).max()
        return level(worst ?? .warning)
    }

    static func level(_ severity: Severity) -> String {
        switch severity {
        case .error: "error"
        case .warning: "warning"
        case .info: "note"
        }
    }

    // MARK: Notifications

    /// Why something could not be read.
    static let notifications: [SARIF.Descriptor] =
        kinds.map { kind, meaning in
            SARIF.Descriptor(id: "gap." + kind.rawValue, shortDescription: SARIFText.message(meaning))
        } + [descriptor(of: .unreadable)]

    /// Those of a batch: besides, what else may become of an image.
    static let batchNotifications = notifications + batchKinds.map(descriptor)

    private static let batchKinds = ScanResults.Unreadable.Kind.allCases.filter { $0 != .unreadable }

    private static func descriptor(of kind: ScanResults.Unreadable.Kind) -> SARIF.Descriptor {
        SARIF.Descriptor(id: kind.id, shortDescription: SARIFText.message(kind.meaning))
    }

    private static let kinds: [(Gap.Kind, String)] = [
        (.io, "The host could not read a part of the file."), (.truncated, "A part ends before it should."),
        (.corrupt, "A part is damaged."), (.unsupported, "A part is of a kind that is not read."),
        (.limit, "A part is larger than what is read of its kind."),
        (.absent, "A part is not in this image."),
        (.notAllowed, "A file that the image refers to was not opened."),
    ]

    static func reference(_ kind: Gap.Kind) -> SARIF.DescriptorReference {
        let index = kinds.firstIndex { $0.0 == kind } ?? 0
        return SARIF.DescriptorReference(id: notifications[index].id, index: index)
    }

    static func reference(_ kind: ScanResults.Unreadable.Kind) -> SARIF.DescriptorReference {
        // Behind the kinds of gaps: the only one of a scan, then those of a batch.
        let place = batchKinds.firstIndex(of: kind).map { $0 + 1 } ?? 0
        return SARIF.DescriptorReference(id: kind.id, index: kinds.count + place)
    }
}
