import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Who writes `/etc/resolv.conf` at boot, and which name servers of the old network stay.
extension NetworkInspection {
    // MARK: Who writes the file

    /// Notes at each interface what keeps its DHCP client from writing the file.
    func findResolverWriters() {
        for index in facts.interfaces.indices where facts.interfaces[index].method == .dhcp {
            guard let place = keepsFile(facts.interfaces[index]) else { continue }
            facts.interfaces[index].nameServers = facts.interfaces[index].nameServers ?? NameServerFacts()
            facts.interfaces[index].nameServers?.fileKept = place
        }
    }

    private func keepsFile(_ interface: InterfaceFacts) -> Evidence? {
        switch interface.manager {
        case .networkManager: return managerKeepsFile
        case .netplan: return netplanProfiles.isEmpty ? nil : managerKeepsFile
        case .sysconfig where identity.family == .suse: return netconfigKeepsFile
        case .wicked: return netconfigKeepsFile
        case .sysconfig:
            // dhclient-script returns at once; a server of the file itself is written later (ifup-post).
            return interface.nameServers?.refused ?? clientKeepsFile(interface)
        case .ifupdown, .netctl, .netifrc, .dhcpcd: return clientKeepsFile(interface)
        case .networkd, .connman, .kernel: return nil
        }
    }

    /// `dns=none` and its like.
    private var managerKeepsFile: Evidence? {
        guard let configuration = try? managerConfiguration() else { return nil }
        return configuration.leavesResolver.map { Evidence($0) }
    }

    /// netconfig(8) of SUSE leaves the file alone where its policy is empty.
    private var netconfigKeepsFile: Evidence? {
        let path = "/etc/sysconfig/network/config"
        guard let bytes = reader.file(path).value, let values = try? ShellAssignments(bytes, name: path),
            let policy = values["NETCONFIG_DNS_POLICY"], policy.value.isEmpty
        else { return nil }
        return Evidence(policy.source)
    }

    /// The client that a program without one of its own calls: the first of these that is there (`dhcp.defn` of
    /// ifupdown; the scripts of Red Hat know dhclient only).
    private func clientKeepsFile(_ interface: InterfaceFacts) -> Evidence? {
        func has(_ name: String) -> Bool { facts.dhcpClients.contains { $0.hasSuffix("/\(name)") } }
        if interface.manager != .dhcpcd {
            if has("dhclient") { return hookKeepsFile }
            if has("udhcpc") { return udhcpcKeepsFile }
        }
        return dhcpcdKeepsFile
    }

    /// A hook of dhclient-script that puts another `make_resolv_conf` in the place of its own.
    private var hookKeepsFile: Evidence? {
        let hooks =
            ["/etc/dhcp/dhclient-enter-hooks", "/etc/dhclient-enter-hooks"]
            + reader.glob("/etc/dhcp/dhclient-enter-hooks.d/*")
        for path in hooks.prefix(64) where reader.info(path).value?.type == .regular {
            // Those of packages do so only beside their program; openresolv's then writes the file itself.
            switch path.split(separator: "/").last {
            case "resolved"? where services.unit("systemd-resolved.service").starts == .no: continue
            case "resolvconf"? where !hasResolvconf || reader.exists("/etc/resolvconf.conf") == .yes: continue
            default: break
            }
            var place: SourceLine?
            lines(of: path) { words, source in
                let text = words.joined(separator: " ")
                if place == nil,
                    text.hasPrefix("make_resolv_conf") || text.hasPrefix("function make_resolv_conf")
                {
                    place = source
                }
            }
            if let place { return Evidence(place) }
        }
        return nil
    }

    private var hasResolvconf: Bool {
        ["/sbin/resolvconf", "/usr/sbin/resolvconf", "/usr/bin/resolvconf"].contains {
            reader.exists($0) == .yes
        }
    }

    /// `RESOLV_CONF=no` of the script that Alpine brings with udhcpc.
    private var udhcpcKeepsFile: Evidence? {
        let path = "/etc/udhcpc/udhcpc.conf"
        guard let bytes = reader.file(path).value, let values = try? ShellAssignments(bytes, name: path),
            let entry = values["RESOLV_CONF"], ["no", "NO"].contains(entry.value)
        else { return nil }
        return Evidence(entry.source)
    }

    private var dhcpcdKeepsFile: Evidence? {
        let path = "/etc/dhcpcd.conf"
        guard let bytes = reader.file(path).value, let configuration = try? DhcpcdConfiguration(bytes) else {
            return nil
        }
        let place = configuration.resolverLeft.first { left in
            left.interface.map { applies(InterfaceMatch(name: $0)) == .yes } ?? true
        }
        return place.map { Evidence($0.source) }
    }

    // MARK: What stays

    /// The interfaces that really ask by DHCP for the NIC.
    private var asking: [InterfaceFacts] {
        facts.interfaces.filter {
            $0.method == .dhcp && $0.startsAtBoot && $0.appliesToPrimary == .yes && $0.setAside == nil
        }
    }

    func findNameServers() {
        for interface in asking { findOwnNameServers(interface) }
        findClientNameServers()
        findStaticNameServers()
    }

    /// Servers that a configuration names in the place of those of the network.
    private func findOwnNameServers(_ interface: InterfaceFacts) {
        guard let own = interface.nameServers, let refused = own.refused else { return }
        for server in own.own.prefix(3) {
            leaveServer(
                server.value, "The name server \(server.value) is asked instead of those of the network.",
                server.evidence)
        }
        // NetworkManager writes the file all the same, without a server then.
        let isManagers =
            interface.manager == .networkManager || interface.manager == .netplan && !netplanProfiles.isEmpty
        if own.own.isEmpty, own.fileKept == nil, isManagers {
            leave(
                .nameServer,
                "NetworkManager takes no name server from the network and writes /etc/resolv.conf without any.",
                refused)
        }
    }

    /// `supersede` and `prepend` of dhclient.conf(5).
    private func findClientNameServers() {
        let callers: Set<NetworkFacts.Manager> = [.ifupdown, .sysconfig, .netctl, .netifrc]
        guard asking.contains(where: { callers.contains($0.manager) }),
            facts.dhcpClients.contains(where: { $0.hasSuffix("/dhclient") })
        else { return }
        let files =
            ["/etc/dhcp/dhclient.conf", "/etc/dhclient.conf", "/etc/dhcp3/dhclient.conf"]
            + reader.glob("/etc/dhcp/dhclient-*.conf")
        for path in files.prefix(16) {
            lines(of: path) { words, source in
                guard words.count > 2, words[1] == "domain-name-servers" else { return }
                let place = words[0] == "supersede" ? "instead of" : words[0] == "prepend" ? "before" : nil
                guard let place else { return }
                let servers = words.dropFirst(2).flatMap { $0.split { $0 == "," || $0 == ";" } }
                for server in servers.prefix(3) {
                    leaveServer(
                        String(server), "The name server \(server) is asked \(place) those of the network.",
                        Evidence(source))
                }
            }
        }
    }

    /// Servers of a plain file that nothing writes anew.
    private func findStaticNameServers() {
        let path = "/etc/resolv.conf"
        guard let info = reader.info(path, followingLast: false).value, info.type == .regular,
            let bytes = reader.file(path).value, let resolver = try? ResolvConf(bytes)
        else { return }
        let isImmutable = info.flags.contains(.immutable)
        let text = bytes.prefix(512).text
        let isGenerated = ["enerated", "NetworkManager", "resolvconf", "netconfig", "cloud-init"].contains {
            text.contains($0)
        }
        let kept = asking.compactMap { $0.nameServers?.fileKept }.first
        guard isImmutable || kept != nil && !isWrittenAnew || !(isGenerated || isWrittenAnew) else { return }
        for server in resolver.nameServers.prefix(3) {
            let message =
                isImmutable
                ? "The name server \(server.address) cannot be replaced: the file is immutable."
                : kept.map {
                    "The name server \(server.address) stays: \($0.path ?? "") keeps the DHCP client from the file."
                } ?? "The name server \(server.address) stays: no DHCP client writes the file anew."
            leaveServer(server.address, message, Evidence(server.source))
        }
    }

    /// Whether what asks by DHCP for the NIC writes `/etc/resolv.conf` itself; systemd-networkd leaves that to
    /// systemd-resolved.
    private var isWrittenAnew: Bool {
        if facts.automaticDHCP?.value == true { return managerKeepsFile == nil }
        return asking.contains { interface in
            switch interface.manager {
            case .networkd: false
            case .netplan: !netplanProfiles.isEmpty && interface.nameServers?.fileKept == nil
            default: interface.nameServers?.fileKept == nil
            }
        }
    }

    private func leaveServer(_ address: String, _ message: String, _ evidence: Evidence) {
        if address.hasPrefix("127.") || address == "::1" { return }
        let platform: String? =
            address.hasPrefix("100.100.2.") ? "AliYun" : address == "169.254.169.253" ? "Ec2" : nil
        leave(.nameServer, message, evidence, platform: platform)
    }
}
