import GuestFacts
import Targets

/// `GUESTOS.DesktopConfig`
enum GuestOSDesktopConfig: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.DesktopConfig", title: "Desktop configuration", link: .operation,
        summary: "Looks for desktop.ini on the public desktop and on that of the administrator.",
        rationale: "Without it the folder has its plain name and icon; nothing else is lost.",
        codes: [("DesktopConfig.Missing", "No desktop has a desktop.ini.")],
        references: ["ECS: image check items (GUESTOS.DesktopConfig)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        guard !windows.identity.isCore else {
            return .notApplicable("\(windows.identity.name) Core has no desktop")
        }
        switch windows.agents.desktopFiles {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let files) where !files.isEmpty:
            return .judged(
                value: "Present", "A desktop.ini is there.", evidence: files.map { Evidence(path: $0) })
        case .known:
            let path = #"C:\Users\Public\Desktop\desktop.ini"#
            return .judged(
                value: "Missing",
                findings: [
                    Finding(
                        "DesktopConfig.Missing", .info, "No desktop has a desktop.ini.",
                        evidence: [Evidence(path: path, excerpt: "absent")],
                        fixes: [
                            Fix(
                                "Put one in place", kind: .autoEdit,
                                edit: .init(
                                    path: path,
                                    new:
                                        "[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\system32\\shell32.dll,-21799\r\n"
                                ))
                        ])
                ])
        }
    }

    static var examples: [CheckExample] {
        [
            CheckExample("on the public desktop", .windows(), .pass),
            CheckExample(
                "nowhere", .windows { $0.windows.agents.desktopFiles = .known([]) }, .fail,
                codes: ["DesktopConfig.Missing"]),
            CheckExample(
                "Server Core", .windows { $0.windows.identity.installationType = "Server Core" },
                .notApplicable),
            CheckExample(
                "the desktops could not be read",
                .windows { $0.windows.agents.desktopFiles = .unknown(.example("C:\\Users")) }, .unknown),
        ]
    }
}
