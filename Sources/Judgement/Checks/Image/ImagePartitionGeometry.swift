import GuestFacts
import Targets

/// `IMAGE.PartitionGeometry`
enum ImagePartitionGeometry: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.PartitionGeometry", title: "Partition table", link: .container,
        summary: "Looks whether the partitions lie inside the disk, do not overlap, and the table is whole.",
        rationale: """
            A partition that ends beyond the disk means that the file was cut short. The kernel clips it, and the \
            file system inside, larger than what is left, is refused.
            """,
        codes: [
            ("Geometry.BeyondEnd", "A partition ends beyond the disk: the file was cut short."),
            ("Geometry.Overlap", "Two partitions overlap."),
            ("Geometry.GptCorrupt", "Neither copy of the GUID partition table is valid."),
            (
                "Geometry.PrimaryGpt",
                "The first copy of the GUID partition table is damaged; the backup is used."
            ),
            ("Geometry.BackupGpt", "The backup of the GUID partition table is damaged or not at the end."),
            ("Geometry.4kSector", "The table is written for sectors of 4096 bytes."),
            ("Geometry.Unaligned", "A partition does not start on a multiple of 4096 bytes: slow."),
            ("Geometry.CopiesDiffer", "The two copies of the GUID partition table differ."),
            (
                "Geometry.ProtectiveMissing",
                "The MBR has no protective entry, so the GUID partition table is ignored."
            ),
            ("Geometry.StaleGpt", "An old GUID partition table is left over on an MBR disk."),
            ("Geometry.Table", "The partition table contradicts itself in another way."),
        ],
        references: ["UEFI specification 2.10, 5 GUID partition table"])

    /// What the kernel clips without harm to anybody but the file system's own check.
    private static let clipped: UInt64 = 1 << 20

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let table = context.image.partitions else {
            if context.image.container.content != .disk {
                return .notApplicable("there is no partition table to look at")
            }
            let gaps = context.image.gaps
            return .judged(
                questions: gaps.isEmpty
                    ? [OpenQuestion("the partition table was not read")] : gaps.map { OpenQuestion($0) })
        }
        var findings: [Finding] = []
        let size = context.image.container.virtualSize
        let root = context.linux.flatMap { context.rootVolume(of: $0) }
        let belowRoot = root.map { RootStack(of: $0, in: context.image).layers.map(\.id) } ?? []
        for partition in table.partitions {
            let (end, overflow) = partition.offset.addingReportingOverflow(partition.size)
            let evidence = Evidence(
                layer: "\(table.kind.rawValue):\(partition.number)", offset: partition.offset,
                excerpt: "\(partition.size) bytes")
            if overflow || end > size {
                let missing = overflow ? UInt64.max : end - size
                let isRoot = belowRoot.contains(partition.volume)
                findings.append(
                    Finding(
                        "Geometry.BeyondEnd", .error,
                        "Partition \(partition.number) ends \(missing) bytes beyond the end of the disk: the image was"
                            + " cut short.",
                        evidence: [evidence], fixes: [beyond(missing, context.image.container.format)],
                        consequence: isRoot && missing > clipped ? .stopsBoot : .none))
            }
            if partition.offset % 4096 != 0 {
                findings.append(
                    Finding(
                        "Geometry.Unaligned", .info,
                        "Partition \(partition.number) does not start on a multiple of 4096 bytes.",
                        evidence: [evidence], fixes: [.byHand("Lay the disk out again when convenient")]))
            }
        }
        let isJudged = context.linux != nil
        let protection: Set = ["protectiveMissing", "protectiveUnmarked"]
        findings += table.findings.filter { !isJudged || !protection.contains($0.code) }.compactMap(described)
        var questions: [OpenQuestion] = []
        for found in table.findings {
            switch found.code {
            case "backupUsed": judgePrimary(found, context, &findings)
            case let code where isJudged && protection.contains(code):
                judgeProtection(found, context, &findings)
            case "staleGPT" where !readers(context).isEmpty:
                questions.append(
                    OpenQuestion(
                        "what the old GUID partition table leads to, which `gpt` on the command line makes the kernel"
                            + " take, is not known", consequence: .stopsBoot,
                        launches: context.scope(readers(context)), link: .root))
            case "protectiveMissing", "protectiveUnmarked", "gptUnreadable":
                questions.append(
                    OpenQuestion(
                        "whether the kernel takes this partition table is not known: \(found.message)",
                        consequence: .stopsBoot, link: .root))
            default: break
            }
        }
        return .judged(
            value: table.kind.rawValue, "The partitions lie inside the disk and do not overlap.",
            findings: findings, questions: questions)
    }

    /// The launches whose kernel is told `gpt`: it looks at no MBR, and takes the backup in the last sector when the
    /// first copy is damaged (efi.c, `find_valid_gpt`).
    private static func readers(_ context: CheckContext) -> [Launch] {
        guard let linux = context.linux else { return [] }
        return context.boots(of: linux).ways.filter { $0.entry.commandLine.last("gpt") != nil }.flatMap(
            \.launches)
    }

    /// Firmware and the kernel take a GPT only behind a protective MBR; firmware does not ask for its mark.
    private static func judgeProtection(
        _ found: StructureFinding, _ context: CheckContext, _ findings: inout [Finding]
    ) {
        let readers = readers(context)
        let firmwareAsks = found.code == "protectiveMissing"
        let ignoring = context.launches.filter {
            $0.firmware == .uefi && firmwareAsks || !readers.contains($0)
        }
        let stopsFirmware = firmwareAsks && ignoring.contains { $0.firmware == .uefi }
        let message = found.message.capitalizedFirst
        guard !ignoring.isEmpty else {
            findings.append(
                Finding(
                    "Geometry.ProtectiveMissing", .warning,
                    "\(message); the kernel takes it all the same, as `gpt` on its command line says.",
                    evidence: [found.evidence], fixes: [protect]))
            return
        }
        let stopsGRUB = context.linux?.boot.bios.entry == nil && !stopsFirmware
        findings.append(
            Finding(
                "Geometry.ProtectiveMissing", .error,
                "\(message): \(stopsFirmware ? "firmware and the kernel find" : "the kernel finds") no partition.",
                evidence: [found.evidence], fixes: [protect], consequence: .stopsBoot,
                launches: context.scope(ignoring),
                link: stopsFirmware ? .firmware : stopsGRUB ? .bootloader : .root))
    }

    /// GRUB on BIOS and the kernel read the first copy only; GRUB looks at no checksum, and may get past it. UEFI
    /// firmware restores it from the backup before anything else runs.
    private static func judgePrimary(
        _ found: StructureFinding, _ context: CheckContext, _ findings: inout [Finding]
    ) {
        let readers = readers(context)
        let bios = context.launches.filter { $0.firmware == .bios && !readers.contains($0) }
        let path = context.linux?.boot.bios
        let stopsGRUB = path?.entry == nil && path?.loader?.contains("GRUB") ?? false
        findings.append(
            Finding(
                "Geometry.PrimaryGpt", bios.isEmpty ? .warning : .error,
                bios.isEmpty
                    ? "The first copy of the partition table is damaged; \(readers.isEmpty ? "UEFI restores it from" : "with `gpt` on its command line the kernel reads")"
                        + " the backup, where the disk ends behind it."
                    : "The first copy of the partition table is damaged, and \(stopsGRUB ? "GRUB" : "the kernel") does not"
                        + " read the backup: it finds no partition.",
                evidence: [found.evidence], fixes: [rewrite], consequence: bios.isEmpty ? .none : .stopsBoot,
                launches: bios.isEmpty ? nil : context.scope(bios), link: stopsGRUB ? .bootloader : .root))
    }

    private static let protect = Fix(
        "Write a protective MBR", kind: .autoEdit, commands: ["printf '%s\\n' x n w y | gdisk IMAGE"])

    private static let rewrite = Fix(
        "Write both copies of the table again, the backup at the end", kind: .autoEdit,
        commands: ["sgdisk -e IMAGE"])

    private static func beyond(_ missing: UInt64, _ format: String) -> Fix {
        if missing <= clipped, format == "raw" {
            return Fix(
                "Make the file as long as it was, if nothing was in the part that is gone", kind: .manual,
                risk: .medium, commands: ["truncate -s +\(missing) IMAGE"])
        }
        return .byHand("Export or copy the disk again: part of it is missing", where: .offline)
    }

    /// The codes of the partition reader that are said as they are.
    private static func described(_ found: StructureFinding) -> Finding? {
        let (code, severity): (String, Severity)
        switch found.code {
        case "overlap": (code, severity) = ("Geometry.Overlap", .error)
        case "gptUnreadable": (code, severity) = ("Geometry.GptCorrupt", .error)
        case "largeSectors": (code, severity) = ("Geometry.4kSector", .error)
        case "backupDamaged", "backupNotAtEnd": (code, severity) = ("Geometry.BackupGpt", .warning)
        case "copiesDiffer": (code, severity) = ("Geometry.CopiesDiffer", .warning)
        case "protectiveMissing", "protectiveUnmarked":
            (code, severity) = ("Geometry.ProtectiveMissing", .warning)
        case "staleGPT": (code, severity) = ("Geometry.StaleGpt", .warning)
        case "extendedChain": (code, severity) = ("Geometry.Table", .warning)
        case "irregular": (code, severity) = ("Geometry.Table", .info)
        // Said above with the numbers, or by COMPLIANCE.PartitionTable.
        case "beyondEnd", "unaligned", "backupUsed", "hybrid", "multipleActive": return nil
        default: (code, severity) = ("Geometry.Table", .warning)
        }
        let fix: Fix
        switch code {
        case "Geometry.BackupGpt", "Geometry.CopiesDiffer", "Geometry.ProtectiveMissing": fix = rewrite
        case "Geometry.StaleGpt":
            fix = .byHand(
                "Remove the old table and keep the MBR", commands: ["sgdisk -z IMAGE"], where: .offline)
        default: fix = .byHand("Look at the partition table", commands: ["sfdisk -V IMAGE"], where: .offline)
        }
        return Finding(
            code, severity, found.message.capitalizedFirst + (found.message.hasSuffix(".") ? "" : "."),
            evidence: [found.evidence], fixes: [fix])
    }

    static var examples: [CheckExample] {
        func gpt(_ code: String, _ message: String, told: Bool) -> CheckContext {
            .example {
                $0.image.partitions?.kind = .gpt
                $0.image.partitions?.findings = [
                    StructureFinding(code: code, message: message, evidence: Evidence(layer: "gpt"))
                ]
                if told { $0.entry.commandLine.parameters.append(.init(name: "gpt")) }
            }
        }
        return [
            CheckExample("one partition inside the disk", .example(), .pass),
            CheckExample(
                "the file is one sector short",
                .example { $0.image.container.virtualSize = (3 << 30) - 512 }, .fail,
                codes: ["Geometry.BeyondEnd"]),
            CheckExample(
                "half of the file is gone",
                .example { $0.image.container.virtualSize = 3 << 29 }, .fail, codes: ["Geometry.BeyondEnd"]),
            CheckExample(
                "the backup table is not at the end",
                .example {
                    $0.image.partitions?.findings = [
                        StructureFinding(
                            code: "backupDamaged", message: "the backup table is missing",
                            evidence: Evidence(layer: "gpt"))
                    ]
                }, .fail, codes: ["Geometry.BackupGpt"]),
            CheckExample(
                "only the backup table is left, and BIOS starts the image",
                .example {
                    $0.image.partitions?.kind = .gpt
                    $0.image.partitions?.findings = [
                        StructureFinding(
                            code: "backupUsed", message: "the first table is zeroed",
                            evidence: Evidence(layer: "gpt"))
                    ]
                }, .fail, codes: ["Geometry.PrimaryGpt"]),
            CheckExample(
                "the same, and the kernel is told `gpt`",
                gpt("backupUsed", "the first table is zeroed", told: true),
                .fail, codes: ["Geometry.PrimaryGpt"]),
            CheckExample(
                "no protective MBR", gpt("protectiveMissing", "a GPT without a protective MBR", told: false),
                .fail,
                codes: ["Geometry.ProtectiveMissing"]),
            CheckExample(
                "a protective MBR without the mark 0x55AA",
                gpt("protectiveUnmarked", "the protective MBR lacks the mark of one, 0x55AA", told: false),
                .fail, codes: ["Geometry.ProtectiveMissing"]),
            CheckExample(
                "no protective MBR, and the kernel is told `gpt`",
                gpt("protectiveMissing", "the protective MBR entry starts at sector 2, not 1", told: true),
                .fail,
                codes: ["Geometry.ProtectiveMissing"]),
            CheckExample("the table was not read", .example { $0.image.partitions = nil }, .unknown),
            CheckExample(
                "an empty disk",
                .withoutSystem {
                    $0.partitions = nil
                    $0.container.content = .empty
                }, .notApplicable),
        ]
    }
}
