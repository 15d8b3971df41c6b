import GuestFacts
import Targets

/// `BOOT.Console`
enum BootConsole: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.Console", title: "Serial console", link: .operation,
        summary:
            "Looks whether the kernel of the default entry also writes to the serial port of the target.",
        rationale: """
            The platform shows the serial port as the console log. A guest that writes nothing there boots just as \
            well, but when something goes wrong nobody sees what.
            """,
        codes: [("Console.NoSerial", "The kernel command line does not name the serial port.")],
        references: ["kernel documentation: admin-guide/serial-console"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let architecture = linux.identity.architecture ?? "x86_64"
        guard let device = context.target.hardware.consoles[architecture] else {
            return .notApplicable("the target has no serial console for this architecture")
        }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        for way in survey.ways where !way.stopsAtKernel {
            let consoles = way.entry.commandLine.all("console")
            if consoles.contains(where: { $0 == device || $0.hasPrefix("\(device),") }) { continue }
            // Without any console=, arm64 takes the port that the firmware names (SPCR).
            if consoles.isEmpty, architecture == "arm64" { continue }
            findings.append(
                Finding(
                    "Console.NoSerial", context.target.rules.consoleExpected ? .warning : .info,
                    "The console log of the platform stays empty: no console=\(device).",
                    evidence: [way.entry.commandLine.evidence],
                    fixes: [
                        .commandLine(
                            adding: context.target.hardware.consoleParameters(for: architecture),
                            "Write to the serial port as well",
                            in: linux)
                    ], launches: context.scope(way.launches)))
        }
        return .judged(
            value: survey.ways.first?.entry.commandLine.last("console"),
            "The kernel writes to the serial port.",
            findings: findings, questions: survey.questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("console=tty0 console=ttyS0,115200n8", .example(), .pass),
            CheckExample(
                "console=tty0 only", .example { $0.commandLine("ro console=tty0") }, .fail,
                codes: ["Console.NoSerial"]),
            CheckExample(
                "no console=", .example { $0.commandLine("ro quiet") }, .fail, codes: ["Console.NoSerial"]),
            CheckExample(
                "console=tty0 only, where the console log is all there is",
                .example {
                    $0.target.rules.consoleExpected = true
                    $0.commandLine("ro console=tty0")
                }, .fail, codes: ["Console.NoSerial"]),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
