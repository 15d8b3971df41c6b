import GuestFacts
import Targets

/// `IMAGE.VirtualSize`
enum ImageVirtualSize: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.VirtualSize", title: "Size of the disk", link: .container,
        summary: "Compares the size that the guest sees with what the target takes.",
        rationale: """
            A target refuses a disk above its maximum. A size that is not a whole number of mebibytes is rounded by \
            some importers, and rounding down cuts the last partition.
            """,
        codes: [
            ("VirtualSize.TooLarge", "The disk is larger than the target takes."),
            ("VirtualSize.Unaligned", "The size is not a whole number of mebibytes."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let container = context.image.container
        let size = container.virtualSize
        guard size > 0 else { return .notApplicable("the image has no bytes") }
        let gibibytes = wholeGiB(size)
        var findings: [Finding] = []
        let evidence = [Evidence(layer: container.format, excerpt: "\(size) bytes")]
        if let range = context.target.rules.sizeGiB, range.max >= 0, gibibytes > UInt64(range.max) {
            findings.append(
                Finding(
                    "VirtualSize.TooLarge", .error,
                    "The disk has \(gibibytes) GiB, and \(context.target.title) takes \(range.max) GiB at most.",
                    evidence: evidence,
                    fixes: [.byHand("Make the file systems and the disk smaller, then export it again")]))
        }
        if size % (1 << 20) != 0 {
            let rounded = size / (1 << 20) + 1
            findings.append(
                Finding(
                    "VirtualSize.Unaligned", .info,
                    "\(size) bytes are not a whole number of mebibytes; an importer may round.",
                    evidence: evidence,
                    fixes: [
                        Fix(
                            "Round the size up", kind: .manual,
                            commands: ["qemu-img resize -f \(quoted(container.format)) IMAGE \(rounded)M"])
                    ]))
        }
        return .judged(value: "\(gibibytes) GiB", "The target takes disks of this size.", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("3 GiB", .example(), .pass),
            CheckExample(
                "4 TiB", .example { $0.image.container.virtualSize = 4 << 40 }, .fail,
                codes: ["VirtualSize.TooLarge"]),
            CheckExample(
                "one sector more than 3 GiB", .example { $0.image.container.virtualSize = (3 << 30) + 512 },
                .fail,
                codes: ["VirtualSize.Unaligned"]),
            CheckExample("no bytes", .withoutSystem { $0.container.virtualSize = 0 }, .notApplicable),
        ]
    }
}

/// A size in GiB, rounded up.
func wholeGiB(_ bytes: UInt64) -> UInt64 {
    (bytes >> 30) + (bytes & ((1 << 30) - 1) == 0 ? 0 : 1)
}
