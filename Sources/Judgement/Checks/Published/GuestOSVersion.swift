import GuestFacts
import Targets

/// `GUESTOS.OSVersion`
enum GuestOSVersion: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.OSVersion", title: "System version", link: .operation,
        summary: "Reports the distribution and its version, from the release files.",
        rationale: """
            The platform recognises the system by its release files and chooses by them what to prepare. Some \
            systems it does not check at all.
            """,
        codes: [
            ("OSVersion.Undetected", "The release files are missing, so the distribution is not known."),
            ("OSVersion.Unsupported", "The target lists the system as one that it does not cover."),
        ], references: ["os-release(5)", "ECS: operating systems without image check"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let other = context.other {
            let isListed = context.target.rules.unsupported.contains { $0.matches(other) }
            return .info(
                value: other.name,
                findings: isListed ? [unsupported(other.name, context.target, [other.evidence])] : [],
                evidence: [other.evidence])
        }
        if let windows = context.windows { return judge(windows.identity, context.target) }
        guard let linux = context.linux else { return context.withoutLinux }
        let identity = linux.identity
        if identity.evidence.isEmpty {
            guard identity.gaps.isEmpty else {
                return .judged(questions: identity.gaps.map { OpenQuestion($0) })
            }
            let package = releasePackage(identity)
            return .judged(
                findings: [
                    Finding(
                        "OSVersion.Undetected", .warning,
                        "No release file was found, so the platform cannot tell which distribution this is.",
                        evidence: [Evidence(path: "/etc/os-release", excerpt: "absent")],
                        fixes: [.reinstall(package, "Install the release files again", in: linux)])
                ])
        }
        let version = identity.version ?? identity.versionID
        let value = [identity.name.flatMap(shortName) ?? identity.distribution, version].compactMap { $0 }
            .joined(separator: " ")
        let isListed = context.target.rules.unsupported.contains { $0.matches(identity) }
        var findings = isListed ? [unsupported(value, context.target, identity.evidence)] : []
        if let conflict = identity.releaseConflict {
            findings.append(
                Finding(
                    "OSVersion.Undetected", .warning,
                    "The release files disagree, so the platform may take this for another system: \(conflict.value).",
                    evidence: identity.evidence.prefix(1) + [conflict.evidence],
                    fixes: [
                        .reinstall(releasePackage(identity), "Install the release files again", in: linux)
                    ]))
        }
        return .info(
            value: value, findings: findings,
            questions: identity.gaps.map { OpenQuestion($0) }, evidence: identity.evidence)
    }

    /// The package that brings the release files.
    private static func releasePackage(_ identity: OSIdentity) -> String {
        let own = [
            "centos": (identity.majorVersion ?? 8) >= 8 ? "centos-linux-release" : "centos-release",
            "rhel": "redhat-release", "rocky": "rocky-release", "almalinux": "almalinux-release",
            "ol": "oraclelinux-release", "fedora": "fedora-release-common", "amzn": "system-release",
            "anolis": "anolis-release", "openEuler": "openEuler-release", "sles": "sles-release",
            "opensuse-leap": "openSUSE-release", "opensuse-tumbleweed": "openSUSE-release",
        ]
        if let package = own[identity.distribution] { return package }
        return switch identity.family {
        case .debian: "base-files"
        case .alpine: "alpine-base"
        case .arch: "filesystem"
        case .gentoo: "sys-apps/baselayout"
        case .rhel, .suse, .other: "system-release"
        }
    }

    private static func judge(_ identity: WindowsIdentity, _ target: Target) -> CheckOutcome {
        guard identity.build != nil else {
            guard identity.gaps.isEmpty else {
                return .judged(questions: identity.gaps.map { OpenQuestion($0) })
            }
            return .judged(
                findings: [
                    Finding(
                        "OSVersion.Undetected", .warning,
                        "The registry does not say which version of Windows this is.",
                        evidence: identity.evidence.isEmpty
                            ? [Evidence(path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#)]
                            : identity.evidence,
                        fixes: [.byHand("Start the source system, see that it is whole, and export it again")]
                    )
                ])
        }
        let value = [identity.name, identity.edition, identity.fullVersion].compactMap { $0 }
            .joined(separator: " ")
        return .info(
            value: value,
            findings: target.rules.unsupported.contains { $0.matches(identity) }
                ? [unsupported(identity.name, target, identity.evidence)] : [],
            questions: identity.gaps.map { OpenQuestion($0) }, evidence: identity.evidence)
    }

    /// The name before the version: `Debian GNU/Linux`.
    private static func shortName(_ name: String) -> String? {
        let words = name.split(separator: " ").prefix { !($0.first?.isNumber ?? true) && $0.first != "(" }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private static func unsupported(
        _ name: String, _ target: Target, _ evidence: [Evidence]
    ) -> Finding {
        Finding(
            "OSVersion.Unsupported", .warning,
            "\(target.title) lists \(name) among the systems that it does not check.",
            evidence: evidence,
            fixes: [.byHand("Test an instance of this image by hand before relying on it")])
    }

    static var examples: [CheckExample] {
        var freeBSD = CheckContext.withoutSystem()
        freeBSD.system = .other(
            OtherSystem(
                family: "freebsd", name: "FreeBSD", root: "gpt:3",
                evidence: Evidence(path: "/boot/loader.conf")))
        return [
            CheckExample("Debian 12.15", .example(), .info),
            CheckExample(
                "Gentoo", .example { $0.linux.identity.distribution = "gentoo" }, .fail,
                codes: ["OSVersion.Unsupported"]),
            CheckExample(
                "os-release says CentOS 7, centos-release 8",
                .example {
                    $0.linux.identity.distribution = "centos"
                    $0.linux.identity.family = .rhel
                    $0.linux.identity.releaseConflict = Located(
                        "os-release says centos 7, /etc/centos-release CentOS 8.5.2111",
                        Evidence(path: "/etc/centos-release", line: 1, excerpt: "CentOS release 8.5.2111"))
                }, .fail, codes: ["OSVersion.Undetected"]),
            CheckExample(
                "Gentoo, at a target that lists no such systems",
                .example {
                    $0.linux.identity.distribution = "gentoo"
                    $0.target = .kvm
                }, .info),
            CheckExample("FreeBSD", freeBSD, .fail, codes: ["OSVersion.Unsupported"]),
            CheckExample("Windows Server 2022", .windows(), .info),
            CheckExample(
                "Windows Server 2008",
                .windows {
                    $0.windows.identity.build = 6002
                    $0.windows.identity.version = "6.0"
                }, .fail, codes: ["OSVersion.Unsupported"]),
            CheckExample(
                "the registry does not name a version",
                .windows { $0.windows.identity.build = nil }, .fail, codes: ["OSVersion.Undetected"]),
            CheckExample(
                "SOFTWARE cannot be read",
                .windows {
                    $0.windows.identity.build = nil
                    $0.windows.identity.gaps = [.example(#"C:\Windows\System32\config\SOFTWARE"#)]
                }, .unknown),
            CheckExample(
                "no release file", .example { $0.linux.identity.evidence = [] }, .fail,
                codes: ["OSVersion.Undetected"]),
            CheckExample(
                "os-release cannot be read",
                .example {
                    $0.linux.identity.evidence = []
                    $0.linux.identity.gaps = [.example("/etc/os-release")]
                }, .unknown),
        ]
    }
}
