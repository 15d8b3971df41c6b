import GuestFacts
import Targets

/// `OS.PackageState`
enum OSPackageState: Check {
    static let metadata = CheckMetadata(
        id: "OS.PackageState", title: "State of the packages", link: .operation,
        summary: """
            Looks for packages that are not fully installed, in the database of dpkg, rpm, apk, pacman or portage, and \
            for what an interrupted update leaves beside it.
            """,
        rationale:
            "An interrupted update leaves programs without their configuration, and stops the next update.",
        codes: [
            ("PackageState.Broken", "A package is not fully installed."),
            ("PackageState.Interrupted", "The package manager was stopped before it was done."),
            ("PackageState.Duplicate", "Two versions of a package are installed that exists once."),
            ("PackageState.StaleLocks", "The database holds lock files of a running system."),
            ("PackageState.Unreadable", "The database of the packages is damaged."),
        ],
        references: ["dpkg(1)", "rpm(8)", "apk(8)", "pacman(8)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let identity = linux.identity
        if let gap = identity.packageGap { return unreadable(gap, linux) }
        guard identity.packageManager != nil || !identity.packages.isEmpty else {
            if let why = identity.notFollowed(.packages) { return .notApplicable(why) }
            return .judged(questions: [OpenQuestion("no database of packages was found")])
        }
        var findings = identity.packageProblems.map { problem in
            Finding(
                problem.code, problem.code == "PackageState.StaleLocks" ? .info : .warning,
                problem.message.asSentence, evidence: [problem.evidence], fixes: fixes(problem, linux))
        }
        let broken = identity.brokenPackages
        if !broken.isEmpty {
            findings.append(
                Finding(
                    "PackageState.Broken", .warning,
                    "\(broken.count == 1 ? "A package is" : "\(broken.count) packages are") not fully installed:"
                        + " \(broken.prefix(5).map(\.value).joined(separator: ", ")).",
                    evidence: broken.prefix(20).map(\.evidence), fixes: [finish(linux)]))
        }
        return .judged("All packages are fully installed.", findings: findings)
    }

    /// A damaged database is a finding: the next update of the guest will stumble over it as well. One that could
    /// only not be read here is a question.
    private static func unreadable(_ gap: Gap, _ linux: LinuxFacts) -> CheckOutcome {
        guard gap.kind == .corrupt || gap.kind == .truncated else {
            return .judged(questions: [OpenQuestion(gap)])
        }
        let manager = linux.identity.packageManager
        let fix: Fix =
            manager == .rpm
            ? Fix(
                "Build the database again from the headers that can be read", where: .online,
                kind: .autoChroot, risk: .medium, commands: ["rpm --rebuilddb"])
            : .byHand(
                "Bring the database back from a backup",
                commands: manager == .dpkg
                    ? ["cp /var/lib/dpkg/status-old /var/lib/dpkg/status", "dpkg --audit"] : [])
        return .judged(
            findings: [
                Finding(
                    "PackageState.Unreadable", .warning,
                    "The database of the packages is damaged: \(gap.message).",
                    evidence: [Evidence(path: gap.where, excerpt: gap.message)], fixes: [fix])
            ])
    }

    private static func fixes(_ problem: StructureFinding, _ linux: LinuxFacts) -> [Fix] {
        let path = problem.evidence.path ?? ""
        let isOld = linux.identity.family == .rhel && (linux.identity.majorVersion ?? 8) <= 7
        switch (problem.code, linux.identity.packageManager) {
        case ("PackageState.StaleLocks", _):
            return [
                Fix("Remove the lock files", kind: .autoEdit, commands: ["rm -f /var/lib/rpm/__db.0*"])
            ]
        case ("PackageState.Duplicate", .rpm) where linux.identity.family == .suse:
            return [.byHand("Remove the older version", commands: ["zypper verify"])]
        case ("PackageState.Duplicate", _):
            let command = isOld ? "package-cleanup --cleandupes" : "dnf remove --duplicates"
            return [Fix("Remove the older version", where: .online, kind: .autoChroot, commands: [command])]
        case ("PackageState.Interrupted", .rpm):
            return [
                Fix(
                    "Finish the transaction", where: .online, kind: .autoChroot,
                    commands: [isOld ? "yum-complete-transaction" : "dnf distro-sync"])
            ]
        case ("PackageState.Interrupted", .pacman):
            return [
                Fix(
                    "Remove the lock and bring the system up to date", where: .online, kind: .autoChroot,
                    commands: ["rm -f \(quoted(path))", "pacman -Syu --noconfirm"])
            ]
        default: return [finish(linux)]
        }
    }

    /// What finishes an installation that stopped halfway.
    private static func finish(_ linux: LinuxFacts) -> Fix {
        let command =
            switch linux.identity.packageManager {
            case .dpkg: "dpkg --configure -a && apt-get -f install"
            case .apk: "apk fix"
            case .pacman: "pacman -Syu --noconfirm"
            case .portage: "emaint --fix merges"
            case .rpm where linux.identity.family == .suse: "zypper verify"
            case .rpm: "rpm --rebuilddb"
            case nil:
                switch linux.identity.family {
                case .debian: "dpkg --configure -a && apt-get -f install"
                case .suse: "zypper verify"
                default: "rpm --rebuilddb"
                }
            }
        return Fix("Finish the installation", where: .online, kind: .autoChroot, commands: [command])
    }

    static var examples: [CheckExample] {
        func redHat(_ version: String, _ code: String, _ message: String, _ path: String) -> CheckContext {
            .example {
                $0.linux.identity.distribution = "centos"
                $0.linux.identity.family = .rhel
                $0.linux.identity.version = version
                $0.linux.identity.packageManager = .rpm
                $0.linux.identity.packageProblems = [
                    StructureFinding(code: code, message: message, evidence: Evidence(path: path))
                ]
            }
        }
        return [
            CheckExample("all is installed", .example(), .pass),
            CheckExample(
                "half configured",
                .example {
                    $0.linux.identity.brokenPackages = [
                        Located(
                            "openssh-server (half-configured)",
                            Evidence(path: "/var/lib/dpkg/status", line: 4711))
                    ]
                }, .fail, codes: ["PackageState.Broken"]),
            CheckExample(
                "yum was interrupted",
                redHat(
                    "7.9.2009", "PackageState.Interrupted", "yum did not finish a transaction",
                    "/var/lib/yum/transaction-all.2026-01-02.10:00.01"),
                .fail, codes: ["PackageState.Interrupted"]),
            CheckExample(
                "glibc twice",
                redHat(
                    "9.4", "PackageState.Duplicate",
                    "glibc.x86_64 is installed twice: 2.34-60.el9, 2.34-83.el9",
                    "/var/lib/rpm/rpmdb.sqlite"),
                .fail, codes: ["PackageState.Duplicate"]),
            CheckExample(
                "lock files of the running system",
                redHat(
                    "6.10", "PackageState.StaleLocks",
                    "the database still has the shared files of the running system", "/var/lib/rpm/__db.001"),
                .fail, codes: ["PackageState.StaleLocks"]),
            CheckExample(
                "a page of the rpm database is damaged",
                .example {
                    $0.linux.identity.packageManager = .rpm
                    $0.linux.identity.packageGap = Gap(
                        where: "/var/lib/rpm/Packages", kind: .corrupt, message: "page 17 comes twice")
                }, .fail, codes: ["PackageState.Unreadable"]),
            CheckExample(
                "the database lies on a block that cannot be read",
                .example {
                    $0.linux.identity.packageManager = .rpm
                    $0.linux.identity.packageGap = Gap(
                        where: "/var/lib/rpm/rpmdb.sqlite", kind: .io, message: "input/output error")
                }, .unknown),
            CheckExample(
                "NixOS",
                .example {
                    $0.linux.identity.packages = [:]
                    $0.linux.identity.imageBased = Located(.nixos, Evidence(path: "/etc/NIXOS"))
                }, .notApplicable),
            CheckExample("no readable database", .example { $0.linux.identity.packages = [:] }, .unknown),
        ]
    }
}
