import GuestFacts

/// The smallest configuration with DHCP of each network stack and generation.
struct DhcpFix {
    let linux: LinuxFacts
    /// The configuration that is in the way, if one is.
    var replacing: InterfaceFacts?

    private var managers: Set<NetworkFacts.Manager> { Set(linux.network.activeManagers.keys) }
    private var title: String { "Configure the interface by DHCP" }
    /// The name to configure where one has to be given: the certain one, else the kernel's.
    private var name: String { linux.network.interfaceName ?? "eth0" }
    private var isNameCertain: Bool { linux.network.interfaceName != nil }

    /// What to do, the smallest change first.
    var fixes: [Fix] {
        if managers.contains(.netplan) { return [netplan] }
        if managers.contains(.networkManager) { return [networkManager] }
        if managers.contains(.wicked) { return named([suse]) }
        if managers.contains(.sysconfig) { return named([linux.identity.family == .suse ? suse : redHat]) }
        if managers.contains(.ifupdown) { return named([interfaces]) }
        if managers.contains(.netifrc) { return named([netifrc]) }
        if managers.contains(.netctl) { return named([netctl]) }
        if managers.contains(.dhcpcd) || managers.contains(.connman), let replacing {
            return [
                .edit(
                    replacing.method == .static ? "Remove the fixed address" : "Let it take the interface",
                    replacing.evidence, to: nil)
            ]
        }
        if managers.contains(.networkd) { return [networkd, enable(.networkd)] }
        return byGeneration
    }

    /// Nothing starts yet: what the generation would use.
    private var byGeneration: [Fix] {
        let major = linux.identity.majorVersion ?? Int.max
        switch linux.identity.family {
        case .rhel where linux.identity.distribution != "fedora" && major <= 7:
            return named([redHat]) + [enable(.sysconfig)]
        case .rhel: return [networkManager, enable(.networkManager)]
        case .suse where major < 16: return named([suse]) + [enable(major <= 11 ? .sysconfig : .wicked)]
        case .suse: return [networkManager, enable(.networkManager)]
        case .alpine: return named([interfaces]) + [enable(.ifupdown)]
        case .gentoo where linux.network.naming.value == .kernel: return named([netifrc])
        case .debian where linux.network.interfaces.contains { $0.manager == .ifupdown }:
            return named([interfaces]) + [enable(.ifupdown)]
        default: return [networkd, enable(.networkd)]
        }
    }

    /// A file that has to name the interface needs a name that is certain.
    private func named(_ fixes: [Fix]) -> [Fix] {
        guard !isNameCertain else { return fixes }
        return fixes + [
            .commandLine(adding: ["net.ifnames=0"], "Give the interface the name eth0", in: linux)
        ]
    }

    // MARK: Files

    private var netplan: Fix {
        write(
            "/etc/netplan/50-dhcp.yaml",
            [
                "network:", "  version: 2", "  ethernets:", "    all:", "      match: {name: \"e*\"}",
                "      dhcp4: true",
            ], mode: "600")
    }

    private var networkManager: Fix {
        let major = linux.identity.majorVersion ?? Int.max
        let isOld = linux.identity.family == .rhel && linux.identity.distribution != "fedora" && major <= 8
        let usesIfcfg = replacing?.evidence.path?.hasPrefix("/etc/sysconfig/network-scripts/") ?? isOld
        if usesIfcfg, isOld { return redHat }
        let own = linux.network.interfaceName.map { ["interface-name=\($0)"] } ?? []
        return write(
            "/etc/NetworkManager/system-connections/\(isNameCertain ? name : "dhcp").nmconnection",
            ["[connection]", "id=\(isNameCertain ? name : "dhcp")", "type=ethernet"] + own
                + ["[ipv4]", "method=auto"], mode: "600")
    }

    private var redHat: Fix {
        // The daemon of old releases gives up after a minute unless it is told to stay.
        let major = linux.identity.majorVersion ?? Int.max
        let stays = major <= 7 ? ["PERSISTENT_DHCLIENT=1"] : []
        return write(
            "/etc/sysconfig/network-scripts/ifcfg-\(name)",
            ["DEVICE=\(name)", "TYPE=Ethernet", "BOOTPROTO=dhcp", "ONBOOT=yes"] + stays)
    }

    private var suse: Fix {
        write("/etc/sysconfig/network/ifcfg-\(name)", ["BOOTPROTO=dhcp", "STARTMODE=auto"])
    }

    private var interfaces: Fix {
        write(
            "/etc/network/interfaces",
            ["auto lo", "iface lo inet loopback", "auto \(name)", "iface \(name) inet dhcp"])
    }

    private var netifrc: Fix {
        var fix = write("/etc/conf.d/net", ["config_\(name)=\"dhcp\""])
        fix.commands += ["ln -sf net.lo /etc/init.d/net.\(name)", "rc-update add net.\(name) default"]
        return fix
    }

    private var netctl: Fix {
        var fix = write(
            "/etc/netctl/\(name)-dhcp",
            ["Interface=\(name)", "Connection=ethernet", "IP=dhcp"])
        fix.commands.append("netctl enable \(name)-dhcp")
        return fix
    }

    private var networkd: Fix {
        write(
            "/etc/systemd/network/80-dhcp.network", ["[Match]", "Name=en* eth*", "[Network]", "DHCP=ipv4"])
    }

    private func write(_ path: String, _ lines: [String], mode: String? = nil) -> Fix {
        let list = lines.map { "'\($0)'" }.joined(separator: " ")
        var commands = movingAway(except: path) + ["printf '%s\\n' \(list) > \(path)"]
        if let mode { commands.append("chmod \(mode) \(path)") }
        return Fix(title, kind: .autoEdit, commands: commands)
    }

    /// Programs read files with odd names too, so the old one leaves its directory.
    private func movingAway(except path: String) -> [String] {
        guard let old = replacing?.evidence.path, old != path, replacing?.manager != .kernel else {
            return []
        }
        let name = old.split(separator: "/").last.map(String.init) ?? "network"
        return ["mv \(quoted(old)) \(quoted("/root/\(name).bak"))"]
    }

    // MARK: Services

    /// Lets a manager start at boot, in the words of the init system.
    func enable(_ manager: NetworkFacts.Manager) -> Fix {
        let unit =
            switch manager {
            case .ifupdown: "networking"
            case .networkd, .netplan, .kernel: "systemd-networkd"
            case .networkManager: "NetworkManager"
            case .sysconfig: "network"
            case .wicked: "wicked"
            case .dhcpcd: "dhcpcd"
            case .connman: "connman"
            case .netctl: "netctl"
            case .netifrc: "net.\(name)"
            }
        return .enable(["\(unit).service"], "Let it start at boot", in: linux)
    }
}
