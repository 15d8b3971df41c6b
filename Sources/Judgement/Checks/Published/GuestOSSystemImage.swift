import GuestFacts
import Targets

/// `GUESTOS.SystemImage`
enum GuestOSSystemImage: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.SystemImage", title: "System disk", link: .firmware,
        summary:
            "Looks whether the image is a system disk, and not a data disk, an installation medium or empty.",
        rationale: "An instance that is given anything else as its system disk has nothing to start.",
        codes: [
            ("SystemImage.Empty", "The image holds nothing that is recognised."),
            ("SystemImage.Iso", "The file is an ISO 9660 image."),
            ("SystemImage.Installer", "The image is a live or installation medium."),
            ("SystemImage.DataDisk", "There are file systems, but no operating system on them."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let image = context.image
        func no(_ code: String, _ message: String, _ link: LaunchLink) -> CheckOutcome {
            .judged(
                value: code.split(separator: ".").last.map(String.init),
                findings: [
                    Finding(
                        code, .error, message, evidence: [Evidence(layer: image.container.format, offset: 0)],
                        fixes: [.byHand("Choose the image of a system disk", where: .offline)],
                        consequence: .stopsBoot, link: link)
                ])
        }
        switch image.container.content {
        case .empty where image.container.virtualSize == 0:
            return no("SystemImage.Empty", "The file has no bytes.", .container)
        case .empty where image.container.findings.contains { $0.code == "noData" }:
            return no("SystemImage.Empty", "The disk holds nothing but zeros.", .firmware)
        case .empty:
            return no(
                "SystemImage.Empty",
                "Neither a partition table nor a file system was recognised: the disk is empty, damaged at its "
                    + "start, encrypted, or no disk at all.", .firmware)
        case .iso:
            return no("SystemImage.Iso", "The file is an ISO 9660 image, not a system disk.", .container)
        case .installer:
            return no("SystemImage.Installer", "The image is a live or installation medium.", .container)
        case .disk, .dataDisk: break
        }
        if let linux = context.linux, let root = context.rootVolume(of: linux), root.kind == "squashfs",
            root.partitionNumber == nil, root.madeOf.isEmpty
        {
            // Its first bytes are where boot code or a partition table would be.
            return no(
                "SystemImage.Installer",
                "The file is the squashfs of a live medium, and no disk: nothing can be started from it.",
                .container)
        }
        if context.system != nil {
            return .judged(value: "SystemDisk", "The image holds an operating system.")
        }
        // A system may be hidden in what could not be opened.
        let gaps = image.gaps + image.volumes.compactMap(\.gap)
        if !gaps.isEmpty {
            return .judged(
                questions: gaps.map { OpenQuestion($0, consequence: .stopsBoot) }
                    + [OpenQuestion("no system was found in the parts of the image that could be read")])
        }
        return no("SystemImage.DataDisk", "No operating system was found in the image.", .firmware)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("a system disk", .example(), .pass),
            CheckExample("a system disk with Windows", .windows(), .pass),
            CheckExample(
                "nothing but zeros", .withoutSystem { $0.container.content = .empty }, .fail,
                codes: ["SystemImage.Empty"]),
            CheckExample(
                "an ISO image", .withoutSystem { $0.container.content = .iso }, .fail,
                codes: ["SystemImage.Iso"]),
            CheckExample(
                "an installation medium", .withoutSystem { $0.container.content = .installer }, .fail,
                codes: ["SystemImage.Installer"]),
            CheckExample(
                "the squashfs of a live medium",
                .example {
                    $0.root.kind = "squashfs"
                    $0.root.partitionNumber = nil
                }, .fail, codes: ["SystemImage.Installer"]),
            CheckExample(
                "a squashfs in a partition, as small systems have for their root",
                .example { $0.root.kind = "squashfs" }, .pass),
            CheckExample(
                "a file system with data only", .withoutSystem { $0.container.content = .dataDisk }, .fail,
                codes: ["SystemImage.DataDisk"]),
            CheckExample(
                "the only volume could not be opened",
                .withoutSystem { $0.volumes[0].gap = .example("mbr:1 › xfs") }, .unknown),
        ]
    }
}
