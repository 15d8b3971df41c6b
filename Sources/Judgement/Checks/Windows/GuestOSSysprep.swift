import GuestFacts
import Targets

/// `GUESTOS.Sysprep`
enum GuestOSSysprep: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Sysprep", title: "State of setup and sysprep", link: .`init`,
        summary: """
            Looks where Windows stands between its installation and its use: what setup and sysprep say of \
            themselves, what the next start runs instead of the logon, and whether anything answers the welcome \
            screens of a generalised image.
            """,
        rationale: """
            A generalised image looks as if it were being installed, and is healthy: the next start makes it the \
            machine's own. When setup or sysprep was cut short the same values mean a loop of "The computer \
            restarted unexpectedly" or "Windows could not complete the installation". A generalised image without \
            an answer file waits at the welcome screens until somebody goes to its console; before that nobody can \
            log in from outside.
            """,
        codes: [
            ("Sysprep.Interrupted", "Setup or sysprep was cut short."),
            ("Sysprep.AuditMode", "Windows starts in audit mode."),
            ("Sysprep.CommandPending", "The next start runs a program before anybody can log on."),
            ("Sysprep.NoAnswerFile", "Nothing answers the welcome screens of the first start."),
            ("Sysprep.AnswerFileInvalid", "An answer file is not well-formed."),
            ("Sysprep.StatusUnusual", "Sysprep left a status that says it did not end well."),
        ],
        references: [
            "Microsoft: Windows Setup states", "Microsoft: Sysprep (generalize) a Windows installation",
            "Microsoft: Windows Setup automation overview (answer file search order)",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var review = SysprepReview(windows)
        review.judge()
        return .judged(
            value: review.value, review.message, findings: review.findings, questions: review.questions,
            evidence: review.evidence)
    }

    static var examples: [CheckExample] {
        func changed(
            state: String? = nil, _ change: @escaping (inout WindowsSetupPhase) -> Void = { _ in },
            files: [WindowsAnswerFile] = []
        ) -> CheckContext {
            .windows {
                if let state { $0.imageState(state) }
                $0.setupPhase(change)
                $0.windows.setup.answerFiles = .known(files)
            }
        }
        let toOOBE = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
        func sealed(_ phase: inout WindowsSetupPhase) {
            phase.inProgress = 1
            phase.type = 2
            phase.program = #"oobe\windeploy.exe"#
        }
        var answers = WindowsAnswerFile(path: #"C:\Windows\Panther\unattend.xml"#)
        answers.hasOOBEPass = true
        answers.hidesLicence = true
        answers.setsAdministratorPassword = true
        var broken = answers
        broken.problem = "the element OOBE is not closed"
        return [
            CheckExample("installed and in use", .windows(), .pass),
            CheckExample(
                "generalised, with answers", changed(state: toOOBE, sealed, files: [answers]), .pass),
            CheckExample(
                "generalised, without answers", changed(state: toOOBE, sealed), .fail,
                codes: ["Sysprep.NoAnswerFile"]),
            CheckExample(
                "generalised, without answers, with cloudbase-init",
                .windows {
                    $0.imageState(toOOBE)
                    $0.setupPhase(sealed)
                    $0.windows.setup.answerFiles = .known([])
                    $0.addService("cloudbase-init")
                }, .unknown),
            CheckExample(
                "the answer file is broken", changed(state: toOOBE, sealed, files: [broken]), .fail,
                codes: ["Sysprep.AnswerFileInvalid"]),
            CheckExample(
                "generalised, but the next start knows nothing of it", changed(state: toOOBE), .fail,
                codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "specialised, waiting for the welcome screens",
                changed(state: "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", sealed, files: [answers]), .fail,
                codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "specialised, and nothing leads on",
                changed(state: "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", { $0.inProgress = 1 }), .fail,
                codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "audit mode",
                changed(
                    state: "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT",
                    {
                        sealed(&$0)
                        $0.auditBoot = 1
                    }), .fail, codes: ["Sysprep.AuditMode"]),
            CheckExample(
                "a phase of setup was not completed",
                changed(state: "IMAGE_STATE_UNDEPLOYABLE", sealed), .fail, codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "setup was cut short while it specialised",
                changed(
                    state: toOOBE,
                    {
                        sealed(&$0)
                        $0.children = ["setup.exe": 1]
                    }, files: [answers]), .fail, codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "sysprep was cut short",
                changed(state: "IMAGE_STATE_UNDEPLOYABLE", { $0.generalization = 3 }), .fail,
                codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "sysprep was cut short while it generalised",
                changed(
                    state: toOOBE,
                    {
                        sealed(&$0)
                        $0.generalization = 3
                    }, files: [answers]), .fail, codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "a program goes on with a setup that is complete",
                changed {
                    $0.inProgress = 1
                    $0.type = 2
                    $0.program = #"C:\Temp\setup.cmd"#
                }, .fail, codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "setup is to run nothing",
                changed {
                    $0.inProgress = 1
                    $0.type = 2
                }, .fail, codes: ["Sysprep.Interrupted"]),
            CheckExample(
                "a migration tool runs before the logon",
                changed {
                    $0.type = 2
                    $0.program = #"C:\Migration\firstboot.exe"#
                }, .fail, codes: ["Sysprep.CommandPending"]),
            CheckExample(
                "an earlier sysprep failed", changed { $0.generalization = 3 }, .fail,
                codes: ["Sysprep.StatusUnusual"]),
            CheckExample(
                "SYSTEM cannot be read",
                .windows {
                    $0.windows.setup.phase = .unknown(.example(#"C:\Windows\System32\config\SYSTEM"#))
                },
                .unknown),
            CheckExample(
                "SOFTWARE cannot be read",
                .windows {
                    $0.windows.setup.imageState = .unknown(.example(#"C:\Windows\System32\config\SOFTWARE"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
