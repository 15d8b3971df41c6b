import GuestFacts
import Targets

/// `LOGIN.SshHostKeys`
enum LoginSshHostKeys: Check {
    static let metadata = CheckMetadata(
        id: "LOGIN.SshHostKeys", title: "SSH host keys", link: .access,
        summary: "Looks whether the SSH server has host keys, or something makes them at boot.",
        rationale: """
            Without a host key sshd does not start. Keys that are in the image are the same on every instance made \
            from it, so that one can pass itself off as another.
            """,
        codes: [
            ("SshHostKeys.Missing", "There is no host key, and nothing makes one."),
            ("SshHostKeys.Permissions", "Others can read the private keys, so sshd refuses them."),
            ("SshHostKeys.Shared", "The host keys are in the image and stay on every instance."),
        ], references: ["sshd(8)", "ssh-keygen(1)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let ssh = linux.access.ssh
        guard ssh.server != nil else { return .notApplicable("no SSH server is installed") }
        if let gap = ssh.gap { return .judged(questions: [OpenQuestion(gap, consequence: .unreachable)]) }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let refused = ssh.obstacles.filter { $0.code == permissions }
        let usable = ssh.hostKeys.filter { key in !refused.contains { $0.evidence.path == key } }
        for key in refused {
            // One good key is enough.
            let isFatal = usable.isEmpty
            findings.append(
                Finding(
                    "SshHostKeys.Permissions", isFatal ? .error : .warning,
                    "\(key.evidence.path ?? "A host key") is refused: \(key.message).",
                    evidence: [key.evidence],
                    fixes: [
                        Fix(
                            "Let only root read the private keys", kind: .autoEdit,
                            commands: ["chmod 600 /etc/ssh/ssh_host_*_key"])
                    ], consequence: isFatal ? .unreachable : .none))
        }
        // The ssh module of cloud-init removes the keys of the source and makes new ones.
        let cloudInit = linux.cloudInit.runs(at: context.target)
        if ssh.hostKeys.isEmpty, ssh.hostKeyGenerator == nil {
            if let why = linux.identity.notFollowed(.hostKeys) {
                questions.append(OpenQuestion(why, consequence: .unreachable))
            } else if cloudInit == .no {
                findings.append(missing)
            } else if cloudInit == .unknown {
                questions.append(
                    OpenQuestion(
                        "only cloud-init would make host keys, and whether it is given data is not known",
                        consequence: .unreachable))
            }
        } else if !usable.isEmpty, cloudInit != .yes || !linux.cloudInit.deletesHostKeys {
            findings.append(
                Finding(
                    "SshHostKeys.Shared", .warning,
                    "Every instance made from this image has the same SSH host keys.",
                    evidence: usable.map { Evidence(path: $0) },
                    fixes: [
                        Fix(
                            "Remove the keys, when something makes new ones at boot", kind: .manual,
                            commands: ["rm -f /etc/ssh/ssh_host_*"])
                    ], link: .hygiene))
        }
        return .judged(
            "The SSH server has host keys of its own.", findings: findings, questions: questions)
    }

    /// What the inspection calls a key that sshd refuses to use.
    static let permissions = "hostKeyPermissions"

    private static let missing = Finding(
        "SshHostKeys.Missing", .error, "There is no host key, and nothing makes one: sshd does not start.",
        evidence: [Evidence(path: "/etc/ssh", excerpt: "no ssh_host_*_key")],
        fixes: [Fix("Make host keys", where: .online, kind: .autoChroot, commands: ["ssh-keygen -A"])],
        consequence: .unreachable)

    static var examples: [CheckExample] {
        let keys = ["/etc/ssh/ssh_host_ed25519_key"]
        return [
            CheckExample("no keys, and cloud-init makes them", .example(), .pass),
            CheckExample(
                "keys that cloud-init replaces", .example { $0.linux.access.ssh.hostKeys = keys }, .pass),
            CheckExample(
                "keys that stay",
                .example {
                    $0.linux.access.ssh.hostKeys = keys
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["SshHostKeys.Shared"]),
            CheckExample(
                "no keys, and nothing makes them",
                .example {
                    $0.linux.access.ssh.hostKeyGenerator = nil
                    $0.linux.cloudInit = CloudInitFacts()
                }, .fail, codes: ["SshHostKeys.Missing"]
            ),
            CheckExample(
                "the only key can be read by others",
                .example {
                    $0.linux.access.ssh.hostKeys = keys
                    $0.linux.access.ssh.obstacles = [
                        StructureFinding(
                            code: permissions, message: "mode 644", evidence: Evidence(path: keys[0]))
                    ]
                }, .fail, codes: ["SshHostKeys.Permissions"]),
            CheckExample(
                "the directory could not be read",
                .example { $0.linux.access.ssh.gap = .example("/etc/ssh") }, .unknown),
        ]
    }
}
