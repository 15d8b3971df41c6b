import GuestFacts
import Targets

/// `GUESTOS.OSLoader`
enum GuestOSOSLoader: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.OSLoader", title: "Loader and kernel of Windows", link: .bootloader,
        summary: """
            Looks at the loader that the default entry names, winload.exe for BIOS or winload.efi for UEFI, and at the \
            kernel and HAL it loads.
            """,
        rationale: """
            The boot manager starts the loader that the entry names and no other. Without it, or with the one for the \
            other firmware, the start ends with 0xC000000E, 0xC000000F or 0xC0000225.
            """,
        codes: [
            ("OSLoader.Missing", "The loader that the entry names is not there."),
            ("OSLoader.WrongFirmware", "The entry names the loader of the other firmware."),
            ("OSLoader.WrongArchitecture", "The loader is for another processor than the kernel."),
            ("OSLoader.Damaged", "The loader is no program, or shorter than its headers say."),
            ("OSLoader.KernelMissing", "The kernel or the HAL is not there."),
            ("OSLoader.KernelWrongArchitecture", "The HAL is for another processor than the kernel."),
            ("OSLoader.KernelDamaged", "The kernel or the HAL is no program, or cut short."),
        ],
        references: ["Microsoft: Boot and UEFI (Windows Driver Kit)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var breaks = WindowsBootBreaks(for: "OSLoader", in: context, of: windows)
        var loaders: [String] = []
        for (path, launches) in context.firmwarePaths(of: windows) {
            if let loader = path.entry?.loader, loader.state == .good { loaders.append(loader.path) }
            guard let step = path.breakStep else { continue }
            if step.code == "BCD.FirmwareMismatch" {
                breaks.add(
                    Finding(
                        "OSLoader.WrongFirmware", .error, step.message, evidence: step.evidence,
                        fixes: WindowsBootFixes(path, windows, context.image).fixes(for: step.code),
                        consequence: .stopsBoot, launches: context.scope(launches)))
            } else if !step.code.hasPrefix("OSLoader."), path.entry?.loader == nil {
                // What stops the way is said by the item it belongs to.
                breaks.ask(
                    OpenQuestion(
                        "which loader \(path.firmware.rawValue) would come to is not known, because the way to it is broken",
                        launches: context.scope(launches)))
            }
        }
        guard !loaders.isEmpty || !breaks.findings.isEmpty || !breaks.questions.isEmpty else {
            return .notApplicable("no firmware that is judged comes as far as a loader")
        }
        return .judged(
            value: loaders.first, "The loader that the default entry names is there and can be started.",
            findings: breaks.findings, questions: breaks.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("winload.efi of the kernel's architecture", .windows(), .pass),
            CheckExample("winload.exe", .windows { $0.startByBIOS() }, .pass),
            CheckExample(
                "winload.efi is missing",
                .windows {
                    $0.breakStart(
                        .uefi, "OSLoader.Missing",
                        #"C:\Windows\System32\winload.efi, the loader, is missing on gpt:3."#)
                    $0.windows.boot.uefi.store?.entry?.loader?.state = .missing
                }, .fail, codes: ["OSLoader.Missing"]),
            CheckExample(
                "winload.efi is cut short",
                .windows {
                    $0.breakStart(
                        .uefi, "OSLoader.Damaged",
                        #"C:\Windows\System32\winload.efi, the loader, is cut short."#)
                    $0.windows.boot.uefi.store?.entry?.loader?.state = .truncated
                }, .fail, codes: ["OSLoader.Damaged"]),
            CheckExample(
                "the entry of a disk converted to UEFI still names winload.exe",
                .windows {
                    $0.breakStart(
                        .uefi, "BCD.FirmwareMismatch",
                        #"The entry that starts by itself names \Windows\system32\winload.exe, a loader for BIOS."#
                    )
                    $0.windows.boot.uefi.store?.entry?.loader = nil
                }, .fail, codes: ["OSLoader.WrongFirmware"]),
            CheckExample(
                "the kernel is missing",
                .windows {
                    $0.breakStart(
                        .uefi, "OSLoader.KernelMissing",
                        #"C:\Windows\System32\ntoskrnl.exe, the kernel, is missing on gpt:3."#)
                }, .fail, codes: ["OSLoader.KernelMissing"]),
            CheckExample(
                "the way ends before it",
                .windows {
                    $0.breakStart(.uefi, "BCD.Missing", "The store is missing.")
                    $0.windows.boot.uefi.store?.entry = nil
                }, .unknown),
        ]
    }
}
