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
        var findings = ssh.obstacles.filter { $0.code.hasPrefix("SshHostKeys.") }.map { obstacle in
            Finding(
                "SshHostKeys.Permissions", .error, obstacle.message, evidence: [obstacle.evidence],
                fixes: [
                    Fix(
                        "Let only root read the private keys", kind: .autoEdit,
                        commands: ["chmod 600 /etc/ssh/ssh_host_*_key"])
                ], consequence: .unreachable)
        }
        let makesNew = linux.cloudInit.runs(at: context.target) == .yes && linux.cloudInit.deletesHostKeys
        if ssh.hostKeys.isEmpty, ssh.hostKeyGenerator == nil, findings.isEmpty {
            findings.append(
                Finding(
                    "SshHostKeys.Missing", .error,
                    "There is no host key, and nothing makes one: sshd does not start.",
                    evidence: [Evidence(path: "/etc/ssh", excerpt: "no ssh_host_*_key")],
                    fixes: [
                        Fix(
                            "Make host keys", where: .online, kind: .autoChroot, commands: ["ssh-keygen -A"])
                    ], consequence: .unreachable))
        } else if !ssh.hostKeys.isEmpty, !makesNew {
            findings.append(
                Finding(
                    "SshHostKeys.Shared", .warning,
                    "Every instance made from this image has the same SSH host keys.",
                    evidence: ssh.hostKeys.map { Evidence(path: $0) },
                    fixes: [
                        Fix(
                            "Remove the keys, when something makes new ones at boot", kind: .manual,
                            commands: ["rm -f /etc/ssh/ssh_host_*"])
                    ], link: .hygiene))
        }
        return .judged("The SSH server has host keys of its own.", findings: findings)
    }

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
                .example { $0.linux.access.ssh.hostKeyGenerator = nil }, .fail, codes: ["SshHostKeys.Missing"]
            ),
            CheckExample(
                "the directory could not be read",
                .example { $0.linux.access.ssh.gap = .example("/etc/ssh") }, .unknown),
        ]
    }
}
