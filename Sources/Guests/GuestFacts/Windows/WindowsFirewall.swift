/// The Windows Firewall (`Services\SharedAccess\Parameters\FirewallPolicy`, `Policies\Microsoft\WindowsFirewall`).
package struct WindowsFirewall: Sendable, Hashable, Codable {
    package var domain: WindowsFirewallProfile
    package var `private`: WindowsFirewallProfile
    /// The one that a network nobody has seen before gets.
    package var `public`: WindowsFirewallProfile
    /// Active rules for incoming TCP connections that can concern a remote login, and the shipped rules of
    /// Remote Desktop whether they are active or not.
    package var rules: [WindowsFirewallRule] = []
    /// Rules whose text says nothing that could be understood.
    package var unreadable: [Evidence] = []

    package init(
        domain: WindowsFirewallProfile, private: WindowsFirewallProfile, public: WindowsFirewallProfile
    ) {
        self.domain = domain
        self.private = `private`
        self.public = `public`
    }
}

/// The settings of one profile.
package struct WindowsFirewallProfile: Sendable, Hashable, Codable {
    /// `HKLM\SYSTEM\ControlSet001\Services\SharedAccess\Parameters\FirewallPolicy\PublicProfile`
    package var key: String
    /// `EnableFirewall`; on when it is absent.
    package var enabled = WindowsSetting()
    /// `DefaultInboundAction`: 1 or absent blocks what no rule allows.
    package var blocksByDefault = WindowsSetting()
    /// `DoNotAllowExceptions`: no rule counts, everything that comes in is blocked.
    package var blocksAll = WindowsSetting()
    /// `DefaultOutboundAction`: 1 blocks what goes out, unless a rule allows it.
    package var blocksOutbound = WindowsSetting()
    /// `AllowLocalPolicyMerge` of the policy: 0 leaves only the rules of the policy.
    package var localRulesCount: Located<UInt64>?

    package init(key: String) { self.key = key }

    package var isOn: Bool { enabled.isOn ?? true }
    package var usesLocalRules: Bool { localRulesCount?.value != 0 }
}

/// A rule for what comes in.
package struct WindowsFirewallRule: Sendable, Hashable, Codable {
    package enum Action: String, Sendable, Hashable, Codable {
        case allow, block
        /// Allows who has authenticated by IPsec, over any block rule.
        case bypass
    }

    /// Ports from … to.
    package struct Ports: Sendable, Hashable, Codable {
        package var first: Int
        package var last: Int

        package init(first: Int, last: Int) {
            self.first = first
            self.last = last
        }
    }

    /// The name of its value.
    package var name: String
    package var key: String
    /// The text of the rule.
    package var text: String
    package var isPolicy: Bool
    package var isActive: Bool
    package var action: Action
    /// 6 TCP, 17 UDP; nil for all.
    package var protocolNumber: Int?
    /// Local ports; empty for all. A rule that only names keywords (`RPC`) is not kept.
    package var ports: [Ports] = []
    /// `domain`, `private`, `public`; empty for all.
    package var profiles: [String] = []
    package var program: String?
    package var service: String?
    /// Who may come: `LocalSubnet`, `10.0.0.0/255.0.0.0`; empty for everybody.
    package var remoteAddresses: [String] = []
    /// Conditions that were not looked into (interfaces, local addresses, IPsec, users): `IF`, `RMAuth`.
    package var conditions: [String] = []
    /// `EmbedCtxt`: the group, `@FirewallAPI.dll,-28752`.
    package var group: String?

    package init(name: String, key: String, text: String, isPolicy: Bool, isActive: Bool, action: Action) {
        self.name = name
        self.key = key
        self.text = text
        self.isPolicy = isPolicy
        self.isActive = isActive
        self.action = action
    }

    package var evidence: Evidence {
        let shown = text.count > 200 ? String(text.prefix(200)) + "…" : text
        return Evidence(path: key, excerpt: "\(name) = \(shown)")
    }

    /// Whether it is one of the rules that Windows brings along for Remote Desktop.
    package var isRemoteDesktop: Bool {
        group?.lowercased().hasSuffix("firewallapi.dll,-28752") ?? false
            || name.lowercased().hasPrefix("remotedesktop-")
    }

    package func covers(port: Int) -> Bool {
        ports.isEmpty || ports.contains { $0.first <= port && port <= $0.last }
    }

    package func covers(profile: String) -> Bool { profiles.isEmpty || profiles.contains(profile) }
}
