import GuestFacts
import Targets

/// `GUESTOS.RtcTimeMode`
enum GuestOSRtcTimeMode: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.RtcTimeMode", title: "Hardware clock in UTC", link: .operation,
        summary: "Looks whether the guest takes the hardware clock for UTC.",
        rationale: """
            The hardware clock of an instance is in UTC. A guest that takes it for local time is hours off until its \
            time service has corrected it: certificates are not valid yet, tokens are expired.
            """,
        codes: [
            ("Rtc.Local", "The guest takes the hardware clock for local time."),
            ("Rtc.Conflict", "Two files say different things about the hardware clock."),
        ],
        references: ["adjtime(5)", "hwclock(8)", "timedatectl(1)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        switch linux.operation.rtcInUTC {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let utc) where utc.value:
            let conflict = linux.operation.rtcConflict.map { other in
                Finding(
                    "Rtc.Conflict", .warning,
                    "\(other.evidence.path ?? "Another file") says that the hardware clock is in local time.",
                    evidence: [utc.evidence, other.evidence],
                    fixes: [.edit("Set it to UTC", other.evidence, to: utcLine(other.evidence.excerpt))])
            }
            return .judged(
                value: "UTC", "The hardware clock is in UTC.", findings: conflict.map { [$0] } ?? [],
                evidence: [utc.evidence])
        case .known(let local):
            let isSystemd = linux.initSystem.program.value?.value == .systemd
            var fixes = [
                Fix(
                    "Set it to UTC", where: .online, kind: .online,
                    commands: [isSystemd ? "timedatectl set-local-rtc 0" : "hwclock --systohc --utc"])
            ]
            if local.evidence.line != nil {
                fixes.insert(
                    .edit("Set it to UTC", local.evidence, to: utcLine(local.evidence.excerpt)), at: 0)
            }
            return .judged(
                value: "LOCAL",
                findings: [
                    Finding(
                        "Rtc.Local", mustBeUTC(context, linux) ? .error : .warning,
                        "The guest takes the hardware clock for local time.",
                        evidence: [local.evidence], fixes: fixes)
                ])
        }
    }

    /// Whether the target says that the clock of this architecture is in UTC.
    private static func mustBeUTC(_ context: CheckContext, _ linux: LinuxFacts) -> Bool {
        linux.identity.architecture.map(context.target.rules.utcClock.contains) ?? false
    }

    /// The line of the file it was read from, which differs from family to family.
    private static func utcLine(_ line: String?) -> String {
        guard let line, let equals = line.firstIndex(of: "=") else { return "UTC" }
        let key = line[..<equals]
        switch key {
        case "HWCLOCK": return "HWCLOCK=\"-u\""
        case "clock": return "clock=\"UTC\""
        case "UTC": return line.contains("yes") || line.contains("no") ? "UTC=yes" : "UTC=true"
        default: return line
        }
    }

    static var examples: [CheckExample] {
        let line = Evidence(path: "/etc/adjtime", line: 3, excerpt: "LOCAL")
        return [
            CheckExample("no /etc/adjtime means UTC", .example(), .pass),
            CheckExample(
                "LOCAL in /etc/adjtime",
                .example { $0.linux.operation.rtcInUTC = .known(Located(false, line)) }, .fail,
                codes: ["Rtc.Local"]),
            CheckExample(
                "UTC in the file of the family, LOCAL in the other",
                .example {
                    let first = Evidence(path: "/etc/sysconfig/clock", line: 2, excerpt: "UTC=true")
                    $0.linux.operation.rtcInUTC = .known(Located(true, first))
                    $0.linux.operation.rtcConflict = Located(false, line)
                }, .fail, codes: ["Rtc.Conflict"]),
            CheckExample(
                "LOCAL on arm64, where the clock is in UTC",
                .example {
                    $0.linux.identity.architecture = "arm64"
                    $0.linux.operation.rtcInUTC = .known(Located(false, line))
                }, .fail, codes: ["Rtc.Local"]),
            CheckExample(
                "/etc/adjtime could not be read",
                .example { $0.linux.operation.rtcInUTC = .unknown(.example("/etc/adjtime")) }, .unknown),
        ]
    }
}
