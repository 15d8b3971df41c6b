import GuestFacts
import Targets

/// `GUESTOS.Server`
enum GuestOSServer: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Server", title: "Installing drivers", link: .operation,
        summary: """
            Reads DeviceInstallDisabled, the policies that restrict the installation of devices, and whether the \
            services that install them are enabled.
            """,
        rationale: """
            On new hardware Windows installs drivers from its driver store. Where it must not, a network card or a \
            data disk of another kind stays without a driver.
            """,
        codes: [
            ("Server.DeviceInstallDisabled", "Windows must not install drivers for new devices."),
            ("Server.Restricted", "A policy restricts which devices may be installed."),
            ("Server.ServiceDisabled", "A service that installs drivers is disabled."),
        ],
        references: ["ECS: image check items", "Group policy: Device Installation Restrictions"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let installation = windows.drivers.installation
        var questions: [OpenQuestion] = []
        if let gap = installation.gap ?? windows.services.gap { questions.append(OpenQuestion(gap)) }
        var findings = installation.disabled.map { place in
            Finding(
                "Server.DeviceInstallDisabled", .warning,
                "Windows installs no drivers for devices that are new to it.", evidence: [place.evidence],
                fixes: [
                    .registry(
                        "Let Windows install drivers",
                        [
                            .set(
                                key: place.evidence.path ?? "", name: "DeviceInstallDisabled", .dword(0))
                        ])
                ])
        }
        findings += installation.restrictions.map { place in
            Finding(
                "Server.Restricted", .warning,
                "A policy (\(place.value)) restricts which devices may be installed.",
                evidence: [place.evidence],
                fixes: [
                    .registry(
                        "Take the restriction away; a group policy of a domain puts it back",
                        hive: "SOFTWARE",
                        risk: .medium,
                        [.set(key: place.evidence.path ?? "", name: place.value, .dword(0))])
                ])
        }
        for name in ["PlugPlay", "DeviceInstall", "DsmSvc"] {
            guard let service = windows.service(name), service.isDisabled else { continue }
            findings.append(
                Finding(
                    "Server.ServiceDisabled", name == "DsmSvc" ? .warning : .error,
                    "The service \(service.name), which installs drivers, is disabled.",
                    evidence: [service.startEvidence],
                    fixes: [
                        .registry(
                            "Enable \(service.name)", [.set(key: service.key, name: "Start", .dword(3))])
                    ]))
        }
        return .judged(
            value: findings.isEmpty ? "enabled" : "restricted", "Windows installs drivers for new devices.",
            findings: findings, questions: questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing restricts it", .windows(), .pass),
            CheckExample(
                "DeviceInstallDisabled = 1", .windows { $0.blockInstallation() }, .fail,
                codes: ["Server.DeviceInstallDisabled"]),
            CheckExample(
                "a policy denies what is not listed",
                .windows {
                    $0.windows.drivers.installation.restrictions = [
                        Located(
                            "DenyUnspecified",
                            Evidence(
                                path: #"HKLM\SOFTWARE\Policies\Microsoft\Windows\DeviceInstall\Restrictions"#,
                                excerpt: "DenyUnspecified = 1"))
                    ]
                }, .fail, codes: ["Server.Restricted"]),
            CheckExample(
                "Plug and Play is disabled", .windows { $0.addService("PlugPlay", start: 4) }, .fail,
                codes: ["Server.ServiceDisabled"]),
            CheckExample(
                "the policies could not be read",
                .windows { $0.windows.drivers.installation.gap = .example("SOFTWARE") }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}

extension ExampleWindows {
    /// Keeps Windows from installing drivers.
    mutating func blockInstallation() {
        windows.drivers.installation.disabled = [
            Located(
                1,
                Evidence(
                    path: ExampleWindows.services + #"\DeviceInstall\Parameters"#,
                    excerpt: "DeviceInstallDisabled = 1"))
        ]
    }
}
