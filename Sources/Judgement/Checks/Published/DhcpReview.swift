import GuestFacts
import Targets

/// Finds out what will configure the first network interface of an instance.
struct DhcpReview {
    private let context: CheckContext
    private let linux: LinuxFacts
    /// What programs that start do at boot, without what cloud-init writes anew.
    private let active: [InterfaceFacts]
    private let rendersAnew: Answer

    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
        let network = linux.network
        let cloudInit = linux.cloudInit
        let renders = cloudInit.rendersNetwork(at: context.target)
        let overwritten = cloudInit.renderedFiles.flatMap { prefix in
            network.interfaceName.map { prefix + $0 }
        }
        rendersAnew = renders
        var active = network.interfaces.filter { interface in
            guard network.activeManagers[interface.manager] != nil, interface.setAside == nil,
                network.refusing[interface.manager] == nil
            else { return false }
            let isRewritten = interface.renderedByCloudInit || interface.evidence.path == overwritten
            return !(isRewritten && renders == .yes)
        }
        // A configuration in cloud-init's own files comes before that of the platform.
        if renders == .yes {
            active += cloudInit.ownNetwork.filter {
                cloudInit.renderer == nil || network.activeManagers[$0.manager] != nil
            }
        }
        self.active = active
    }

    var outcome: CheckOutcome {
        if let gap = linux.network.gap {
            return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
        }
        if let why = linux.identity.notFollowed(.network), active.allSatisfy({ $0.appliesToPrimary != .yes })
        {
            return ask(why)
        }
        // What a bridge or bond has taken in has no address of its own.
        if let over = active.first(where: {
            isOver($0) && ["bridge", "bond", "team"].contains($0.virtualKind)
        }) {
            return virtual(over)
        }
        let physical = active.filter { $0.virtualKind == nil && $0.controller == nil }
        let started = physical.filter(\.startsAtBoot)
        let applying = started.filter { $0.appliesToPrimary == .yes }
        let fixed = applying.filter { $0.method == .static }
        let unread = applying.first { $0.method == .unknown }
        if let good = applying.first(where: { $0.method == .dhcp }) {
            if let other = fixed.first { return contested(good, other) }
            if let unread { return open(unread) }
            return asks(good, among: started)
        }
        if let unread { return open(unread) }
        if let over = active.first(where: isOver) { return virtual(over) }
        if let wrong = fixed.first { return decided(static: wrong) }
        switch rendersAnew {
        case .yes where linux.cloudInit.ownNetwork.isEmpty: return rendered
        case .yes: break
        case .unknown:
            // Where the interface asks by DHCP without cloud-init too, its data makes no difference.
            let without = withoutCloudInit(physical)
            if without.findings.isEmpty, without.questions.isEmpty { return without }
            return ask(
                "no configuration of the image is for the interface of an instance; whether cloud-init writes"
                    + " one depends on the data it is given")
        case .no: break
        }
        return withoutCloudInit(physical)
    }

    /// Whether a virtual interface that comes up is made of the NIC.
    private func isOver(_ interface: InterfaceFacts) -> Bool {
        interface.virtualKind != nil && interface.startsAtBoot && interface.appliesToPrimary != .no
    }

    // MARK: It asks by DHCP

    private func asks(_ good: InterfaceFacts, among started: [InterfaceFacts]) -> CheckOutcome {
        let needsClient = [.ifupdown, .sysconfig, .netctl, .netifrc].contains(good.manager)
        if needsClient, !hasClient {
            if let gap = linux.network.clientGap {
                return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
            }
            let package =
                switch linux.identity.family {
                case .debian: "isc-dhcp-client"
                case .rhel: "dhclient"
                default: "dhcpcd"
                }
            return fail(
                "Dhcp.NoClient",
                "\(good.manager.rawValue) is to ask for an address by DHCP, and no DHCP client is installed.",
                [good.evidence], [.install([package], "Install a DHCP client", in: linux)])
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        // A fixed address for a name that the interface may or may not have.
        let rival = started.first {
            $0.appliesToPrimary == .unknown && $0.method == .static && !isOfOtherMachine($0)
        }
        if let rival {
            questions.append(
                OpenQuestion(
                    "whether \(place(rival)), which gives a fixed address, is for the interface of an instance is"
                        + " not known", consequence: .unreachable))
        }
        if let refused = good.defaultRouteRefused,
            !started.contains(where: { $0.appliesToPrimary != .no && $0.gateway != nil })
        {
            findings.append(
                Finding(
                    "Dhcp.NoRoute", .warning,
                    "\(place(good)) takes no default route: what comes from other networks gets no answer.",
                    evidence: [refused],
                    fixes: [.edit("Take the default route of the network", refused, to: nil)]))
            questions.append(
                OpenQuestion(
                    "whether one logs in from within the network of the instance, which needs no default route, is"
                        + " not known", consequence: .unreachable))
        }
        let early = linux.network.interfaces.first {
            $0.manager == .kernel && $0.method == .static && $0.appliesToPrimary != .no
        }
        if let early {
            findings.append(
                Finding(
                    "Dhcp.Static", .warning,
                    "The kernel command line gives the interface the fixed address \(early.addresses.joined(separator: ", ")).",
                    evidence: [early.evidence],
                    fixes: [
                        .commandLine(
                            removing: early.evidence.excerpt.map { [$0] } ?? [],
                            "Take ip= off the command line",
                            in: linux)
                    ]))
            questions.append(
                OpenQuestion(
                    "whether the initramfs sets up the fixed address, and whether it stays, is not known",
                    consequence: .unreachable))
        }
        return .judged(
            value: good.manager.rawValue, "\(good.manager.rawValue) asks for an address by DHCP.",
            findings: findings, questions: questions, evidence: [good.evidence])
    }

    private var hasClient: Bool {
        linux.network.dhcpClients.contains { path in
            ["dhclient", "dhcpcd", "udhcpc", "pump"].contains { path.hasSuffix("/\($0)") }
        }
    }

    /// What cloud-init writes needs its program to start.
    private var rendered: CheckOutcome {
        let written = "cloud-init writes a configuration with DHCP at first boot."
        let managers = linux.network.activeManagers
        guard let renderer = linux.cloudInit.renderer else {
            if managers.isEmpty {
                return ask(
                    "cloud-init writes a configuration, and whether a program for it starts is not known")
            }
            return .judged(value: "cloud-init", written)
        }
        if managers[renderer.value] != nil, linux.network.refusing[renderer.value] == nil {
            return .judged(value: "cloud-init", written, evidence: [renderer.evidence])
        }
        if let refused = linux.network.refusing[renderer.value] { return refuses(refused) }
        if linux.network.uncertainManagers[renderer.value] != nil {
            return ask("whether \(renderer.value.rawValue), for which cloud-init writes, starts is not known")
        }
        return fail(
            "Dhcp.NoConfig",
            "cloud-init writes a configuration for \(renderer.value.rawValue), which does not start at boot.",
            [renderer.evidence], [DhcpFix(linux: linux).enable(renderer.value)])
    }

    // MARK: It does not

    /// A name of a slot that PCI of KVM does not have: VMware numbers its slots 160, 192, 224 and 256.
    private func isOfOtherMachine(_ interface: InterfaceFacts) -> Bool {
        let names = interface.match.names
        return !names.isEmpty
            && names.allSatisfy { name in
                name.hasPrefix("ens") && (Int(name.dropFirst(3)).map { $0 >= 160 } ?? false)
            }
    }

    /// systemd brings files for the interfaces of containers and tunnels; nobody wrote them for this system.
    private func isShippedWithSystemd(_ interface: InterfaceFacts) -> Bool {
        interface.evidence.path?.hasPrefix("/usr/lib/systemd/network/") == true
    }

    private func withoutCloudInit(_ physical: [InterfaceFacts]) -> CheckOutcome {
        let network = linux.network
        let openOnes = physical.filter { $0.appliesToPrimary == .unknown && !isOfOtherMachine($0) }
        let open = openOnes.first(where: { $0.startsAtBoot })
        if network.activeManagers[.networkManager] != nil, let automatic = network.automaticDHCP,
            automatic.value
        {
            if let rival = openOnes.first(where: { $0.method != .dhcp && $0.startsAtBoot }) {
                return ask("whether \(place(rival)) is for the interface of an instance is not known", rival)
            }
            return .judged(
                value: "networkManager", "NetworkManager makes a profile with DHCP by itself.",
                evidence: [automatic.evidence])
        }
        if let refused = network.refusing.sorted(by: { $0.key.rawValue < $1.key.rawValue }).first?.value {
            return refuses(refused)
        }
        let fitting = physical.filter { $0.appliesToPrimary == .yes }
        if let late = fitting.first(where: { $0.method == .dhcp }) {
            return fail(
                "Dhcp.NotAtBoot", "The configuration asks for DHCP, but nothing brings it up at boot.",
                [late.evidence], fixes(replacing: late))
        }
        if let open {
            return ask("whether \(place(open)) is for the interface of an instance is not known", open)
        }
        if let uncertain = network.uncertainManagers.sorted(by: { $0.key.rawValue < $1.key.rawValue }).first {
            return ask("whether \(uncertain.key.rawValue) starts at boot is not known")
        }
        if let bare = fitting.first(where: { $0.startsAtBoot }) {
            return fail(
                "Dhcp.NoConfig", "\(place(bare)) brings the interface up without an IPv4 address.",
                [bare.evidence], fixes(replacing: bare))
        }
        if let ignored = network.interfaces.first(where: { $0.setAside != nil && $0.appliesToPrimary != .no })
        {
            return fail(
                "Dhcp.Ignored", "\(place(ignored)) is not used: \(ignored.setAside ?? "").",
                [ignored.evidence],
                fixesForIgnored(ignored))
        }
        return mismatch(physical)
    }

    private func mismatch(_ physical: [InterfaceFacts]) -> CheckOutcome {
        if let bound = physical.first(where: { !$0.match.macAddresses.isEmpty }) {
            return fail(
                "Dhcp.MacBound",
                "The only configuration is for the hardware address \(bound.match.macAddresses.joined(separator: ", "));"
                    + " the interface of an instance has another one.", [bound.evidence],
                fixes(replacing: bound))
        }
        let written = physical.filter { !isShippedWithSystemd($0) }
        let physical = written.isEmpty ? physical : written
        if let other = physical.first(where: { !$0.match.names.isEmpty }) {
            let names = physical.flatMap(\.match.names).filter { !$0.hasPrefix("!") }.joined(separator: ", ")
            let own =
                linux.network.interfaceName
                ?? (linux.network.naming.value == .kernel ? "eth0" : "ens5, enp0s3 or the like")
            return fail(
                "Dhcp.NameMismatch",
                names.isEmpty
                    ? "\(place(other)) leaves out \(excluded(other)); on an instance the interface is called \(own)."
                    : "The configuration is for \(names); on an instance the interface is called \(own).",
                [other.evidence, linux.network.naming.evidence], nameFixes(other))
        }
        let notStarted = linux.network.interfaces.filter {
            linux.network.activeManagers[$0.manager] == nil && $0.manager != .kernel
        }
        let idle = notStarted.first { !isShippedWithSystemd($0) } ?? notStarted.first
        return fail(
            "Dhcp.NoConfig",
            idle.map { "There is a configuration for \($0.manager.rawValue), which does not start at boot." }
                ?? "Nothing configures the network interface at boot.",
            [idle?.evidence ?? Evidence(path: "/etc", excerpt: "no network configuration for the interface")],
            idle.map { [DhcpFix(linux: linux).enable($0.manager)] } ?? fixes(replacing: nil))
    }

    /// The patterns by which a configuration that is for all others leaves out the interface.
    private func excluded(_ interface: InterfaceFacts) -> String {
        let patterns = interface.match.names.map { String($0.drop { $0 == "!" }) }
        let names = linux.network.interfaceName.map { [$0] } ?? ["eth0", "ens5", "enp0s3"]
        let meant = patterns.filter { pattern in
            names.contains { $0.hasPrefix(pattern.prefix { $0 != "*" && $0 != "?" && $0 != "[" }) }
        }
        return (meant.isEmpty ? patterns : meant).joined(separator: ", ")
    }

    /// Both DHCP and a fixed address claim the interface.
    private func contested(_ good: InterfaceFacts, _ other: InterfaceFacts) -> CheckOutcome {
        .judged(
            findings: [
                Finding(
                    "Dhcp.Static", .warning,
                    "\(place(other)) gives the interface a fixed address while \(place(good)) asks for DHCP.",
                    evidence: [other.evidence, good.evidence], fixes: fixes(replacing: other))
            ],
            questions: [
                OpenQuestion(
                    "which of two configurations of the interface wins is not known",
                    consequence: .unreachable)
            ])
    }

    private func decided(static wrong: InterfaceFacts) -> CheckOutcome {
        let addresses = wrong.addresses.isEmpty ? "" : " \(wrong.addresses.joined(separator: ", "))"
        let message = "The interface gets the fixed address\(addresses), which another network gave it."
        let isOwn = linux.cloudInit.ownNetwork.contains(wrong)
        let mayBeRewritten = rendersAnew == .unknown && wrong.renderedByCloudInit
        if rendersAnew == .yes && !isOwn || mayBeRewritten {
            return .judged(
                findings: [
                    Finding(
                        "Dhcp.Static", .warning,
                        message
                            + (mayBeRewritten
                                ? " cloud-init writes it anew if it is given data."
                                : " cloud-init writes another configuration beside it."),
                        evidence: [wrong.evidence], fixes: fixes(replacing: wrong))
                ],
                questions: [
                    OpenQuestion(
                        "whether the fixed address or the configuration of cloud-init wins is not known",
                        consequence: .unreachable)
                ])
        }
        return fail("Dhcp.Static", message, [wrong.evidence], fixes(replacing: wrong))
    }

    private func virtual(_ over: InterfaceFacts) -> CheckOutcome {
        let kind = over.virtualKind ?? "virtual interface"
        if over.method == .static, over.appliesToPrimary == .yes { return decided(static: over) }
        if kind == "vlan", over.appliesToPrimary == .yes {
            return fail(
                "Dhcp.Virtual",
                "The address is asked for with a VLAN tag, which the network of an instance drops.",
                [over.evidence], fixes(replacing: over))
        }
        return .judged(
            findings: [
                Finding(
                    "Dhcp.Virtual", .warning,
                    "The address belongs to a \(kind), not to the interface itself.",
                    evidence: [over.evidence],
                    fixes: fixes(replacing: over))
            ],
            questions: [
                OpenQuestion(
                    over.appliesToPrimary == .yes
                        ? "whether the \(kind) keeps the hardware address that the platform expects is not known"
                        : "whether the \(kind) takes in the interface of an instance is not known",
                    consequence: .unreachable)
            ])
    }

    private func refuses(_ refused: StructureFinding) -> CheckOutcome {
        fail(
            "Dhcp.InvalidConfig", "\(refused.message): nothing of it is set up.", [refused.evidence],
            [.byHand("Correct the file")])
    }

    private func open(_ unread: InterfaceFacts) -> CheckOutcome {
        ask("what \(place(unread)) makes of the interface is not read by this version", unread)
    }

    private func ask(_ message: String, _ interface: InterfaceFacts? = nil) -> CheckOutcome {
        .judged(
            questions: [OpenQuestion(message, consequence: .unreachable)],
            evidence: interface.map { [$0.evidence] } ?? [])
    }

    private func fail(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix])
        -> CheckOutcome
    {
        .judged(
            value: code.split(separator: ".").last.map(String.init),
            findings: [
                Finding(code, .error, message, evidence: evidence, fixes: fixes, consequence: .unreachable)
            ])
    }

    private func place(_ interface: InterfaceFacts) -> String {
        interface.evidence.path ?? interface.manager.rawValue
    }

    // MARK: Fixes

    private func fixes(replacing: InterfaceFacts?) -> [Fix] {
        DhcpFix(linux: linux, replacing: replacing).fixes
    }

    private func fixesForIgnored(_ ignored: InterfaceFacts) -> [Fix] {
        let path = ignored.evidence.path ?? ""
        guard linux.network.activeManagers[ignored.manager] == nil else {
            if path.hasPrefix("/etc/NetworkManager/"), ignored.method == .dhcp {
                return [
                    Fix(
                        "Let NetworkManager accept the profile", kind: .autoEdit,
                        commands: ["chown root:root \(quoted(path))", "chmod 600 \(quoted(path))"])
                ]
            }
            return fixes(replacing: ignored)
        }
        // Where NetworkManager runs and cannot read the file, it needs one that it can read.
        if linux.network.activeManagers[.networkManager] != nil { return fixes(replacing: ignored) }
        return [DhcpFix(linux: linux).enable(ignored.manager)]
    }

    private func nameFixes(_ other: InterfaceFacts) -> [Fix] {
        let own = fixes(replacing: other)
        guard other.match.names.contains("eth0"), linux.network.naming.value == .predictable else {
            return own
        }
        let keep = Fix.commandLine(adding: ["net.ifnames=0"], "Or keep the name eth0", in: linux)
        return own.contains { $0.commands == keep.commands } ? own : own + [keep]
    }
}
