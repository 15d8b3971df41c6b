import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out how one gets in: sshd, accounts, firewall and what keeps people out.
final class AccessInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity
    /// Days since 1970.
    let today: Int
    /// What sshd is told; nil without a file, for a file that cannot be read, and for another server.
    var configuration: SSHDaemonConfiguration?
    var configurationGap: Gap?
    /// What dropbear is told, where it is the server.
    var dropbear: DropbearOptions?
    /// Whether sshd asks PAM.
    var usesPAM: Answer = .unknown
    lazy var pam = PAMInspection(reader: reader)
    lazy var accessTable = reader.parse("/etc/security/access.conf") { (bytes) throws(ImageFault) in
        try AccessTable(bytes)
    }
    private(set) var groups: GroupFile?

    init(reader: GuestReader, services: ServiceInspection, identity: OSIdentity, now: Int64) {
        self.reader = reader
        self.services = services
        self.identity = identity
        today = Int(now / 86400)
    }

    func inspect() -> AccessFacts {
        groups = reader.parse("/etc/group") { (bytes) throws(ImageFault) in try GroupFile(bytes) }.value
        let accounts = services.lookup.accounts
        let ssh = inspectSSH(accounts)
        var facts = AccessFacts(
            ssh: ssh, accounts: accountFacts(accounts), shadow: shadow(),
            firewall: FirewallInspection(
                reader: reader, services: services, ports: ssh.ports.map(\.value)
            ).inspect())
        facts.obstacles = obstacles(ssh)
        facts.accountTools = accountTools()
        return facts
    }

    // MARK: Files of accounts

    /// Programs that first-boot customisation calls; BusyBox has some of them built in, under names of its own.
    private static let accountTools: [(name: String, others: [String])] = [
        ("passwd", []), ("chpasswd", []), ("useradd", ["adduser"]), ("groupadd", ["addgroup"]),
    ]

    private func accountTools() -> [AccountToolFacts] {
        return AccessInspection.accountTools.map { tool in
            var gap: Gap?
            for name in [tool.name] + tool.others {
                for directory in ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] {
                    let path = "\(directory)/\(name)"
                    switch reader.info(path) {
                    case .absent: continue
                    case .unreadable(let found): gap = gap ?? found
                    case .found(let info):
                        var facts = AccountToolFacts(name: tool.name, path: path)
                        facts.isExecutable =
                            info.type == .regular && info.permissions & 0o111 != 0 && info.size > 0
                        facts.isSetUID = info.permissions & 0o4000 != 0 && info.owner == 0
                        facts.missingLibraries = services.libraries.missing(of: path)
                        return facts
                    }
                }
            }
            var facts = AccountToolFacts(name: tool.name, path: nil)
            facts.gap = gap
            return facts
        }
    }

    private func shadow() -> ShadowFacts {
        let info = reader.info("/etc/shadow")
        var facts = ShadowFacts(present: info.presence)
        facts.permissions = info.value?.permissions
        for path in [
            "/etc/shadow", "/etc/passwd", "/etc/group", "/etc/gshadow", "/etc/ssh", "/etc/ssh/sshd_config",
            "/root/.ssh", "/root/.ssh/authorized_keys", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts",
            "/etc/sudoers", "/etc/fstab", "/etc", "/root",
        ] {
            guard let flags = reader.info(path).value?.flags else { continue }
            var words: [String] = []
            if flags.contains(.immutable) { words.append("immutable") }
            if flags.contains(.appendOnly) { words.append("append-only") }
            if !words.isEmpty {
                facts.immutable.append(Evidence(path: path, excerpt: words.joined(separator: ", ")))
            }
        }
        return facts
    }
}

extension String {
    /// Replaces two-character tokens such as `%h`, front to back.
    func replacingTokens(_ tokens: [String: String]) -> String {
        var result = ""
        var rest = self[...]
        while let first = rest.first {
            let token = String(rest.prefix(2))
            if let value = tokens[token] {
                result += value
                rest = rest.dropFirst(2)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
