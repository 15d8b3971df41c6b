import GuestFacts
import GuestFormats

/// Which network renderer cloud-init takes: the first on its list whose programs are there
/// (`cloudinit/net/renderers.py`), whether or not what it writes for starts.
struct CloudInitRenderer {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity

    /// A renderer, as the manager that reads its files.
    struct Choice {
        let manager: NetworkFacts.Manager
        let evidence: Evidence
        /// The start of the names of its files, for those that other hands may have written before.
        var files: String?
    }

    /// `DEFAULT_PRIORITY`.
    private static let builtIn = ["eni", "sysconfig", "netplan", "network-manager", "networkd"]

    /// The one it takes; nil when none is there or it cannot be said.
    func chosen(order: [String]?, network: NetworkFacts) -> Choice? {
        for name in order ?? CloudInitRenderer.builtIn {
            switch name {
            case "eni":
                guard program("ifup") != nil, exists("/etc/network/interfaces") else {
                    continue
                }
                return Choice(manager: .ifupdown, evidence: Evidence(path: "/etc/network/interfaces"))
            case "sysconfig":
                if let choice = sysconfig(network) { return choice }
            case "netplan":
                guard let path = program("netplan") else { continue }
                return Choice(manager: .netplan, evidence: Evidence(path: path))
            case "network-manager":
                guard let path = program("nmcli"), exists("/etc/NetworkManager/NetworkManager.conf") else {
                    continue
                }
                return Choice(manager: .networkManager, evidence: Evidence(path: path))
            case "networkd":
                guard program("ip") != nil, program("systemctl") != nil else { continue }
                let unit = services.unit("systemd-networkd.service")
                guard unit.state != .missing else { continue }
                return Choice(
                    manager: .networkd, evidence: unit.evidence.first ?? Evidence(path: unit.name))
            default: continue
            }
        }
        return nil
    }

    /// The ifcfg files, of which NetworkManager, the scripts or wicked are the readers.
    private func sysconfig(_ network: NetworkFacts) -> Choice? {
        guard identity.family == .rhel || identity.family == .suse else { return nil }
        let hasScripts = program("ifup") != nil
        if identity.family == .suse {
            guard hasScripts, exists("/etc/sysconfig/network/config") else { return nil }
            let isWicked =
                network.activeManagers[.wicked] != nil || network.activeManagers[.sysconfig] == nil
            return Choice(
                manager: isWicked ? .wicked : .sysconfig,
                evidence: Evidence(path: "/etc/sysconfig/network/config"),
                files: "/etc/sysconfig/network/ifcfg-")
        }
        let functions = "/etc/sysconfig/network-scripts/network-functions"
        let plugins = reader.glob("/usr/lib*/NetworkManager/*/libnm-settings-plugin-ifcfg-rh.so")
        guard hasScripts && exists(functions) || !plugins.isEmpty else { return nil }
        let isManaged =
            network.activeManagers[.networkManager] != nil && (!plugins.isEmpty || !exists(functions))
        return Choice(
            manager: isManaged || network.activeManagers[.sysconfig] == nil && !plugins.isEmpty
                ? .networkManager : .sysconfig,
            evidence: Evidence(path: plugins.first ?? functions),
            files: "/etc/sysconfig/network-scripts/ifcfg-")
    }

    private func exists(_ path: String) -> Bool { reader.exists(path) == .yes }

    private func program(_ name: String) -> String? {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(name)" }.first(where: exists)
    }
}
