import GuestFacts
import Targets

/// Roles, filters and policies of a Windows, with what each does to a launch.
struct RolesReview {
    private let windows: WindowsFacts
    private let context: CheckContext
    private(set) var findings: [Finding] = []
    private(set) var questions: [OpenQuestion] = []
    /// What the system is, for the report: `Domain controller`.
    private(set) var roles: [String] = []

    /// Services and drivers of security products that guard drivers and programs, in lower case. Microsoft's own
    /// come with Windows and let its installer through.
    private static let securityProducts: [(product: String, services: Set<String>)] = [
        ("Symantec", ["symefasi", "symefa", "symds", "srtsp", "symelam", "sepmasterservice"]),
        ("McAfee or Trellix", ["mfehidk", "mfewfpk", "mfeelamk", "masvc", "mfefire"]),
        ("Trend Micro", ["tmcomm", "tmevtmgr", "tmactmon", "tmprefilter", "ds_agent", "ntrtscan"]),
        ("Sophos", ["savonaccess", "sophosed", "sophosel", "sophos endpoint defense service"]),
        ("Kaspersky", ["klif", "klelam", "kl1", "avp", "klflt"]),
        ("ESET", ["eamonm", "ehdrv", "eelam", "ekrn"]),
        ("CrowdStrike", ["csagent", "csboot", "csdevicecontrol"]),
        ("SentinelOne", ["sentinelmonitor", "sentinelelam", "sentinelagent"]),
        ("Carbon Black", ["carbonblackk", "cbk7", "parity", "cbelam"]),
        ("Bitdefender", ["trufos", "bdelam", "atc", "epsecurityservice"]),
        ("Palo Alto Cortex", ["cyvrmtgn", "tedrdrv", "cyserver"]),
        ("360", ["360fsflt", "360box64", "360rp", "zhudongfangyu"]),
        ("Tencent", ["qqpcrtp", "tsdefensebt", "tsksp"]),
        ("SafeDog", ["safedogguardcenter", "sdfilter"]),
    ]

    init(_ windows: WindowsFacts, _ context: CheckContext) {
        self.windows = windows
        self.context = context
    }

    mutating func judge() {
        if let gap = windows.services.gap {
            questions.append(OpenQuestion(gap))
        } else {
            judgeFilters()
            judgeRoles()
            judgeSecuritySoftware()
            if let gap = windows.servicesGap { questions.append(OpenQuestion(gap)) }
        }
        judgeProtection()
        judgeCodePolicy()
        judgePolicies()
    }

    private func key(_ path: String) -> String { #"HKLM\SYSTEM\"# + windows.controlSetName + "\\" + path }

    /// A service or driver that is there and starts.
    private func active(_ name: String) -> WindowsService? {
        windows.service(name).flatMap { $0.isDisabled || $0.isMarkedForDeletion ? nil : $0 }
    }

    // MARK: Services

    /// No fix in the registry is offered: a filter that is taken out of the start by force may be one that a
    /// volume waits for.
    private mutating func judgeFilters() {
        if let filter = active("uwfvol"), filter.effectiveStart == 0,
            case .known(let facts) = windows.system.protection
        {
            let command = "uwfmgr.exe filter disable"
            if let value = facts.unifiedWriteFilter {
                if value.value != 0 {
                    add(
                        "Roles.WriteFilter", .warning,
                        "The Unified Write Filter is on: what first boot sets up is gone after the next restart.",
                        [value.evidence], [RolesReview.switchOff(command)], consequence: .notReady)
                }
            } else {
                mayDiscard("The Unified Write Filter", filter, command)
            }
        }
        for (name, title, command) in [
            ("ewf", "The Enhanced Write Filter", "ewfmgr c: -disable"),
            ("fbwf", "The File-Based Write Filter", "fbwfmgr /disable"),
        ] {
            guard let filter = active(name), filter.effectiveStart == 0 else { continue }
            mayDiscard(title, filter, command)
        }
    }

    private mutating func mayDiscard(_ title: String, _ filter: WindowsService, _ command: String) {
        add(
            "Roles.WriteFilter", .warning,
            "\(title) starts with the system: it may discard what first boot sets up.",
            [filter.startEvidence], [RolesReview.switchOff(command)])
        questions.append(
            OpenQuestion(
                "\(title) is installed; whether it discards changes is not known", consequence: .notReady))
    }

    private static func switchOff(_ command: String) -> Fix {
        Fix("Switch it off in the source", where: .online, kind: .online, commands: [command])
    }

    private mutating func judgeRoles() {
        if windows.identity.isDomainController {
            roles.append("Domain controller")
            let evidence = Evidence(path: key(#"Control\ProductOptions"#), excerpt: "ProductType = LanmanNT")
            add(
                "Roles.DomainController", .warning,
                "The system is a domain controller: a second copy beside the first, or an old one, breaks replication"
                    + " (USN rollback). It cannot be generalised.",
                [evidence] + (windows.service("NTDS").map { [$0.startEvidence] } ?? []),
                [
                    .byHand(
                        "Install a new domain controller on the target and let it replicate, or move this one"
                            + " with the original switched off for good")
                ])
        }
        if let cluster = active("ClusSvc"), cluster.effectiveStart == 2 {
            roles.append("Cluster node")
            add(
                "Roles.Cluster", .warning,
                "The system is a node of a failover cluster: its shared disks and its partners are not on the target.",
                [cluster.startEvidence],
                [
                    Fix(
                        "Take it out of the cluster first", where: .online, kind: .online, risk: .medium,
                        commands: ["Remove-ClusterNode -Name $env:COMPUTERNAME", "Clear-ClusterNode -Force"])
                ])
        }
        if let hyperV = active("vmms") {
            roles.append("Hyper-V")
            add(
                "Roles.HyperV", .info,
                "The Hyper-V role is installed: its machines start only where the instance can nest virtualization.",
                [hyperV.startEvidence],
                [
                    Fix(
                        "Remove the role in the source", where: .online, kind: .online, risk: .medium,
                        commands: [
                            windows.identity.isServer == false
                                ? "dism /online /disable-feature /featurename:Microsoft-Hyper-V-All /norestart"
                                : "Uninstall-WindowsFeature Hyper-V", "shutdown /r /t 0",
                        ])
                ])
        }
    }

    private mutating func judgeSecuritySoftware() {
        let names = Set((windows.services.value ?? [:]).keys)
        for (product, services) in RolesReview.securityProducts {
            let found = services.intersection(names).sorted().compactMap { active($0) }
            guard !found.isEmpty else { continue }
            add(
                "Policy.SecuritySoftware", .info,
                "A security product (\(product)) is installed; such products may keep the target's drivers and agents"
                    + " from being installed.", found.map(\.startEvidence),
                [
                    .byHand(
                        "Remove it in the source before the image is made, and install it again on the instance"
                    )
                ])
        }
    }

    // MARK: Settings

    private mutating func judgeProtection() {
        switch windows.system.protection {
        case .unknown(let gap): questions.append(OpenQuestion(gap))
        case .known(let facts):
            guard let mandatory = facts.isMandatory, let enabled = facts.virtualizationBased else { return }
            add(
                "Policy.VirtualizationSecurity", .warning,
                "Virtualization-based security is mandatory: Windows does not start where the instance cannot offer it.",
                [enabled, mandatory],
                [
                    .registry(
                        "Do without it where it cannot be had",
                        [.set(key: key(#"Control\DeviceGuard"#), name: "Mandatory", .dword(0))])
                ])
            questions.append(
                OpenQuestion(
                    "whether the instances of \(context.target.title) offer what virtualization-based security needs"
                        + " is not known", consequence: .stopsBoot, link: .kernel))
        }
    }

    private mutating func judgeCodePolicy() {
        switch windows.system.codePolicy {
        case .unknown(let gap): questions.append(OpenQuestion(gap))
        case .known(nil): break
        case .known(let file?):
            add(
                "Policy.CodeIntegrity", .warning,
                "A code integrity policy says which drivers and programs may run; what it says was not read.",
                [file],
                [
                    .byHand(
                        "See that the policy allows the target's drivers and agents, or take it away in the source"
                    )
                ])
        }
    }

    private mutating func judgePolicies() {
        let policies: WindowsPolicyFacts
        switch windows.system.policies {
        case .unknown(let gap):
            questions.append(OpenQuestion(gap))
            return
        case .known(let known): policies = known
        }
        if !policies.deviceRestrictions.isEmpty {
            let place = #"HKLM\SOFTWARE\Policies\Microsoft\Windows\DeviceInstall\Restrictions"#
            add(
                "Policy.DeviceInstallation", .warning,
                "A policy restricts the installation of devices: those of the target may get no driver.",
                policies.deviceRestrictions,
                [
                    .registry(
                        "Take the restrictions away", hive: "SOFTWARE", risk: .medium, [.remove(key: place)])
                ])
        }
        if let rules = policies.programRules,
            active("AppIDSvc")?.effectiveStart == 2 || windows.services.gap != nil
                || windows.service("AppIDSvc") == nil
        {
            add(
                "Policy.Programs", .info,
                "AppLocker says which programs may run; agents that the target installs may be refused.",
                [rules],
                [.byHand("Allow the target's agents in the policy")])
        }
        if let password = policies.storedPassword {
            let place = #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"#
            add(
                "Policy.StoredPassword", .warning,
                "Windows logs somebody on by itself, and keeps the password in clear.", [password],
                [
                    .registry(
                        "Forget the password", hive: "SOFTWARE",
                        [
                            .set(key: place, name: "AutoAdminLogon", .string("0")),
                            .removeValue(key: place, name: "DefaultPassword"),
                        ])
                ], link: .hygiene)
        }
        if let shell = policies.powerShell,
            let major = shell.value.split(separator: ".").first.flatMap({ Int($0) }),
            major < 3
        {
            add(
                "Policy.PowerShellOld", .info,
                "PowerShell is \(shell.value); cloudbase-init and the agents of several clouds need 3.0.",
                [shell.evidence],
                [.byHand("Install the Windows Management Framework 5.1 in the source", where: .online)])
        }
    }

    private mutating func add(
        _ code: String, _ severity: Severity, _ message: String, _ evidence: [Evidence], _ fixes: [Fix],
        consequence: Consequence = .none, link: LaunchLink? = nil
    ) {
        findings.append(
            Finding(
                code, severity, message, evidence: evidence, fixes: fixes, consequence: consequence,
                link: link ?? (consequence == .notReady ? .provisioning : nil)))
    }
}
