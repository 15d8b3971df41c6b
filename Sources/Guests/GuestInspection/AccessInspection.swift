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
        let accounts = reader.parse("/etc/passwd") { (bytes) throws(ImageFault) in try PasswdFile(bytes) }
        let ssh = inspectSSH(accounts)
        var facts = AccessFacts(
            ssh: ssh, accounts: accountFacts(accounts), shadow: shadow(),
            firewall: FirewallInspection(
                reader: reader, services: services, ports: ssh.ports.map(\.value)
            ).inspect())
        facts.obstacles = obstacles(ssh)
        facts.passwordTools = passwordTools()
        return facts
    }

    // MARK: Files of accounts

    /// Programs that first-boot customisation calls; BusyBox has some of them built in.
    private func passwordTools() -> [String: Bool] {
        var tools: [String: Bool] = [:]
        for (path, others) in [
            ("/usr/bin/passwd", ["/bin/passwd"]),
            ("/usr/sbin/chpasswd", ["/usr/bin/chpasswd", "/sbin/chpasswd"]),
            ("/usr/sbin/useradd", ["/usr/bin/useradd", "/sbin/useradd", "/usr/sbin/adduser"]),
        ] {
            let answers = ([path] + others).map(isProgram)
            if answers.contains(.yes) {
                tools[path] = true
            } else if !answers.contains(.unknown) {
                tools[path] = false
            }
        }
        return tools
    }

    /// Whether a program is there, may be executed, and finds the libraries it names.
    private func isProgram(_ path: String) -> Answer {
        switch reader.info(path) {
        case .absent: return .no
        case .unreadable: return .unknown
        case .found(let info):
            guard info.type == .regular, info.permissions & 0o111 != 0, info.size > 0 else { return .no }
            return .yes
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
