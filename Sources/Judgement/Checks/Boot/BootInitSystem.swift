import GuestFacts
import Targets

/// `BOOT.InitSystem`
enum BootInitSystem: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.InitSystem", title: "First process and what it stands on", link: .`init`,
        summary: """
            Looks whether /sbin/init leads to a program that can start, with its dynamic loader and libc, whether \
            the default target is one to work in, and whether the mount points of /proc, /sys, /dev and /run exist.
            """,
        rationale: """
            Without init the kernel panics ("No working init found"). Without the mount points, which tools that \
            copy files like to leave out, the initramfs cannot hand the system over. An emergency or rescue target \
            ends in a shell on the console, without network.
            """,
        codes: [
            ("Init.Missing", "/sbin/init does not exist or is a link that leads nowhere."),
            ("Init.NotExecutable", "/sbin/init is not a program that can be started."),
            ("Init.LibLoader", "The dynamic loader or a library that init needs is missing."),
            (
                "Init.DefaultTarget",
                "The default target is a rescue or emergency shell, or switches the machine off."
            ),
            ("Init.DefaultTargetMissing", "The default target does not exist."),
            (
                "Init.TargetRefused",
                "The default target requires a unit that is masked, does not exist or is wrong: systemd starts none of it."
            ),
            (
                "Init.ScriptMissing",
                "A script or job that init runs to bring the system up does not exist."
            ),
            ("Init.DirectoryMissing", "A directory that something has to be mounted on does not exist."),
            ("Init.MaskedUnit", "A unit that much depends on is masked."),
            ("Init.Problem", "Something else about the start of the system is odd."),
        ],
        references: ["systemd(1)", "bootup(7)", "file-hierarchy(7)"])

    /// Targets in which nobody can log in from outside.
    private static let deadEnds: Set = [
        "emergency.target", "rescue.target", "halt.target", "poweroff.target", "reboot.target",
        "kexec.target",
        "shutdown.target", "runlevel0.target", "runlevel1.target", "runlevel6.target", "0", "1", "6", "S",
        "s", "single",
    ]
    /// Codes of the inspection for which the system does not come up.
    private static let fatal: Set = [
        "Init.Missing", "Init.NotExecutable", "Init.LibLoader", "Init.DefaultTarget",
        "Init.DefaultTargetMissing", "Init.TargetRefused", "Init.ScriptMissing",
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let facts = linux.initSystem
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        func stop(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix]) {
            findings.append(
                Finding(code, .error, message, evidence: evidence, fixes: fixes, consequence: .stopsBoot))
        }
        var value: String?
        switch facts.program {
        case .unknown(let gap): questions.append(OpenQuestion(gap, consequence: .stopsBoot))
        case .known(let program):
            value = program.value.rawValue
            if program.value == .missing {
                stop(
                    "Init.Missing", "There is no init: the kernel panics as soon as the root is mounted.",
                    [program.evidence], [initPackage(linux)])
            } else if program.value == .notExecutable {
                stop(
                    "Init.NotExecutable", "init is not a program that can be started.", [program.evidence],
                    [initPackage(linux)])
            }
        }
        if !facts.missingFiles.isEmpty {
            let names = facts.missingFiles.compactMap(\.path).joined(separator: ", ")
            let libc = linux.identity.family == .debian ? "libc6" : "glibc"
            stop(
                "Init.LibLoader", "init cannot start without \(names): the kernel panics.",
                facts.missingFiles,
                [
                    Fix(
                        "Unpack the C library over the image again (no program of the guest runs without it)",
                        kind: .manual, risk: .medium,
                        commands: linux.identity.family == .debian
                            ? ["apt-get download \(libc)", "dpkg-deb -x libc6_*.deb /mnt"]
                            : linux.identity.family == .alpine
                                ? ["apk --root /mnt fix musl"]
                                : ["rpm --root /mnt -Uvh --force \(libc)-*.rpm"])
                ])
        }
        switch facts.defaultTarget {
        case .known(let target) where deadEnds.contains(target.value):
            stop(
                "Init.DefaultTarget",
                facts.isSystemd
                    ? "The default target is \(target.value), so nothing of the system starts."
                    : "The run level of the boot is \(target.value), in which nothing of the system starts.",
                [target.evidence], [defaultTarget(linux)])
        case .unknown(let gap): questions.append(OpenQuestion(gap, consequence: .stopsBoot))
        case .known, nil: break
        }
        for path in facts.missingDirectories {
            let isFatal = ["/proc", "/sys", "/dev", "/run"].contains(path)
            findings.append(
                Finding(
                    "Init.DirectoryMissing", isFatal ? .error : .warning,
                    isFatal
                        ? "\(path) does not exist, so it cannot be mounted and init stops."
                        : "\(path) does not exist.",
                    evidence: [Evidence(path: path, excerpt: "absent")],
                    fixes: [
                        Fix(
                            "Make the directory", kind: .autoEdit,
                            commands: [path == "/tmp" ? "mkdir -m 1777 /tmp" : "mkdir \(quoted(path))"])
                    ], consequence: isFatal ? .stopsBoot : .none))
        }
        for unit in facts.maskedUnits {
            findings.append(
                Finding(
                    "Init.MaskedUnit", .warning,
                    "\(unit.path ?? "A unit") is masked, and much depends on it.",
                    evidence: [unit],
                    fixes: [
                        Fix("Remove the mask", kind: .autoEdit, commands: ["rm \(quoted(unit.path ?? ""))"])
                    ]))
            if unit.path?.contains("systemd-udevd") ?? false {
                questions.append(
                    OpenQuestion(
                        "without systemd-udevd, mounts by UUID may never find their devices",
                        consequence: .stopsBoot))
            }
        }
        for problem in facts.problems {
            let code = documented(problem, facts)
            let isFatal = fatal.contains(code)
            findings.append(
                Finding(
                    code, isFatal ? .error : .warning, problem.message.asSentence,
                    evidence: [problem.evidence],
                    fixes: [fix(code, problem, linux)],
                    consequence: isFatal ? .stopsBoot : .none))
        }
        return .judged(
            value: value, "init can start, and its default target is one to work in.", findings: findings,
            questions: questions)
    }

    private static func fix(_ code: String, _ problem: StructureFinding, _ linux: LinuxFacts) -> Fix {
        if code.hasPrefix("Init.DefaultTarget") { return defaultTarget(linux) }
        guard code == "Init.TargetRefused", let path = problem.evidence.path, path.hasPrefix("/") else {
            return initPackage(linux)
        }
        // A mask or a link that requires what is not there has no line.
        guard problem.evidence.line == nil else {
            return .edit("Take the requirement away", problem.evidence, to: nil)
        }
        return Fix("Remove it", kind: .autoEdit, commands: ["rm \(quoted(path))"])
    }

    /// Units without which nothing is reached, beside the default target itself.
    private static let targets: Set = [
        "default.target", "multi-user.target", "basic.target", "sysinit.target",
    ]

    private static func documented(_ problem: StructureFinding, _ facts: InitFacts) -> String {
        if metadata.codes.contains(where: { $0.code == problem.code }) { return problem.code }
        if problem.code == "requiredUnitMissing", let unit = problem.evidence.path {
            if unit == facts.defaultTarget?.value?.value || targets.contains(unit) {
                return "Init.DefaultTargetMissing"
            }
        }
        return "Init.Problem"
    }

    /// What makes the boot go to a level in which services run, in the words of the init.
    private static func defaultTarget(_ linux: LinuxFacts) -> Fix {
        let facts = linux.initSystem
        let evidence = facts.defaultTarget?.value?.evidence
        if let word = evidence?.excerpt, evidence?.path != "/etc/inittab",
            evidence?.path == (linux.boot.bios.entry ?? linux.boot.uefi.entry)?.commandLine.evidence.path
        {
            return .commandLine(removing: [word], "Take \(word) off the kernel command line", in: linux)
        }
        if facts.isSystemd {
            return Fix(
                "Make multi-user.target the default", kind: .autoEdit,
                commands: [
                    "ln -sfn /lib/systemd/system/multi-user.target /etc/systemd/system/default.target"
                ])
        }
        if facts.program.value?.value == .openrc || facts.program.value?.value == .busybox {
            return Fix(
                "Make the run level again and put the services into it", where: .online, kind: .autoChroot,
                commands: ["mkdir -p /etc/runlevels/default", "rc-update add sshd default"])
        }
        let level = linux.identity.family == .debian ? "2" : "3"
        guard let evidence, evidence.path == "/etc/inittab", evidence.line != nil else {
            return Fix(
                "Name run level \(level) in /etc/inittab", kind: .autoEdit,
                commands: ["echo 'id:\(level):initdefault:' >> /etc/inittab"])
        }
        return .edit("Make run level \(level) the default", evidence, to: "id:\(level):initdefault:")
    }

    private static func initPackage(_ linux: LinuxFacts) -> Fix {
        let package =
            switch (linux.initSystem.program.value?.value, linux.identity.family) {
            case (.upstart, _): "upstart"
            case (.sysv, .rhel): "initscripts"
            case (.sysv, .debian): "sysvinit"
            case (.sysv, .suse): "sysvinit"
            case (.openrc, _): "openrc"
            case (.busybox, _), (_, .alpine): "alpine-baselayout"
            case (_, .debian): "systemd-sysv"
            default: "systemd"
            }
        return .reinstall(package, "Install the init system again", in: linux)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("systemd and graphical.target", .example(), .pass),
            CheckExample(
                "/sbin/init is gone",
                .example {
                    $0.linux.initSystem.program = .known(
                        Located(.missing, Evidence(path: "/sbin/init", excerpt: "absent")))
                }, .fail, codes: ["Init.Missing"]),
            CheckExample(
                "libc is gone",
                .example {
                    $0.linux.initSystem.missingFiles = [Evidence(path: "/lib/x86_64-linux-gnu/libc.so.6")]
                },
                .fail, codes: ["Init.LibLoader"]),
            CheckExample(
                "the default target is the emergency shell",
                .example {
                    $0.linux.initSystem.defaultTarget = .known(
                        Located(
                            "emergency.target", Evidence(path: "/etc/systemd/system/default.target")))
                }, .fail, codes: ["Init.DefaultTarget"]),
            CheckExample(
                "the default target does not exist",
                .example {
                    let link = Evidence(path: "/etc/systemd/system/default.target")
                    $0.linux.initSystem.defaultTarget = .known(Located("nosuch.target", link))
                    $0.linux.initSystem.problems = [
                        StructureFinding(
                            code: "requiredUnitMissing",
                            message: "nosuch.target is required and does not exist",
                            evidence: Evidence(path: "nosuch.target"))
                    ]
                }, .fail, codes: ["Init.DefaultTargetMissing"]),
            CheckExample(
                "basic.target, which the default target requires, is masked",
                .example {
                    let mask = Evidence(
                        path: "/etc/systemd/system/basic.target", excerpt: "basic.target is masked")
                    $0.linux.initSystem.maskedUnits = [mask]
                    $0.linux.initSystem.problems = [
                        StructureFinding(
                            code: "Init.TargetRefused",
                            message:
                                "systemd refuses to go to the default target: multi-user.target requires basic.target, which is masked",
                            evidence: mask)
                    ]
                }, .fail, codes: ["Init.TargetRefused", "Init.MaskedUnit"]),
            CheckExample(
                "the default target requires a service that does not exist",
                .example {
                    $0.linux.initSystem.problems = [
                        StructureFinding(
                            code: "Init.TargetRefused",
                            message:
                                "systemd refuses to go to the default target: multi-user.target requires data-sync.service, which does not exist",
                            evidence: Evidence(
                                path: "/etc/systemd/system/multi-user.target.d/data.conf", line: 2,
                                excerpt: "Requires=data-sync.service"))
                    ]
                }, .fail, codes: ["Init.TargetRefused"]),
            CheckExample(
                "SysV boots to run level 1",
                .example {
                    $0.linux.identity.family = .rhel
                    $0.linux.initSystem.program = .known(Located(.sysv, Evidence(path: "/sbin/init")))
                    $0.linux.initSystem.defaultTarget = .known(
                        Located(
                            "1", Evidence(path: "/etc/inittab", line: 18, excerpt: "id:1:initdefault:")))
                }, .fail, codes: ["Init.DefaultTarget"]),
            CheckExample(
                "SysV boots to run level 3",
                .example {
                    $0.linux.initSystem.program = .known(Located(.sysv, Evidence(path: "/sbin/init")))
                    $0.linux.initSystem.defaultTarget = .known(
                        Located(
                            "3", Evidence(path: "/etc/inittab", line: 18, excerpt: "id:3:initdefault:")))
                }, .pass),
            CheckExample(
                "rc.sysinit is gone",
                .example {
                    $0.linux.initSystem.program = .known(Located(.sysv, Evidence(path: "/sbin/init")))
                    $0.linux.initSystem.defaultTarget = .known(
                        Located(
                            "3", Evidence(path: "/etc/inittab", line: 18, excerpt: "id:3:initdefault:")))
                    $0.linux.initSystem.problems = [
                        StructureFinding(
                            code: "Init.ScriptMissing",
                            message:
                                "/etc/rc.d/rc.sysinit, which init runs to bring the system up, does not exist",
                            evidence: Evidence(
                                path: "/etc/inittab", line: 21, excerpt: "si::sysinit:/etc/rc.d/rc.sysinit"))
                    ]
                }, .fail, codes: ["Init.ScriptMissing"]),
            CheckExample(
                "OpenRC has no such run level",
                .example {
                    $0.linux.identity.family = .alpine
                    $0.linux.initSystem.program = .known(Located(.busybox, Evidence(path: "/sbin/init")))
                    $0.linux.initSystem.defaultTarget = .known(
                        Located(
                            "quiet",
                            Evidence(path: "/etc/inittab", line: 3, excerpt: "::wait:/sbin/openrc quiet")))
                    $0.linux.initSystem.problems = [
                        StructureFinding(
                            code: "Init.DefaultTargetMissing",
                            message: "the run level quiet does not exist: nothing of it starts",
                            evidence: Evidence(path: "/etc/inittab", line: 3))
                    ]
                }, .fail, codes: ["Init.DefaultTargetMissing"]),
            CheckExample(
                "no /proc", .example { $0.linux.initSystem.missingDirectories = ["/proc"] }, .fail,
                codes: ["Init.DirectoryMissing"]),
            CheckExample(
                "init is on a damaged block",
                .example { $0.linux.initSystem.program = .unknown(.example("/sbin/init")) }, .unknown),
        ]
    }
}
