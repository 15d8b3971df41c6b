import GuestFacts
import Targets

/// `WIN.RtcTimeMode`
enum WinRtcTimeMode: Check {
    static let metadata = CheckMetadata(
        id: "WIN.RtcTimeMode", title: "Hardware clock of Windows", link: .operation,
        summary: "Reports whether Windows takes the hardware clock for UTC or for local time.",
        rationale: """
            Windows takes the hardware clock for local time unless it is told otherwise. Clouds that know an image \
            as Windows mostly set the clock that way; others keep it in UTC, and the guest is hours off until its \
            time service has corrected it. A target that wants UTC says so with a severity for Rtc.LocalTime.
            """,
        codes: [
            ("Rtc.LocalTime", "Windows takes the hardware clock for local time, and the target keeps UTC.")
        ],
        references: ["Azure: prepare a Windows VHD to upload", "Google Cloud: importing virtual disks"])

    private static let code = "Rtc.LocalTime"

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        switch windows.system.rtcInUTC {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let utc) where utc.value:
            return .info(value: "UTC", "Windows takes the hardware clock for UTC.", evidence: [utc.evidence])
        case .known(let local):
            let text = "Windows takes the hardware clock for local time."
            let rules = context.target.rules.severities
            guard let wanted = rules[code] ?? rules[metadata.id], let severity = Severity(rawValue: wanted)
            else {
                return .info(value: "Local", text, evidence: [local.evidence])
            }
            let key = #"HKLM\SYSTEM\"# + windows.controlSetName + #"\Control\TimeZoneInformation"#
            return .judged(
                value: "Local",
                findings: [
                    Finding(
                        code, severity, text + " \(context.target.title) keeps it in UTC.",
                        evidence: [local.evidence],
                        fixes: [
                            .registry(
                                "Take the hardware clock for UTC",
                                [.set(key: key, name: "RealTimeIsUniversal", .dword(1))])
                        ])
                ])
        }
    }

    static var examples: [CheckExample] {
        func local(_ example: inout ExampleWindows) {
            example.windows.system.rtcInUTC = .known(
                Located(
                    false,
                    Evidence(
                        path: #"HKLM\SYSTEM\ControlSet001\Control\TimeZoneInformation"#,
                        excerpt: "RealTimeIsUniversal is absent")))
        }
        return [
            CheckExample("UTC", .windows(), .info),
            CheckExample("local time", .windows(local), .info),
            CheckExample(
                "local time where UTC is wanted",
                .windows {
                    local(&$0)
                    $0.target.rules.severities["Rtc.LocalTime"] = "warning"
                }, .fail, codes: ["Rtc.LocalTime"]),
            CheckExample(
                "the value cannot be read",
                .windows {
                    $0.windows.system.rtcInUTC = .unknown(.example(#"C:\Windows\System32\config\SYSTEM"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
