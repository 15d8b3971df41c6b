import GuestFacts
import Targets

/// `BOOT.EfiFallback`
enum BootEfiFallback: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.EfiFallback", title: "EFI loader at the removable path", link: .firmware,
        summary: """
            Looks for EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI on arm64) on the EFI system partition and for what that \
            program needs beside it.
            """,
        rationale: """
            The boot entries of the source machine are in its own memory (NVRAM), not in the image. A new instance \
            has none and starts only the program at the removable path. Without it the instance ends in the \
            firmware's shell or setup.
            """,
        codes: [
            ("EfiFallback.Missing", "There is no program at the removable path."),
            ("EfiFallback.Incomplete", "The program there is shim, without GRUB or fbx64.efi beside it."),
            ("EfiFallback.Invalid", "The file there is not a whole EFI program for this architecture."),
        ],
        references: ["UEFI specification 2.10, 3.5.1.1 Removable media boot behavior"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows { return evaluate(context, windows) }
        guard let linux = context.linux else { return context.withoutLinux }
        guard context.launches.contains(where: { $0.firmware == .uefi }) else {
            return .notApplicable("no launch that is judged starts by UEFI")
        }
        let breaks = BootBreaks(for: .efiFallback, in: context, of: linux)
        if breaks.findings.isEmpty, breaks.questions.isEmpty, linux.boot.uefi.isPresent != .yes {
            return .judged(
                questions: [OpenQuestion("the image has no EFI system partition that could be looked into")])
        }
        return .judged(
            "UEFI finds a loader at the removable path.", findings: breaks.findings,
            questions: breaks.questions)
    }

    /// Windows puts a copy of its boot manager there, which reads the store beside the original.
    private static func evaluate(_ context: CheckContext, _ windows: WindowsFacts) -> CheckOutcome {
        guard context.launches.contains(where: { $0.firmware == .uefi }) else {
            return .notApplicable("no launch that is judged starts by UEFI")
        }
        let breaks = WindowsBootBreaks(for: "EfiFallback", in: context, of: windows)
        guard windows.boot.uefi.isPresent != .no else {
            return .notApplicable("the image has nothing for UEFI to start")
        }
        return .judged(
            "UEFI finds the boot manager of Windows at the removable path.", findings: breaks.findings,
            questions: breaks.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the boot manager of Windows at the removable path", .windows(), .pass),
            CheckExample(
                "the boot manager of Windows is only in EFI/Microsoft",
                .windows {
                    $0.windows.boot.uefi.steps = []
                    $0.breakStart(
                        .uefi, "EfiFallback.Missing",
                        #"\EFI\BOOT\BOOTX64.EFI is missing, and a new instance knows no other loader."#)
                }, .fail, codes: ["EfiFallback.Missing"]),
            CheckExample(
                "another loader at the removable path",
                .windows {
                    $0.windows.boot.uefi.steps = [
                        BootStep(
                            isFirmware: true, state: .unknown, code: "EfiFallback.Foreign",
                            message:
                                "the program there is GRUB, and whether it goes on to Windows is not followed"
                        )
                    ]
                }, .unknown),
            CheckExample("shim and GRUB at the removable path", .example { $0.startByUEFI() }, .pass),
            CheckExample("a BIOS image", .example(), .notApplicable),
            CheckExample(
                "the loader is only in EFI/debian",
                .example {
                    $0.startByUEFI()
                    $0.linux.boot.uefi.steps = [
                        BootStep(
                            isFirmware: true, state: .broken, code: "EfiFallback.Missing",
                            message:
                                "EFI/BOOT/BOOTX64.EFI is missing, and a new instance knows no other loader.",
                            evidence: [Evidence(layer: "gpt:1 › vfat", excerpt: "EFI/debian/shimx64.efi")])
                    ]
                    $0.linux.boot.uefi.entry = nil
                }, .fail, codes: ["EfiFallback.Missing"]),
            CheckExample(
                "the EFI system partition cannot be read",
                .example {
                    $0.startByUEFI()
                    $0.linux.boot.uefi.isPresent = .unknown
                    $0.linux.boot.uefi.steps = []
                }, .unknown),
        ]
    }
}
