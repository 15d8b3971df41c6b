import GuestFacts
import Targets

/// `GUESTOS.Grub`
enum GuestOSGrub: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Grub", title: "Boot configuration", link: .bootloader,
        summary: """
            Follows the boot loader's own files to the entry that starts by itself, and looks whether its kernel, \
            its initramfs and the root file system of its command line exist.
            """,
        rationale: """
            When GRUB cannot find its files it stays at "grub rescue>" or "grub>"; when it cannot load the kernel \
            it stays at its menu; when root= names a file system that does not exist, the initramfs waits for it \
            and then drops to a shell.
            """,
        codes: [
            ("Grub.ConfigMissing", "The loader finds no configuration."),
            ("Grub.ConfigInvalid", "The configuration is empty or cut short: it has no entry."),
            (
                "Grub.ModulesMissing",
                "A part of the loader is missing: GRUB's normal.mod or stage2, Syslinux's ldlinux.c32 or menu.c32."
            ),
            ("Grub.DeviceMissing", "The default entry asks for a disk or partition that does not exist."),
            ("Grub.ImageInvalid", "What the default entry starts is no program that the firmware takes."),
            ("Grub.PrefixNotFound", "GRUB looks for its files on a file system that does not exist."),
            (
                "Grub.EfiStubUuid",
                "The configuration on the EFI system partition searches a file system that does "
                    + "not exist."
            ),
            ("Grub.FileSystemUnreadable", "GRUB cannot read the file system that holds its files."),
            ("Grub.KernelMissing", "The kernel of the default entry does not exist."),
            (
                "Grub.InitrdMissing",
                "The initramfs of the default entry does not exist; GRUB 2 starts the kernel without it, other "
                    + "loaders start nothing."
            ),
            ("Grub.WaitsForever", "The menu waits for a key without end."),
            ("Grub.PasswordProtected", "The default entry asks for a user and a password."),
            (
                "Grub.SavedEntryMissing",
                "The saved default names an entry that is gone; GRUB takes the first one."
            ),
            (
                "Grub.DefaultMissing",
                "The default names an entry that does not exist; GRUB takes the first one."
            ),
            (
                "Grub.OneShotPending",
                "An entry was chosen for the next boot only; the one after will be another."
            ),
            ("Grub.SearchFailed", "A search for a file system finds nothing; GRUB goes on with what it had."),
            ("Grub.EnvironmentInvalid", "grubenv is not an environment block of 1024 bytes."),
            ("Grub.UnknownCommand", "The configuration has a command that GRUB does not know."),
            ("Grub.RootMissing", "The command line has no root=."),
            ("Grub.RootNotFound", "root= names a file system that does not exist in the image."),
            ("Grub.SubvolumeMissing", "rootflags= selects a subvolume that does not exist."),
            ("Grub.SubvolumeWrong", "What is mounted as the root is another subvolume than the system's."),
            ("Grub.RootWrong", "root= names another volume than the one with this system."),
            (
                "Grub.CaseMismatch",
                "root= has the right UUID in the wrong case; the link in /dev/disk is not found."
            ),
            ("Grub.DeviceName", "root= is a kernel name such as /dev/sda1, which depends on the disk's bus."),
            ("Grub.HardwarePath", "root= names the old hardware (by-path, by-id)."),
            ("Grub.RootAmbiguous", "Several volumes carry the name that root= asks for."),
            ("Grub.ResumeMissing", "resume= names a device that does not exist: the boot waits for it."),
            ("Grub.Broken", "The loader stops for another reason."),
        ],
        references: ["GNU GRUB manual", "kernel documentation: admin-guide/kernel-parameters"])

    /// What a finding of the simulated loader means; anything else is a warning that stops nothing.
    private static func weight(_ code: String) -> (Severity, Consequence, LaunchLink) {
        switch code {
        case "Grub.KernelMissing": (.error, .stopsBoot, .kernel)
        // Whether the kernel can do without it is for BOOT.Initramfs.
        case "Grub.InitrdMissing": (.error, .none, .initramfs)
        case "Grub.WaitsForever", "Grub.PasswordProtected": (.error, .stopsBoot, .bootloader)
        case "Grub.UnknownCommand": (.info, .none, .bootloader)
        default: (.warning, .none, .bootloader)
        }
    }

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let breaks = BootBreaks(for: .grub, in: context, of: linux)
        var findings = breaks.findings
        var questions = breaks.questions
        for (path, launches) in context.firmwarePaths(of: linux) {
            for note in path.notes {
                if note.code == "Grub.Uncertain" {
                    questions.append(
                        OpenQuestion(
                            "GRUB's configuration was not followed with certainty: \(note.message)",
                            consequence: .stopsBoot, launches: context.scope(launches)))
                } else {
                    findings.append(described(note, context.scope(launches), linux))
                }
            }
            if path.entry == nil, path.isPresent == .yes, path.steps.allSatisfy({ $0.state == .holds }) {
                questions.append(
                    OpenQuestion(
                        "which entry \(path.loader ?? "the loader") starts could not be found out",
                        consequence: .stopsBoot, launches: context.scope(launches)))
            }
        }
        let survey = context.boots(of: linux)
        questions += survey.questions
        for way in survey.ways {
            let scope = context.scope(way.launches)
            findings += way.entry.problems.map { described($0, scope, linux, way: way) }
            if let notFollowed = way.entry.notFollowed {
                questions.append(
                    OpenQuestion(
                        "the default entry was not followed: \(notFollowed)", consequence: .stopsBoot,
                        launches: scope))
            } else if !way.stopsAtKernel {
                let root = RootParameter(way: way, context: context, linux: linux)
                findings += root.findings
                questions += root.questions
            }
        }
        return .judged(
            value: survey.ways.first?.path.loader,
            "The default entry leads to a kernel and to this root file system.",
            findings: findings, questions: questions,
            evidence: survey.ways.map { $0.entry.source })
    }

    private static func described(
        _ problem: StructureFinding, _ launches: [Launch]?, _ linux: LinuxFacts, way: BootWay? = nil
    ) -> Finding {
        let (severity, consequence, link) = weight(problem.code)
        let fix: Fix
        switch problem.code {
        case "Grub.KernelMissing":
            fix = .reinstallKernel(way?.kernel?.version, in: linux)
        case "Grub.InitrdMissing":
            fix = .rebuildInitramfs(adding: [], kernel: way?.kernelVersion ?? "all", in: linux)
        case "Grub.WaitsForever":
            fix = Fix(
                "Let the menu go on after five seconds", where: .online, kind: .autoChroot,
                commands: ["sed -i 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=5/' /etc/default/grub"]
                    + Fix.regenerateGrub(linux))
        case "Grub.SavedEntryMissing", "Grub.OneShotPending":
            let isRed = linux.identity.family == .rhel || linux.identity.family == .suse
            fix = Fix(
                "Make the first entry the default", where: .online, kind: .autoChroot,
                commands: [isRed ? "grub2-set-default 0" : "grub-set-default 0"])
        case "Grub.DefaultMissing":
            fix = Fix(
                "Make the first entry the default", where: .online, kind: .autoChroot,
                commands: ["sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=0/' /etc/default/grub"]
                    + Fix.regenerateGrub(linux))
        default:
            fix = .updateGrub("Write GRUB's configuration again", in: linux)
        }
        return Finding(
            problem.code, severity, problem.message.asSentence, evidence: [problem.evidence], fixes: [fix],
            consequence: consequence, launches: launches, link: link)
    }
}
