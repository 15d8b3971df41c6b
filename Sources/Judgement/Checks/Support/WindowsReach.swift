import GuestFacts
import Targets

/// How somebody from outside comes in to a Windows: which doors it opens, and which of them its firewall lets
/// people through to.
///
/// A new instance has a network card that this Windows has never seen and a network that it does not know, so
/// its firewall takes the public profile.
struct WindowsReach {
    /// What becomes of a connection from outside.
    enum Passage: Equatable {
        case open
        /// Only for some who come: the rules that say so.
        case limited([Evidence])
        case closed([Evidence])
        case unknown(String)
    }

    /// Who listens, as rules may name them.
    struct Listener {
        var port: Int
        /// Ends of the program's path in small letters; `system` for the kernel.
        var programs: [String]
        var services: [String]
    }

    let context: CheckContext
    let windows: WindowsFacts
    let services: WindowsServices

    init(_ context: CheckContext, _ windows: WindowsFacts) {
        self.context = context
        self.windows = windows
        services = WindowsServices(windows)
    }

    // MARK: Doors

    /// Remote Desktop listens in a service since Windows 8 and in the kernel before.
    func remoteDesktop(port: Int) -> Listener {
        let isOld = windows.identity.generation.map { $0 < .eight } ?? true
        return Listener(
            port: port, programs: [#"\svchost.exe"#] + (isOld ? ["system"] : []), services: ["termservice"])
    }

    /// The port of Remote Desktop, as far as it is known.
    var remoteDesktopPort: Int {
        windows.access.remoteDesktop.value?.listeners.first { $0.isEnabled != false }?.effectivePort ?? 3389
    }

    /// Whether there is another way in than Remote Desktop that works without anybody's doing: an SSH server
    /// or Windows Remote Management, started with the system and not kept from outside.
    var alternative: (answer: Answer, name: String?) {
        var isOpen = Answer.no
        for (name, service, listeners) in others {
            guard windows.services.value != nil else { return (.unknown, nil) }
            guard let record = windows.service(service), record.effectiveStart == 2,
                services.firstBreak(of: service) == nil
            else { continue }
            for listener in listeners {
                switch passage(to: listener) {
                // A key may let somebody in where no password does.
                case .open where service == "sshd" && windows.access.sshTakesPasswords != .yes:
                    isOpen = .unknown
                case .open: return (.yes, name)
                case .unknown: isOpen = .unknown
                case .limited, .closed: break
                }
            }
        }
        return (isOpen, nil)
    }

    private var others: [(name: String, service: String, listeners: [Listener])] {
        let ssh = Listener(
            port: windows.access.sshPort, programs: [#"\sshd.exe"#], services: ["sshd"])
        let management = windows.access.winRMPorts.map {
            Listener(port: $0, programs: ["system"], services: ["winrm"])
        }
        return [("SSH", "sshd", [ssh]), ("WinRM", "WinRM", management)]
    }

    // MARK: Firewall

    /// What becomes of a connection to `listener`.
    func passage(to listener: Listener) -> Passage {
        switch windows.access.firewall {
        case .unknown(let gap): return .unknown("\(gap.where): \(gap.message)")
        case .known(let firewall):
            let first = passage(to: listener, firewall, "public", firewall.public)
            guard windows.network.unidentifiedNetworks?.value == 1 else { return first }
            let second = passage(to: listener, firewall, "private", firewall.private)
            return first == second
                ? first
                : .unknown("a policy takes unknown networks for private ones, and the profiles differ")
        }
    }

    private func passage(
        to listener: Listener, _ firewall: WindowsFirewall, _ name: String, _ profile: WindowsFirewallProfile
    ) -> Passage {
        guard profile.isOn else { return .open }
        if let found = services.firstBreak(of: "mpssvc") {
            // The filters that hold until the firewall runs block all that comes in. How far they stay without
            // it differs between versions.
            return .unknown(
                "the firewall is on and its service does not start (\(found.name)); what then comes in is not certain"
            )
        }
        if profile.blocksAll.isOn ?? false {
            return .closed([profile.blocksAll.effective?.evidence].compactMap { $0 })
        }
        let rules = firewall.rules.filter { rule in
            rule.isActive && (rule.isPolicy || profile.usesLocalRules) && rule.covers(profile: name)
                && (rule.protocolNumber ?? 6) == 6 && rule.covers(port: listener.port)
                && concerns(rule, listener)
        }
        let blocks = rules.filter { $0.action == .block && $0.remoteAddresses.isEmpty }
        if let block = blocks.first(where: { $0.conditions.isEmpty }) { return .closed([block.evidence]) }
        let allows = rules.filter { $0.action == .allow }
        let plain = allows.filter { $0.conditions.isEmpty }
        let doubt = rules.first { !$0.conditions.isEmpty }
        if plain.contains(where: { $0.remoteAddresses.isEmpty }) || profile.blocksByDefault.isOn == false {
            guard let block = blocks.first else { return .open }
            return .unknown("whether the firewall rule \(block.name) applies is not known")
        }
        if !plain.isEmpty { return .limited(plain.map(\.evidence)) }
        if let doubt { return .unknown("whether the firewall rule \(doubt.name) applies is not known") }
        if !firewall.unreadable.isEmpty { return .unknown("firewall rules could not be understood") }
        let asleep = firewall.rules.filter { $0.isRemoteDesktop && $0.covers(port: listener.port) }
        let setting =
            profile.enabled.effective?.evidence
            ?? Evidence(path: profile.key, excerpt: "EnableFirewall is absent, so it is on")
        return .closed([setting] + asleep.prefix(4).map(\.evidence))
    }

    private func concerns(_ rule: WindowsFirewallRule, _ listener: Listener) -> Bool {
        if let program = rule.program?.lowercased(), program != "any" {
            guard listener.programs.contains(where: { program.hasSuffix($0) }) else { return false }
        }
        guard let service = rule.service?.lowercased(), service != "*" else { return true }
        return listener.services.contains(service)
    }

    // MARK: Who sets the instance up

    /// Whether an agent that the target initialises Windows by is installed and starts, and which.
    var initialization: (answer: Answer, agent: WindowsAgent?) {
        let names = context.target.rules.agents.windowsInitialization
        guard !names.isEmpty else { return (.no, nil) }
        guard let agents = windows.agents.agents.value else { return (.unknown, nil) }
        let own = names.compactMap { name in agents.first { $0.name == name } }
        if let working = own.first(where: { $0.enabled == .yes && $0.programExists != .no }) {
            return (.yes, working)
        }
        let doubtful = own.first { $0.enabled == .unknown && $0.programExists != .no }
        return (doubtful == nil ? .no : .unknown, doubtful ?? own.first)
    }
}
