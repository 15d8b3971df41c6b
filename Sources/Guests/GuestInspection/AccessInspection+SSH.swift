import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

extension AccessInspection {
    private static let units = [
        "ssh.service", "sshd.service", "ssh.socket", "sshd.socket", "dropbear.service", "dropbear.socket",
    ]
    private static let servers = [
        "/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/usr/sbin/dropbear", "/usr/bin/dropbear",
    ]
    /// What sshd hands a connection to since OpenSSH 9.8, by distribution.
    private static let sessionPrograms = [
        "/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session", "/usr/lib/ssh/sshd-session",
        "/usr/libexec/ssh/sshd-session", "/usr/libexec/sshd-session",
    ]

    /// The version of the package, under the names that distributions give it.
    var packageVersion: String? {
        ["openssh-server", "openssh", "net-misc/openssh", "openssh-server-common"].lazy
            .compactMap { self.identity.packages[$0] }.first
    }

    /// The version by the package; without one, what the release came with, which says nothing about keywords.
    var defaults: SSHDaemonDefaults {
        let version =
            packageVersion.flatMap { OpenSSHVersion($0) }
            ?? OpenSSHVersion(
                family: identity.family.rawValue, distribution: identity.distribution,
                numbers: identity.versionNumbers)
        let isSUSE =
            identity.family == .suse
            && (identity.majorVersion.map { $0 < 16 || $0 >= 42 && $0 < 100 } ?? false)
        return SSHDaemonDefaults(version: version, isPatchedBySUSE: isSUSE)
    }

    func inspectSSH(_ accounts: Reading<PasswdFile>) -> SSHFacts {
        let units = AccessInspection.units.map(services.unit)
        var starts: Answer = units.contains { $0.starts == .yes } ? .yes : .no
        if starts == .no, units.contains(where: { $0.starts == .unknown }) { starts = .unknown }
        // A first program whose services are not followed.
        if !services.isPresent, units.allSatisfy({ $0.state == .missing }) { starts = .unknown }
        var facts = SSHFacts(starts: starts)
        facts.server = AccessInspection.servers.first { reader.exists($0) == .yes }
        facts.version = packageVersion
        facts.unitEvidence = units.filter { $0.state != .missing }.flatMap { unit in
            unit.evidence.isEmpty
                ? [Evidence(path: unit.name, excerpt: "\(unit.state.rawValue): nothing starts it")]
                : unit.evidence
        }
        if facts.server?.hasSuffix("dropbear") ?? false {
            describeDropbear(&facts)
            return facts
        }
        readConfiguration(&facts)
        facts.usesPAM = findPAM(facts.server)
        usesPAM = facts.usesPAM
        listenOnSocket(&facts)
        for name in ["/etc/ssh/sshd_not_to_be_run"] where reader.exists(name) == .yes {
            facts.obstacles.append(
                StructureFinding(
                    code: "notToBeRun", message: "sshd does not start while this file is there",
                    evidence: Evidence(path: name)))
        }
        lookUp(&facts)
        unitObstacle(units, &facts)
        if facts.server != nil, let passwd = accounts.value, passwd["sshd"] == nil {
            facts.obstacles.append(
                StructureFinding(
                    code: "noPrivilegeSeparationUser",
                    message: "the account sshd is missing, and sshd refuses to start without it",
                    evidence: Evidence(path: "/etc/passwd")))
        }
        hostKeys(&facts)
        return facts
    }

    /// The server looks the account sshd up before anything else, and every account that somebody logs in to.
    private func lookUp(_ facts: inout SSHFacts) {
        let found = services.lookup.readsFiles
        guard facts.server != nil, found.answer != .yes else { return }
        let place = found.place ?? Evidence(path: "/etc/nsswitch.conf")
        if found.answer == .no {
            facts.obstacles.append(
                StructureFinding(
                    code: "noPrivilegeSeparationUser",
                    message:
                        "nsswitch.conf leaves /etc/passwd out: the account sshd is not found, and sshd refuses to start",
                    evidence: place))
        } else {
            facts.doubts.append(
                StructureFinding(
                    code: "accountsElsewhere",
                    message: "whether programs find the accounts of /etc/passwd is not known", evidence: place
                ))
        }
    }

    /// What keeps the unit of the server from running. One that waits on a socket has two.
    private func unitObstacle(_ units: [UnitFacts], _ facts: inout SSHFacts) {
        guard let unit = units.first(where: { $0.starts == .yes }) else { return }
        var names = [unit.name]
        if unit.name.hasSuffix(".socket") {
            let stem = unit.name.dropLast(".socket".count)
            names += ["\(stem).service", "\(stem)@.service"]
        }
        for name in names {
            // The file that keeps Debian's server off has a word of its own.
            guard let obstacle = services.obstacle(of: name),
                !(obstacle.evidence.excerpt ?? "").contains("sshd_not_to_be_run")
            else { continue }
            facts.obstacles.append(obstacle)
            return
        }
        addressFilter(names, &facts)
    }

    /// `IPAddressDeny=any` in the unit: what `IPAddressAllow=` does not name is dropped (systemd.resource-control(5)).
    private func addressFilter(_ names: [String], _ facts: inout SSHFacts) {
        for name in names {
            guard let file = services.file(of: name) else { continue }
            let everything: Set = ["any", "0.0.0.0/0"]
            let section = name.hasSuffix(".socket") ? "Socket" : "Service"
            guard
                let deny = file.words(section, "IPAddressDeny").first(where: { everything.contains($0.word) })
            else { continue }
            let allowed = file.words(section, "IPAddressAllow").map(\.word)
            if allowed.contains(where: everything.contains) { continue }
            let isLocal = allowed.allSatisfy {
                $0 == "localhost" || $0.hasPrefix("127.") || $0.hasPrefix("::1")
            }
            let finding = StructureFinding(
                code: "addressFilter",
                message: isLocal
                    ? "\(name) drops what comes from another machine"
                    : "\(name) drops what comes from other addresses than \(allowed.joined(separator: ", "))",
                evidence: Evidence(deny.source))
            if isLocal { facts.obstacles.append(finding) } else { facts.doubts.append(finding) }
            return
        }
    }

    // MARK: Configuration

    private func readConfiguration(_ facts: inout SSHFacts) {
        let arguments = SSHDaemonArguments(reader: reader, services: services)
        let candidates = arguments.file.map { [$0] } ?? ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"]
        let path = candidates.first { reader.exists($0) != .no }
        guard let path else {
            if let named = arguments.file {
                facts.errors.append(
                    StructureFinding(
                        code: "noConfiguration", message: "sshd refuses to start: \(named) does not exist",
                        evidence: Evidence(path: named, excerpt: "absent")))
            } else if facts.server != nil, identity.notFollowed(.sshServer) == nil {
                // `load_server_config` of servconf.c: without its file the server exits.
                facts.errors.append(
                    StructureFinding(
                        code: "noConfiguration",
                        message: "sshd refuses to start: \(candidates[0]) does not exist",
                        evidence: Evidence(path: candidates[0], excerpt: "absent")))
            }
            return
        }
        switch reader.file(path) {
        case .absent: return
        case .unreadable(let gap):
            facts.gap = gap
            configurationGap = gap
            return
        case .found(let bytes):
            do {
                let configuration = try SSHDaemonConfiguration(
                    ConfigurationFile(path: path, bytes: bytes),
                    version: packageVersion.flatMap { OpenSSHVersion($0) }, arguments: arguments.lines
                ) { (pattern) throws(ImageFault) in self.included(pattern) }
                self.configuration = configuration
                describe(configuration, in: &facts)
                if arguments.hasPort {
                    facts.ports.removeAll { port in
                        !arguments.lines.contains { $0.path == port.evidence.path }
                    }
                }
            } catch {
                let gap = Gap(error, at: path)
                reader.record(gap)
                facts.gap = gap
                configurationGap = gap
            }
        }
    }

    /// Files that an `Include` pattern names, relative ones below `/etc/ssh`, sorted as glob(3) does.
    private func included(_ pattern: String) -> [ConfigurationFile] {
        let path = pattern.hasPrefix("/") ? pattern : "/etc/ssh/" + pattern
        return reader.glob(path).compactMap { path in
            reader.file(path).value.map { ConfigurationFile(path: path, bytes: $0) }
        }
    }

    private func describe(_ configuration: SSHDaemonConfiguration, in facts: inout SSHFacts) {
        let main = configuration.files.first ?? "/etc/ssh/sshd_config"
        func place(_ source: SourceLine?) -> Evidence {
            source.map { Evidence($0) } ?? Evidence(path: main, excerpt: "not set: the default")
        }
        let root = configuration.rootLogin(defaults)
        if let login = root.login { facts.permitRootLogin = Located(login.rawValue, place(root.source)) }
        func flag(_ keyword: String, default standard: Bool) -> Located<Bool>? {
            let (value, source) = configuration.flag(keyword, default: standard)
            return value == .unknown ? nil : Located(value == .yes, place(source))
        }
        facts.passwordAuthentication = flag("passwordauthentication", default: true)
        facts.publicKeyAuthentication = flag("pubkeyauthentication", default: true)
        facts.permitEmptyPasswords = flag("permitemptypasswords", default: false)
        facts.ports = configuration.ports.map { Located($0.port, place($0.source)) }
        facts.listenAddresses = configuration.listenAddresses.map { Located($0.address, place($0.source)) }
        if let command = configuration.setting("authorizedkeyscommand").candidates.first,
            command.value != "none"
        {
            facts.keysCommand = Located(command.value, Evidence(command.source))
        }
        let family = configuration.setting("addressfamily")
        if let value = family.value, value.lowercased() == "inet6" {
            facts.addressFamily = Located("inet6", place(family.source))
        }
        for keyword in ["allowusers", "denyusers", "allowgroups", "denygroups"] {
            facts.restrictions += configuration.accumulated(keyword).directives.map { Evidence($0.source) }
        }
        facts.errors += configuration.problems.filter(\.isFatal).map {
            StructureFinding(
                code: $0.kind.rawValue, message: "sshd refuses to start: \($0.kind.rawValue) \($0.detail)",
                evidence: Evidence($0.source))
        }
        facts.doubts += configuration.problems.filter(\.isDoubtful).map {
            StructureFinding(
                code: $0.kind.rawValue,
                message:
                    "\($0.detail) is newer than OpenSSH \(packageVersion ?? ""), unless the distribution added it",
                evidence: Evidence($0.source))
        }
    }

    /// `UsePAM`, if the server is linked with PAM; one without it only warns.
    private func findPAM(_ server: String?) -> Answer {
        guard let server else { return .no }
        let isAsked =
            configuration?.flag("usepam", default: defaults.usesPAM).value ?? Ternary(defaults.usesPAM)
        let isBuilt = linked([server] + AccessInspection.sessionPrograms, with: "libpam.so")
        return Answer(isBuilt == .no ? .no : isAsked)
    }

    /// Whether one of the programs is linked with a library; unknown when none could be read.
    func linked(_ programs: [String], with library: String) -> Ternary {
        var answer = Ternary.unknown
        for program in programs {
            guard let needed = libraries(of: program) else { continue }
            if needed.contains(where: { $0.hasPrefix(library) }) { return .yes }
            answer = .no
        }
        return answer
    }

    /// The libraries that a program names; nil when it is absent or cannot be read.
    private func libraries(of path: String) -> [String]? {
        do {
            guard let node = try reader.tree.node(at: GuestPath(path)),
                try node.fileSystem.info(node.id).type == .regular
            else { return nil }
            return try ElfFile { (offset, count) throws(ImageFault) in
                try node.fileSystem.read(node.id, at: offset, count: count)
            }.needed
        } catch {
            // A script or something else that says nothing about itself.
            return nil
        }
    }

    /// Whether the server asks TCP wrappers about each connection.
    func asksWrappers(_ ssh: SSHFacts) -> Ternary {
        guard let server = ssh.server else { return .no }
        return linked([server] + AccessInspection.sessionPrograms, with: "libwrap.so")
    }

    /// A socket that systemd listens on knows nothing of `Port`, unless Ubuntu's generator tells it.
    private func listenOnSocket(_ facts: inout SSHFacts) {
        for name in ["ssh", "sshd"] where services.unit("\(name).socket").starts == .yes {
            let service = services.unit("\(name).service")
            let generator = "/usr/lib/systemd/system-generators/sshd-socket-generator"
            guard service.state != .enabled, reader.exists(generator) == .no,
                let file = services.file(of: "\(name).socket")
            else { return }
            var lines: [UnitFile.Entry] = []
            for line in file.values("Socket", "ListenStream") {
                if line.value.isEmpty { lines = [] } else { lines.append(line) }
            }
            guard !lines.isEmpty else { return }
            facts.ports = []
            facts.listenAddresses = []
            for line in lines {
                let parts = line.value.split(separator: ":")
                guard let port = parts.last.flatMap({ Int($0) }), port > 0, port < 65536 else { continue }
                facts.ports.append(Located(port, Evidence(line.source)))
                if parts.count > 1 {
                    let host = parts.dropLast().joined(separator: ":")
                    facts.listenAddresses.append(
                        Located(host == "[:" || host == "[" ? "[::]" : line.value, Evidence(line.source)))
                }
            }
            return
        }
    }

    // MARK: Host keys

    private func hostKeys(_ facts: inout SSHFacts) {
        let named = configuration?.accumulated("hostkey").directives.map(\.value) ?? []
        if named.isEmpty {
            let names = reader.names(in: "/etc/ssh").value ?? []
            facts.hostKeys = names.filter { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key") }.map {
                "/etc/ssh/\($0)"
            }
        } else {
            facts.hostKeys = named.filter { reader.exists($0) == .yes }
        }
        for key in facts.hostKeys {
            guard let info = reader.info(key).value else { continue }
            if info.size == 0 || isRefused(info) {
                facts.obstacles.append(
                    StructureFinding(
                        code: "hostKeyPermissions",
                        message: info.size == 0
                            ? "the key is empty"
                            : "mode \(String(info.permissions, radix: 8)): sshd ignores a key that others can read",
                        evidence: Evidence(path: key)))
            }
        }
        // What makes keys makes those of the usual names.
        guard named.isEmpty || named.contains(where: { $0.hasPrefix("/etc/ssh/ssh_host_") }) else { return }
        facts.hostKeyGenerator = hostKeyGenerator()
    }

    /// `sshkey_perm_ok`: of keys that belong to root, nobody else may have any right. Red Hat lets the group
    /// `ssh_keys` read them.
    private func isRefused(_ info: FileInfo) -> Bool {
        guard info.owner == 0, info.permissions & 0o077 != 0 else { return false }
        let keyGroup = groups?.groups.first { $0.name == "ssh_keys" }?.gid
        return !(identity.family == .rhel && info.permissions & 0o037 == 0 && keyGroup == info.group)
    }

    /// What makes missing keys at boot: a unit of its own, a line of the server's unit, or the script that starts it.
    private func hostKeyGenerator() -> Evidence? {
        // The script of Red Hat 7 and the init scripts before ask this.
        let setting = reader.parse("/etc/sysconfig/sshd") { (bytes) throws(ImageFault) in
            try ShellAssignments(bytes, name: "/etc/sysconfig/sshd")
        }.value?.value("AUTOCREATE_SERVER_KEYS")
        let isSwitchedOff = setting == "NO" && (identity.majorVersion ?? 7) < 8
        for name in [
            "sshd-keygen.service", "sshd-keygen.target", "sshd-keygen@ed25519.service", "ssh-keygen.service",
            "regenerate_ssh_host_keys.service", "sshdgenkeys.service", "ssh-hostkeys.service",
        ]
        where !isSwitchedOff && services.unit(name).starts == .yes {
            return Evidence(path: name, excerpt: "makes missing host keys at boot")
        }
        for name in ["ssh.service", "sshd.service", "ssh@.service", "sshd@.service"] {
            for key in ["ExecStartPre", "ExecStart"] {
                let line = services.file(of: name)?.values("Service", key).first {
                    $0.value.contains("ssh-keygen") || $0.value.contains("sshd-gen-keys")
                        || $0.value.contains("sshd-keygen")
                }
                if let line { return Evidence(line.source) }
            }
        }
        // Scripts of systems whose first program is not systemd.
        guard !services.isSystemd else { return nil }
        for name in ["sshd", "ssh"] {
            let path = "/etc/init.d/\(name)"
            guard !isSwitchedOff, let script = reader.file(path).value?.text, script.contains("ssh-keygen")
            else {
                continue
            }
            let disabled = reader.parse("/etc/conf.d/sshd") { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: "/etc/conf.d/sshd")
            }.value?.value("sshd_disable_keygen")
            if disabled == "yes" { return nil }
            return Evidence(path: path, excerpt: "calls ssh-keygen before it starts the server")
        }
        return nil
    }
}
