import GuestFacts
import Targets

/// `COMPLIANCE.Ssh`
enum ComplianceSsh: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Ssh", title: "SSH server", link: .access,
        summary:
            "Looks whether an SSH server is installed, starts at boot, and listens where people look for it.",
        rationale: """
            SSH is the way into a Linux instance. A server that is switched off, refuses its configuration or \
            listens on an address of the old network leaves only the console.
            """,
        codes: [
            ("Ssh.NotInstalled", "No SSH server is installed."),
            ("Ssh.Disabled", "The SSH server does not start at boot."),
            ("Ssh.ConfigInvalid", "The SSH server refuses its configuration."),
            ("Ssh.Obstacle", "Something keeps the SSH server from starting."),
            ("Ssh.ListenAddress", "It listens on a fixed address only, which an instance does not have."),
            ("Ssh.Port", "It does not listen on port 22."),
            ("Ssh.RootLoginDenied", "Root may not log in, and the target logs in as root."),
            ("Ssh.PasswordDenied", "Passwords are not accepted, and nothing puts a key in place."),
            ("Ssh.Restricted", "Only certain users or groups may log in."),
        ], references: ["sshd_config(5)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let ssh = linux.access.ssh
        let unit =
            ssh.server?.hasSuffix("dropbear") ?? false
            ? "dropbear" : linux.identity.family == .debian ? "ssh" : "sshd"
        if let gap = ssh.gap, ssh.server == nil {
            return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)])
        }
        if ssh.server == nil, let why = linux.identity.notFollowed(.sshServer) {
            return .judged(questions: [OpenQuestion(why, consequence: .unreachable)])
        }
        guard ssh.server != nil else {
            return .judged(
                findings: [
                    Finding(
                        "Ssh.NotInstalled", .error,
                        "No SSH server is installed, so nobody gets in from outside.",
                        evidence: [Evidence(path: "/usr/sbin/sshd", excerpt: "absent")],
                        fixes: [
                            .install(["openssh-server"], "Install the SSH server", in: linux),
                            .start(unit, "Let it start at boot", in: linux),
                        ], consequence: .unreachable)
                ])
        }
        var findings: [Finding] = []
        var questions = ssh.gap.map { [OpenQuestion($0, consequence: .unreachable)] } ?? []
        questions += ssh.doubts.map { OpenQuestion($0.message, consequence: .unreachable) }
        func cut(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix]) {
            findings.append(
                Finding(code, .error, message, evidence: evidence, fixes: fixes, consequence: .unreachable))
        }
        switch ssh.starts {
        case .yes: break
        case .unknown:
            questions.append(
                OpenQuestion("whether the SSH server starts at boot is not known", consequence: .unreachable))
        case .no:
            let masked = ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"]
                .filter { linux.services.units[$0]?.state == .masked }
            let words = masked.flatMap { linux.services.units[$0]?.evidence ?? [] }.compactMap(\.excerpt)
                .filter { $0.hasPrefix("systemd.mask=") }
            let unmask: Fix =
                words.isEmpty
                ? Fix(
                    "Remove the mask", where: .online, kind: .autoChroot,
                    commands: ["systemctl unmask \(masked.joined(separator: " "))"])
                : .commandLine(removing: words, "Take the parameter away", in: linux)
            cut(
                "Ssh.Disabled", "The SSH server does not start at boot.",
                ssh.unitEvidence.isEmpty
                    ? [
                        Evidence(
                            path: "/etc/systemd/system/multi-user.target.wants",
                            excerpt: "no link to \(unit).service")
                    ]
                    : ssh.unitEvidence,
                (masked.isEmpty ? [] : [unmask]) + [.start(unit, "Let it start at boot", in: linux)])
        }
        for error in ssh.errors {
            cut(
                "Ssh.ConfigInvalid", error.message.capitalizedFirst + ".", [error.evidence],
                [.edit("Remove the line", error.evidence, to: nil), checkConfiguration])
        }
        // LOGIN.SshHostKeys speaks about the keys.
        for obstacle in ssh.obstacles where obstacle.code != LoginSshHostKeys.permissions {
            cut(
                "Ssh.Obstacle", obstacle.message.capitalizedFirst + ".", [obstacle.evidence],
                [
                    obstacle.evidence.path.map {
                        .byHand("Look at \($0)", commands: ["sshd -t"])
                    } ?? checkConfiguration
                ])
        }
        let anywhere: Set = ["0.0.0.0", "::", "*", "any"]
        let addresses = ssh.listenAddresses
        if let first = addresses.first, !addresses.contains(where: { anywhere.contains(host(of: $0.value)) })
        {
            cut(
                "Ssh.ListenAddress",
                "The SSH server listens on \(addresses.map(\.value).joined(separator: ", ")) only, which an instance does"
                    + " not have.", addresses.map(\.evidence),
                [.edit("Listen on all addresses", first.evidence, to: nil)])
        }
        if let family = ssh.addressFamily {
            cut(
                "Ssh.ListenAddress", "The SSH server listens on IPv6 only.", [family.evidence],
                [.edit("Listen on IPv4 as well", family.evidence, to: "AddressFamily any")])
        }
        let port = context.target.rules.loginPorts.linux
        if let first = ssh.ports.first, !ssh.ports.contains(where: { $0.value == port }) {
            cut(
                "Ssh.Port",
                "The SSH server listens on port \(ssh.ports.map { String($0.value) }.joined(separator: ", ")), not on \(port).",
                ssh.ports.map(\.evidence),
                [.edit("Listen on port \(port)", first.evidence, to: "Port \(port)")])
        }
        findings += customs(context, linux, ssh)
        return .judged(
            value: ssh.version, "The SSH server starts and listens on port 22.", findings: findings,
            questions: questions, evidence: ssh.unitEvidence)
    }

    /// What LOGIN.Reachability weighs account by account.
    private static func customs(_ context: CheckContext, _ linux: LinuxFacts, _ ssh: SSHFacts) -> [Finding] {
        var findings: [Finding] = []
        if context.target.rules.rootLogin, let root = ssh.permitRootLogin, root.value == "no" {
            findings.append(
                Finding(
                    "Ssh.RootLoginDenied", .warning,
                    "PermitRootLogin no: root cannot log in, as is usual at \(context.target.title).",
                    evidence: [root.evidence],
                    fixes: [
                        root.evidence.line == nil
                            ? .byHand("Let root log in with a key")
                            : .edit(
                                "Let root log in with a key", root.evidence,
                                to: oldRootLogin(ssh) ?? "PermitRootLogin prohibit-password")
                    ]))
        }
        if let password = ssh.passwordAuthentication, !password.value,
            linux.cloudInit.runs(at: context.target) == .no
        {
            findings.append(
                Finding(
                    "Ssh.PasswordDenied", .info,
                    "Passwords are not accepted; only a key that is in the image gets in.",
                    evidence: [password.evidence],
                    fixes: [.edit("Accept passwords", password.evidence, to: "PasswordAuthentication yes")]))
        }
        for line in ssh.restrictions {
            findings.append(
                Finding(
                    "Ssh.Restricted", .warning,
                    "Only certain users may log in: \(line.excerpt ?? "AllowUsers").",
                    evidence: [line], fixes: [.edit("Remove the restriction", line, to: nil, risk: .medium)]))
        }
        return findings
    }

    /// Before 7.0 the word was another.
    private static func oldRootLogin(_ ssh: SSHFacts) -> String? {
        let digits = ssh.version?.split(separator: ":").last?.prefix(while: \.isNumber) ?? ""
        return Int(digits).flatMap { $0 < 7 ? "PermitRootLogin without-password" : nil }
    }

    private static let checkConfiguration = Fix(
        "Let the server check its configuration", where: .online, kind: .manual, commands: ["sshd -t"])

    /// `192.0.2.1:22`, `[::]:22` or a bare address.
    private static func host(of address: String) -> String {
        if address.hasPrefix("["), let end = address.firstIndex(of: "]") {
            return String(address[address.index(after: address.startIndex)..<end])
        }
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : address
    }

    static var examples: [CheckExample] {
        let line = Evidence(path: "/etc/ssh/sshd_config", line: 1, excerpt: "ListenAddress 192.168.77.10")
        return [
            CheckExample("sshd starts", .example(), .pass),
            CheckExample(
                "no server", .example { $0.linux.access.ssh.server = nil }, .fail, codes: ["Ssh.NotInstalled"]
            ),
            CheckExample(
                "not enabled", .example { $0.linux.access.ssh.starts = .no }, .fail, codes: ["Ssh.Disabled"]),
            CheckExample(
                "an unknown keyword",
                .example {
                    $0.linux.access.ssh.errors = [
                        StructureFinding(
                            code: "Ssh.UnknownKeyword", message: "NoSuchOption is unknown.", evidence: line)
                    ]
                }, .fail, codes: ["Ssh.ConfigInvalid"]),
            CheckExample(
                "an address of the old network",
                .example { $0.linux.access.ssh.listenAddresses = [Located("192.168.77.10", line)] }, .fail,
                codes: ["Ssh.ListenAddress"]),
            CheckExample(
                "all addresses",
                .example { $0.linux.access.ssh.listenAddresses = [Located("0.0.0.0:22", line)] }, .pass),
            CheckExample(
                "IPv6 only",
                .example {
                    $0.linux.access.ssh.addressFamily = Located(
                        "inet6",
                        Evidence(path: "/etc/ssh/sshd_config", line: 1, excerpt: "AddressFamily inet6"))
                }, .fail, codes: ["Ssh.ListenAddress"]),
            CheckExample(
                "a condition of the unit does not hold",
                .example {
                    $0.linux.access.ssh.obstacles = [
                        StructureFinding(
                            code: "unitDoesNotRun",
                            message:
                                "ssh.service does not run: ConditionPathExists=/etc/ssh/enabled does not hold",
                            evidence: Evidence(
                                path: "/etc/systemd/system/ssh.service.d/local.conf", line: 2,
                                excerpt: "ConditionPathExists=/etc/ssh/enabled"))
                    ]
                }, .fail, codes: ["Ssh.Obstacle"]),
            CheckExample(
                "masked on the kernel command line",
                .example {
                    $0.linux.access.ssh.starts = .no
                    $0.linux.services.units["ssh.service"] = UnitFacts(
                        name: "ssh.service", state: .masked, starts: .no,
                        evidence: [
                            Evidence(path: "/boot/grub/grub.cfg", excerpt: "systemd.mask=ssh.service")
                        ])
                }, .fail, codes: ["Ssh.Disabled"]),
            CheckExample(
                "port 2222", .example { $0.linux.access.ssh.ports = [Located(2222, line)] }, .fail,
                codes: ["Ssh.Port"]),
            CheckExample(
                "PermitRootLogin no", .example { $0.linux.access.ssh.permitRootLogin = Located("no", line) },
                .fail,
                codes: ["Ssh.RootLoginDenied"]),
            CheckExample(
                "not enabled on CentOS 6",
                .example {
                    $0.linux.access.ssh.starts = .no
                    $0.linux.initSystem.program = .known(Located(.upstart, Evidence(path: "/sbin/init")))
                    $0.linux.identity.family = .rhel
                }, .fail, codes: ["Ssh.Disabled"]),
            CheckExample(
                "a keyword that is newer than the server",
                .example {
                    $0.linux.access.ssh.doubts = [
                        StructureFinding(code: "keywordTooNew", message: "Include is newer", evidence: line)
                    ]
                }, .unknown),
            CheckExample(
                "whether it starts is not known", .example { $0.linux.access.ssh.starts = .unknown }, .unknown
            ),
        ]
    }
}
