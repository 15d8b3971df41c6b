import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// ifupdown, dhcpcd, connman, netctl, Gentoo's scripts, and `ip=` of the kernel command line.
extension NetworkInspection {
    // MARK: ifupdown

    func readInterfaces() {
        let path = "/etc/network/interfaces"
        let file = reader.parse(path) { (bytes) throws(ImageFault) in
            try InterfacesFile(ConfigurationFile(path: path, bytes: bytes)) { (pattern) throws(ImageFault) in
                self.sourced(pattern)
            }
        }
        guard let file = file.value else { return }
        for configuration in file.configurations { add(configuration, as: .ifupdown) }
        // busybox and ifupdown-ng take words that Debian's program refuses.
        let isStrict = reader.exists("/etc/alpine-release") != .yes
        for wrong in file.problems where isStrict {
            let finding = StructureFinding(
                code: "invalid", message: "ifup refuses its configuration: \(wrong.message)",
                evidence: Evidence(wrong.source))
            facts.problems.append(finding)
            if facts.refusing[.ifupdown] == nil { facts.refusing[.ifupdown] = finding }
        }
    }

    private func sourced(_ pattern: String) -> [ConfigurationFile] {
        let path = pattern.hasPrefix("/") ? pattern : "/etc/network/" + pattern
        return reader.glob(path).compactMap { path in
            reader.file(path).value.map { ConfigurationFile(path: path, bytes: $0) }
        }
    }

    // MARK: The rest

    func readOthers() {
        readDhcpcd()
        readConnman()
        readNetctl()
        readNetifrc()
    }

    private func readDhcpcd() {
        // One instance for one interface: dhcpcd@eth0.
        for name in instances(of: "dhcpcd@") {
            let unit = services.unit("dhcpcd@\(name).service")
            guard unit.starts != .no else { continue }
            note(.dhcpcd, unit)
            add(
                NetworkInterfaceConfiguration(
                    source: SourceLine(
                        file: unit.evidence.first?.path ?? "/etc/dhcpcd.conf", line: 1, excerpt: ""),
                    stack: .dhcpcd, match: InterfaceMatch(name: name), method: .dhcp), as: .dhcpcd)
        }
        let unit = services.unit("dhcpcd.service")
        guard unit.starts != .no else { return }
        let path = "/etc/dhcpcd.conf"
        let file = reader.parse(path) { (bytes) throws(ImageFault) in try DhcpcdConfiguration(bytes) }
        guard let configuration = file.value else { return }
        // A block for the interface comes before what holds for all.
        var isDecided = false
        for one in configuration.configurations() {
            guard let place = add(one, as: .dhcpcd) else { continue }
            if isDecided { setAside(place, "an interface block comes first") }
            isDecided = isDecided || facts.interfaces[place].appliesToPrimary == .yes
        }
    }

    /// The instances of a unit that some link in /etc/systemd/system wants.
    private func instances(of prefix: String) -> [String] {
        reader.glob("/etc/systemd/system/*.wants/\(prefix)*.service").compactMap { path in
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            let instance = name.dropFirst(prefix.utf8.count).dropLast(8)
            return instance.isEmpty ? nil : String(instance)
        }
    }

    private func readConnman() {
        guard isActive(.connman) || facts.uncertainManagers[.connman] != nil else { return }
        let main = "/etc/connman/main.conf"
        var configuration = ConnmanConfiguration()
        do {
            if let bytes = reader.file(main).value {
                try configuration.readMain(ConfigurationFile(path: main, bytes: bytes))
            }
            let state = "/var/lib/connman/settings"
            if let bytes = reader.file(state).value {
                try configuration.readState(ConfigurationFile(path: state, bytes: bytes))
            }
            let saved =
                reader.glob("/var/lib/connman/*.config") + reader.glob("/var/lib/connman/ethernet_*/settings")
            for path in saved {
                guard let bytes = reader.file(path).value else { continue }
                try configuration.readServices(ConfigurationFile(path: path, bytes: bytes))
            }
        } catch {
            problem(error, at: main)
            return
        }
        var isDecided = false
        for one in configuration.all(path: main) {
            guard let place = add(one, as: .connman) else { continue }
            if isDecided { setAside(place, "the settings of a service come first") }
            isDecided = isDecided || facts.interfaces[place].appliesToPrimary == .yes
        }
    }

    private func readNetctl() {
        let directory = "/etc/netctl"
        for name in reader.names(in: directory).value ?? [] {
            let path = "\(directory)/\(name)"
            guard reader.info(path).value?.type == .regular else { continue }
            let profile = reader.parse(path) { (bytes) throws(ImageFault) in
                try NetctlProfile(ConfigurationFile(path: path, bytes: bytes))
            }
            guard var configuration = profile.value?.configuration else { continue }
            let unit = services.unit("netctl@\(NetworkInspection.escaped(name)).service")
            configuration.startsAtBoot = Ternary(unit.starts)
            note(.netctl, unit)
            add(configuration, as: .netctl)
        }
    }

    /// systemd-escape(1) for what stands in names of profiles.
    private static func escaped(_ name: String) -> String {
        name.utf8.reduce(into: "") { result, byte in
            if byte == 0x2D || byte == 0x5C || byte == 0x20 {
                result += "\\x" + String(byte, radix: 16)
            } else {
                result += String(decoding: [byte], as: UTF8.self)
            }
        }
    }

    private func readNetifrc() {
        let scripts = (reader.names(in: "/etc/init.d").value ?? []).filter {
            $0.hasPrefix("net.") && $0 != "net.lo"
        }
        guard !scripts.isEmpty else { return }
        let path = "/etc/conf.d/net"
        let file = reader.parse(path) { (bytes) throws(ImageFault) in
            try NetifrcConfiguration(ConfigurationFile(path: path, bytes: bytes))
        }
        if file.gap != nil { return }
        let configuration = file.value ?? NetifrcConfiguration()
        for script in scripts.prefix(64) {
            var own = configuration.configuration(of: String(script.dropFirst(4)))
            let unit = services.unit("\(script).service")
            own.startsAtBoot = Ternary(unit.starts)
            note(.netifrc, unit)
            add(own, as: .netifrc)
        }
    }

    // MARK: Kernel

    /// `ip=` configures the NIC in the initramfs, before any manager.
    func readKernelParameter() {
        for value in commandLine?.all("ip") ?? [] {
            guard var evidence = commandLine?.evidence else { continue }
            let parameter = KernelNetworkParameter(value)
            let method: InterfaceFacts.Method
            var addresses: [String] = []
            switch parameter.kind {
            case .nothing: continue
            case .dhcp: method = .dhcp
            case .fixed(let address):
                method = .static
                addresses = [address]
            }
            evidence.excerpt = "ip=\(value)"
            // Whether the initramfs goes by it depends on its modules and on other parameters.
            var interface = InterfaceFacts(
                manager: .kernel, match: .init(names: parameter.interface.map { [$0] } ?? []), method: method,
                startsAtBoot: true, appliesToPrimary: .unknown, evidence: evidence)
            interface.addresses = addresses
            if let name = parameter.interface {
                interface.appliesToPrimary = applies(InterfaceMatch(name: name))
            }
            if interface.appliesToPrimary == .yes { interface.appliesToPrimary = .unknown }
            facts.interfaces.append(interface)
        }
    }
}
