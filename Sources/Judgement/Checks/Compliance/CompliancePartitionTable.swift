import GuestFacts
import Targets

/// `COMPLIANCE.PartitionTable`
enum CompliancePartitionTable: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.PartitionTable", title: "Kind of partition table", link: .operation,
        summary: "Looks whether the partition table suits the firmware that starts the image.",
        rationale: """
            MBR with BIOS and GPT with UEFI need nothing more. GPT with BIOS needs a BIOS boot partition for GRUB; \
            without one GRUB hides between other data and is lost easily. On MBR, what lies beyond 2 TiB is not \
            reached.
            """,
        codes: [
            ("PartitionTable.NoBiosBoot", "A GPT disk that BIOS starts has no BIOS boot partition."),
            ("PartitionTable.Hybrid", "The disk has a hybrid of MBR and GPT."),
            ("PartitionTable.None", "The disk has no partition table."),
            ("PartitionTable.TooLarge", "The disk is larger than an MBR table can describe."),
            ("PartitionTable.SeveralActive", "Several partitions are marked as active."),
        ], references: ["GNU GRUB manual, 4.4 BIOS installation"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let table = context.image.partitions else {
            return context.image.gaps.isEmpty
                ? .notApplicable("there is no partition table to look at")
                : .judged(questions: context.image.gaps.map { OpenQuestion($0) })
        }
        var findings: [Finding] = []
        let layer = table.kind == .none ? context.image.container.format : table.kind.rawValue
        let evidence = [Evidence(layer: layer, excerpt: table.identity)]
        func add(_ code: String, _ message: String, _ fix: Fix) {
            findings.append(Finding(code, .warning, message, evidence: evidence, fixes: [fix]))
        }
        let isBIOS = context.linux.map { $0.boot.bios.isPresent == .yes } ?? false
        switch table.kind {
        case .gpt where isBIOS && !table.partitions.contains(where: \.isBIOSBoot):
            add(
                "PartitionTable.NoBiosBoot", "GRUB starts from a GPT disk without a BIOS boot partition.",
                .byHand(
                    "Make a BIOS boot partition of 1 MiB and install GRUB again",
                    commands: ["sgdisk -n 0:34:2047 -t 0:ef02 -a 1 /dev/vda", "grub-install /dev/vda"]))
        case .hybrid:
            add(
                "PartitionTable.Hybrid",
                "The disk has a hybrid of MBR and GPT, which tools keep in different states.",
                .byHand("Keep the GPT only", commands: ["sgdisk -M IMAGE"], where: .offline))
        case .none:
            add(
                "PartitionTable.None", "The disk has no partition table.",
                .byHand("Move the system to a partition"))
        case .mbr where context.image.container.virtualSize > 2 << 40:
            add(
                "PartitionTable.TooLarge", "What lies beyond 2 TiB of an MBR disk cannot be used.",
                .byHand("Convert the table to GPT", commands: ["sgdisk -g /dev/vda"]))
        case .mbr where table.partitions.filter(\.active).count > 1:
            add(
                "PartitionTable.SeveralActive", "Several partitions are marked as active.",
                .byHand("Leave one active", commands: ["sfdisk -A IMAGE 1"], where: .offline))
        case .gpt, .mbr: break
        }
        return .judged(
            value: table.kind.rawValue.uppercased(), "The partition table suits the firmware.",
            findings: findings)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("MBR and BIOS", .example(), .pass),
            CheckExample("GPT and UEFI", .example { $0.startByUEFI() }, .pass),
            CheckExample(
                "GPT and BIOS without a BIOS boot partition", .example { $0.image.partitions?.kind = .gpt },
                .fail,
                codes: ["PartitionTable.NoBiosBoot"]),
            CheckExample(
                "GPT and BIOS with one",
                .example {
                    $0.image.partitions?.kind = .gpt
                    $0.image.partitions?.partitions[0].isBIOSBoot = true
                }, .pass),
            CheckExample(
                "a file system on the whole disk", .example { $0.image.partitions?.kind = .none }, .fail,
                codes: ["PartitionTable.None"]),
            CheckExample(
                "the table could not be read",
                .example {
                    $0.image.partitions = nil
                    $0.image.gaps = [.example("disk")]
                }, .unknown),
        ]
    }
}
