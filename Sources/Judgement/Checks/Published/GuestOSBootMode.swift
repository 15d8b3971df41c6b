import GuestFacts
import Targets

/// `GUESTOS.BootMode`
enum GuestOSBootMode: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.BootMode", title: "Boot mode", link: .firmware,
        summary: "Reports by which firmware the image can be started, from what is installed in it.",
        rationale: """
            The firmware of an instance is chosen when the image is registered. GPT does not mean UEFI and MBR does \
            not mean BIOS: what counts is whether there is boot code or an EFI program to start.
            """,
        codes: [
            ("BootMode.None", "Neither BIOS nor UEFI finds anything to start."),
            (
                "BootMode.NotSupportedByTarget",
                "The image is made for a firmware that the target does not have."
            ),
        ])

    /// A firmware and whether the image has something for it to start.
    private typealias Presence = (firmware: Firmware, isPresent: Answer)

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let both: [Presence]
        let fixes: (Firmware) -> [Fix]
        if let windows = context.windows {
            both = Firmware.allCases.map { ($0, windows.boot.path(for: $0).isPresent) }
            fixes = { [WindowsBootFixes(windows.boot.path(for: $0), windows, context.image).bootFiles] }
        } else if let linux = context.linux {
            both = Firmware.allCases.map { ($0, linux.boot.path(for: $0).isPresent) }
            fixes = { [.installLoader($0, in: linux)] }
        } else {
            return context.withoutLinux
        }
        let present = both.filter { $0.isPresent == .yes }
        let value = present.map { $0.firmware == .bios ? "LEGACY" : "UEFI" }.joined(separator: "+")
        let unknown = both.filter { $0.isPresent == .unknown }
        let used = Set(context.launches.map(\.firmware.rawValue))
        if present.isEmpty, unknown.isEmpty {
            // BOOT.BootLoader says what it means for the launch.
            return .judged(
                findings: [
                    Finding(
                        "BootMode.None", .error,
                        "Neither BIOS nor UEFI finds anything in the image to start.",
                        evidence: [Evidence(layer: "disk")], fixes: fixes(.bios))
                ])
        }
        var questions: [OpenQuestion] = []
        for path in unknown where used.contains(path.firmware.rawValue) {
            questions.append(
                OpenQuestion(
                    "whether \(path.firmware.rawValue) finds something to start could not be found out"))
        }
        let offered = context.target.hardware.firmware[context.system?.architecture ?? "x86_64"]
        var findings: [Finding] = []
        if let offered, unknown.isEmpty,
            !present.contains(where: { path in offered.contains { $0.rawValue == path.firmware.rawValue } })
        {
            let names = offered.map(\.rawValue).joined(separator: ", ")
            findings.append(
                Finding(
                    "BootMode.NotSupportedByTarget", .error,
                    "The image starts by \(value) only, and \(context.target.title) offers \(names) for this"
                        + " architecture.",
                    evidence: [Evidence(layer: "disk")],
                    fixes: offered.compactMap { Firmware(rawValue: $0.rawValue) }.flatMap(fixes)))
        }
        return .info(
            value: value.isEmpty ? nil : value, "The image can be started by \(value).", findings: findings,
            questions: questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("GRUB in the MBR", .example(), .info),
            CheckExample("Windows on an EFI system partition", .windows(), .info),
            CheckExample("Windows on an active partition", .windows { $0.startByBIOS() }, .info),
            CheckExample(
                "Windows without anything to start", .windows { $0.windows.boot.uefi.isPresent = .no }, .fail,
                codes: ["BootMode.None"]),
            CheckExample("an EFI system partition with a loader", .example { $0.startByUEFI() }, .info),
            CheckExample(
                "nothing to start", .example { $0.linux.boot.bios.isPresent = .no }, .fail,
                codes: ["BootMode.None"]),
            CheckExample(
                "a BIOS image for arm64", .example { $0.linux.identity.architecture = "arm64" }, .fail,
                codes: ["BootMode.NotSupportedByTarget"]),
            CheckExample(
                "the first sector could not be read", .example { $0.linux.boot.bios.isPresent = .unknown },
                .unknown),
        ]
    }
}
