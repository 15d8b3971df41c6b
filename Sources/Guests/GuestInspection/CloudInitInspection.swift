import ByteReading
import GuestFacts
import GuestFormats

/// Finds out whether cloud-init is there, runs, and does what a first boot needs.
struct CloudInitInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity
    let commandLine: CommandLineFacts?
    /// Knows the NIC and the programs that cloud-init writes for.
    let network: NetworkInspection

    private static let programs = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init", "/bin/cloud-init"]
    /// The units of all versions; `cloud-init.service` became `cloud-init-network.service` in 24.3.
    private static let units = [
        "cloud-init-local.service", "cloud-init.service", "cloud-init-network.service",
        "cloud-init-main.service",
        "cloud-config.service", "cloud-final.service",
    ]

    func inspect() -> CloudInitFacts {
        var facts = CloudInitFacts()
        facts.prompts = FirstBootPrompts(reader: reader, services: services).inspect()
        growTools(&facts)
        otherGrowth(&facts)
        guard let program = CloudInitInspection.programs.first(where: { reader.exists($0) == .yes }) else {
            return facts
        }
        facts.program = Evidence(path: program)
        facts.version = version()
        facts.knownDatasources = knownDatasources()
        facts.enabled = enabled(&facts)
        configuration(&facts)
        facts.staleState = [
            "/var/lib/cloud/instance", "/var/lib/cloud/data/instance-id", "/var/lib/cloud/sem",
        ].filter { reader.info($0, followingLast: false).presence == .yes }.map { Evidence(path: $0) }
        return facts
    }

    // MARK: Version

    /// Directories with Python's modules; those below /usr/local come first, for Python too, so that what pip put
    /// there hides the package.
    private var localModules: [String] {
        ["/usr/local/lib/python3/dist-packages"] + reader.glob("/usr/local/lib/python*/dist-packages")
            + reader.glob("/usr/local/lib/python*/site-packages")
    }
    private var systemModules: [String] {
        ["/usr/lib/python3/dist-packages"] + reader.glob("/usr/lib/python*/dist-packages")
            + reader.glob("/usr/lib/python*/site-packages")
    }

    private func version() -> String? {
        moduleVersion(in: localModules) ?? identity.packages["cloud-init"] ?? moduleVersion(in: systemModules)
    }

    private func moduleVersion(in directories: [String]) -> String? {
        for directory in directories {
            let path = "\(directory)/cloudinit/version.py"
            let found = reader.parse(path) { (bytes) throws(ImageFault) in
                try CloudInitVersion.inModule(bytes, name: path)
            }
            // What a vendor calls its own version stands in the name of the package's directory only.
            let packaged = (reader.names(in: directory).value ?? []).first { $0.hasPrefix("cloud_init-") }
                .flatMap { $0.dropFirst(11).split(separator: "-").first }
                .map { $0.hasSuffix(".dist") ? $0.dropLast(5) : $0[...] }
                .map { $0.hasSuffix(".egg") ? String($0.dropLast(4)) : String($0) }
            if let version = found.value?.version.text {
                guard let packaged, packaged.hasPrefix(version) else { return version }
                return packaged
            }
            if reader.exists("\(directory)/cloudinit") == .yes, let packaged { return packaged }
        }
        return nil
    }

    private func knownDatasources() -> [String] {
        for directory in localModules + systemModules {
            let names = reader.names(in: "\(directory)/cloudinit/sources").value ?? []
            let known = names.filter { $0.hasPrefix("DataSource") && $0.hasSuffix(".py") }
                .map { String($0.dropFirst(10).dropLast(3)) }
            if !known.isEmpty { return known.sorted() }
        }
        return []
    }

    // MARK: Start

    private func enabled(_ facts: inout CloudInitFacts) -> Answer {
        // The command line decides before the file.
        let word = commandLine?.last("cloud-init")
        if word != "enabled", reader.exists("/etc/cloud/cloud-init.disabled") == .yes {
            facts.disabledBy.append(Evidence(path: "/etc/cloud/cloud-init.disabled"))
        }
        if let commandLine, word == "disabled" {
            var evidence = commandLine.evidence
            evidence.excerpt = "cloud-init=disabled"
            facts.disabledBy.append(evidence)
        }
        identify(&facts)
        let states = CloudInitInspection.units.map(services.unit).filter { $0.state != .missing }
        for unit in states where unit.state == .masked { facts.disabledBy += unit.evidence }
        if !facts.disabledBy.isEmpty { return .no }
        if !services.isPresent { return .unknown }
        if states.contains(where: { $0.starts == .yes }) { return .yes }
        if states.contains(where: { $0.starts == .unknown }) { return .unknown }
        facts.disabledBy.append(
            Evidence(path: "/etc/systemd/system", excerpt: "nothing starts cloud-init's units"))
        return .no
    }

    /// What ds-identify is told, by its file or the command line.
    private func identify(_ facts: inout CloudInitFacts) {
        let identify = reader.parse("/etc/cloud/ds-identify.cfg") { (bytes) throws(ImageFault) in
            try DsIdentifyConfiguration(bytes)
        }
        if let identify = identify.value {
            if identify.isDisabled, let policy = identify.policy {
                facts.disabledBy.append(Evidence(policy.source))
            }
            if let forced = identify.datasource, !forced.value.isEmpty, forced.value != "None" {
                facts.forcedDatasource = Located(forced.value, Evidence(forced.source))
            }
        }
        for name in ["ds", "ci.ds", "ci.datasource"] {
            guard let value = commandLine?.last(name), var evidence = commandLine?.evidence else { continue }
            // `ds=nocloud;s=http://…`
            let word = value.split { $0 == ";" }.first.map(String.init) ?? value
            guard !word.isEmpty else { continue }
            evidence.excerpt = "\(name)=\(value)"
            let names = ["nocloud": "NoCloud", "nocloud-net": "NoCloud", "aliyun": "AliYun", "ec2": "Ec2"]
            facts.forcedDatasource = Located(names[word.lowercased()] ?? word, evidence)
        }
        for directory in ["/var/lib/cloud/seed/nocloud", "/var/lib/cloud/seed/nocloud-net"] {
            let path = "\(directory)/meta-data"
            if reader.exists(path) == .yes { facts.seeds.append(Evidence(path: path)) }
        }
    }

    // MARK: Settings

    private func configuration(_ facts: inout CloudInitFacts) {
        var files: [ConfigurationFile] = []
        switch reader.file("/etc/cloud/cloud.cfg") {
        case .found(let bytes): files.append(ConfigurationFile(path: "/etc/cloud/cloud.cfg", bytes: bytes))
        case .unreadable(let gap): facts.gap = gap
        case .absent: break
        }
        files += reader.files(in: "/etc/cloud/cloud.cfg.d", suffix: ".cfg").map {
            ConfigurationFile(path: $0.path, bytes: $0.bytes)
        }
        let configuration = CloudConfig(files: files)
        for fault in configuration.faults {
            facts.problems.append(
                StructureFinding(
                    code: "invalidYAML", message: "cloud-init ignores the file: \(fault.message)",
                    evidence: Evidence(path: fault.layers.first ?? "/etc/cloud", excerpt: fault.message)))
        }
        func place(_ key: String) -> Evidence {
            configuration.source(key).map { Evidence($0) } ?? Evidence(path: "/etc/cloud/cloud.cfg")
        }
        if let sources = configuration.datasources {
            facts.datasources = Located(sources, place("datasource_list"))
        }
        if configuration.isNetworkDisabled { facts.networkDisabled = place("network") }
        if reader.exists("/var/lib/cloud/data/upgraded-network") == .yes {
            facts.networkDisabled = Evidence(path: "/var/lib/cloud/data/upgraded-network")
        }
        if commandLine?.last("network-config") == "disabled" { facts.networkDisabled = commandLine?.evidence }
        let isKnown = facts.gap == nil && configuration.modules("cloud_init_modules") != nil
        let growMode = configuration.growpartMode
        let growsPartition =
            configuration.runsModule("growpart") && !["off", "false", "False"].contains(growMode)
            && reader.exists("/etc/growroot-disabled") != .yes
        facts.runsGrowpart = isKnown ? Answer(growsPartition) : .unknown
        facts.runsResizefs =
            isKnown ? Answer(configuration.runsModule("resizefs") && configuration.resizesRoot) : .unknown
        facts.disableRoot = configuration.disablesRoot
        facts.deletesHostKeys = configuration.deletesHostKeys && configuration.runsModule("ssh")
        if configuration.keepsInstanceCache { facts.keepsState = place("manual_cache_clean") }
        if configuration.preservesHostname { facts.preservesHostname = place("preserve_hostname") }
        let renderer = CloudInitRenderer(reader: reader, services: services, identity: identity)
        if let chosen = renderer.chosen(order: configuration.renderers, network: network.facts) {
            facts.renderer = Located(chosen.manager, chosen.evidence)
            facts.renderedFiles = chosen.files
        }
        guard facts.networkDisabled == nil, let own = configuration["network"] else { return }
        let path = configuration.source("network")?.file ?? "/etc/cloud/cloud.cfg"
        guard let written = CloudNetworkConfiguration(own, path: path) else { return }
        facts.ownNetwork = written.configurations.compactMap {
            network.interface($0, as: facts.renderer?.value ?? .netplan)
        }
    }

    /// Growth that needs no cloud-init.
    private func otherGrowth(_ facts: inout CloudInitFacts) {
        let repart = services.unit("systemd-repart.service")
        let definitions = ["/etc/repart.d", "/usr/lib/repart.d"].flatMap { reader.glob("\($0)/*.conf") }
        if repart.starts == .yes, let first = definitions.first {
            facts.otherGrowth.append(Evidence(path: first))
        }
        // What growroot of the initramfs looks for in the root.
        for path in [
            "/etc/growroot-disabled", "/etc/growroot-grown", "/var/lib/cloud/instance/root-grown",
        ] where facts.earlyGrowthMark == nil && reader.exists(path) == .yes {
            facts.earlyGrowthMark = Evidence(path: path)
        }
        for name in ["extend-filesystems.service", "growroot.service"] {
            let unit = services.unit(name)
            if unit.starts == .yes { facts.otherGrowth.append(unit.evidence.first ?? Evidence(path: name)) }
        }
    }

    /// Programs that grow partitions and file systems, by name.
    private func growTools(_ facts: inout CloudInitFacts) {
        for name in [
            "growpart", "sfdisk", "sgdisk", "resize2fs", "xfs_growfs", "btrfs", "lvextend", "systemd-growfs",
            "systemd-repart",
        ] {
            let paths = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/lib/systemd", "/lib/systemd"].map {
                "\($0)/\(name)"
            }
            let answers = paths.map(reader.exists)
            if answers.contains(.yes) {
                facts.growTools[name] = true
            } else if !answers.contains(.unknown) {
                facts.growTools[name] = false
            }
        }
    }
}
