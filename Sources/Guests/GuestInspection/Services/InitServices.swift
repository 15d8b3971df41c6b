import GuestFacts
import GuestFormats

/// What one init system answers about the services of a guest.
protocol InitServices {
    /// The state of the service that systemd would call `name` and whether the boot starts it.
    func unit(_ name: String) -> UnitFacts
    /// The target or run level the boot goes to and where that is decided; nil when the init has no such thing.
    var defaultTarget: Located<String>? { get }
    /// What of the configuration could not be read.
    var gap: Gap? { get }
    /// What is wrong with the configuration of the init itself.
    var problems: [StructureFinding] { get }
    /// The terminals that offer a login, and where that is said.
    var terminals: [Located<String>] { get }
}

extension InitServices {
    var problems: [StructureFinding] { [] }
    var terminals: [Located<String>] { [] }
}

/// How the services that systemd's units stand for are called elsewhere.
enum ServiceName {
    /// Units whose name without its suffix is not the name of the script.
    private static let others: [String: [String]] = [
        "NetworkManager": ["NetworkManager", "network-manager", "networkmanager"],
        "systemd-udevd": ["systemd-udevd", "udev", "boot.udev", "udevd", "eudev", "mdev"],
        "qemu-guest-agent": ["qemu-guest-agent", "qemu-ga"],
        "connman": ["connman", "connmand"],
        "netfilter-persistent": ["netfilter-persistent", "iptables-persistent"],
        "SuSEfirewall2": ["SuSEfirewall2", "SuSEfirewall2_setup"],
        "chronyd": ["chronyd", "chrony"],
        "ntpd": ["ntpd", "ntp"],
        "aliyun": ["aliyun", "aliyun-service", "agentwatch"],
        "systemd-networkd": [], "systemd-resolved": [], "systemd-firstboot": [],
    ]

    /// The names a script or a job for `unit` may have; none for what only systemd has (sockets, targets).
    static func scripts(for unit: String) -> [String] {
        guard let name = UnitName(unit), name.type == "service", name.instance == nil else { return [] }
        return others[name.prefix] ?? [name.prefix]
    }

    /// The terminal of `serial-getty@ttyS0.service` and its like.
    static func terminal(of unit: String) -> String? {
        guard let name = UnitName(unit), name.type == "service", let terminal = name.instance,
            name.prefix.hasSuffix("getty"), !terminal.isEmpty
        else { return nil }
        return terminal
    }
}

extension CommandLineFacts {
    /// The run level that the words for init ask for: a digit, `S`, `single`, `emergency`; the last one holds.
    ///
    /// The kernel hands init what it does not know itself: words without `=` and without a dot.
    var runlevel: Located<String>? {
        let levels = [
            "single": "S", "s": "S", "S": "S", "-s": "S", "emergency": "S", "-b": "S", "1": "1", "2": "2",
            "3": "3", "4": "4", "5": "5", "6": "6", "0": "0",
        ]
        guard let parameter = parameters.last(where: { $0.value == nil && levels[$0.name] != nil }),
            let level = levels[parameter.name]
        else { return nil }
        var evidence = evidence
        evidence.excerpt = parameter.name
        return Located(level, evidence)
    }
}
