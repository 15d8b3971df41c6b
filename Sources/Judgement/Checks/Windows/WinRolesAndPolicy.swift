import GuestFacts
import Targets

/// `WIN.RolesAndPolicy`
enum WinRolesAndPolicy: Check {
    static let metadata = CheckMetadata(
        id: "WIN.RolesAndPolicy", title: "Roles and policies", link: .operation,
        summary: """
            Looks for roles that do not move well (domain controller, cluster, Hyper-V), write filters, policies that \
            keep programs out, security products that guard drivers, virtualization-based security, and a \
            logon password kept in clear.
            """,
        rationale: """
            A write filter throws away at every restart what first boot has set up. Security products and policies \
            keep drivers and agents out that the target needs, often with a stop code at the first start. A copied \
            domain controller or cluster node meets its original. Where virtualization-based security is mandatory, \
            Windows does not start on instances that cannot offer it.
            """,
        codes: [
            ("Roles.WriteFilter", "A write filter discards changes at every restart."),
            ("Roles.DomainController", "The system is a domain controller."),
            ("Roles.Cluster", "The system is a node of a failover cluster."),
            ("Roles.HyperV", "The Hyper-V role is installed."),
            ("Policy.CodeIntegrity", "A policy says which code may run."),
            ("Policy.Programs", "A policy says which programs may run."),
            (
                "Policy.VirtualizationSecurity",
                "Windows does not start without virtualization-based security."
            ),
            ("Policy.SecuritySoftware", "A security product guards drivers and programs."),
            ("Policy.StoredPassword", "The password of an automatic logon is kept in clear."),
            ("Policy.PowerShellOld", "PowerShell is older than the agents of clouds need."),
        ],
        references: [
            "Microsoft: Unified Write Filter", "Microsoft: virtualized domain controllers (USN rollback)",
            "virt-v2v: Windows guests (group policy, antivirus)", "AWS: VM Import, requirements",
            "Microsoft: enable virtualization-based protection of code integrity (Mandatory)",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var review = RolesReview(windows, context)
        review.judge()
        return .judged(
            value: review.roles.isEmpty ? "None" : review.roles.joined(separator: ", "),
            "No role and no policy is in the way.", findings: review.findings, questions: review.questions)
    }

    static var examples: [CheckExample] {
        func protection(_ change: @escaping (inout WindowsProtectionFacts) -> Void) -> CheckContext {
            .windows {
                var facts = WindowsProtectionFacts()
                change(&facts)
                $0.windows.system.protection = .known(facts)
            }
        }
        func policies(_ change: @escaping (inout WindowsPolicyFacts) -> Void) -> CheckContext {
            .windows {
                var facts = WindowsPolicyFacts()
                change(&facts)
                $0.windows.system.policies = .known(facts)
            }
        }
        let guarding = #"HKLM\SYSTEM\ControlSet001\Control\DeviceGuard"#
        return [
            CheckExample("a plain server", .windows(), .pass),
            CheckExample(
                "the Unified Write Filter is on",
                .windows {
                    $0.addDriver("uwfvol")
                    var facts = WindowsProtectionFacts()
                    facts.unifiedWriteFilter = Located(
                        1,
                        Evidence(
                            path: ExampleWindows.services + #"\uwfvol\Parameters\Static\Copy0"#,
                            excerpt: "UwfEnabled = 1"))
                    $0.windows.system.protection = .known(facts)
                }, .fail, codes: ["Roles.WriteFilter"]),
            CheckExample(
                "the Unified Write Filter is installed and off",
                .windows {
                    $0.addDriver("uwfvol")
                    var facts = WindowsProtectionFacts()
                    facts.unifiedWriteFilter = Located(0, Evidence(path: "UwfEnabled"))
                    $0.windows.system.protection = .known(facts)
                }, .pass),
            CheckExample(
                "a domain controller",
                .windows {
                    $0.windows.identity.productType = "LanmanNT"
                    $0.addService("NTDS")
                }, .fail, codes: ["Roles.DomainController"]),
            CheckExample(
                "a cluster node", .windows { $0.addService("ClusSvc") }, .fail, codes: ["Roles.Cluster"]),
            CheckExample("Hyper-V", .windows { $0.addService("vmms") }, .fail, codes: ["Roles.HyperV"]),
            CheckExample(
                "an antivirus product", .windows { $0.addDriver("SymEFASI") }, .fail,
                codes: ["Policy.SecuritySoftware"]),
            CheckExample(
                "a code integrity policy",
                .windows {
                    $0.windows.system.codePolicy = .known(
                        Evidence(path: #"C:\Windows\System32\CodeIntegrity\SiPolicy.p7b"#))
                }, .fail, codes: ["Policy.CodeIntegrity"]),
            CheckExample(
                "AppLocker",
                policies {
                    $0.programRules = Evidence(
                        path: #"HKLM\SOFTWARE\Policies\Microsoft\Windows\SrpV2\Exe"#,
                        excerpt: "EnforcementMode = 1")
                }, .fail, codes: ["Policy.Programs"]),
            CheckExample(
                "a password in clear",
                policies {
                    $0.storedPassword = Evidence(
                        path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"#,
                        excerpt: "AutoAdminLogon = 1, DefaultPassword is set")
                }, .fail, codes: ["Policy.StoredPassword"]),
            CheckExample(
                "virtualization-based security is mandatory",
                protection {
                    $0.virtualizationBased = Evidence(
                        path: guarding, excerpt: "EnableVirtualizationBasedSecurity = 1")
                    $0.isMandatory = Evidence(path: guarding, excerpt: "Mandatory = 1")
                }, .fail, codes: ["Policy.VirtualizationSecurity"]),
            CheckExample(
                "virtualization-based security where there is any",
                protection {
                    $0.virtualizationBased = Evidence(
                        path: guarding, excerpt: "EnableVirtualizationBasedSecurity = 1")
                }, .pass),
            CheckExample(
                "PowerShell 2",
                policies {
                    $0.powerShell = Located(
                        "2.0",
                        Evidence(
                            path: #"HKLM\SOFTWARE\Microsoft\PowerShell\1\PowerShellEngine"#,
                            excerpt: "PowerShellVersion = 2.0"))
                }, .fail, codes: ["Policy.PowerShellOld"]),
            CheckExample(
                "the services cannot be read",
                .windows { $0.windows.services = .unknown(.example(#"C:\Windows\System32\config\SYSTEM"#)) },
                .unknown),
            CheckExample(
                "the policies cannot be read",
                .windows {
                    $0.windows.system.policies = .unknown(.example(#"C:\Windows\System32\config\SOFTWARE"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
