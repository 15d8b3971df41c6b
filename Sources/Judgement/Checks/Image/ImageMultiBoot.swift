import GuestFacts
import Targets

/// `IMAGE.MultiBoot`
enum ImageMultiBoot: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.MultiBoot", title: "One system in the image", link: .operation,
        summary: "Counts the operating systems in the image.",
        rationale: """
            A platform prepares one system. With several it may prepare the wrong one, or refuse the import; and \
            which of them starts is decided by the boot loader.
            """,
        codes: [("MultiBoot.SeveralRoots", "The image holds several operating systems.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard context.systemCount > 0 else { return .notApplicable("no system was found in the image") }
        guard context.systemCount > 1 else { return .judged(value: "1", "The image holds one system.") }
        return .judged(
            value: "\(context.systemCount)",
            findings: [
                Finding(
                    "MultiBoot.SeveralRoots", .warning,
                    "The image holds \(context.systemCount) operating systems.",
                    evidence: [
                        Evidence(
                            layer: context.system?.root ?? "disk",
                            excerpt: "one of \(context.systemCount) systems")
                    ], fixes: [.byHand("Remove the other systems, or export only the disk of this one")])
            ])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("one system", .example(), .pass),
            CheckExample(
                "two systems", .example { $0.systemCount = 2 }, .fail, codes: ["MultiBoot.SeveralRoots"]),
            CheckExample("none", .withoutSystem(), .notApplicable),
        ]
    }
}
