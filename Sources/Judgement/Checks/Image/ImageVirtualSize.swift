import GuestFacts
import Targets

/// `IMAGE.VirtualSize`
enum ImageVirtualSize: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.VirtualSize", title: "Size of the disk", link: .container,
        summary: "Compares the size that the guest sees with what the target takes.",
        rationale: """
            A target refuses a disk above its maximum. A size that is not a multiple of what the importer counts in \
            is refused or rounded, and rounding down cuts the last partition.
            """,
        codes: [
            ("VirtualSize.TooLarge", "The disk is larger than the target takes."),
            ("VirtualSize.Unaligned", "The size is not a multiple of what the target counts in."),
        ])

    private static let mebibyte: UInt64 = 1 << 20

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let container = context.image.container
        let size = container.virtualSize
        guard size > 0 else { return .notApplicable("the image has no bytes") }
        let gibibytes = wholeGiB(size)
        var findings: [Finding] = []
        let evidence = [Evidence(layer: container.format, excerpt: "\(size) bytes")]
        if let range = context.target.rules.sizeGiB {
            findings += tooLarge(gibibytes, range, context, evidence)
        }
        if let finding = unaligned(size, context.target, evidence) { findings.append(finding) }
        return .judged(value: "\(gibibytes) GiB", "The target takes disks of this size.", findings: findings)
    }

    /// Machines of one firmware may take larger disks than those of another.
    private static func tooLarge(
        _ gibibytes: UInt64, _ range: Target.SizeRange, _ context: CheckContext, _ evidence: [Evidence]
    ) -> [Finding] {
        let limits = Set(context.launches.map { range.limit(for: $0.firmware) }).sorted()
        return (limits.isEmpty ? [range.max] : limits).filter { gibibytes > UInt64(max($0, 0)) }.map {
            limit in
            let concerned = context.launches.filter { range.limit(for: $0.firmware) == limit }
            return Finding(
                "VirtualSize.TooLarge", .error,
                "The disk has \(gibibytes) GiB, and \(context.target.title) takes \(limit) GiB at most.",
                evidence: evidence,
                fixes: [.byHand("Make the file systems and the disk smaller, then export it again")],
                launches: limits.count > 1 ? context.scope(concerned) : nil)
        }
    }

    private static func unaligned(_ size: UInt64, _ target: Target, _ evidence: [Evidence]) -> Finding? {
        let range = target.rules.sizeGiB
        let step = mebibyte * UInt64(min(max(range?.alignMiB ?? 1, 1), 1 << 20))
        let rest = size % step
        guard rest != 0 else { return nil }
        let isOdd = size % mebibyte != 0
        let unit =
            step == mebibyte ? "mebibytes" : step == 1 << 30 ? "gibibytes" : "blocks of \(step >> 20) MiB"
        let rounded = size / mebibyte + (isOdd ? 1 : 0)
        let stepMiB = step / mebibyte
        let wanted = rounded + (stepMiB - rounded % stepMiB) % stepMiB
        let outcome: (Severity, String) =
            switch range {
            case let range? where range.alignmentRequired: (.error, "\(target.title) refuses it.")
            case let range? where range.alignMiB > 1:
                (.warning, "\(target.title) counts in them, and rounds.")
            default: (.info, "an importer may round.")
            }
        let format = evidence.first?.layer ?? "raw"
        return Finding(
            "VirtualSize.Unaligned", outcome.0,
            "\(size) bytes are not a whole number of \(unit); \(outcome.1)",
            evidence: evidence,
            fixes: [
                Fix(
                    "Round the size up", kind: .manual,
                    commands: format == "vpc"
                        ? [
                            "qemu-img convert -f vpc -O raw IMAGE disk.raw",
                            "qemu-img resize -f raw disk.raw \(wanted)M",
                            "qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on disk.raw NEW.vhd",
                        ] : ["qemu-img resize -f \(quoted(format)) IMAGE \(wanted)M"])
            ])
    }

    static var examples: [CheckExample] {
        func at(_ range: Target.SizeRange, bytes: UInt64) -> CheckContext {
            .example {
                $0.target.rules.sizeGiB = range
                $0.image.container.virtualSize = bytes
            }
        }
        let strict = Target.SizeRange(
            min: 1, max: 1023, hardMax: ["bios": 2048, "uefi": 4095], alignmentRequired: true)
        let whole = Target.SizeRange(min: 10, max: 2048, alignMiB: 1024)
        return [
            CheckExample("3 GiB", .example(), .pass),
            CheckExample(
                "4 TiB", .example { $0.image.container.virtualSize = 4 << 40 }, .fail,
                codes: ["VirtualSize.TooLarge"]),
            CheckExample("1.5 TiB, advised against and taken", at(strict, bytes: 3 << 39), .pass),
            CheckExample(
                "3 TiB for BIOS, which takes 2 TiB", at(strict, bytes: 3 << 40), .fail,
                codes: ["VirtualSize.TooLarge"]),
            CheckExample(
                "one sector more than 3 GiB", .example { $0.image.container.virtualSize = (3 << 30) + 512 },
                .fail,
                codes: ["VirtualSize.Unaligned"]),
            CheckExample(
                "the same where whole mebibytes are required", at(strict, bytes: (3 << 30) + 512), .fail,
                codes: ["VirtualSize.Unaligned"]),
            CheckExample(
                "3.5 GiB where whole gibibytes are counted", at(whole, bytes: 7 << 29), .fail,
                codes: ["VirtualSize.Unaligned"]),
            CheckExample("no bytes", .withoutSystem { $0.container.virtualSize = 0 }, .notApplicable),
        ]
    }
}

/// A size in GiB, rounded up.
func wholeGiB(_ bytes: UInt64) -> UInt64 {
    (bytes >> 30) + (bytes & ((1 << 30) - 1) == 0 ? 0 : 1)
}
