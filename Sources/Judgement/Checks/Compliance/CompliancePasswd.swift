import GuestFacts
import Targets

/// `COMPLIANCE.Passwd`
enum CompliancePasswd: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.Passwd", title: "Programs that set passwords", link: .provisioning,
        summary: """
            Looks whether passwd, chpasswd, useradd and groupadd are there, may be executed and find their libraries, \
            and whether passwd has the rights of root.
            """,
        rationale: """
            First-boot customisation makes the account of the instance with useradd and groupadd, and sets its password \
            with chpasswd. Without the set-user-id bit on passwd nobody but root changes a password.
            """,
        codes: [
            ("Passwd.Missing", "One of the programs is missing or cannot be started."),
            ("Passwd.NotSetUID", "passwd lacks the set-user-id bit."),
        ], references: ["passwd(1)", "chpasswd(8)", "useradd(8)", "ld.so(8)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let tools = linux.access.accountTools
        guard !tools.isEmpty else {
            return .judged(questions: [
                OpenQuestion("the programs that set passwords could not be looked for")
            ])
        }
        if let why = linux.identity.notFollowed(.accountPrograms), tools.contains(where: { $0.path == nil }) {
            return .judged(questions: [
                OpenQuestion(
                    why,
                    consequence: context.target.rules.needsProvisioning ? .notReady : .none)
            ])
        }
        let fix = Fix.reinstall(package(of: linux), "Install the programs again", in: linux)
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        for tool in tools {
            switch tool.starts {
            case .unknown:
                questions.append(OpenQuestion("whether \(tool.name) can be used could not be found out"))
            case .no:
                // An account that the image has needs no other program to get its password.
                let isNeeded = tool.name == "chpasswd" && context.target.rules.needsProvisioning
                findings.append(
                    Finding(
                        "Passwd.Missing", .warning, message(tool), evidence: evidence(tool), fixes: [fix],
                        consequence: isNeeded ? .notReady : .none))
            case .yes where tool.name == "passwd" && !tool.isSetUID:
                let path = tool.path ?? ""
                findings.append(
                    Finding(
                        "Passwd.NotSetUID", .warning,
                        "\(path) lacks the set-user-id bit: only root can change passwords with it.",
                        evidence: [Evidence(path: path)],
                        fixes: [
                            Fix(
                                "Give it the bit back", kind: .autoEdit,
                                commands: ["chown root:root \(quoted(path))", "chmod u+s \(quoted(path))"])
                        ]))
            case .yes: break
            }
        }
        return .judged(
            "The programs that make accounts and set passwords can be used.", findings: findings,
            questions: questions)
    }

    private static func message(_ tool: AccountToolFacts) -> String {
        let end = ["passwd", "chpasswd"].contains(tool.name) ? "sets no password" : "makes no account"
        let why: String
        if let path = tool.path, !tool.isExecutable {
            why = "\(path) is no program that can be executed"
        } else if let path = tool.path {
            let names = tool.missingLibraries.compactMap(\.path).joined(separator: ", ")
            why = "\(path) does not start without \(names), which is not there"
        } else {
            why = "\(tool.name) is missing"
        }
        return "\(why.capitalizedFirst): first-boot customisation \(end) with it."
    }

    private static func evidence(_ tool: AccountToolFacts) -> [Evidence] {
        guard let path = tool.path else {
            return [Evidence(path: "/usr/sbin/\(tool.name)", excerpt: "absent")]
        }
        return [Evidence(path: path)] + tool.missingLibraries
    }

    private static func package(of linux: LinuxFacts) -> String {
        switch linux.identity.family {
        case .rhel: "shadow-utils"
        case .debian: "passwd"
        default: "shadow"
        }
    }

    static var examples: [CheckExample] {
        func with(_ name: String, _ change: @escaping (inout AccountToolFacts) -> Void) -> CheckContext {
            .example { facts in
                guard let index = facts.linux.access.accountTools.firstIndex(where: { $0.name == name })
                else {
                    return
                }
                change(&facts.linux.access.accountTools[index])
            }
        }
        return [
            CheckExample("all are there", .example(), .pass),
            CheckExample(
                "not where they are elsewhere, on NixOS",
                .example { facts in
                    facts.linux.identity.imageBased = Located(.nixos, Evidence(path: "/etc/NIXOS"))
                    for index in facts.linux.access.accountTools.indices {
                        facts.linux.access.accountTools[index].path = nil
                    }
                }, .unknown),
            CheckExample("no chpasswd", with("chpasswd") { $0.path = nil }, .fail, codes: ["Passwd.Missing"]),
            CheckExample(
                "chpasswd does not find libpam",
                with("chpasswd") {
                    $0.missingLibraries = [Evidence(path: "libpam.so.0", excerpt: "a library that it needs")]
                }, .fail, codes: ["Passwd.Missing"]),
            CheckExample(
                "useradd may not be executed", with("useradd") { $0.isExecutable = false }, .fail,
                codes: ["Passwd.Missing"]),
            CheckExample(
                "passwd without its set-user-id bit", with("passwd") { $0.isSetUID = false }, .fail,
                codes: ["Passwd.NotSetUID"]),
            CheckExample(
                "one of them could not be read", with("groupadd") { $0.gap = .example("/usr/sbin") }, .unknown
            ),
            CheckExample(
                "they could not be looked for", .example { $0.linux.access.accountTools = [] }, .unknown),
        ]
    }
}
