import GuestFacts
import Targets

/// The healthy Windows of the examples: network, accounts and agents.
extension ExampleWindows {
    static let adapterClass =
        #"HKLM\SYSTEM\ControlSet001\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"#
    static let interfaces = #"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters\Interfaces"#
    static let samUsers = #"HKLM\SAM\SAM\Domains\Account\Users"#
    static let firewallPolicy =
        #"HKLM\SYSTEM\ControlSet001\Services\SharedAccess\Parameters\FirewallPolicy"#

    mutating func addAccess() {
        addEssentialServices()
        var adapter = WindowsAdapter(key: ExampleWindows.adapterClass + "\\0007")
        adapter.title = "Red Hat VirtIO Ethernet Adapter"
        adapter.component = #"pci\ven_1af4&dev_1000"#
        adapter.interface = "{4A6A2C5F-9A3D-4A0C-8A55-0A3C2B1D7E01}"
        var interface = WindowsInterface(key: ExampleWindows.interfaces + "\\" + (adapter.interface ?? ""))
        interface.usesDHCP = true
        adapter.configuration = interface
        windows.network.adapters = .known([adapter])
        windows.access.remoteDesktop = .known(ExampleWindows.remoteDesktop())
        var firewall = ExampleWindows.firewall(rules: [ExampleWindows.rule(port: 3389)])
        firewall.public.enabled.local?.value = 0
        windows.access.firewall = .known(firewall)
        windows.access.accounts = .known(ExampleWindows.accounts())
        windows.agents.agents = .known([
            ExampleWindows.agent("cloud-assistant"), ExampleWindows.agent("vminit"),
        ])
        windows.agents.desktopFiles = .known([#"C:\Users\Public\Desktop\desktop.ini"#])
        var zone = WindowsTimeZone(key: #"HKLM\SYSTEM\ControlSet001\Control\TimeZoneInformation"#)
        zone.name = "China Standard Time"
        zone.exists = .yes
        windows.agents.timeZone = zone
    }

    /// As Windows Server 2022 has them.
    private mutating func addEssentialServices() {
        for name in [
            "DcomLaunch", "RpcEptMapper", "RpcSs", "SamSs", "LSM", "ProfSvc", "EventLog", "Power", "nsi",
            "Dhcp",
            "Dnscache", "LanmanWorkstation", "gpsvc", "BFE", "mpssvc", "CryptSvc", "Winmgmt", "Schedule",
            "NlaSvc", "iphlpsvc",
        ] {
            addService(name)
        }
        for name in ["PlugPlay", "TermService", "SessionEnv", "UmRdpService", "TrustedInstaller", "W32Time"] {
            addService(name, start: 3)
        }
        for name in ["Tcpip", "Afd", "Tdx", "nsiproxy", "cdrom"] where self[service: name].start == nil {
            addDriver(name, start: name == "Tcpip" ? 0 : 1)
        }
        windows.access.dependencies = [
            "dhcp": ["NSI", "Tdx", "Afd"], "nsi": ["rpcss", "nsiproxy"], "tdx": ["tcpip"],
            "rpcss": ["RpcEptMapper", "DcomLaunch"], "samss": ["RPCSS"], "termservice": ["RPCSS"],
            "profsvc": ["RpcSs"], "lsm": ["DcomLaunch", "RpcSs", "RpcEptMapper"], "bfe": ["RpcSs"],
            "mpssvc": ["bfe"], "dnscache": ["nsi"],
        ]
    }

    static func remoteDesktop() -> WindowsRemoteDesktop {
        let key = #"HKLM\SYSTEM\ControlSet001\Control\Terminal Server"#
        var settings = WindowsRemoteDesktop(key: key)
        settings.denies.local = Located(0, Evidence(path: key, excerpt: "fDenyTSConnections = 0"))
        var listener = WindowsListener(name: "RDP-Tcp", key: key + #"\WinStations\RDP-Tcp"#)
        listener.isEnabled = true
        listener.port = 3389
        listener.adapter = 0
        settings.listeners = [listener]
        settings.networkLevelAuthentication.local = Located(
            1, Evidence(path: listener.key, excerpt: "UserAuthentication = 1"))
        return settings
    }

    /// On, blocking what no rule allows.
    static func firewall(rules: [WindowsFirewallRule]) -> WindowsFirewall {
        func profile(_ name: String) -> WindowsFirewallProfile {
            var profile = WindowsFirewallProfile(key: firewallPolicy + "\\" + name)
            profile.enabled.local = Located(1, Evidence(path: profile.key, excerpt: "EnableFirewall = 1"))
            return profile
        }
        var firewall = WindowsFirewall(
            domain: profile("DomainProfile"), private: profile("StandardProfile"),
            public: profile("PublicProfile"))
        firewall.rules = rules
        return firewall
    }

    /// A rule that lets everybody connect to a port.
    static func rule(port: Int) -> WindowsFirewallRule {
        let text =
            "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=\(port)|App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|EmbedCtxt=@FirewallAPI.dll,-28752|"
        var rule = WindowsFirewallRule(
            name: "RemoteDesktop-UserMode-In-TCP", key: firewallPolicy + "\\FirewallRules", text: text,
            isPolicy: false, isActive: true, action: .allow)
        rule.protocolNumber = 6
        rule.ports = [WindowsFirewallRule.Ports(first: port, last: port)]
        if port == 3389 {
            rule.program = #"%SystemRoot%\system32\svchost.exe"#
            rule.service = "termservice"
            rule.group = "@FirewallAPI.dll,-28752"
        }
        return rule
    }

    static func accounts() -> WindowsAccounts {
        var administrator = WindowsAccount(
            rid: 500, name: "Administrator", key: samUsers + "\\000001F4")
        administrator.password = .stored
        administrator.isAdministrator = true
        var guest = WindowsAccount(rid: 501, name: "Guest", key: samUsers + "\\000001F5")
        guest.isDisabled = true
        guest.password = .blank
        var accounts = WindowsAccounts()
        accounts.accounts = [administrator, guest]
        accounts.isInDomain = false
        return accounts
    }

    /// An agent that is installed and starts.
    static func agent(_ name: String) -> WindowsAgent {
        var agent = WindowsAgent(name: name, title: name)
        agent.services = [name]
        agent.evidence = [Evidence(path: services + "\\" + name, excerpt: "Start = 2")]
        agent.enabled = .yes
        agent.programExists = .yes
        agent.program = #"C:\Program Files\\#(name)\agent.exe"#
        return agent
    }
}
