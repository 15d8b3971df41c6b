import ByteReading
import GuestFacts
import GuestFormats

/// Reads the settings of the Windows Firewall and the rules that can concern a remote login.
struct WindowsFirewallInspection {
    let reader: WindowsReader
    let generation: WindowsGeneration?
    /// Ports that somebody may want to come in by.
    let ports: [Int]

    private static let policyPath = #"Policies\Microsoft\WindowsFirewall"#
    /// Conditions of rules for the packages and users of apps from the store, who listen for nobody else.
    private static let appConditions: Set = ["apppkgid", "luown", "luauth"]

    /// Ways to write all addresses of IPv4.
    private static let everybody: Set = [
        "*", "0.0.0.0/0.0.0.0", "0.0.0.0/0", "0.0.0.0-255.255.255.255",
    ]

    func inspect() -> Fact<WindowsFirewall> {
        if generation == .ntldr {
            return .unknown(
                Gap(
                    where: "Windows Firewall", kind: .unsupported,
                    message: "the firewall of Windows XP and Server 2003 is not read"))
        }
        let settings = WindowsSettings(reader: reader)
        let local = settings.control(#"Services\SharedAccess\Parameters\FirewallPolicy"#)
        let policy = settings.key(WindowsFirewallInspection.policyPath, in: "SOFTWARE")
        func profile(_ localName: String, _ policyName: String) -> WindowsFirewallProfile {
            let own = settings.key(localName, below: local)
            let other = settings.key(policyName, below: policy)
            func setting(_ name: String) -> WindowsSetting {
                WindowsSetting(
                    local: settings.number(name, of: own), policy: settings.number(name, of: other))
            }
            var profile = WindowsFirewallProfile(key: own.shown)
            profile.enabled = setting("EnableFirewall")
            profile.blocksByDefault = setting("DefaultInboundAction")
            profile.blocksAll = setting("DoNotAllowExceptions")
            profile.blocksOutbound = setting("DefaultOutboundAction")
            profile.localRulesCount = settings.number("AllowLocalPolicyMerge", of: other)
            return profile
        }
        var facts = WindowsFirewall(
            domain: profile("DomainProfile", "DomainProfile"),
            private: profile("StandardProfile", "PrivateProfile"),
            public: profile("PublicProfile", "PublicProfile"))
        for (key, isPolicy) in [(local, false), (policy, true)] {
            let rules = settings.key("FirewallRules", below: key)
            for value in settings.values(of: rules) { add(value, rules.shown, isPolicy, to: &facts) }
        }
        if let gap = settings.gap { return .unknown(gap) }
        guard local.exists else {
            return .unknown(Gap(where: local.shown, kind: .absent, message: "the key is not there"))
        }
        return .known(facts)
    }

    private func add(
        _ value: RegistryValue, _ key: String, _ isPolicy: Bool, to facts: inout WindowsFirewall
    ) {
        guard let text = value.string else { return }
        guard let rule = FirewallRule(text) else {
            if facts.unreadable.count < 16 {
                facts.unreadable.append(Evidence(path: key, excerpt: value.name))
            }
            return
        }
        guard rule.direction != .outbound, (rule.protocolNumber ?? 6) == 6 else { return }
        guard
            !rule.conditions.contains(where: {
                WindowsFirewallInspection.appConditions.contains($0.lowercased())
            })
        else { return }
        let action: WindowsFirewallRule.Action =
            switch rule.action {
            case .allow: .allow
            case .block: .block
            case .bypass: .bypass
            }
        var fact = WindowsFirewallRule(
            name: value.name, key: key, text: text, isPolicy: isPolicy, isActive: rule.isActive,
            action: action)
        if case .some(let ranges) = rule.ports {
            if ranges.isEmpty { return }
            fact.ports = ranges.map { .init(first: Int($0.lowerBound), last: Int($0.upperBound)) }
        }
        fact.protocolNumber = rule.protocolNumber.map(Int.init)
        fact.profiles = rule.profiles
        fact.program = rule.program
        fact.service = rule.service
        let everybody = rule.remoteAddresses.contains { WindowsFirewallInspection.everybody.contains($0) }
        fact.remoteAddresses = everybody ? [] : rule.remoteAddresses
        fact.conditions = rule.conditions
        fact.group = rule.group
        guard rule.isActive || fact.isRemoteDesktop, ports.contains(where: { fact.covers(port: $0) }) else {
            return
        }
        facts.rules.append(fact)
    }
}
