import GuestFacts
import Targets

/// `OS.PackageState`
enum OSPackageState: Check {
    static let metadata = CheckMetadata(
        id: "OS.PackageState", title: "State of the packages", link: .operation,
        summary: "Looks for packages that are not fully installed.",
        rationale:
            "An interrupted update leaves programs without their configuration, and stops the next update.",
        codes: [("PackageState.Broken", "A package is not fully installed.")],
        references: ["dpkg(1)", "rpm(8)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let broken = linux.identity.brokenPackages
        guard !broken.isEmpty else {
            if linux.identity.packages.isEmpty {
                return .judged(questions: [OpenQuestion("the package database could not be read")])
            }
            return .judged("All packages are fully installed.")
        }
        let command =
            switch linux.identity.family {
            case .debian: "dpkg --configure -a && apt-get -f install"
            case .suse: "zypper verify"
            default: "rpm --rebuilddb"
            }
        return .judged(
            findings: [
                Finding(
                    "PackageState.Broken", .warning,
                    "\(broken.count == 1 ? "A package is" : "\(broken.count) packages are") not fully installed:"
                        + " \(broken.prefix(5).map(\.value).joined(separator: ", ")).",
                    evidence: broken.prefix(20).map(\.evidence),
                    fixes: [
                        Fix("Finish the installation", where: .online, kind: .autoChroot, commands: [command])
                    ])
            ])
    }

    static var examples: [CheckExample] {
        [
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
            CheckExample("no readable database", .example { $0.linux.identity.packages = [:] }, .unknown),
        ]
    }
}
