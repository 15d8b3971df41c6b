import GuestFacts
import Targets

/// `BOOT.BootLoader`
enum BootBootLoader: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.BootLoader", title: "Boot loader", link: .firmware,
        summary: """
            Follows what the firmware does with the disk: the boot code of the first sector and the core image it \
            leads to, or the EFI system partition and the program on it.
            """,
        rationale: """
            A configured boot loader is not an installed one: tools that copy partitions or files leave the boot \
            code behind. The instance then stays at "no bootable device" with nothing on its console.
            """,
        codes: [
            (
                "BootLoader.NotInstalled",
                "There is no boot code, or no EFI program, for the firmware to start."
            ),
            ("BootLoader.NoSignature", "The first sector does not end in 55 AA, so BIOS does not start it."),
            (
                "BootLoader.CoreMissing",
                "The boot code leads to sectors that do not hold the rest of the loader: GRUB's core image, stage 2, "
                    + "ldlinux.sys."
            ),
            (
                "BootLoader.NoActivePartition",
                "The boot code starts the active partition, and none is marked as active."
            ),
            (
                "BootLoader.SeveralActive",
                "The boot code starts the active partition, and refuses because several are marked."
            ),
            ("BootLoader.RecordMissing", "The active partition has no boot record that starts anything."),
            (
                "BootLoader.OtherDrive",
                "The boot code loads GRUB from a drive that a new instance does not have."
            ),
            ("BootLoader.EfiLoaderMissing", "The EFI program looks for a second one that is not there."),
            ("BootLoader.EfiLoaderInvalid", "The EFI program is damaged or made for another architecture."),
            ("BootLoader.Broken", "The firmware cannot start the loader for another reason."),
        ],
        references: [
            "GNU GRUB manual, 4.4 BIOS installation", "UEFI specification 2.10, 3.5 Boot mechanisms",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows { return evaluate(context, windows) }
        guard let linux = context.linux else { return context.withoutLinux }
        let breaks = BootBreaks(for: .bootLoader, in: context, of: linux)
        var findings = breaks.findings
        var questions = breaks.questions
        var loaders: [String] = []
        for (path, launches) in context.firmwarePaths(of: linux) {
            if let loader = path.loader, !loaders.contains(loader) { loaders.append(loader) }
            let isTold = path.steps.contains { $0.state == .broken }
            if path.isPresent == .no, !isTold {
                findings.append(
                    Finding(
                        "BootLoader.NotInstalled", .error,
                        path.firmware == .bios
                            ? "The disk has no boot code that BIOS could start."
                            : "No EFI system partition with a loader was found, so UEFI has nothing to start.",
                        evidence: [Evidence(layer: "disk", offset: path.firmware == .bios ? 0 : nil)],
                        fixes: [.installLoader(path.firmware, in: linux)], consequence: .stopsBoot,
                        launches: context.scope(launches)))
            } else if path.isPresent == .unknown, !isTold,
                !path.steps.contains(where: { $0.state == .unknown })
            {
                questions.append(
                    OpenQuestion(
                        "whether the image has a boot loader for \(path.firmware.rawValue) could not be found out",
                        consequence: .stopsBoot, launches: context.scope(launches)))
            }
        }
        return .judged(
            value: loaders.isEmpty ? nil : loaders.joined(separator: ", "),
            "The firmware finds a boot loader and can start it.", findings: findings, questions: questions)
    }

    private static func evaluate(_ context: CheckContext, _ windows: WindowsFacts) -> CheckOutcome {
        var breaks = WindowsBootBreaks(for: "BootLoader", in: context, of: windows)
        var loaders: [String] = []
        for (path, launches) in context.firmwarePaths(of: windows) {
            if let loader = path.loader, !loaders.contains(loader) { loaders.append(loader) }
            if path.isPresent == .no, path.breakStep == nil {
                breaks.add(
                    Finding(
                        "BootLoader.NotInstalled", .error,
                        path.firmware == .bios
                            ? "The disk has nothing that BIOS could start."
                            : "No EFI system partition with a loader was found, so UEFI has nothing to start.",
                        evidence: [Evidence(layer: "disk", offset: path.firmware == .bios ? 0 : nil)],
                        fixes: [WindowsBootFixes(path, windows, context.image).bootFiles],
                        consequence: .stopsBoot,
                        launches: context.scope(launches)))
            } else if path.isPresent == .unknown, path.breakStep == nil,
                !path.steps.contains(where: { $0.state == .unknown })
            {
                breaks.ask(
                    OpenQuestion(
                        "whether the image has a boot loader for \(path.firmware.rawValue) could not be found out",
                        consequence: .stopsBoot, launches: context.scope(launches)))
            }
        }
        return .judged(
            value: loaders.isEmpty ? nil : loaders.joined(separator: ", "),
            "The firmware finds a boot loader and can start it.", findings: breaks.findings,
            questions: breaks.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the boot manager of Windows", .windows(), .pass),
            CheckExample(
                "the boot code of a Windows disk is zeroed",
                .windows {
                    $0.startByBIOS()
                    $0.windows.boot.bios.steps = []
                    $0.breakStart(.bios, "BootLoader.NotInstalled", "The first sector holds no boot code.")
                }, .fail, codes: ["BootLoader.NotInstalled"]),
            CheckExample(
                "a Windows disk for UEFI, to be started by BIOS",
                .windows { $0.launches = [ExampleWindows.virtioBIOS] }, .fail,
                codes: ["BootLoader.NotInstalled"]),
            CheckExample("GRUB in the MBR and its core image behind it", .example(), .pass),
            CheckExample(
                "the boot code is zeroed",
                .example {
                    $0.linux.boot.bios.isPresent = .no
                    $0.linux.boot.bios.steps = []
                    $0.linux.boot.bios.entry = nil
                }, .fail, codes: ["BootLoader.NotInstalled"]),
            CheckExample(
                "the sectors after the MBR are overwritten",
                .example {
                    $0.linux.boot.bios.steps = [
                        BootStep(
                            isFirmware: true, state: .broken, code: "BootLoader.CoreMissing",
                            message: "Sector 1 does not hold GRUB's core image.",
                            evidence: [Evidence(layer: "mbr", offset: 512)])
                    ]
                    $0.linux.boot.bios.entry = nil
                }, .fail, codes: ["BootLoader.CoreMissing"]),
            CheckExample(
                "extlinux is installed, and no partition is active",
                .example {
                    $0.linux.boot.bios.loader = nil
                    $0.linux.boot.bios.steps = [
                        BootStep(
                            isFirmware: true, state: .broken, code: "BootLoader.NoActivePartition",
                            message: "The boot code starts the active partition, and no partition is active.",
                            evidence: [Evidence(layer: "disk", offset: 0)])
                    ]
                    $0.linux.boot.bios.entry = nil
                }, .fail, codes: ["BootLoader.NoActivePartition"]),
            CheckExample(
                "the sectors cannot be read",
                .example {
                    $0.linux.boot.bios.steps = [
                        BootStep(isFirmware: true, state: .unknown, message: "Sector 1 could not be read.")
                    ]
                }, .unknown),
        ]
    }
}
