import GuestFacts
import Targets

/// `COMPLIANCE.Lib`
enum ComplianceLib: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Lib", title: "Links of /lib and /bin", link: .operation,
        summary: "Looks what /lib, /lib64, /bin and /sbin are: directories, relative links or absolute ones.",
        rationale: """
            Programs find the dynamic loader through these. An absolute link works in the running system; tools \
            that mount the image somewhere else follow it into their own system and prepare that. A link that leads \
            nowhere stops the boot.
            """,
        codes: [
            ("Lib.AbsoluteLink", "The link is absolute."),
            ("Lib.Missing", "The directory or link is missing or leads nowhere."),
        ], references: ["file-hierarchy(7)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        if linux.identity.imageBased?.value == "nixos" {
            return .notApplicable("NixOS keeps programs and libraries in /nix/store")
        }
        let links = linux.initSystem.topLevelLinks
        guard !links.isEmpty else {
            return .judged(questions: [OpenQuestion("the top directories could not be looked at")])
        }
        var findings: [Finding] = []
        for link in links {
            let name = link.path.split(separator: "/").last.map(String.init) ?? "lib"
            let evidence = [
                Evidence(path: link.path, excerpt: link.target.map { "-> \($0)" } ?? link.state.rawValue)
            ]
            let fix = Fix(
                "Make it a relative link", kind: .autoEdit,
                commands: ["ln -sfn usr/\(quoted(name)) \(quoted(link.path))"])
            switch link.state {
            case .directory, .relativeLink: break
            case .absoluteLink:
                findings.append(
                    Finding(
                        "Lib.AbsoluteLink", .warning,
                        "\(link.path) is an absolute link to \(link.target ?? "?").",
                        evidence: evidence, fixes: [fix]))
            // 32-bit programs and architectures without lib64 do without these.
            case .missing where link.path != "/lib" && link.path != "/bin" && link.path != "/sbin": break
            case .danglingLink, .missing:
                // BOOT.InitSystem says whether init can do without it.
                findings.append(
                    Finding(
                        "Lib.Missing", .error,
                        link.state == .missing ? "\(link.path) is missing." : "\(link.path) leads nowhere.",
                        evidence: evidence, fixes: [fix]))
            }
        }
        return .judged("The top directories are in order.", findings: findings)
    }

    static var examples: [CheckExample] {
        func lib(_ state: TopLevelLink.State, _ target: String?) -> CheckContext {
            .example {
                $0.linux.initSystem.topLevelLinks = [TopLevelLink(path: "/lib", state: state, target: target)]
            }
        }
        return [
            CheckExample("/lib -> usr/lib", .example(), .pass),
            CheckExample("/lib is a directory", lib(.directory, nil), .pass),
            CheckExample(
                "/lib -> /usr/lib", lib(.absoluteLink, "/usr/lib"), .fail, codes: ["Lib.AbsoluteLink"]),
            CheckExample("/lib is missing", lib(.missing, nil), .fail, codes: ["Lib.Missing"]),
            CheckExample(
                "NixOS, which has neither /lib nor /sbin",
                .example {
                    $0.linux.initSystem.topLevelLinks = [TopLevelLink(path: "/lib", state: .missing)]
                    $0.linux.identity.imageBased = Located("nixos", Evidence(path: "/etc/NIXOS"))
                }, .notApplicable),
            CheckExample(
                "the root directory could not be listed",
                .example { $0.linux.initSystem.topLevelLinks = [] }, .unknown),
        ]
    }
}
