import GuestFacts
import Targets

/// `COMPLIANCE.Lib`
enum ComplianceLib: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Lib", title: "Links of /lib and /bin", link: .operation,
        summary: """
            Looks what /lib, /lib64, /lib32, /libx32, /bin, /sbin and /usr/lib64 are: directories, relative links or \
            absolute ones; and whether the dynamic loader is there.
            """,
        rationale: """
            Programs find the dynamic loader through these. An absolute link works in the running system; tools \
            that mount the image somewhere else follow it into their own system and prepare that. A link that leads \
            nowhere stops the boot.
            """,
        codes: [
            ("Lib.AbsoluteLink", "The link is absolute."),
            ("Lib.Missing", "The directory, link or dynamic loader is missing, or the link leads nowhere."),
        ], references: ["file-hierarchy(7)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        if let why = linux.identity.notFollowed(.libraries) { return .notApplicable(why) }
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
                commands: [
                    "ln -sfn \(quoted(relative(link.target, of: link.path) ?? "usr/\(name)")) \(quoted(link.path))"
                ])
            switch link.state {
            case .directory, .relativeLink: break
            case .absoluteLink:
                findings.append(
                    Finding(
                        "Lib.AbsoluteLink", .warning,
                        "\(link.path) is an absolute link to \(link.target ?? "?").",
                        evidence: evidence, fixes: [fix]))
            // 32-bit programs and architectures without lib64 do without these.
            case .missing where !essential.contains(link.path): break
            case .danglingLink where !essential.contains(link.path) && link.path != "/lib64":
                findings.append(
                    Finding(
                        "Lib.Missing", .warning,
                        "\(link.path) leads nowhere; only programs of another kind than the system's would use it.",
                        evidence: evidence, fixes: [.byHand("Remove the link, or install what it leads to")]))
            case .danglingLink, .missing:
                // BOOT.InitSystem says whether init can do without it.
                findings.append(
                    Finding(
                        "Lib.Missing", .error,
                        link.state == .missing ? "\(link.path) is missing." : "\(link.path) leads nowhere.",
                        evidence: evidence, fixes: [fix]))
            }
        }
        for loader in linux.initSystem.missingFiles
        where loader.excerpt?.hasPrefix("the dynamic loader") == true {
            let path = loader.path ?? ""
            findings.append(
                Finding(
                    "Lib.Missing", .error, "The dynamic loader \(path) is missing: no program starts.",
                    evidence: [loader],
                    fixes: [.byHand("Install the C library again, or mend the link above it")]))
        }
        return .judged("The top directories are in order.", findings: findings)
    }

    private static let essential: Set = ["/lib", "/bin", "/sbin"]

    /// The target of an absolute link as seen from the directory that the link is in.
    private static func relative(_ target: String?, of path: String) -> String? {
        guard let target, target.hasPrefix("/") else { return nil }
        if path.hasPrefix("/usr/"), target.hasPrefix("/usr/") { return String(target.dropFirst(5)) }
        return (path.hasPrefix("/usr/") ? ".." : "")
            + (path.hasPrefix("/usr/") ? target : String(target.dropFirst()))
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
            CheckExample(
                "/usr/lib64 -> /usr/lib",
                .example {
                    $0.linux.initSystem.topLevelLinks = [
                        TopLevelLink(path: "/usr/lib64", state: .absoluteLink, target: "/usr/lib")
                    ]
                }, .fail, codes: ["Lib.AbsoluteLink"]),
            CheckExample(
                "/libx32 leads nowhere",
                .example {
                    $0.linux.initSystem.topLevelLinks.append(
                        TopLevelLink(path: "/libx32", state: .danglingLink, target: "usr/libx32"))
                }, .fail, codes: ["Lib.Missing"]),
            CheckExample(
                "the dynamic loader is gone",
                .example {
                    $0.linux.initSystem.missingFiles = [
                        Evidence(
                            path: "/lib64/ld-linux-x86-64.so.2", excerpt: "the dynamic loader of /sbin/init")
                    ]
                }, .fail, codes: ["Lib.Missing"]),
            CheckExample("/lib is missing", lib(.missing, nil), .fail, codes: ["Lib.Missing"]),
            CheckExample(
                "NixOS, which has neither /lib nor /sbin",
                .example {
                    $0.linux.initSystem.topLevelLinks = [TopLevelLink(path: "/lib", state: .missing)]
                    $0.linux.identity.imageBased = Located(.nixos, Evidence(path: "/etc/NIXOS"))
                }, .notApplicable),
            CheckExample(
                "the root directory could not be listed",
                .example { $0.linux.initSystem.topLevelLinks = [] }, .unknown),
        ]
    }
}
