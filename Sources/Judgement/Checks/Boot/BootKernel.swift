import GuestFacts
import Targets

/// `BOOT.Kernel`
enum BootKernel: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.Kernel", title: "Kernel of the default entry", link: .kernel,
        summary: """
            Looks whether the file the default entry loads is a whole kernel for this architecture, and whether its \
            modules are in /lib/modules.
            """,
        rationale: """
            The boot loader stops with "file not found" or "invalid magic number" when the kernel is missing or \
            damaged. Without its module directory the system may come up from the initramfs alone, but without \
            every driver that is needed later.
            """,
        codes: [
            ("Kernel.Missing", "The kernel file does not exist."),
            ("Kernel.NotAKernel", "The file is not a kernel."),
            ("Kernel.Truncated", "The file is shorter than its own header says."),
            ("Kernel.ArchMismatch", "The kernel is for another architecture than the system."),
            ("Kernel.ModulesMissing", "/lib/modules has no directory for this kernel."),
            ("Kernel.RescueDefault", "The default entry starts a rescue kernel."),
        ],
        references: ["kernel documentation: arch/x86/boot, The Linux/x86 boot protocol"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        var questions = survey.questions
        for way in survey.ways {
            let scope = context.scope(way.launches)
            guard let path = way.entry.kernelPath else {
                questions.append(
                    OpenQuestion(
                        "the default entry names no kernel file",
                        consequence: way.entry.notFollowed == nil ? .stopsBoot : .none, launches: scope))
                continue
            }
            guard let kernel = way.kernel else {
                let isTold = way.entry.problems.contains { $0.code == "Grub.KernelMissing" }
                questions.append(
                    OpenQuestion(
                        "\(path) was not looked at", consequence: isTold ? .none : .stopsBoot, launches: scope
                    ))
                continue
            }
            let evidence =
                (way.entry.kernelEvidence.map { [$0] } ?? []) + [
                    Evidence(path: path, excerpt: kernel.imageDetail)
                ]
            func stop(_ code: String, _ message: String) {
                findings.append(
                    Finding(
                        code, .error, message, evidence: evidence,
                        fixes: [.reinstallKernel(kernel.version, in: linux)], consequence: .stopsBoot,
                        launches: scope))
            }
            switch kernel.image {
            case .good: break
            case .missing:
                stop("Kernel.Missing", "The boot loader does not find \(path) and stays at its menu.")
            case .notAKernel:
                stop(
                    "Kernel.NotAKernel",
                    "\(path) is not a kernel: \(kernel.imageDetail ?? "unknown content").")
            case .truncated:
                stop(
                    "Kernel.Truncated", "\(path) is cut short: \(kernel.imageDetail ?? "its end is missing")."
                )
            case .unreadable:
                questions.append(
                    OpenQuestion(
                        kernel.imageDetail ?? "\(path) could not be read", consequence: .stopsBoot,
                        launches: scope))
            }
            guard kernel.image == .good else { continue }
            if let own = kernel.architecture, let system = linux.identity.architecture, !fits(own, system) {
                stop(
                    "Kernel.ArchMismatch",
                    "The kernel is for \(own), the programs of the system are for \(system).")
            }
            if kernel.modulesPresent == .no {
                let version = kernel.version ?? "of this kernel"
                findings.append(
                    Finding(
                        "Kernel.ModulesMissing", .warning,
                        "/lib/modules/\(version) does not exist: drivers that are not in the initramfs or in the"
                            + " kernel itself cannot be loaded.",
                        evidence: [Evidence(path: "/lib/modules", excerpt: modules(linux))],
                        fixes: [.reinstallKernel(kernel.version, in: linux)], launches: scope))
            } else if kernel.modulesPresent == .unknown {
                questions.append(
                    OpenQuestion(
                        "whether /lib/modules has the kernel's modules is not known", launches: scope))
            }
            if path.contains("rescue") {
                findings.append(
                    Finding(
                        "Kernel.RescueDefault", .warning,
                        "The default entry starts the rescue kernel \(path).",
                        evidence: evidence,
                        fixes: [.updateGrub("Make an ordinary entry the default", in: linux)], launches: scope
                    ))
            }
        }
        return .judged(
            value: survey.ways.first?.kernel?.version, "The kernel of the default entry is whole.",
            findings: findings, questions: questions)
    }

    private static func fits(_ kernel: String, _ system: String) -> Bool {
        kernel == system || kernel == "x86_64" && system == "i386" || kernel == "arm64" && system == "arm"
    }

    private static func modules(_ linux: LinuxFacts) -> String {
        linux.boot.moduleVersions.isEmpty
            ? "empty" : "holds \(linux.boot.moduleVersions.joined(separator: ", "))"
    }

    static var examples: [CheckExample] {
        [
            CheckExample("a whole kernel with its modules", .example(), .pass),
            CheckExample(
                "the kernel file is missing", .example { $0.kernel.image = .missing }, .fail,
                codes: ["Kernel.Missing"]),
            CheckExample(
                "the kernel file is cut short", .example { $0.kernel.image = .truncated }, .fail,
                codes: ["Kernel.Truncated"]),
            CheckExample(
                "an empty file", .example { $0.kernel.image = .notAKernel }, .fail,
                codes: ["Kernel.NotAKernel"]),
            CheckExample(
                "an arm64 kernel in an x86_64 system", .example { $0.kernel.architecture = "arm64" }, .fail,
                codes: ["Kernel.ArchMismatch"]),
            CheckExample(
                "a 64-bit kernel with 32-bit programs", .example { $0.linux.identity.architecture = "i386" },
                .pass),
            CheckExample(
                "the module directory is gone: it still boots from the initramfs",
                .example {
                    $0.kernel.modulesPresent = .no
                    $0.linux.boot.moduleVersions = []
                }, .fail, codes: ["Kernel.ModulesMissing"]),
            CheckExample(
                "the kernel file cannot be read", .example { $0.kernel.image = .unreadable }, .unknown),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
