import GuestFacts
import Targets

/// `COMPLIANCE.Passwd`
enum CompliancePasswd: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Passwd", title: "Programs that set passwords", link: .provisioning,
        summary: "Looks whether passwd and chpasswd are there and can be started.",
        rationale: "First-boot customisation sets the password of the instance with chpasswd.",
        codes: [("Passwd.Missing", "passwd or chpasswd is missing or cannot be started.")])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let tools = linux.access.passwordTools
        guard !tools.isEmpty else {
            return .judged(questions: [
                OpenQuestion("the programs that set passwords could not be looked for")
            ])
        }
        let missing = ["/usr/bin/passwd", "/usr/sbin/chpasswd"].filter { tools[$0] == false }
        guard !missing.isEmpty else { return .judged("passwd and chpasswd are there.") }
        // NixOS links its programs into /run when it boots.
        if linux.identity.imageBased?.value == "nixos" {
            return .judged(
                questions: [
                    OpenQuestion(
                        "which programs NixOS links into /run/current-system was not looked at",
                        consequence: context.target.rules.needsProvisioning ? .notReady : .none)
                ])
        }
        let package =
            linux.identity.family == .rhel
            ? "shadow-utils" : linux.identity.family == .debian ? "passwd" : "shadow"
        return .judged(
            findings: [
                Finding(
                    "Passwd.Missing", .warning,
                    "\(missing.joined(separator: " and ")) cannot be used, so no password is set at first boot.",
                    evidence: missing.map { Evidence(path: $0, excerpt: "absent") },
                    fixes: [.reinstall(package, "Install the programs again", in: linux)],
                    consequence: context.target.rules.needsProvisioning ? .notReady : .none)
            ])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("both are there", .example(), .pass),
            CheckExample(
                "no chpasswd", .example { $0.linux.access.passwordTools["/usr/sbin/chpasswd"] = false },
                .fail,
                codes: ["Passwd.Missing"]),
            CheckExample(
                "not where they are elsewhere, on NixOS",
                .example {
                    $0.linux.access.passwordTools["/usr/bin/passwd"] = false
                    $0.linux.identity.imageBased = Located("nixos", Evidence(path: "/etc/NIXOS"))
                }, .unknown),
            CheckExample(
                "they could not be looked for", .example { $0.linux.access.passwordTools = [:] }, .unknown),
        ]
    }
}
