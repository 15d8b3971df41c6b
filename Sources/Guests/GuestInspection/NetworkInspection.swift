import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out which program configures the network, what it is told, and whether that is for the NIC that an
/// instance will have.
final class NetworkInspection {
    private let reader: GuestReader
    private let services: ServiceInspection
    private let commandLine: CommandLineFacts?
    private let early: InitramfsSummary?
    private var expected = ExpectedInterface(names: .unknown, driver: "virtio_net")
    private var facts: NetworkFacts

    /// - Parameter early: the initramfs, if the NIC appears while it runs.
    init(
        reader: GuestReader, services: ServiceInspection, commandLine: CommandLineFacts?,
        early: InitramfsSummary?
    ) {
        self.reader = reader
        self.early = early
        self.services = services
        self.commandLine = commandLine
        facts = NetworkFacts(naming: Located(.unknown, Evidence(path: "/usr/lib/systemd/network")))
    }

    func inspect() -> NetworkFacts {
        findNaming()
        findManagers()
        readInterfaces()
        readNetworkd()
        readNetplan()
        readNetworkManager()
        readIfcfg()
        readKernelParameter()
        findClients()
        findPersistentNames()
        return facts
    }

    // MARK: Names

    private func findNaming() {
        let links = reader.mergedFiles(in: NetworkInspection.networkDirectories, suffix: ".link")
        let units = links.filter { !$0.path.hasSuffix("/99-default.link") }.compactMap { unit($0) }
        // A name that the udev of the initramfs gave stays: the policies of the root begin with "keep".
        let early = earlyPolicy()
        let late = NetworkNamePolicy(
            commandLine: commandLine?.words ?? [], linkFiles: units,
            hasDefaultLink: isEffective("99-default.link", in: NetworkInspection.networkDirectories),
            hasNetSetupRule: isEffective("80-net-setup-link.rules", in: NetworkInspection.ruleDirectories)
                || isEffective("80-net-name-slot.rules", in: NetworkInspection.ruleDirectories))
        let policy = early.flatMap { $0.names == .exact("eth0") ? nil : $0 } ?? late
        expected.names = policy.names
        let naming: NetworkFacts.Naming =
            switch policy.names {
            case .exact("eth0"): .kernel
            case .exact, .predictable, .biosDevName: .predictable
            case .unknown: .unknown
            }
        facts.naming = Located(
            naming,
            policy.source.map { Evidence($0) }
                ?? Evidence(path: "kernel command line and udev", excerpt: policy.reason))
    }

    /// What the udev of the initramfs calls the NIC; nil when the NIC appears later or there is no udev in it.
    private func earlyPolicy() -> NetworkNamePolicy? {
        guard let early, early.udevDaemon != nil else { return nil }
        var chosen: [String: String] = [:]
        for directory in NetworkInspection.networkDirectories.map({ String($0.dropFirst()) }) {
            for path in early.contents.tree.nodes.keys
            where path.hasPrefix(directory + "/") && path.hasSuffix(".link") {
                let name = String(path.dropFirst(directory.count + 1))
                if !name.contains("/"), chosen[name] == nil { chosen[name] = path }
            }
        }
        // initramfs-tools copies a link to /dev/null as an empty file, which masks as well.
        func isMasked(_ path: String) -> Bool {
            guard let member = early.contents.tree.nodes[path] else { return false }
            return member.linkTarget == "/dev/null" || (member.linkTarget == nil && member.size == 0)
        }
        let files = chosen.filter { !isMasked($0.value) }.sorted { $0.key < $1.key }
        let units = files.filter { $0.key != "99-default.link" }.compactMap { file in
            early.contents.files[file.value].flatMap { unit((path: "/" + file.value, bytes: $0.bytes)) }
        }
        let rule = NetworkInspection.ruleDirectories.map { $0.dropFirst() + "/80-net-setup-link.rules" }
            .first { early.contents.tree.nodes[$0] != nil }
        return NetworkNamePolicy(
            commandLine: commandLine?.words ?? [], linkFiles: units,
            hasDefaultLink: files.contains { $0.key == "99-default.link" },
            hasNetSetupRule: rule.map { !isMasked($0) } ?? false)
    }

    private static let networkDirectories = [
        "/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
        "/usr/lib/systemd/network", "/lib/systemd/network",
    ]
    private static let ruleDirectories = [
        "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
        "/lib/udev/rules.d",
    ]

    /// Whether the first directory that has the file has more than a link to `/dev/null`.
    private func isEffective(_ name: String, in directories: [String]) -> Bool {
        for directory in directories {
            let path = "\(directory)/\(name)"
            guard let info = reader.info(path, followingLast: false).value else { continue }
            if info.type == .symlink, reader.link(path).value == "/dev/null" { return false }
            return info.type == .symlink || info.size > 0
        }
        return false
    }

    private func unit(_ file: (path: String, bytes: Bytes)) -> UnitFile? {
        do {
            return try UnitFile(file.bytes, name: file.path)
        } catch {
            problem(error, at: file.path)
            return nil
        }
    }

    private func problem(_ fault: ImageFault, at path: String) {
        facts.problems.append(
            StructureFinding(
                code: "invalid", message: fault.message,
                evidence: Evidence(path: path, excerpt: fault.message)))
    }

    // MARK: Managers

    private static let units: [(NetworkFacts.Manager, [String])] = [
        (.ifupdown, ["networking.service"]), (.networkd, ["systemd-networkd.service"]),
        (.networkManager, ["NetworkManager.service"]), (.sysconfig, ["network.service"]),
        (.wicked, ["wicked.service"]), (.dhcpcd, ["dhcpcd.service"]), (.connman, ["connman.service"]),
    ]

    private func findManagers() {
        for (manager, units) in NetworkInspection.units {
            for unit in units.map(services.unit) where unit.starts == .yes && !isDefaultAlias(unit) {
                facts.activeManagers[manager] =
                    unit.evidence.isEmpty ? [Evidence(path: unit.name)] : unit.evidence
            }
        }
        // netplan is a generator: it acts whenever it is installed, through the renderer it names.
        let generators = [
            "/usr/lib/systemd/system-generators/netplan", "/lib/systemd/system-generators/netplan",
        ]
        if let generator = generators.first(where: { reader.exists($0) == .yes }) {
            facts.activeManagers[.netplan] = [Evidence(path: generator)]
        }
        if !services.isPresent { facts.gap = services.gap ?? unknownInit }
    }

    private var unknownInit: Gap {
        Gap(
            where: "/etc/systemd", kind: .absent,
            message:
                "the system has no systemd units, and what another init starts is not read by this version")
    }

    /// `network.service` of SysV comes with the network scripts; without them the name means something else.
    private func isDefaultAlias(_ unit: UnitFacts) -> Bool {
        unit.name == "network.service" && reader.exists("/etc/sysconfig/network-scripts/ifup") != .yes
            && reader.exists("/etc/sysconfig/network-scripts/ifup-eth") != .yes
    }

    // MARK: Stacks

    private func add(_ configuration: NetworkInterfaceConfiguration, as manager: NetworkFacts.Manager) {
        if configuration.kind == .loopback { return }
        if let literal = configuration.match.literalName, literal == "lo" { return }
        var applies = Answer(configuration.match.applies(to: expected))
        // An exact predictable name fits one slot of one machine; nobody can say that it is this one.
        if applies == .unknown, case .predictable = expected.names,
            let name = configuration.match.literalName,
            !InterfaceNames.isPredictable(name)
        {
            applies = .no
        }
        let method: InterfaceFacts.Method =
            switch configuration.method {
            case .dhcp: .dhcp
            case .fixed: .static
            case .none, .linkLocal: .manual
            case .unmanaged, .other: .none
            }
        var interface = InterfaceFacts(
            manager: manager,
            match: .init(
                names: configuration.match.names, macAddresses: configuration.match.macAddresses,
                drivers: configuration.match.drivers),
            method: method, startsAtBoot: configuration.startsAtBoot != .no, appliesToPrimary: applies,
            evidence: Evidence(configuration.source))
        interface.addresses = configuration.addresses
        interface.gateway = configuration.gateway
        interface.virtualKind = NetworkInspection.virtualKind(configuration.kind)
        let file = configuration.source.file
        interface.renderedByCloudInit =
            file.contains("50-cloud-init") || file.contains("cloud-init")
            || (reader.file(file).value?.prefix(256).text.contains("cloud-init") ?? false)
        facts.interfaces.append(interface)
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

    private func readInterfaces() {
        let path = "/etc/network/interfaces"
        let file = reader.parse(path) { (bytes) throws(ImageFault) in
            try InterfacesFile(ConfigurationFile(path: path, bytes: bytes)) { (pattern) throws(ImageFault) in
                self.sourced(pattern)
            }
        }
        guard let file = file.value else { return }
        for configuration in file.configurations { add(configuration, as: .ifupdown) }
        for wrong in file.problems {
            facts.problems.append(
                StructureFinding(code: "invalid", message: wrong.message, evidence: Evidence(wrong.source)))
        }
    }

    private func sourced(_ pattern: String) -> [ConfigurationFile] {
        let path = pattern.hasPrefix("/") ? pattern : "/etc/network/" + pattern
        return reader.glob(path).compactMap { path in
            reader.file(path).value.map { ConfigurationFile(path: path, bytes: $0) }
        }
    }

    private func readNetworkd() {
        let files = reader.mergedFiles(in: NetworkInspection.networkDirectories, suffix: ".network")
        let parsed = files.compactMap { unit($0) }.map(NetworkdFile.init)
        // The first file that matches is the only one that counts, so later ones do not apply.
        let first = NetworkdFile.first(of: parsed, for: expected)
        for file in parsed {
            add(file.configuration, as: .networkd)
            let counts = first.candidates.contains { $0.file.name == file.file.name }
            if !counts, let last = facts.interfaces.indices.last, facts.interfaces[last].manager == .networkd,
                facts.interfaces[last].evidence.path == file.file.name
            {
                facts.interfaces[last].appliesToPrimary = .no
            }
        }
    }

    private func readNetplan() {
        let files = reader.mergedFiles(in: ["/run/netplan", "/etc/netplan", "/lib/netplan"], suffix: ".yaml")
        guard !files.isEmpty else { return }
        let plan = NetplanConfiguration(
            files: files.map { ConfigurationFile(path: $0.path, bytes: $0.bytes) })
        for configuration in plan.configurations { add(configuration, as: .netplan) }
        for fault in plan.faults { problem(fault, at: fault.layers.first ?? files[0].path) }
    }

    private func readNetworkManager() {
        let directories = [
            "/etc/NetworkManager/system-connections", "/usr/lib/NetworkManager/system-connections",
        ]
        for directory in directories {
            for (path, bytes) in reader.files(in: directory, suffix: "") {
                let name = path.split(separator: "/").last.map(String.init) ?? path
                guard NetworkManagerKeyfile.isProfileName(name) else { continue }
                do {
                    let file = try NetworkManagerKeyfile(bytes, name: path)
                    if let info = reader.info(path).value,
                        !NetworkManagerKeyfile.isAccepted(owner: info.owner, mode: UInt32(info.permissions))
                    {
                        facts.problems.append(
                            StructureFinding(
                                code: "keyfilePermissions",
                                message:
                                    "NetworkManager ignores the profile: its mode is \(String(info.permissions, radix: 8)), its owner \(info.owner); it must be 600 and root",
                                evidence: Evidence(path: path)))
                        continue
                    }
                    if let configuration = file.configuration { add(configuration, as: .networkManager) }
                } catch { problem(error, at: path) }
            }
        }
        readNetworkManagerConfiguration()
    }

    private func readNetworkManagerConfiguration() {
        guard facts.activeManagers[.networkManager] != nil else { return }
        let files =
            reader.files(in: "/usr/lib/NetworkManager/conf.d", suffix: ".conf")
            + (reader.file("/etc/NetworkManager/NetworkManager.conf").value.map {
                [(path: "/etc/NetworkManager/NetworkManager.conf", bytes: $0)]
            } ?? []) + reader.files(in: "/etc/NetworkManager/conf.d", suffix: ".conf")
        do {
            let configuration = try NetworkManagerConfiguration(
                files: files.map { ConfigurationFile(path: $0.path, bytes: $0.bytes) })
            let denied = configuration.deniesAutomaticDefault(for: expected)
            let unmanaged = configuration.isUnmanaged(expected)
            // Debian's plug-in leaves alone what /etc/network/interfaces names.
            let inInterfaces = facts.interfaces.contains {
                $0.manager == .ifupdown && $0.appliesToPrimary == .yes
            }
            let isLeftAlone = inInterfaces && !configuration.managesIfupdown.value
            let place = denied.source ?? unmanaged.source
            facts.automaticDHCP = Located(
                denied.answer == .no && unmanaged.answer == .no && !isLeftAlone,
                place.map { Evidence($0) } ?? Evidence(path: "/etc/NetworkManager/NetworkManager.conf"))
        } catch { problem(error, at: "/etc/NetworkManager") }
    }

    private func readIfcfg() {
        for (directory, dialect, manager) in [
            ("/etc/sysconfig/network-scripts", IfcfgFile.Dialect.redHat, NetworkFacts.Manager.sysconfig),
            ("/etc/sysconfig/network", .suse, .wicked),
        ] {
            for name in reader.names(in: directory).value ?? [] where IfcfgFile.isInterfaceFile(name) {
                let path = "\(directory)/\(name)"
                let file = reader.parse(path) { (bytes) throws(ImageFault) in
                    try IfcfgFile(ConfigurationFile(path: path, bytes: bytes), dialect: dialect)
                }
                if let file = file.value { add(file.configuration, as: manager) }
            }
        }
    }

    /// `ip=` configures the NIC in the initramfs, before any manager.
    private func readKernelParameter() {
        for value in commandLine?.all("ip") ?? [] {
            let parts = value.split(separator: ":", omittingEmptySubsequences: false)
            let isDHCP = ["dhcp", "on", "any", "dhcp4"].contains(value) || parts.last == "dhcp"
            guard let evidence = commandLine?.evidence, !value.isEmpty, value != "off", value != "none" else {
                continue
            }
            facts.interfaces.append(
                InterfaceFacts(
                    manager: .kernel, match: .init(), method: isDHCP ? .dhcp : .static, startsAtBoot: true,
                    appliesToPrimary: .unknown, evidence: evidence))
        }
    }

    private func findClients() {
        facts.dhcpClients = [
            "/sbin/dhclient", "/usr/sbin/dhclient", "/sbin/dhcpcd", "/usr/sbin/dhcpcd", "/sbin/udhcpc",
            "/usr/sbin/udhcpc", "/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd",
            "/usr/sbin/NetworkManager", "/usr/lib/wicked/bin/wickedd-dhcp4",
        ].filter { reader.exists($0) == .yes }
    }

    private func findPersistentNames() {
        for directory in ["/etc/udev/rules.d", "/run/udev/rules.d"] {
            for (path, bytes) in reader.files(in: directory, suffix: ".rules") {
                guard let rules = try? PersistentNetRules(bytes, name: path) else { continue }
                for rule in rules.rules where rule.address != nil {
                    facts.persistentNames.append(Evidence(rule.source))
                }
            }
        }
    }
}
