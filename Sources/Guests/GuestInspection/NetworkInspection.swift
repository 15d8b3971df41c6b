import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out which program configures the network, what it is told, and whether that is for the NIC that an
/// instance will have.
///
/// Every program has its own way to choose between several configurations; each is followed in a file of its own
/// (`NetworkInspection+Ifcfg.swift` …) and leaves those that do not win `setAside`.
final class NetworkInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity
    let commandLine: CommandLineFacts?
    /// The initramfs, if the NIC appears while it runs.
    let early: InitramfsSummary?
    /// The driver of the NIC of an instance.
    let driver: String
    /// The NIC of an instance.
    var expected: ExpectedInterface
    /// The version of systemd and udev; nil when it is not known.
    var systemdVersion: Int?
    /// Something goes by the driver of a NIC.
    var asksForDriver = false
    var facts: NetworkFacts
    /// Kinds of virtual interfaces by name, from files that only make them (`.netdev`).
    var virtualInterfaces: [String: String] = [:]
    /// What networkd's files lay a VLAN over.
    var vlanParents: [String: [String]] = [:]
    /// networkd's `.network` files, with their place in the facts.
    var networkdFiles: [(file: NetworkdFile, place: Int)] = []
    /// Red Hat's ifcfg files.
    var ifcfgs: [Ifcfg] = []
    /// Definitions of netplan that NetworkManager is to use, by their place in the facts.
    var netplanProfiles: [Int] = []
    /// netplan lets NetworkManager manage everything, which Ubuntu's package otherwise keeps it from.
    var usesNetworkManagerForAll = false
    /// NetworkManager has its plug-in for ifcfg files and is not told to leave it out.
    private(set) lazy var readsIfcfg = hasIfcfgPlugin()

    /// - Parameters:
    ///   - early: the initramfs, if the NIC appears while it runs.
    ///   - driver: of the NIC.
    init(
        reader: GuestReader, services: ServiceInspection, identity: OSIdentity,
        commandLine: CommandLineFacts?, early: InitramfsSummary?, driver: String = "virtio_net"
    ) {
        self.reader = reader
        self.driver = driver
        expected = ExpectedInterface(names: .unknown, driver: driver)
        self.early = early
        self.services = services
        self.identity = identity
        self.commandLine = commandLine
        facts = NetworkFacts(naming: Located(.unknown, Evidence(path: "/usr/lib/systemd/network")))
    }

    func inspect() -> NetworkFacts {
        findNaming()
        findConfiguration()
        findLeftovers()
        return facts
    }

    /// The network as a NIC of another driver finds it, where `others` is what NICs found that were looked at before.
    func inspect(besides others: [NetworkInspection]) -> NetworkFacts {
        findNaming()
        let alike = others.first { other in
            other.expected.names == expected.names && !other.asksForDriver && !asksForDriver
        }
        if let alike {
            facts = alike.facts
        } else {
            findConfiguration()
            facts.leftovers = others.first?.facts.leftovers ?? []
        }
        return facts
    }

    private func findConfiguration() {
        findManagers()
        readInterfaces()
        readNetworkdAndNetplan()
        readIfcfg()
        readNetworkManager()
        readOthers()
        readKernelParameter()
        connectVirtualInterfaces()
        findClients()
        findResolverWriters()
        findNameBindings()
    }

    // MARK: Managers

    private static let units: [(NetworkFacts.Manager, [String])] = [
        (.ifupdown, ["networking.service"]), (.networkd, ["systemd-networkd.service"]),
        (.networkManager, ["NetworkManager.service"]), (.sysconfig, ["network.service"]),
        (.wicked, ["wicked.service"]), (.dhcpcd, ["dhcpcd.service"]), (.connman, ["connman.service"]),
    ]

    private func findManagers() {
        for (manager, units) in NetworkInspection.units {
            for unit in units.map(services.unit) where !isOtherService(unit) {
                if unit.starts == .yes, let obstacle = services.obstacle(of: unit.name) {
                    refuse(manager, obstacle)
                } else {
                    note(manager, unit)
                }
            }
        }
        // netplan is a generator: it acts whenever it is installed, through the renderer it names.
        let generators = [
            "/usr/lib/systemd/system-generators/netplan", "/lib/systemd/system-generators/netplan",
        ]
        if let generator = generators.first(where: { reader.exists($0) == .yes }) {
            facts.activeManagers[.netplan] = [Evidence(path: generator)]
        }
        for unit in [
            "systemd-networkd-wait-online.service", "NetworkManager-wait-online.service",
            "ifupdown-wait-online.service",
        ].map(services.unit) where unit.starts == .yes {
            facts.waitsOnline.append(unit.evidence.first ?? Evidence(path: unit.name))
        }
        if !services.isPresent { facts.gap = services.gap }
    }

    /// Remembers that `manager` sets nothing up although the boot starts it.
    func refuse(_ manager: NetworkFacts.Manager, _ why: StructureFinding) {
        facts.problems.append(why)
        if facts.refusing[manager] == nil { facts.refusing[manager] = why }
    }

    /// Remembers that `unit` starts `manager`, or may start it.
    func note(_ manager: NetworkFacts.Manager, _ unit: UnitFacts) {
        switch unit.starts {
        case .yes:
            facts.activeManagers[manager, default: []] +=
                unit.evidence.isEmpty ? [Evidence(path: unit.name)] : unit.evidence
        case .unknown where unit.state != .missing:
            facts.uncertainManagers[manager] = unit.evidence.first ?? Evidence(path: unit.name)
        default: break
        }
    }

    /// `network.service` is the name of the network scripts and, on SUSE, an alias of what replaced them.
    private func isOtherService(_ unit: UnitFacts) -> Bool {
        guard unit.name == "network.service" else { return false }
        let scripts = [
            "/etc/sysconfig/network-scripts/ifup", "/etc/sysconfig/network-scripts/ifup-eth",
            "/etc/sysconfig/network/scripts/functions",
        ]
        if !scripts.contains(where: { reader.exists($0) == .yes }) { return true }
        // The alias is the same unit as the one it stands for.
        guard identity.family == .suse else { return false }
        return ["wicked.service", "NetworkManager.service"].map(services.unit).contains {
            $0.starts == .yes && $0.state == unit.state
        }
    }

    func isActive(_ manager: NetworkFacts.Manager) -> Bool { facts.activeManagers[manager] != nil }

    // MARK: What the stacks say

    /// Adds what one stack says about one interface. Returns its place in the facts, nil for loopback.
    @discardableResult func add(
        _ configuration: NetworkInterfaceConfiguration, as manager: NetworkFacts.Manager
    ) -> Int? {
        guard let interface = interface(configuration, as: manager) else { return nil }
        facts.interfaces.append(interface)
        return facts.interfaces.count - 1
    }

    /// What a configuration means for the NIC; nil for loopback.
    func interface(
        _ configuration: NetworkInterfaceConfiguration, as manager: NetworkFacts.Manager
    ) -> InterfaceFacts? {
        if configuration.kind == .loopback { return nil }
        if let literal = configuration.match.literalName, literal == "lo" { return nil }
        let method: InterfaceFacts.Method =
            switch configuration.method {
            case .dhcp: .dhcp
            case .fixed: .static
            case .none, .linkLocal: .manual
            case .unmanaged: .none
            case .other: .unknown
            }
        var interface = InterfaceFacts(
            manager: manager,
            match: .init(
                names: configuration.match.names, macAddresses: configuration.match.macAddresses,
                drivers: configuration.match.drivers),
            method: method, startsAtBoot: configuration.startsAtBoot != .no,
            appliesToPrimary: applies(configuration.match), evidence: Evidence(configuration.source))
        interface.addresses = configuration.addresses
        interface.gateway = configuration.gateway
        interface.virtualKind = NetworkInspection.virtualKind(configuration.kind)
        interface.controller = configuration.controller
        interface.members = configuration.members
        if case .vlan(let parent?) = configuration.kind { interface.members = [parent] }
        if configuration.refusesNameServers != nil || !configuration.nameServers.isEmpty {
            interface.nameServers = NameServerFacts(
                refused: configuration.refusesNameServers.map { Evidence($0) },
                own: configuration.nameServers.prefix(8).map { Located($0.address, Evidence($0.source)) })
        }
        interface.defaultRouteRefused = configuration.refusesDefaultRoute.map { Evidence($0) }
        let file = configuration.source.file
        interface.renderedByCloudInit =
            file.contains("50-cloud-init")
            || file.hasPrefix("/etc/NetworkManager/system-connections/cloud-init-")
            || (reader.file(file).value?.prefix(256).text.contains("cloud-init") ?? false)
        return interface
    }

    func applies(_ match: InterfaceMatch) -> Answer {
        asksForDriver = asksForDriver || !match.drivers.isEmpty
        let applies = Answer(match.applies(to: expected))
        // An exact predictable name fits one slot of one machine; nobody can say that it is this one.
        if applies == .unknown, case .predictable = expected.names, let name = match.literalName,
            !InterfaceNames.isPredictable(name)
        {
            return .no
        }
        return applies
    }

    private static func virtualKind(_ kind: NetworkInterfaceConfiguration.Kind) -> String? {
        switch kind {
        case .physical, .loopback: nil
        case .bridge: "bridge"
        case .bond: "bond"
        case .team: "team"
        case .vlan: "vlan"
        case .wireless: "wireless"
        case .other(let name): name
        }
    }

    func problem(_ fault: ImageFault, at path: String) {
        facts.problems.append(
            StructureFinding(
                code: "invalid", message: fault.message,
                evidence: Evidence(path: path, excerpt: fault.message)))
    }

    /// A configuration that its manager does not use.
    func setAside(_ index: Int, _ why: String) { facts.interfaces[index].setAside = why }

    /// A bridge, bond or VLAN is about the NIC when it is made of it.
    private func connectVirtualInterfaces() {
        for index in facts.interfaces.indices {
            let interface = facts.interfaces[index]
            guard let kind = interface.virtualKind, ["bridge", "bond", "team", "vlan"].contains(kind) else {
                continue
            }
            var takesIn = Ternary.no
            let parts = interface.members + interface.match.names.flatMap { vlanParents[$0] ?? [] }
            for part in parts { takesIn = takesIn || isPrimary(part, of: interface.manager) }
            let names = interface.match.names
            for other in facts.interfaces where other.virtualKind == nil && other.setAside == nil {
                guard let controller = other.controller, names.contains(controller) else { continue }
                takesIn = takesIn || Ternary(other.appliesToPrimary)
            }
            facts.interfaces[index].appliesToPrimary = Answer(takesIn)
        }
    }

    /// Whether a member, an interface's name or the name of a netplan definition, is the NIC.
    private func isPrimary(_ name: String, of manager: NetworkFacts.Manager) -> Ternary {
        let definition = facts.interfaces.first {
            $0.manager == manager && $0.virtualKind == nil && $0.evidence.excerpt == "\(name):"
        }
        if let definition { return Ternary(definition.appliesToPrimary) }
        return Ternary(applies(InterfaceMatch(name: name)))
    }

    // MARK: Clients

    private func findClients() {
        for path in [
            "/sbin/dhclient", "/usr/sbin/dhclient", "/sbin/dhcpcd", "/usr/sbin/dhcpcd", "/usr/bin/dhcpcd",
            "/sbin/udhcpc", "/usr/sbin/udhcpc", "/sbin/pump", "/usr/lib/systemd/systemd-networkd",
            "/lib/systemd/systemd-networkd", "/usr/sbin/NetworkManager", "/usr/lib/wicked/bin/wickedd-dhcp4",
            "/usr/libexec/wicked/bin/wickedd-dhcp4",
        ] {
            let found = reader.info(path)
            if found.presence == .yes { facts.dhcpClients.append(path) }
            if let gap = found.gap, facts.clientGap == nil { facts.clientGap = gap }
        }
    }
}

extension Ternary {
    /// The answer a fact holds.
    init(_ answer: Answer) {
        self =
            switch answer {
            case .yes: .yes
            case .no: .no
            case .unknown: .unknown
            }
    }
}
