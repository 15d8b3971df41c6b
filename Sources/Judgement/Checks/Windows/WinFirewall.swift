import GuestFacts
import Targets

/// `WIN.Firewall`
enum WinFirewall: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Firewall", title: "Windows Firewall", link: .access,
        summary: """
            Looks whether the firewall lets Remote Desktop in on a network that Windows has never seen: the public \
            profile, its default, and the rules, with what policies override.
            """,
        rationale: """
            The network of a new instance is unknown to Windows, so it is a public one. A rule that is there for the \
            domain or for private networks only does not count there, and the instance drops every attempt to \
            connect.
            """,
        codes: [
            ("Firewall.BlocksRdp", "Connections to Remote Desktop are dropped."),
            ("Firewall.LimitsRdp", "Only some addresses may connect to Remote Desktop."),
            ("Firewall.BlocksOutbound", "What goes out is blocked unless a rule allows it."),
            ("Firewall.On", "The firewall is on, where the target expects it off."),
        ],
        references: [
            "[MS-GPFAS] 2.2.2.19: firewall rules", "ECS: image import, firewall off and port 3389 open",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let reach = WindowsReach(context, windows)
        switch windows.access.firewall {
        case .unknown(let gap):
            let isElsewhere = reach.alternative.answer == .yes
            return .judged(questions: [
                OpenQuestion(gap, consequence: isElsewhere ? .none : .unreachable)
            ])
        case .known(let firewall): return judge(firewall, reach)
        }
    }

    private static func judge(_ firewall: WindowsFirewall, _ reach: WindowsReach) -> CheckOutcome {
        let context = reach.context
        let windows = reach.windows
        let alternative = reach.alternative.answer
        let doubt: Consequence = alternative == .yes ? .none : .unreachable
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let port = reach.remoteDesktopPort
        switch reach.passage(to: reach.remoteDesktop(port: port)) {
        case .open: break
        case .unknown(let why): questions.append(OpenQuestion(why, consequence: doubt))
        case .limited(let evidence):
            findings.append(
                Finding(
                    "Firewall.LimitsRdp", .warning,
                    "The firewall lets only some addresses connect to port \(port).", evidence: evidence,
                    fixes: [.allowRemoteDesktop(firewall, port, windows)]))
            questions.append(
                OpenQuestion(
                    "whether the firewall lets in those who will use the instance is not known",
                    consequence: doubt))
        case .closed(let evidence):
            findings.append(
                Finding(
                    "Firewall.BlocksRdp", alternative == .yes ? .warning : .error,
                    "On a public network the firewall drops what comes to port \(port).",
                    evidence: evidence, fixes: fixes(firewall, port, windows),
                    consequence: alternative == .no ? .unreachable : .none))
            if alternative == .unknown {
                questions.append(
                    OpenQuestion(
                        "whether somebody gets in by SSH or WinRM instead is not known",
                        consequence: .unreachable))
            }
        }
        judgeOutbound(firewall, &findings)
        if context.target.rules.firewallOff, firewall.public.isOn {
            findings.append(
                Finding(
                    "Firewall.On", .info,
                    "The firewall is on; \(context.target.title) expects it off and filters in front of the instance.",
                    evidence: [
                        firewall.public.enabled.effective?.evidence
                            ?? Evidence(path: firewall.public.key, excerpt: "EnableFirewall is absent")
                    ], fixes: [switchOff(firewall)]))
        }
        let evidence = [firewall.public.enabled.effective?.evidence].compactMap { $0 }
        return .judged(
            value: firewall.public.isOn ? "On" : "Off",
            firewall.public.isOn
                ? "The firewall lets Remote Desktop in on port \(port)." : "The firewall is off.",
            findings: findings, questions: questions, evidence: evidence)
    }

    private static func fixes(_ firewall: WindowsFirewall, _ port: Int, _ windows: WindowsFacts) -> [Fix] {
        let profile = firewall.public
        var fixes: [Fix] = []
        if profile.blocksAll.isOn ?? false {
            let names = [("SOFTWARE", profile.blocksAll.policy), ("SYSTEM", profile.blocksAll.local)]
            for (hive, value) in names where value?.value ?? 0 != 0 {
                guard let key = value?.evidence.path else { continue }
                fixes.append(
                    .registry(
                        "Let rules allow something", hive: hive,
                        [.set(key: key, name: "DoNotAllowExceptions", .dword(0))]))
            }
        }
        fixes.append(.allowRemoteDesktop(firewall, port, windows))
        fixes.append(
            Fix(
                "Or in the source system", where: .online, kind: .online,
                commands: [
                    #"netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=Yes profile=any"#
                ]))
        fixes.append(switchOff(firewall))
        return fixes
    }

    private static func switchOff(_ firewall: WindowsFirewall) -> Fix {
        let profiles = [firewall.domain, firewall.private, firewall.public]
        return .registry(
            "Switch the firewall off and leave the filtering to the platform", risk: .medium,
            profiles.map { .set(key: $0.key, name: "EnableFirewall", .dword(0)) })
    }

    private static func judgeOutbound(_ firewall: WindowsFirewall, _ findings: inout [Finding]) {
        guard firewall.public.isOn, firewall.public.blocksOutbound.isOn ?? false,
            let found = firewall.public.blocksOutbound.effective, let key = found.evidence.path
        else { return }
        findings.append(
            Finding(
                "Firewall.BlocksOutbound", .warning,
                "What goes out is blocked unless a rule allows it; agents may not reach the platform.",
                evidence: [found.evidence],
                fixes: [
                    .registry(
                        "Let connections out",
                        hive: firewall.public.blocksOutbound.policy == nil ? "SYSTEM" : "SOFTWARE",
                        [.set(key: key, name: "DefaultOutboundAction", .dword(0))])
                ]))
    }

    static var examples: [CheckExample] {
        func with(
            _ rules: [WindowsFirewallRule], target: Target = .kvm,
            _ change: (inout WindowsFirewall) -> Void = { _ in }
        ) -> CheckContext {
            .windows {
                var firewall = ExampleWindows.firewall(rules: rules)
                change(&firewall)
                $0.windows.access.firewall = .known(firewall)
                $0.target = target
            }
        }
        func rule(_ change: (inout WindowsFirewallRule) -> Void) -> WindowsFirewallRule {
            var rule = ExampleWindows.rule(port: 3389)
            change(&rule)
            return rule
        }
        let allow = ExampleWindows.rule(port: 3389)
        let policy = Evidence(
            path: #"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile"#, excerpt: "1")
        return [
            CheckExample("off", .windows(), .pass),
            CheckExample("on, with the rule of Remote Desktop", with([allow]), .pass),
            CheckExample(
                "on, where it is expected off", with([allow], target: .alibabaECS), .fail,
                codes: ["Firewall.On"]),
            CheckExample(
                "the rule is not active", with([rule { $0.isActive = false }]), .fail,
                codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "the rule is for domain and private networks only",
                with([rule { $0.profiles = ["domain", "private"] }]), .fail, codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "the rule is for another program",
                with([rule { $0.program = #"C:\Tools\other.exe"# }]), .fail, codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "a rule that blocks goes first", with([allow, rule { $0.action = .block }]), .fail,
                codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "only the local subnet", with([rule { $0.remoteAddresses = ["LocalSubnet"] }]), .fail,
                codes: ["Firewall.LimitsRdp"]),
            CheckExample(
                "no rule, and what no rule names is allowed",
                with([]) { $0.public.blocksByDefault.local = Located(0, policy) }, .pass),
            CheckExample(
                "a policy blocks everything",
                with([allow]) { $0.public.blocksAll.policy = Located(1, policy) },
                .fail, codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "a policy leaves only its own rules",
                with([allow]) { $0.public.localRulesCount = Located(0, policy) }, .fail,
                codes: ["Firewall.BlocksRdp"]),
            CheckExample(
                "what goes out is blocked",
                with([allow]) { $0.public.blocksOutbound.local = Located(1, policy) }, .fail,
                codes: ["Firewall.BlocksOutbound"]),
            CheckExample(
                "a rule with conditions that are not known", with([rule { $0.conditions = ["RMAuth"] }]),
                .unknown),
            CheckExample(
                "on, and its service is disabled",
                .windows {
                    $0.target = .kvm
                    $0.windows.access.firewall = .known(ExampleWindows.firewall(rules: [allow]))
                    $0[service: "mpssvc"].start = 4
                }, .unknown),
            CheckExample(
                "the settings could not be read",
                .windows { $0.windows.access.firewall = .unknown(.example("SYSTEM")) }, .unknown),
        ]
    }
}

extension Fix {
    /// Lets everybody connect to Remote Desktop: the rules that Windows brings along, or one of our own.
    static func allowRemoteDesktop(_ firewall: WindowsFirewall, _ port: Int, _ windows: WindowsFacts) -> Fix {
        let own = firewall.rules.filter {
            $0.isRemoteDesktop && !$0.isPolicy && $0.action == .allow && $0.ports.count == 1
                && $0.covers(port: port) && $0.conditions.isEmpty
        }
        var changes: [RegistryEdit.Change] = own.map { rule in
            .set(key: rule.key, name: rule.name, .string(rule.openText))
        }
        if changes.isEmpty {
            let key =
                #"HKLM\SYSTEM\\#(windows.controlSetName)\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"#
            changes = [
                .set(
                    key: key, name: "RemoteDesktop-In-TCP-Cloud",
                    .string(
                        "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=\(port)|Name=Remote Desktop (TCP-In)|"
                    ))
            ]
        }
        return .registry("Let everybody connect to port \(port), whatever the network", changes)
    }
}

extension WindowsFirewallRule {
    /// The text of the rule, active for all profiles and addresses.
    fileprivate var openText: String {
        let fields = text.split(separator: "|").filter { field in
            !["profile=", "ra4=", "ra6=", "active="].contains { field.lowercased().hasPrefix($0) }
        }
        guard let version = fields.first else { return text }
        return ([version, "Active=TRUE"] + fields.dropFirst()).joined(separator: "|") + "|"
    }
}
