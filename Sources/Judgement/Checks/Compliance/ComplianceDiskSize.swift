import GuestFacts
import Targets

/// `COMPLIANCE.DiskSize`
enum ComplianceDiskSize: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.DiskSize", title: "System disk size", link: .operation,
        summary: "Reports the size of the disk in GiB and whether it is in the range of the target.",
        rationale: "A disk outside the range cannot become the system disk of an instance.",
        codes: [("DiskSize.OutOfRange", "The disk is smaller or larger than the target's range.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let size = wholeGiB(context.image.container.virtualSize)
        guard size > 0 else { return .notApplicable("the image has no bytes") }
        guard let range = context.target.rules.sizeGiB else {
            return .judged(value: "\(size) GiB", "The target names no limits.")
        }
        var findings: [Finding] = []
        if size < UInt64(max(range.min, 0)) || size > UInt64(max(range.max, 0)) {
            let isAdvice = context.launches.allSatisfy {
                range.limit(for: $0.firmware) >= Int(clamping: size)
            }
            let verb = isAdvice && size > UInt64(max(range.max, 0)) ? "advises" : "takes"
            findings.append(
                Finding(
                    "DiskSize.OutOfRange", .warning,
                    "The disk has \(size) GiB; \(context.target.title) \(verb) \(range.min) to \(range.max) GiB.",
                    evidence: [Evidence(layer: context.image.container.format, excerpt: "\(size) GiB")],
                    fixes: [
                        size < UInt64(max(range.min, 0))
                            ? Fix(
                                "Make the disk larger", kind: .manual,
                                commands: ["qemu-img resize IMAGE \(range.min)G"])
                            : .byHand("Make the file systems and the disk smaller, then export it again")
                    ]))
        }
        return .judged(value: "\(size) GiB", "The size is in the target's range.", findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("3 GiB", .example(), .pass),
            CheckExample(
                "3 TiB", .example { $0.image.container.virtualSize = 3 << 40 }, .fail,
                codes: ["DiskSize.OutOfRange"]),
            CheckExample("no bytes", .withoutSystem { $0.container.virtualSize = 0 }, .notApplicable),
        ]
    }
}
