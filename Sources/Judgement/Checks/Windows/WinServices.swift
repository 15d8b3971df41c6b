import GuestFacts
import Targets

/// `WIN.Services`
enum WinServices: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Services", title: "Essential services", link: .access,
        summary: """
            Looks whether services that network, logon and Remote Desktop rest on are disabled or have lost their \
            files, following what they say they depend on.
            """,
        rationale: """
            Hardening scripts and tuning tools switch services off. Windows still comes up to its logon screen, but \
            without the one service that another needs there is no address, no session or nobody who answers.
            """,
        codes: [
            (
                "Services.Disabled",
                "A service is disabled that network and logon rest on, or that some functions need."
            ),
            ("Services.Missing", "A service that others rest on has no record."),
            ("Services.FileMissing", "The file of a service is not there."),
        ], references: ["Windows: service guidelines for Windows Server"])

    /// Services without which there is no network or nobody gets a session, with the first generation that has
    /// them. nsi tells the DHCP client of the cards there are.
    ///
    /// The descriptions that Windows gives them say so of ProfSvc ("users will no longer be able to successfully
    /// sign in") and LSM ("system instability"); the others are what everything else depends on.
    private static let vital: [(name: String, since: WindowsGeneration, link: LaunchLink)] = [
        ("nsi", .vista, .network), ("DcomLaunch", .ntldr, .access), ("RpcEptMapper", .seven, .access),
        ("RpcSs", .ntldr, .access), ("SamSs", .ntldr, .access), ("LSM", .eight, .access),
        ("ProfSvc", .vista, .access),
    ]

    /// Services whose loss is felt later, and what is lost.
    private static let useful: [(name: String, start: UInt32, loss: String, severity: Severity)] = [
        ("EventLog", 2, "no event is recorded and scheduled tasks do not run", .warning),
        ("Power", 2, "power settings and the power button of the platform do nothing", .warning),
        ("BFE", 2, "firewall and IPsec do not start", .warning),
        ("mpssvc", 2, "the firewall does not start, and features that use it fail", .warning),
        ("Dnscache", 2, "names are resolved slowly or not at all", .warning),
        ("LanmanWorkstation", 2, "network shares cannot be used", .warning),
        ("gpsvc", 2, "policies are not applied and only administrators can log in", .warning),
        ("CryptSvc", 2, "signatures of drivers and updates cannot be checked", .warning),
        ("TrustedInstaller", 3, "updates and roles cannot be installed", .warning),
        ("Winmgmt", 2, "management tools and many agents fail", .warning),
        ("Schedule", 2, "scheduled tasks do not run", .warning),
        ("NlaSvc", 2, "networks are not told apart", .info),
        ("iphlpsvc", 2, "IPv6 transition and some agents fail", .info),
        ("W32Time", 3, "the clock is not set", .info),
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        if let gap = windows.services.gap {
            return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
        }
        let services = WindowsServices(windows)
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        var told: Set<String> = []
        func tell(_ found: WindowsServices.Break, _ link: LaunchLink, start: UInt32) {
            guard told.insert(found.name.lowercased()).inserted else { return }
            let code =
                switch found.fault {
                case .disabled: "Services.Disabled"
                case .missing: "Services.Missing"
                case .noFile: "Services.FileMissing"
                }
            findings.append(
                Finding(
                    code, .error, found.message, evidence: found.evidence,
                    fixes: services.mend(found, start: start), consequence: .unreachable, link: link))
        }
        // WIN.Dhcp speaks about the DHCP client itself.
        if let found = services.firstBreak(of: "Dhcp"), !found.through.isEmpty {
            tell(found, .network, start: isDriver(found.name, windows) ? 1 : 2)
        }
        let generation = windows.identity.generation ?? .seven
        for service in vital where generation >= service.since {
            if let gap = services.doubt(about: service.name), questions.isEmpty {
                questions.append(OpenQuestion(gap, consequence: .unreachable))
            }
            if let found = services.firstBreak(of: service.name) {
                tell(found, service.link, start: isDriver(found.name, windows) ? 1 : 2)
            }
        }
        for service in useful where windows.service(service.name)?.isDisabled ?? false {
            guard let record = windows.service(service.name), told.insert(service.name.lowercased()).inserted
            else { continue }
            findings.append(
                Finding(
                    "Services.Disabled", service.severity,
                    "The service \(record.name) is disabled: \(service.loss).",
                    evidence: [record.startEvidence],
                    fixes: [services.enable(service.name, start: service.start)]))
        }
        judgePlugAndPlay(windows, services, &findings, &questions)
        return .judged(
            "The services that network and logon rest on can start.", findings: findings, questions: questions
        )
    }

    private static func isDriver(_ name: String, _ windows: WindowsFacts) -> Bool {
        windows.service(name)?.isDriver ?? false
    }

    /// Without it nothing new is installed, which a network card is unless it sits where one like it was before.
    private static func judgePlugAndPlay(
        _ windows: WindowsFacts, _ services: WindowsServices, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        guard let found = services.fault(of: "PlugPlay"), found.fault == .disabled else { return }
        findings.append(
            Finding(
                "Services.Disabled", .warning,
                "The service PlugPlay is disabled: new hardware is not installed, not even a network card.",
                evidence: found.evidence, fixes: [services.enable("PlugPlay", start: 3)]))
        questions.append(
            OpenQuestion(
                "whether the network card of the instance works without Plug and Play is not known",
                consequence: .unreachable, link: .network))
    }

    static var examples: [CheckExample] {
        func disabled(_ name: String) -> CheckContext { .windows { $0[service: name].start = 4 } }
        return [
            CheckExample("all there", .windows(), .pass),
            CheckExample("RpcSs is disabled", disabled("RpcSs"), .fail, codes: ["Services.Disabled"]),
            CheckExample(
                "nsi, which the DHCP client needs, is disabled", disabled("nsi"), .fail,
                codes: ["Services.Disabled"]),
            CheckExample(
                "the profile service is disabled", disabled("ProfSvc"), .fail, codes: ["Services.Disabled"]),
            CheckExample(
                "SamSs has no record", .windows { $0.remove(service: "SamSs") }, .fail,
                codes: ["Services.Missing"]),
            CheckExample(
                "the library of the profile service is gone",
                .windows {
                    $0.windows.access.serviceFiles["profsvc"] = ProgramFacts(
                        path: #"C:\Windows\System32\profsvc.dll"#, state: .missing)
                }, .fail, codes: ["Services.FileMissing"]),
            CheckExample(
                "the event log is disabled", disabled("EventLog"), .fail, codes: ["Services.Disabled"]),
            CheckExample(
                "Plug and Play is disabled", disabled("PlugPlay"), .fail, codes: ["Services.Disabled"]),
            CheckExample(
                "a circle of dependencies",
                .windows { $0.windows.access.dependencies["rpcss"] = ["Dhcp", "RpcSs"] }, .pass),
            CheckExample(
                "Windows 7 has no LSM",
                .windows {
                    $0.windows.identity.build = 7601
                    $0.remove(service: "LSM")
                }, .pass),
            CheckExample(
                "the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) },
                .unknown),
        ]
    }
}
