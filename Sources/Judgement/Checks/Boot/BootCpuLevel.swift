import GuestFacts
import Targets

/// `BOOT.CpuLevel`
enum BootCpuLevel: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.CpuLevel", title: "Processor level", link: .`init`,
        summary: """
            Reads from the C library which level of x86-64 processors the system was built for, and compares it with \
            what every instance of the target has.
            """,
        rationale: """
            Red Hat 9 and SUSE 16 need x86-64-v2, Red Hat 10 x86-64-v3. On a processor, or a processor model of QEMU, \
            without it the first program ends with "CPU does not support x86-64-v2" and the kernel panics.
            """,
        codes: [
            ("CpuLevel.High", "The system needs newer processors than every instance of the target has.")
        ],
        references: ["x86-64 psABI: micro-architecture levels", "QEMU documentation: CPU models"])

    /// Systems whose C library does not say it, by distribution and first version that needs the level. Source: release
    /// notes of the distributions, 2026-11. AlmaLinux 10 comes in two builds, for v3 and for v2, with one os-release:
    /// v2 is what either needs.
    private static let table: [(distributions: Set<String>, since: Int, level: Int)] = [
        (["rhel", "rocky", "ol", "centos", "circle"], 10, 3), (["almalinux"], 10, 2),
        (["rhel", "rocky", "almalinux", "ol", "centos", "circle"], 9, 2),
        (["sles", "sles_sap", "opensuse-leap"], 16, 2),
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let architecture = linux.identity.architecture ?? ""
        guard architecture == "x86_64" else {
            return .notApplicable("processor levels are those of x86-64")
        }
        guard let needed = linux.initSystem.processorLevel ?? fromTable(linux.identity) else {
            return .info(value: "x86-64", "The C library does not say which processors it needs.")
        }
        let value = name(needed.value)
        guard let offered = context.target.hardware.cpuLevels[architecture] else {
            return .info(
                value: value, "\(context.target.title) does not publish the level of all its processors.",
                evidence: [needed.evidence])
        }
        guard needed.value > offered else {
            return .judged(
                value: value, "Every instance of \(context.target.title) has processors of this level.",
                evidence: [needed.evidence])
        }
        return .judged(
            value: value,
            findings: [
                Finding(
                    "CpuLevel.High", .warning,
                    "The system is built for \(value). \(context.target.title) also has processors, or models of them, that"
                        + " are \(name(offered)) only: there the first program dies and the kernel panics.",
                    evidence: [needed.evidence],
                    fixes: [
                        .byHand(
                            "Choose an instance family, or a processor model, of at least \(value)",
                            commands: ["qemu-system-x86_64 -cpu host"])
                    ])
            ])
    }

    private static func fromTable(_ identity: OSIdentity) -> Located<Int>? {
        guard let major = identity.majorVersion else { return nil }
        let row = table.first { $0.distributions.contains(identity.distribution) && major >= $0.since }
        return row.map {
            Located(
                $0.level,
                identity.evidence.first ?? Evidence(path: "/etc/os-release", excerpt: identity.version))
        }
    }

    private static func name(_ level: Int) -> String { level <= 1 ? "x86-64" : "x86-64-v\(level)" }

    static var examples: [CheckExample] {
        func built(for level: Int, _ target: Target = .kvm) -> CheckContext {
            .example {
                $0.target = target
                $0.linux.initSystem.processorLevel = Located(
                    level, Evidence(path: "/lib64/libc.so.6", excerpt: "x86 ISA needed: x86-64-v\(level)"))
            }
        }
        var silent = Target.kvm
        silent.hardware.cpuLevels = [:]
        return [
            CheckExample("for any x86-64", built(for: 1), .pass),
            CheckExample("the C library does not say", .example(), .info),
            CheckExample("x86-64-v2, where every instance has v3", built(for: 2, .alibabaECS), .pass),
            CheckExample(
                "x86-64-v2 on a plain KVM host, whose usual processor model is older", built(for: 2), .fail,
                codes: ["CpuLevel.High"]),
            CheckExample(
                "Red Hat 10, whose C library was not read",
                .example {
                    $0.target = .kvm
                    $0.linux.identity.distribution = "rhel"
                    $0.linux.identity.family = .rhel
                    $0.linux.identity.version = "10.0"
                }, .fail, codes: ["CpuLevel.High"]),
            CheckExample("a target that does not publish its processors", built(for: 3, silent), .info),
            CheckExample(
                "arm64", .example { $0.linux.identity.architecture = "arm64" }, .notApplicable),
        ]
    }
}
