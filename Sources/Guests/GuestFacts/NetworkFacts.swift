/// How the guest configures its network.
package struct NetworkFacts: Sendable, Hashable, Codable {
    /// Programs that configure interfaces.
    package enum Manager: String, Sendable, Hashable, Codable, CaseIterable {
        case ifupdown, networkd, networkManager, netplan
        /// The `network` scripts: Red Hat's, and SUSE's before wicked.
        case sysconfig
        case wicked, dhcpcd, connman, netctl
        /// Gentoo's `net.*` scripts.
        case netifrc
        case kernel
    }

    /// What the NIC of a cloud instance will be called.
    package enum Naming: String, Sendable, Hashable, Codable {
        /// `eth0`: `net.ifnames=0`, a link policy, or udev without one.
        case kernel
        /// `ens5`, `enp0s3`: the slot decides, so only `en*` is certain.
        case predictable
        case unknown
    }

    /// Managers that start at boot, with why.
    package var activeManagers: [Manager: [Evidence]] = [:]
    /// Managers of which it is not known whether they start, with why.
    package var uncertainManagers: [Manager: Evidence] = [:]
    /// Managers that refuse all they are told because a part of it is wrong (a tab in YAML), with what is wrong.
    package var refusing: [Manager: StructureFinding] = [:]
    package var naming: Located<Naming>
    /// The name of the NIC where it is certain: `eth0`, `eth1` beside a rule that keeps eth0 for another card.
    package var interfaceName: String?
    package var interfaces: [InterfaceFacts] = []
    /// NetworkManager makes a DHCP profile of its own for a NIC without one.
    package var automaticDHCP: Located<Bool>?
    /// The DHCP clients found, by path.
    package var dhcpClients: [String] = []
    /// A place where a client may be could not be read.
    package var clientGap: Gap?
    /// udev rules that bind names to hardware addresses.
    package var persistentNames: [Evidence] = []
    /// Other things that are bound to a hardware address, or were: link files, tables of names.
    package var nameBindings: [StructureFinding] = []
    /// Routes, name servers, proxies of the old place.
    package var leftovers: [LeftoverFacts] = []
    /// Files that were invalid: the manager ignores them or fails.
    package var problems: [StructureFinding] = []
    /// Services that wait at boot until all interfaces are up.
    package var waitsOnline: [Evidence] = []
    package var gap: Gap?

    package init(naming: Located<Naming>) { self.naming = naming }
}

/// A setting of the network that the image comes from.
package struct LeftoverFacts: Sendable, Hashable, Codable {
    /// The kinds that are told apart.
    package enum Kind: String, Sendable, Hashable, Codable {
        case route, nameServer, hosts, proxy, timeServer, mirror, mtu, virtualAddress, tunnel
        /// The guest passes packets on, translates addresses, takes packets that come by another way than they go.
        case forwarding, translation, returnPathFilter
        /// IPv6 is switched off.
        case noIPv6
        /// A filter or route that keeps the guest from the platform's metadata.
        case metadataBlocked
    }

    package var kind: Kind
    package var message: String
    /// The data source of the platform whose own setting it is; there it is no leftover.
    package var platform: String?
    package var evidence: Evidence

    package init(_ kind: Kind, _ message: String, platform: String? = nil, evidence: Evidence) {
        self.kind = kind
        self.message = message
        self.platform = platform
        self.evidence = evidence
    }
}

/// One configured interface.
package struct InterfaceFacts: Sendable, Hashable, Codable {
    /// What decides whether a configuration is for the NIC.
    package struct Match: Sendable, Hashable, Codable {
        /// Exact names and globs; empty for any.
        package var names: [String] = []
        package var macAddresses: [String] = []
        package var drivers: [String] = []

        package init(names: [String] = [], macAddresses: [String] = [], drivers: [String] = []) {
            self.names = names
            self.macAddresses = macAddresses
            self.drivers = drivers
        }
    }

    /// How the IPv4 address comes.
    package enum Method: String, Sendable, Hashable, Codable {
        case dhcp, `static`, manual, none
        /// Something that is recognised and not read.
        case unknown
    }

    package var manager: NetworkFacts.Manager
    package var match: Match
    package var method: Method
    package var addresses: [String] = []
    package var gateway: String?
    package var startsAtBoot: Bool
    /// `bridge`, `bond`, `vlan` … ; nil for a NIC.
    package var virtualKind: String?
    /// The interfaces that a virtual one is made of.
    package var members: [String] = []
    /// The bridge, bond or team that takes the interface in; its own addresses do not count then.
    package var controller: String?
    /// Whether it is meant for the first NIC of an instance. For a virtual interface: whether it is made of
    /// that NIC.
    package var appliesToPrimary: Answer
    /// Why its manager does not use it although it may be meant for the NIC: its mode is wrong, another file comes
    /// first, its manager does not start.
    package var setAside: String?
    /// Written by cloud-init, and written anew by it on the next instance.
    package var renderedByCloudInit: Bool = false
    /// What it does about name servers where that is not the ordinary: to take those of the network and write
    /// `/etc/resolv.conf` with them.
    package var nameServers: NameServerFacts?
    /// The line for which it does not take the default route of the network, and has no other.
    package var defaultRouteRefused: Evidence?
    package var evidence: Evidence

    package init(
        manager: NetworkFacts.Manager, match: Match, method: Method, startsAtBoot: Bool,
        appliesToPrimary: Answer, evidence: Evidence
    ) {
        self.manager = manager
        self.match = match
        self.method = method
        self.startsAtBoot = startsAtBoot
        self.appliesToPrimary = appliesToPrimary
        self.evidence = evidence
    }
}

/// What a configuration says about name servers beside "take those of the network".
package struct NameServerFacts: Sendable, Hashable, Codable {
    /// Where it says not to take those of the network.
    package var refused: Evidence?
    /// What tells its DHCP client to leave `/etc/resolv.conf` as it is.
    package var fileKept: Evidence?
    /// The servers that the configuration itself names, in its order.
    package var own: [Located<String>] = []

    package init(refused: Evidence? = nil, fileKept: Evidence? = nil, own: [Located<String>] = []) {
        self.refused = refused
        self.fileKept = fileKept
        self.own = own
    }
}

/// How one gets in.
package struct AccessFacts: Sendable, Hashable, Codable {
    package var ssh: SSHFacts
    package var accounts: Fact<[AccountFacts]>
    package var shadow: ShadowFacts
    package var firewall: FirewallFacts
    /// nologin files, hosts.deny, access.conf …: what keeps people out.
    package var obstacles: [StructureFinding] = []
    /// Programs that set passwords and make accounts; empty when they could not be looked for.
    package var accountTools: [AccountToolFacts] = []

    package init(ssh: SSHFacts, accounts: Fact<[AccountFacts]>, shadow: ShadowFacts, firewall: FirewallFacts)
    {
        self.ssh = ssh
        self.accounts = accounts
        self.shadow = shadow
        self.firewall = firewall
    }
}

/// The SSH server.
package struct SSHFacts: Sendable, Hashable, Codable {
    /// The path of the server, nil when none is installed.
    package var server: String?
    package var version: String?
    package var starts: Answer
    package var unitEvidence: [Evidence] = []
    package var permitRootLogin: Located<String>?
    package var passwordAuthentication: Located<Bool>?
    package var publicKeyAuthentication: Located<Bool>?
    package var permitEmptyPasswords: Located<Bool>?
    package var ports: [Located<Int>] = []
    package var listenAddresses: [Located<String>] = []
    /// `AddressFamily inet6`: nothing listens on IPv4.
    package var addressFamily: Located<String>?
    /// AllowUsers, DenyGroups …
    package var restrictions: [Evidence] = []
    /// Lines for which sshd refuses to start.
    package var errors: [StructureFinding] = []
    /// Lines of which it is not known whether the sshd that is installed understands them.
    package var doubts: [StructureFinding] = []
    /// The program that it asks for keys (`AuthorizedKeysCommand`).
    package var keysCommand: Located<String>?
    /// Whether it asks PAM: it is built with it and told so.
    package var usesPAM: Answer = .unknown
    package var hostKeys: [String] = []
    /// What makes host keys at boot, if anything does.
    package var hostKeyGenerator: Evidence?
    /// `/run/sshd` user and directory missing, `sshd_not_to_be_run` …
    package var obstacles: [StructureFinding] = []
    package var gap: Gap?

    package init(starts: Answer) { self.starts = starts }
}

/// An account that could log in.
package struct AccountFacts: Sendable, Hashable, Codable {
    /// What the password field allows; the hash itself is never kept.
    package enum Password: String, Sendable, Hashable, Codable {
        case set, empty, locked, missing, unknown
    }

    package var name: String
    package var uid: UInt32
    package var shell: String
    package var shellExists: Answer
    /// False for nologin, false and the like.
    package var shellAllowsLogin: Bool
    package var home: String
    package var homeExists: Answer
    package var password: Password
    package var isExpired: Bool
    /// The password field starts with `!`, for which an sshd without PAM refuses keys too.
    package var isLocked: Bool = false
    /// The password has to be changed at the next login: sshd refuses logins without a terminal until then.
    package var mustChangePassword: Bool = false
    /// Usable keys in its authorized_keys files.
    package var authorizedKeys: Int
    package var authorizedKeysEvidence: [Evidence] = []
    /// Keys that start one command and no shell; the notice of cloud-init for root is not among them.
    package var forcedKeys: Int = 0
    /// Keys that are good for connections from some addresses only (`from=`).
    package var restrictedKeys: [Evidence] = []
    /// Keys that sshd would ignore because of the modes of the files above them.
    package var keyProblems: [StructureFinding] = []
    /// Whether sshd, once it runs, lets the account in with its password, Match blocks and lists included.
    package var sshWithPassword: Answer = .unknown
    /// Whether sshd, once it runs, lets the account in with one of its keys.
    package var sshWithKey: Answer = .unknown
    /// The line that keeps the account out, if one does.
    package var refusedBy: Evidence?
    package var evidence: Evidence

    package init(
        name: String, uid: UInt32, shell: String, shellExists: Answer, shellAllowsLogin: Bool, home: String,
        homeExists: Answer, password: Password, isExpired: Bool, authorizedKeys: Int, evidence: Evidence
    ) {
        self.name = name
        self.uid = uid
        self.shell = shell
        self.shellExists = shellExists
        self.shellAllowsLogin = shellAllowsLogin
        self.home = home
        self.homeExists = homeExists
        self.password = password
        self.isExpired = isExpired
        self.authorizedKeys = authorizedKeys
        self.evidence = evidence
    }
}

/// A program that first-boot customisation calls to make accounts or set passwords.
package struct AccountToolFacts: Sendable, Hashable, Codable {
    /// What it is called: `chpasswd`.
    package var name: String
    /// Where it is; nil when there is none.
    package var path: String?
    package var isExecutable = true
    /// It runs with the rights of root whoever starts it.
    package var isSetUID = false
    /// The loader and libraries without which it does not start.
    package var missingLibraries: [Evidence] = []
    /// Why it could not be looked at.
    package var gap: Gap?

    package init(name: String, path: String?) {
        self.name = name
        self.path = path
    }

    /// Whether it starts when root calls it.
    package var starts: Answer {
        if gap != nil { return .unknown }
        return path != nil && isExecutable && missingLibraries.isEmpty ? .yes : .no
    }
}

/// The account files themselves.
package struct ShadowFacts: Sendable, Hashable, Codable {
    /// Whether `/etc/shadow` is there.
    package var present: Answer
    package var permissions: UInt16?
    /// Files with the immutable or append-only flag, which first-boot customisation cannot write.
    package var immutable: [Evidence] = []

    package init(present: Answer) { self.present = present }
}

/// The host firewall.
package struct FirewallFacts: Sendable, Hashable, Codable {
    /// nftables, iptables, ufw, firewalld; nil when none starts.
    package var active: Located<String>?
    /// Whether it lets SSH in.
    package var allowsSSH: Answer
    /// The network that SSH has to come from, where only that decides.
    package var sourceLimit: Located<String>?
    /// The interface that SSH has to come in by, where only that decides.
    package var interfaceLimit: Located<String>?
    package var evidence: [Evidence] = []

    package init(active: Located<String>? = nil, allowsSSH: Answer = .yes) {
        self.active = active
        self.allowsSSH = allowsSSH
    }
}

/// First-boot customisation by cloud-init.
package struct CloudInitFacts: Sendable, Hashable, Codable {
    /// Where the program is; nil when it is not installed.
    package var program: Evidence?
    package var version: String?
    /// Whether it runs at boot.
    package var enabled: Answer = .no
    /// Why it does not.
    package var disabledBy: [Evidence] = []
    /// `datasource_list` after merging; nil when none is given (all are tried).
    package var datasources: Located<[String]>?
    /// The one that ds-identify is told to take, whatever the list says: its own file or the command line.
    package var forcedDatasource: Located<String>?
    /// The data sources that this version has; empty when that could not be seen.
    package var knownDatasources: [String] = []
    /// Data of an instance that lie in the image; the source NoCloud takes them before any other.
    package var seeds: [Evidence] = []
    package var networkDisabled: Evidence?
    /// A network configuration in cloud-init's own files, which it uses instead of the platform's: for the NIC.
    package var ownNetwork: [InterfaceFacts] = []
    /// Which manager's files it writes; nil when that could not be worked out.
    package var renderer: Located<NetworkFacts.Manager>?
    /// What its files are called up to the name of the interface (`/etc/sysconfig/network-scripts/ifcfg-`), for a
    /// renderer that writes over files of other hands.
    package var renderedFiles: String?
    package var runsGrowpart: Answer = .unknown
    package var runsResizefs: Answer = .unknown
    /// What else grows the root at boot: systemd-repart, `x-systemd.growfs`.
    package var otherGrowth: [Evidence] = []
    /// The file for which a script of the initramfs leaves the partition of the root alone: it grew it once already,
    /// or is told not to.
    package var earlyGrowthMark: Evidence?
    /// `growpart` and the tools that grow partitions and file systems, by name.
    package var growTools: [String: Bool] = [:]
    package var disableRoot: Bool?
    package var deletesHostKeys: Bool = true
    package var problems: [StructureFinding] = []
    /// State of an earlier instance.
    package var staleState: [Evidence] = []
    /// `manual_cache_clean`: that state is trusted for ever, so first-boot work never runs again.
    package var keepsState: Evidence?
    /// `preserve_hostname`.
    package var preservesHostname: Evidence?
    /// Programs that ask at the console at first boot and wait.
    package var prompts: [StructureFinding] = []
    package var gap: Gap?

    package init() {}
}
