import GuestFacts

/// What the values of setup and sysprep mean for the next start.
///
/// What is known: a start whose `SetupType` is not 0 runs `CmdLine` before anybody can log on; `windeploy.exe`
/// there leads through specialisation to the welcome screens; a program that `ChildCompletion` shows as running
/// makes windeploy stop with "The computer restarted unexpectedly". What a start makes of other combinations is
/// not documented, and stays open.
struct SysprepReview {
    private let windows: WindowsFacts
    private(set) var findings: [Finding] = []
    private(set) var questions: [OpenQuestion] = []
    private(set) var evidence: [Evidence] = []
    private(set) var value: String?
    private(set) var message: String?

    /// Agents that see an image through its first start, by the names of their services: what they do at the
    /// welcome screens depends on their configuration.
    private static let agents = [
        "cloudbase-init", "vminit", "ec2launch", "amazon ec2launch", "ec2config", "windowsazureguestagent",
        "gceagent",
    ]

    init(_ windows: WindowsFacts) { self.windows = windows }

    mutating func judge() {
        let phase: WindowsSetupPhase
        let state: Located<String>?
        switch windows.setup.phase {
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
            return
        case .known(let known): phase = known
        }
        switch windows.setup.imageState {
        case .unknown(let gap) where phase.isOver:
            // The start is a normal one whatever the state says.
            questions.append(OpenQuestion(gap))
            return
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
            return
        case .known(let known): state = known
        }
        evidence = [state?.evidence, phase.evidence].compactMap { $0 }
        value = state.map { SysprepReview.shortName($0.value) }
        judge(phase, state: state?.value.uppercased() ?? "")
    }

    private mutating func judge(_ phase: WindowsSetupPhase, state: String) {
        // GUESTOS.Update speaks of upgrades.
        if phase.isUpgrading {
            message = "An upgrade is under way; GUESTOS.Update judges it."
            return
        }
        if !phase.isOver, let child = phase.interruptedChild {
            interrupt(
                phase,
                "Setup was cut short while \(child) was at work: the next start says that the computer restarted"
                    + " unexpectedly, and stops.", evidence: [childEvidence(child)])
            return
        }
        if (phase.type ?? 0) != 0, let program = phase.program, phase.hasProgram == .no {
            interrupt(phase, "The next start is to run \(program), which is not there.")
            return
        }
        let ended = ["", "IMAGE_STATE_COMPLETE", "IMAGE_STATE_UNDEPLOYABLE"]
        if phase.generalization == 3, !ended.contains(state) {
            return doubt(phase, "Sysprep was cut short while it generalised the image.")
        }
        switch state {
        case let state where state.hasSuffix("RESEAL_TO_AUDIT") || phase.auditBoot ?? 0 != 0:
            audit()
        case "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE":
            guard phase.runsWindeploy else {
                return doubt(
                    phase,
                    "Sysprep generalised the image, and the next start is not told to go on from there.")
            }
            message = "The image is generalised: the next start makes it the machine's own."
            judgeScreens()
        case "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE":
            guard phase.runsWindeploy else {
                return doubt(
                    phase,
                    "Setup stopped before the welcome screens, and nothing leads the next start on to them."
                )
            }
            findings.append(
                Finding(
                    "Sysprep.Interrupted", .warning,
                    "Setup stopped before the welcome screens; the next start shows them. The image is not"
                        + " generalised: what it learnt of the source's hardware stays in it.",
                    evidence: evidence, fixes: [SysprepReview.redo]))
            judgeScreens()
        case "IMAGE_STATE_UNDEPLOYABLE":
            let text = "A phase of setup or sysprep was begun and never completed."
            if phase.isOver {
                doubt(phase, text)
            } else {
                interrupt(phase, text)
            }
        default:
            judgeComplete(phase, state: state)
        }
    }

    /// The state says nothing against a normal start.
    private mutating func judgeComplete(_ phase: WindowsSetupPhase, state: String) {
        if (phase.type ?? 0) != 0 {
            guard let program = phase.program, !program.isEmpty else {
                return interrupt(phase, "The next start is to go on with setup, and has no program for it.")
            }
            if phase.inProgress ?? 0 != 0 {
                return doubt(
                    phase, "The next start is to go on with setup by \(program), although setup is complete.")
            }
            findings.append(
                Finding(
                    "Sysprep.CommandPending", .warning,
                    "The next start runs \(program) before anybody can log on.", evidence: [phase.evidence],
                    fixes: [
                        .byHand("Let the tool that asked for it finish in the source, then export again"),
                        SysprepReview.clear(phase),
                    ]))
            questions.append(
                OpenQuestion(
                    "whether \(program), which runs before the logon, comes to an end on this hardware is not known",
                    consequence: .stopsBoot))
            return
        }
        if phase.inProgress ?? 0 != 0 {
            return doubt(
                phase,
                "Windows takes itself for an installation in progress: only the services that setup allows start."
            )
        }
        message =
            state.isEmpty
            ? "No setup is in progress." : "Windows is installed and in use; it is not generalised."
        if let generalization = phase.generalization, generalization != 7 {
            findings.append(
                Finding(
                    "Sysprep.StatusUnusual", .info,
                    "Sysprep was once begun and did not end well; the next sysprep will refuse.",
                    evidence: [phase.sysprepEvidence],
                    fixes: [
                        .registry(
                            "Before the next sysprep, set its status back",
                            [
                                .set(
                                    key: WindowsSetupPhase.key + #"\Status\SysprepStatus"#,
                                    name: "GeneralizationState", .dword(7))
                            ])
                    ]))
        }
    }

    // MARK: Welcome screens

    /// Whether the welcome screens pass without anybody at the console.
    private mutating func judgeScreens() {
        switch windows.setup.answerFiles {
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .unreachable, link: .access))
        case .known(let files):
            // Setup takes the first file that has settings for the pass.
            guard let file = files.first(where: { $0.hasOOBEPass || $0.problem != nil }) else {
                return noAnswers(files)
            }
            evidence.append(Evidence(path: file.path))
            if let problem = file.problem {
                findings.append(
                    Finding(
                        "Sysprep.AnswerFileInvalid", .error,
                        "The answer file is not well-formed: \(problem).",
                        evidence: [Evidence(path: file.path, excerpt: problem)],
                        fixes: [.byHand("Correct the file", where: .offline)]))
                questions.append(
                    OpenQuestion(
                        "whether setup stops at \(file.path), which is not well-formed, is not known",
                        consequence: .stopsBoot))
            } else if !file.answersScreens {
                questions.append(
                    OpenQuestion(
                        "\(file.path) answers only some of the welcome screens; whether the first start waits for"
                            + " somebody at the console is not known", consequence: .unreachable,
                        link: .access))
            }
        }
    }

    private mutating func noAnswers(_ files: [WindowsAnswerFile]) {
        let agent = SysprepReview.agents.compactMap(windows.service).first { !$0.isDisabled }
        if agent == nil, let gap = windows.services.gap ?? windows.servicesGap {
            questions.append(OpenQuestion(gap, consequence: .unreachable, link: .access))
            return
        }
        if let agent {
            questions.append(
                OpenQuestion(
                    "no answer file is in the image; whether \(agent.name) sees the first start through the welcome"
                        + " screens is not known", consequence: .unreachable, link: .access))
            questions.append(
                OpenQuestion(
                    "whether \(agent.name) is through before the welcome screens are answered is not known",
                    consequence: .notReady, link: .provisioning))
            return
        }
        findings.append(
            Finding(
                "Sysprep.NoAnswerFile", .error,
                "No answer file is in the image: unless the place of launch hands one over on a medium, the first"
                    + " start waits at the welcome screens for somebody at the console.",
                evidence: [Evidence(path: #"C:\Windows\Panther\unattend.xml"#, excerpt: "absent")]
                    + files.map { Evidence(path: $0.path, excerpt: "no pass oobeSystem") },
                fixes: [
                    .byHand(
                        "Put an answer file with the pass oobeSystem into the image (licence, password, locale)",
                        commands: [
                            "virt-customize -a IMAGE --upload "
                                + quoted("unattend.xml:\(windows.systemRoot)/Panther/unattend.xml")
                        ], where: .offline),
                    SysprepReview.redo,
                ], consequence: .unreachable, link: .access))
    }

    // MARK: Findings

    private mutating func audit() {
        value = "Audit"
        findings.append(
            Finding(
                "Sysprep.AuditMode", .warning,
                "Windows starts in audit mode: every start logs the built-in Administrator on and waits for sysprep.",
                evidence: evidence,
                fixes: [
                    Fix(
                        "Leave audit mode", where: .online, kind: .online,
                        commands: [#"C:\Windows\System32\Sysprep\sysprep.exe /generalize /oobe /shutdown"#])
                ]))
    }

    /// It is certain that the next start does not come to a logon.
    private mutating func interrupt(
        _ phase: WindowsSetupPhase, _ message: String, evidence more: [Evidence] = []
    ) {
        findings.append(
            Finding(
                "Sysprep.Interrupted", .error, message, evidence: more + evidence(of: phase),
                fixes: [SysprepReview.redo], consequence: .stopsBoot))
    }

    /// Something is wrong, and how far the next start comes is not known.
    private mutating func doubt(_ phase: WindowsSetupPhase, _ message: String) {
        findings.append(
            Finding(
                "Sysprep.Interrupted", .error, message, evidence: evidence(of: phase),
                fixes: [SysprepReview.redo]))
        questions.append(
            OpenQuestion(
                "how far the next start comes after setup or sysprep was cut short is not known",
                consequence: .stopsBoot))
    }

    private func evidence(of phase: WindowsSetupPhase) -> [Evidence] {
        phase.generalization == 3 ? evidence + [phase.sysprepEvidence] : evidence
    }

    private func childEvidence(_ child: String) -> Evidence {
        Evidence(path: WindowsSetupPhase.key + #"\Status\ChildCompletion"#, excerpt: "\(child) = 1")
    }

    private static let redo = Fix(
        "Run sysprep in the source again and let it shut the machine down", where: .online, kind: .online,
        risk: .medium,
        commands: [
            #"C:\Windows\System32\Sysprep\sysprep.exe /generalize /oobe /shutdown /unattend:C:\unattend.xml"#
        ])

    /// A normal start, without the program.
    private static func clear(_ phase: WindowsSetupPhase) -> Fix {
        .registry(
            "Start normally, without it", risk: .medium,
            [
                .set(key: WindowsSetupPhase.key, name: "SetupType", .dword(0)),
                .set(key: WindowsSetupPhase.key, name: "SystemSetupInProgress", .dword(0)),
                .set(key: WindowsSetupPhase.key, name: "CmdLine", .string("")),
            ])
    }

    /// `GENERALIZE_RESEAL_TO_OOBE`
    private static func shortName(_ state: String) -> String {
        let prefix = "IMAGE_STATE_"
        return state.uppercased().hasPrefix(prefix) ? String(state.dropFirst(prefix.count)) : state
    }
}
