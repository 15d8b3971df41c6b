import GuestFacts
import Targets

/// `WIN.Volume`
enum WinVolume: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Volume", title: "State of the system volume", link: .root,
        summary: """
            Looks for a hibernated Windows, for the dirty bit and an open log of NTFS, and for checks that run at the \
            next start.
            """,
        rationale: """
            A hibernated Windows, or one that was shut down with fast startup, goes on with its old memory on new \
            hardware, or gives it up, perhaps only after somebody answers at the console; which of these is not known \
            before. Whatever is written to the volume meanwhile is lost or damages it. A volume that is dirty is \
            checked at the next start, which takes its time.
            """,
        codes: [
            ("Volume.Hibernated", "hiberfil.sys holds a session that waits to go on."),
            ("Volume.Dirty", "The volume is marked dirty, or its log holds changes."),
            ("Volume.CheckAtBoot", "A check of the volume was asked for at the next start."),
            ("Volume.FastStartup", "Fast startup is on: the next shutdown leaves a session behind."),
        ],
        references: [
            "ACPI specification 6.5, 5.2.10 hardware signature of the FACS",
            "Microsoft: Distinguishing Fast Startup from Wake-from-Hibernation",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var review = Review(context: context, windows: windows)
        review.lookAtHibernation()
        review.lookAtConditions()
        review.lookAtBootExecute()
        return .judged(
            "The system volume was shut down cleanly.", findings: review.findings, questions: review.questions
        )
    }

    private struct Review {
        let context: CheckContext
        let windows: WindowsFacts
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []

        private static let shutDown = Fix(
            "Shut the source system down for good", where: .online, kind: .online,
            commands: ["powercfg /h off", "shutdown /s /t 0"])

        init(context: CheckContext, windows: WindowsFacts) {
            self.context = context
            self.windows = windows
        }

        private var volume: VolumeFacts? { context.image.volume(windows.rootVolume) }

        mutating func lookAtHibernation() {
            switch windows.volumes.hibernation {
            case .unknown(let gap):
                questions.append(OpenQuestion(gap, consequence: .stopsBoot))
            case .known(let file?) where file.holdsSession: resumes(file)
            case .known(let file?) where file.state == "unknown":
                questions.append(
                    OpenQuestion(
                        "hiberfil.sys starts with something unknown, perhaps a session that waits to go on",
                        consequence: .stopsBoot))
            case .known:
                // Without a session the setting is only a matter of the next shutdown.
                guard let fast = windows.volumes.fastStartup, fast.value,
                    windows.volumes.hibernateEnabled?.value == true
                else { return }
                findings.append(
                    Finding(
                        "Volume.FastStartup", .info,
                        "Fast startup is on: an ordinary shutdown hibernates the kernel, so an image taken after it holds a session.",
                        evidence: [fast.evidence],
                        fixes: [
                            .registry(
                                "Switch fast startup off",
                                [
                                    .set(
                                        key:
                                            #"HKLM\SYSTEM\\#(windows.controlSetName)\Control\Session Manager\Power"#,
                                        name: "HiberbootEnabled", .dword(0))
                                ]),
                            Fix(
                                "Switch hibernation off, in the running source system", where: .online,
                                kind: .online,
                                commands: ["powercfg /h off"]),
                        ]))
            }
        }

        /// Windows compares the hardware with that of the session, and may go on, give the session up or ask. A
        /// session that goes on meets disks and network cards it does not know. Nobody can tell which of these it will
        /// be, so `boots` is open and not no.
        private mutating func resumes(_ file: WindowsHibernationFacts) {
            let resume = context.firmwarePaths(of: windows).compactMap { $0.path.store?.resume }.first
            var evidence = [file.evidence]
            if let resume { evidence.append(resume.evidence) }
            findings.append(
                Finding(
                    "Volume.Hibernated", .error,
                    "Windows was hibernated or shut down with fast startup: hiberfil.sys holds a session"
                        + (resume == nil ? "." : ", and the boot manager is told to resume it."),
                    evidence: evidence,
                    fixes: [
                        Self.shutDown,
                        Fix(
                            "Give the session up, with what it had not saved", kind: .manual, risk: .high,
                            commands: [
                                "guestfish -a IMAGE run : mount-options remove_hiberfile /dev/sda\(partition) /"
                            ]),
                    ]))
            questions.append(
                OpenQuestion(
                    "whether the hibernated session goes on, is given up or asks at the console on other hardware is not known",
                    consequence: .stopsBoot))
        }

        private var partition: String { volume?.partitionNumber.map(String.init) ?? "1" }

        mutating func lookAtConditions() {
            for condition in volume?.conditions ?? [] {
                let letter = windows.volumes.systemLetter
                let check = Fix(
                    "Check the volume in the source system and shut it down", where: .online, kind: .online,
                    commands: ["chkdsk \(letter): /f", "shutdown /r /t 0"])
                switch condition.code {
                case "notClean":
                    findings.append(
                        Finding(
                            "Volume.Dirty", .warning,
                            "The system volume is \(condition.message); the first start takes longer.",
                            evidence: [condition.evidence],
                            fixes: [check]))
                case "journalNotReplayed":
                    findings.append(
                        Finding(
                            "Volume.Dirty", .warning,
                            "The system volume was in use when the image was taken (\(condition.message)).",
                            evidence: [condition.evidence], fixes: [Self.shutDown]))
                    questions.append(
                        OpenQuestion(
                            "the log of NTFS was not replayed, so what was read may be older than what Windows will see",
                            consequence: .stopsBoot))
                default: continue
                }
            }
        }

        mutating func lookAtBootExecute() {
            guard let lines = windows.volumes.bootExecute else { return }
            let checks = lines.value.filter { line in
                let words = line.lowercased().split(separator: " ")
                return words.first == "autocheck"
                    && words.contains { $0.hasPrefix("/r") || $0.hasPrefix("/p") || $0.hasPrefix("/f") }
            }
            guard !checks.isEmpty else { return }
            findings.append(
                Finding(
                    "Volume.CheckAtBoot", .info,
                    "A check of the volume runs at the next start: \(checks[0]).",
                    evidence: [lines.evidence],
                    fixes: [
                        .registry(
                            "Run the usual check only",
                            [
                                .set(
                                    key: #"HKLM\SYSTEM\\#(windows.controlSetName)\Control\Session Manager"#,
                                    name: "BootExecute", .multiString(["autocheck autochk *"]))
                            ])
                    ]))
        }
    }

    static var examples: [CheckExample] {
        func condition(_ code: String, _ message: String) -> CheckContext {
            .windows {
                $0.image.volumes[2].conditions = [
                    StructureFinding(code: code, message: message, evidence: Evidence(layer: "gpt:3 › ntfs"))
                ]
            }
        }
        func hibernated(_ state: String, _ holds: Bool) -> CheckContext {
            .windows {
                $0.windows.volumes.hibernation = .known(
                    WindowsHibernationFacts(
                        state: state, holdsSession: holds,
                        evidence: Evidence(path: #"C:\hiberfil.sys"#, excerpt: "starts with HIBR")))
            }
        }
        return [
            CheckExample("shut down cleanly", .windows(), .pass),
            CheckExample("a hiberfil.sys that was resumed", hibernated("woken", false), .pass),
            CheckExample("hibernated", hibernated("hibernated", true), .fail, codes: ["Volume.Hibernated"]),
            CheckExample(
                "the dirty bit", condition("notClean", "marked dirty: Windows checks it when it starts next"),
                .fail,
                codes: ["Volume.Dirty"]),
            CheckExample(
                "a snapshot of a running Windows", condition("journalNotReplayed", "the log is in use"),
                .fail,
                codes: ["Volume.Dirty"]),
            CheckExample(
                "fast startup is on",
                .windows {
                    let place = Evidence(path: "HKLM\\SYSTEM", excerpt: "HiberbootEnabled = 1")
                    $0.windows.volumes.fastStartup = Located(true, place)
                    $0.windows.volumes.hibernateEnabled = Located(true, place)
                }, .fail, codes: ["Volume.FastStartup"]),
            CheckExample(
                "a check at the next start",
                .windows {
                    $0.windows.volumes.bootExecute = Located(
                        [#"autocheck autochk /r \??\C:"#, "autocheck autochk *"],
                        Evidence(path: "HKLM\\SYSTEM", excerpt: "BootExecute"))
                }, .fail, codes: ["Volume.CheckAtBoot"]),
            CheckExample(
                "hiberfil.sys cannot be read",
                .windows {
                    $0.windows.volumes.hibernation = .unknown(
                        Gap(where: #"C:\hiberfil.sys"#, kind: .corrupt, message: "damaged"))
                }, .unknown),
        ]
    }
}
