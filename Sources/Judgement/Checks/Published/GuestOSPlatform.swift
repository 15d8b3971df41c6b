import GuestFacts
import Targets

/// `GUESTOS.Platform`
enum GuestOSPlatform: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Platform", title: "Kind of system", link: .bootloader,
        summary: "Says whether the image holds Linux, Windows or something else.",
        rationale: """
            The kind of system is declared at import; the platform prepares the image and the instance for it. A \
            system of a kind it does not know gets no preparation at all.
            """,
        codes: [("Platform.Unknown", "No known kind of system was found.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let linux = context.linux {
            return .judged(value: "Linux", "The system is Linux.", evidence: linux.identity.evidence)
        }
        if let windows = context.windows {
            return .judged(value: "Windows", "The system is Windows.", evidence: windows.identity.evidence)
        }
        if let other = context.other {
            return .judged(
                value: other.name,
                questions: [
                    OpenQuestion(
                        "\(other.name) was found, and this version does not look into it",
                        consequence: .stopsBoot),
                    OpenQuestion(
                        "the network of \(other.name) was not looked at", consequence: .unreachable,
                        link: .network),
                    OpenQuestion(
                        "the first boot of \(other.name) was not looked at", consequence: .notReady,
                        link: .provisioning),
                ], evidence: [other.evidence])
        }
        let gaps = context.image.gaps + context.image.volumes.compactMap(\.gap)
        if !gaps.isEmpty { return .judged(questions: gaps.map { OpenQuestion($0) }) }
        // GUESTOS.SystemImage says what it means for the launch.
        return .judged(
            findings: [
                Finding(
                    "Platform.Unknown", .error, "Neither Linux nor Windows was found in the image.",
                    evidence: [Evidence(layer: context.image.container.format)],
                    fixes: [.byHand("Choose the image of a system disk", where: .offline)])
            ])
    }

    static var examples: [CheckExample] {
        var other = CheckContext.withoutSystem()
        other.system = .other(
            OtherSystem(
                family: "freebsd", name: "FreeBSD", root: "mbr:2",
                evidence: Evidence(path: "/boot/loader.conf")))
        return [
            CheckExample("Debian", .example(), .pass),
            CheckExample("no system", .withoutSystem(), .fail, codes: ["Platform.Unknown"]),
            CheckExample("Windows", .windows(), .pass),
            CheckExample("FreeBSD, which is only recognised", other, .unknown),
            CheckExample(
                "the only volume could not be opened",
                .withoutSystem { $0.volumes[0].gap = .example("mbr:1 › xfs") }, .unknown),
        ]
    }
}
