import GuestFacts
import Targets

/// `GUESTOS.BootMgr`
enum GuestOSBootMgr: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.BootMgr", title: "Boot manager of Windows", link: .bootloader,
        summary: """
            Follows BIOS from the active partition through its boot record to bootmgr, and UEFI to bootmgfw.efi on the \
            EFI system partition.
            """,
        rationale: """
            BIOS starts the one active partition, whose boot record reads the file bootmgr by itself: a wrong active \
            flag, a partition that was moved, or a compressed bootmgr end in “BOOTMGR is missing”, “BOOTMGR is \
            compressed” or “A disk read error occurred”, before Windows has a say.
            """,
        codes: [
            ("BootMgr.NoActivePartition", "No partition is active, so BIOS starts none."),
            ("BootMgr.SeveralActive", "More than one partition is active, which boot code refuses."),
            ("BootMgr.BootSector", "The active partition has no boot record of Windows, or a damaged one."),
            ("BootMgr.HiddenSectors", "The boot record believes its partition to be elsewhere on the disk."),
            ("BootMgr.Missing", "bootmgr, or bootmgfw.efi, is not where it is looked for."),
            ("BootMgr.Compressed", "bootmgr is compressed, which the boot record cannot read."),
            ("BootMgr.Encrypted", "bootmgr is encrypted, which the boot record cannot read."),
            ("BootMgr.Damaged", "The file is there, and is not the boot manager."),
        ],
        references: [
            "Microsoft: BCDBoot Command-Line Options", "Microsoft: Bootsect Command-Line Options",
            "D. B. Sedory: Windows 7 Volume Boot Record",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var breaks = WindowsBootBreaks(for: "BootMgr", in: context, of: windows)
        var volumes: [String] = []
        for (path, launches) in context.firmwarePaths(of: windows) {
            if let volume = path.volume, path.loader != nil { volumes.append("\(volume)") }
            for note in path.notes where note.code.hasPrefix("BootMgr.") {
                breaks.add(
                    Finding(
                        note.code, .warning, note.message.asSentence, evidence: [note.evidence],
                        fixes: [WindowsBootFixes(path, windows, context.image).bootFiles],
                        launches: context.scope(launches)))
            }
        }
        guard !volumes.isEmpty || !breaks.findings.isEmpty || !breaks.questions.isEmpty else {
            return .notApplicable("no firmware that is judged comes as far as the boot manager")
        }
        return .judged(
            value: volumes.isEmpty ? nil : volumes.joined(separator: ", "),
            "The firmware finds the boot manager and can start it.", findings: breaks.findings,
            questions: breaks.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the boot manager on the EFI system partition", .windows(), .pass),
            CheckExample("bootmgr on the active partition", .windows { $0.startByBIOS() }, .pass),
            CheckExample(
                "no partition is active",
                .windows {
                    $0.startByBIOS()
                    $0.image.partitions?.partitions[0].active = false
                    $0.breakStart(.bios, "BootMgr.NoActivePartition", "No partition is active.")
                }, .fail, codes: ["BootMgr.NoActivePartition"]),
            CheckExample(
                "bootmgr is compressed",
                .windows {
                    $0.startByBIOS()
                    $0.breakStart(.bios, "BootMgr.Compressed", #"\bootmgr on mbr:1 is compressed."#)
                }, .fail, codes: ["BootMgr.Compressed"]),
            CheckExample(
                "the partition was moved",
                .windows {
                    $0.startByBIOS()
                    $0.breakStart(
                        .bios, "BootMgr.HiddenSectors",
                        "The boot record of mbr:1 believes that it starts at sector 63; it starts at 2048.")
                }, .fail, codes: ["BootMgr.HiddenSectors"]),
            CheckExample(
                "bootmgfw.efi is gone from its own place",
                .windows {
                    $0.windows.boot.uefi.notes = [
                        StructureFinding(
                            code: "BootMgr.Missing", message: #"\EFI\Microsoft\Boot\bootmgfw.efi is missing"#,
                            evidence: Evidence(layer: "gpt:1"))
                    ]
                }, .fail, codes: ["BootMgr.Missing"]),
            CheckExample(
                "the active partition cannot be read",
                .windows {
                    $0.startByBIOS()
                    $0.windows.boot.bios.steps = [
                        BootStep(
                            isFirmware: true, state: .unknown, code: "BootMgr.Unreadable",
                            message: "what is on the active partition cannot be read")
                    ]
                }, .unknown),
        ]
    }
}
