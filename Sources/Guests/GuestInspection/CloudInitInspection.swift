import ByteReading
import GuestFacts
import GuestFormats

/// Finds out whether cloud-init is there, runs, and does what a first boot needs.
struct CloudInitInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity
    let commandLine: CommandLineFacts?

    private static let programs = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init"]
    /// The units of all versions; `cloud-init.service` became `cloud-init-network.service` in 24.3.
    private static let units = [
        "cloud-init-local.service", "cloud-init.service", "cloud-init-network.service",
        "cloud-init-main.service",
        "cloud-config.service", "cloud-final.service",
    ]

    func inspect() -> CloudInitFacts {
        var facts = CloudInitFacts()
        guard let program = CloudInitInspection.programs.first(where: { reader.exists($0) == .yes }) else {
            growTools(&facts)
            return facts
        }
        facts.program = Evidence(path: program)
        facts.version = version()
        facts.enabled = enabled(&facts)
        configuration(&facts)
        growTools(&facts)
        facts.staleState = ["/var/lib/cloud/instance", "/var/lib/cloud/data/instance-id"].filter {
            reader.info($0, followingLast: false).presence == .yes
        }.map { Evidence(path: $0) }
        return facts
    }

    private func version() -> String? {
        if let packaged = identity.packages["cloud-init"] { return packaged }
        for directory in ["/usr/lib/python3/dist-packages", "/usr/local/lib/python3/dist-packages"]
            + reader.glob("/usr/lib/python3.*/site-packages")
            + reader.glob("/usr/lib/python2.*/site-packages")
        {
            let path = "\(directory)/cloudinit/version.py"
            let found = reader.parse(path) { (bytes) throws(ImageFault) in
                try CloudInitVersion.inModule(bytes, name: path)
            }
            if let version = found.value { return version.version.text }
        }
        return nil
    }

    private func enabled(_ facts: inout CloudInitFacts) -> Answer {
        if reader.exists("/etc/cloud/cloud-init.disabled") == .yes {
            facts.disabledBy.append(Evidence(path: "/etc/cloud/cloud-init.disabled"))
        }
        if let commandLine, commandLine.last("cloud-init") == "disabled" {
            var evidence = commandLine.evidence
            evidence.excerpt = "cloud-init=disabled"
            facts.disabledBy.append(evidence)
        }
        let identify = reader.parse("/etc/cloud/ds-identify.cfg") { (bytes) throws(ImageFault) in
            try DsIdentifyConfiguration(bytes)
        }
        if let identify = identify.value, identify.isDisabled, let policy = identify.policy {
            facts.disabledBy.append(Evidence(policy.source))
        }
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
        if configuration.keepsInstanceCache {
            facts.problems.append(
                StructureFinding(
                    code: "manualCacheClean",
                    message: "manual_cache_clean keeps the old instance: first-boot work never runs again",
                    evidence: place("manual_cache_clean")))
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
