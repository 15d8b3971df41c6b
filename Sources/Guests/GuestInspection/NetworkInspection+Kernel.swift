import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// What the kernel is told about the network: forwarding, the filter of return paths, IPv6, translated addresses.
extension NetworkInspection {
    func findKernelSettings() {
        let settings = SysctlConfiguration(files: sysctlFiles())
        findForwarding(settings)
        findReturnPathFilter(settings)
        findDisabledIPv6(settings)
        findTranslation()
        findNetworkdSettings()
    }

    // MARK: sysctl

    /// The files in the order in which they are applied.
    ///
    /// systemd-sysctl knows the directories only, one file per name; distributions link `99-sysctl.conf` to
    /// `/etc/sysctl.conf`. `sysctl --system` of procps, which other init systems run, reads that file last.
    private func sysctlFiles() -> [ConfigurationFile] {
        var files = reader.mergedFiles(
            in: [
                "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
                "/lib/sysctl.d",
            ], suffix: ".conf"
        ).map { file in
            // What is mended is the file, not the link to it.
            ConfigurationFile(path: reader.resolved(file.path).value ?? file.path, bytes: file.bytes)
        }
        let main = "/etc/sysctl.conf"
        let isSystemd = reader.resolved("/sbin/init").value?.hasSuffix("/systemd") == true
        if !isSystemd, let bytes = reader.file(main).value {
            files.append(ConfigurationFile(path: main, bytes: bytes))
        }
        return files
    }

    /// Whether a line is of this system and not of its distribution.
    private func isOwn(_ source: SourceLine) -> Bool {
        source.file.hasPrefix("/etc/") || source.file.hasPrefix("/usr/local/")
    }

    private func findForwarding(_ settings: SysctlConfiguration) {
        let found = ["net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding"].compactMap { settings.value($0) }
            .first { $0.value != "0" && isOwn($0.source) }
        guard let found, router == nil else { return }
        leave(
            .forwarding, NetworkInspection.forwardingMessage, Evidence(found.source))
    }

    /// Programs that pass packets on as part of what they do: containers, virtual machines, tunnels, routing.
    private static let routers = [
        "dockerd", "containerd", "podman", "crio", "kubelet", "k3s", "rke2", "nomad", "libvirtd", "virtqemud",
        "lxd",
        "incusd", "lxc-start", "openvpn", "wg-quick", "ipsec", "charon-systemd", "tailscaled", "zerotier-one",
        "ocserv", "xl2tpd", "pptpd", "keepalived", "ipvsadm", "zebra", "bird", "quagga", "gobgpd",
        "calico-node",
        "cilium-agent", "flanneld", "hostapd", "pppd",
    ]
    private static let routerPlaces = [
        "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/libexec", "/usr/lib/frr", "/snap/bin",
        "/opt/cni/bin",
    ]

    /// A program that needs the forwarding; nil when none was found.
    private var router: String? {
        for place in NetworkInspection.routerPlaces {
            let names = Set(reader.names(in: place).value ?? [])
            if let found = NetworkInspection.routers.first(where: { names.contains($0) }) {
                return "\(place)/\(found)"
            }
        }
        return reader.exists("/opt/cni/bin") == .yes ? "/opt/cni/bin" : nil
    }

    /// The filter of return paths that a line of this system switches off. The kernel takes the greater value of
    /// `all` and of the interface (`IN_DEV_RPFILTER`).
    private func findReturnPathFilter(_ settings: SysctlConfiguration) {
        func entry(_ name: String) -> SysctlConfiguration.Entry? {
            settings.value("net/ipv4/conf/\(name)/rp_filter")
        }
        let name = facts.interfaceName ?? "eth0"
        let counting = [entry("all"), entry(name) ?? entry("default")].compactMap { $0 }
        guard counting.allSatisfy({ $0.value == "0" }), let own = counting.first(where: { isOwn($0.source) }),
            router == nil
        else { return }
        leave(
            .returnPathFilter,
            "The filter of return paths (rp_filter) is off, as in a network whose answers take another way.",
            Evidence(own.source))
    }

    private func findDisabledIPv6(_ settings: SysctlConfiguration) {
        for (parameter, value) in [("ipv6.disable", "1"), ("ipv6.disable_ipv6", "1")]
        where commandLine?.all(parameter).last == value {
            guard var place = commandLine?.evidence else { continue }
            place.excerpt = "\(parameter)=\(value)"
            return leave(.noIPv6, "The kernel command line switches IPv6 off.", place)
        }
        let name = facts.interfaceName ?? "eth0"
        // `all` switches every interface off, whatever its own value says; `default` those that come later.
        let off = ["all", name, "default"].compactMap { settings.value("net/ipv6/conf/\($0)/disable_ipv6") }
            .first { $0.value == "1" }
        if let off { return leave(.noIPv6, "IPv6 is switched off.", Evidence(off.source)) }
        for path in reader.glob("/etc/modprobe.d/*.conf").prefix(128) {
            var place: SourceLine?
            lines(of: path) { words, source in
                guard words.count > 2, words[1] == "ipv6" else { return }
                let disables = words[0] == "options" && words.dropFirst(2).contains { $0 == "disable=1" }
                let replaced = words[0] == "install" && ["/bin/true", "/bin/false"].contains(words[2])
                if disables || replaced { place = source }
            }
            if let place { return leave(.noIPv6, "The module of IPv6 is switched off.", Evidence(place)) }
        }
    }

    // MARK: networkd

    /// What networkd's own files tell the kernel: it writes the settings of sysctl itself, and rules of the packet
    /// filter for `IPMasquerade=`, which brings forwarding with it (`link_get_ip_forwarding`).
    private func findNetworkdSettings() {
        guard isActive(.networkd) else { return }
        for (file, place) in networkdFiles {
            let interface = facts.interfaces[place]
            guard interface.appliesToPrimary == .yes, interface.setAside == nil,
                let refused = file.refusedIPv6
            else { continue }
            leave(.noIPv6, "systemd-networkd takes no IPv6 address from the network.", Evidence(refused))
        }
        let own = networkdFiles.map(\.file).filter { !$0.match.matchesNothing && !isOfContainers($0.match) }
        let hiding = own.compactMap(\.masquerade).filter(isOwn)
        let passing =
            own.filter { $0.masquerade == nil }.compactMap(\.forwarding).filter(isOwn)
            + [globalForwarding].compactMap { $0 }.filter(isOwn)
        guard !hiding.isEmpty || !passing.isEmpty, router == nil else { return }
        for place in hiding {
            leave(.translation, "The guest hides other machines behind its address.", Evidence(place))
        }
        for place in passing { leave(.forwarding, NetworkInspection.forwardingMessage, Evidence(place)) }
    }

    /// `IPv4Forwarding=` of networkd.conf, which holds for all interfaces (systemd 256).
    private var globalForwarding: SourceLine? {
        let main = "/etc/systemd/networkd.conf"
        let directories = ["/etc", "/run", "/usr/local/lib", "/usr/lib"].map {
            "\($0)/systemd/networkd.conf.d"
        }
        var files = reader.mergedFiles(in: directories, suffix: ".conf")
        if let bytes = reader.file(main).value { files.insert((main, bytes), at: 0) }
        let last = files.compactMap { unit($0) }.last { $0.last("Network", "IPv4Forwarding") != nil }
        return last.flatMap { NetworkdFile($0).forwarding }
    }

    /// Whether a file is for what containers and virtual machines on the guest hang on.
    private func isOfContainers(_ match: InterfaceMatch) -> Bool {
        match.names.contains { name in
            ["ve-", "vb-", "vz-", "vt-", "host0"].contains { name.hasPrefix($0) }
                || NetworkInspection.generated.contains { name.contains($0) }
        }
    }

    private static let forwardingMessage =
        "The guest passes packets on between networks, as a router or gateway does."

    // MARK: Translated addresses

    /// Bridges and chains of programs that make their rules themselves; a saved copy of them is no leftover.
    private static let generated = [
        "docker", "DOCKER", "KUBE", "cni", "CNI", "virbr", "LIBVIRT", "lxdbr", "lxcbr", "incusbr", "podman",
        "NETAVARK", "flannel", "cali", "br-", "172.17.", "10.88.", "192.168.122.",
    ]

    /// Rules that put other addresses into packets. One that only sends a port to another of this guest
    /// (`REDIRECT`, or DNAT to the guest itself) is as good in any network.
    private func findTranslation() {
        let filters: [(units: [String], files: [String])] = [
            (["iptables.service"], ["/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"]),
            (["netfilter-persistent.service", "iptables-persistent.service"], ["/etc/iptables/rules.v4"]),
            (["ufw.service"], ["/etc/ufw/before.rules", "/etc/ufw/after.rules"]),
            (["nftables.service"], ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"]),
        ]
        for filter in filters where filter.files.contains(where: { reader.exists($0) == .yes }) {
            guard filter.units.contains(where: { services.unit($0).starts == .yes }) else { continue }
            for path in filter.files {
                var isSaid = false
                lines(of: path) { words, source in
                    guard !isSaid, let message = NetworkInspection.translation(words) else { return }
                    isSaid = true
                    leave(.translation, message, Evidence(source))
                }
            }
        }
    }

    /// What a line of iptables-save(8) or nft(8) translates; nil for one that does not, or not for another network.
    static func translation(_ words: [String]) -> String? {
        let text = words.joined(separator: " ")
        guard !generated.contains(where: { text.contains($0) }) else { return nil }
        if words[0] == "-A" {
            guard let place = words.firstIndex(where: { $0 == "-j" || $0 == "--jump" }),
                place + 1 < words.count
            else { return nil }
            switch words[place + 1] {
            case "MASQUERADE", "SNAT", "NETMAP": return "The guest hides other machines behind its address."
            case "DNAT":
                guard let to = words.firstIndex(of: "--to-destination"), to + 1 < words.count,
                    !words[to + 1].hasPrefix("127."), !words[to + 1].hasPrefix(":")
                else { return nil }
                return "The guest passes connections on to \(words[to + 1])."
            default: return nil
            }
        }
        let bare = words.map { String($0.filter { $0 != ";" && $0 != "}" }) }
        if bare.contains("masquerade") { return "The guest hides other machines behind its address." }
        for index in bare.indices where bare[index] == "snat" || bare[index] == "dnat" {
            guard let target = bare[(index + 1)...].first(where: { $0.first?.isNumber == true }),
                !target.hasPrefix("127.")
            else { continue }
            return bare[index] == "snat"
                ? "The guest hides other machines behind \(target)."
                : "The guest passes connections on to \(target)."
        }
        return nil
    }
}
