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
        codes: [
            ("Console.NoSerial", "The kernel command line does not name the serial port."),
            ("Console.NoLogin", "Nobody can log in on the serial port."),
            ("Console.XenLogin", "A login is kept running on a console that only Xen has."),
        ],
        references: ["kernel documentation: admin-guide/serial-console", "inittab(5)", "securetty(5)"])

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
        findings += logins(linux, on: device)
        return .judged(
            value: survey.ways.first?.entry.commandLine.last("console"),
            "The kernel writes to the serial port.",
            findings: findings, questions: survey.questions)
    }

    /// systemd starts a login on every console of the kernel by itself; other inits are told.
    private static func logins(_ linux: LinuxFacts, on device: String) -> [Finding] {
        let facts = linux.initSystem
        var findings: [Finding] = []
        for terminal in facts.terminals where ["xvc0", "hvc0"].contains(terminal.value) {
            findings.append(
                Finding(
                    "Console.XenLogin", .warning,
                    "init keeps starting a login on \(terminal.value), which does not exist here.",
                    evidence: [terminal.evidence],
                    fixes: [.edit("Take the line away", terminal.evidence, to: nil)]))
        }
        guard !facts.isSystemd, facts.program.value?.value != .other else { return findings }
        if !facts.terminals.contains(where: { $0.value == device }) {
            // Red Hat 6 starts one on the kernel's console through udev.
            if linux.services.units["serial-getty@\(device).service"]?.starts != .no { return findings }
            findings.append(
                Finding(
                    "Console.NoLogin", .info, "No login is started on \(device).",
                    evidence: [Evidence(path: "/etc/inittab", excerpt: "no getty on \(device)")],
                    fixes: [login(linux, on: device)]))
        } else if let secure = facts.secureTerminals, !secure.value.contains(device) {
            findings.append(
                Finding(
                    "Console.NoLogin", .info, "root may not log in on \(device).",
                    evidence: [secure.evidence],
                    fixes: [
                        Fix(
                            "Allow root on \(device)", kind: .autoEdit,
                            commands: ["echo \(device) >> /etc/securetty"])
                    ]))
        }
        return findings
    }

    private static func login(_ linux: LinuxFacts, on device: String) -> Fix {
        let line: String
        switch linux.initSystem.program.value?.value {
        case .upstart:
            line =
                "printf 'start on stopped rc RUNLEVEL=[2345]\\nstop on runlevel [!2345]\\nrespawn\\n"
                + "exec /sbin/getty -L 115200 \(device) vt102\\n' > /etc/init/\(device).conf"
        case .busybox:
            line = "echo '\(device)::respawn:/sbin/getty -L 115200 \(device) vt100' >> /etc/inittab"
        default:
            let program = linux.identity.family == .debian ? "getty -L" : "agetty -L"
            line = "echo 'S0:2345:respawn:/sbin/\(program) \(device) 115200 vt102' >> /etc/inittab"
        }
        return Fix("Start a login on \(device)", kind: .autoEdit, commands: [line])
    }

    static var examples: [CheckExample] {
        func sysv(_ terminals: [String], secure: [String]? = nil) -> CheckContext {
            .example {
                $0.linux.initSystem.program = .known(Located(.sysv, Evidence(path: "/sbin/init")))
                $0.linux.initSystem.terminals = terminals.map {
                    Located(
                        $0,
                        Evidence(
                            path: "/etc/inittab", line: 40, excerpt: "co:2345:respawn:/sbin/agetty \($0)"))
                }
                $0.linux.services.units["serial-getty@ttyS0.service"] = UnitFacts(
                    name: "serial-getty@ttyS0.service",
                    state: terminals.contains("ttyS0") ? .enabled : .missing,
                    starts: terminals.contains("ttyS0") ? .yes : .no)
                $0.linux.initSystem.secureTerminals = secure.map {
                    Located($0, Evidence(path: "/etc/securetty"))
                }
            }
        }
        return [
            CheckExample("inittab has a login on ttyS0", sysv(["tty1", "ttyS0"]), .pass),
            CheckExample(
                "inittab has none on ttyS0", sysv(["tty1"]), .fail, codes: ["Console.NoLogin"]),
            CheckExample(
                "securetty does not name ttyS0", sysv(["tty1", "ttyS0"], secure: ["tty1"]), .fail,
                codes: ["Console.NoLogin"]),
            CheckExample(
                "a login on Xen's console is left over", sysv(["ttyS0", "xvc0"]), .fail,
                codes: ["Console.XenLogin"]),
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
