import GuestFacts
import Targets

/// `GUESTOS.BCD`
enum GuestOSBCD: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.BCD", title: "Boot configuration of Windows", link: .bootloader,
        summary: """
            Reads the boot configuration store that the boot manager of each firmware reads, and follows the entry that \
            starts by itself to the partition, the loader and the system directory it names.
            """,
        rationale: """
            The store names disk and partition by signature, offset or GUID. A disk that got new ones, a partition that \
            was moved, or a store of another disk end in 0xC000000E or 0xC0000225, although every file is there.
            """,
        codes: [
            ("BCD.Missing", "There is no store where the boot manager looks for it."),
            ("BCD.Corrupt", "The store is no registry hive, or not one of the boot configuration."),
            ("BCD.NoDefaultEntry", "The store names nothing that could be started."),
            ("BCD.NotWindows", "What starts by itself is a memory test or another program."),
            ("BCD.RecoveryDefault", "What starts by itself is a recovery environment or a setup."),
            ("BCD.OtherSystem", "What starts by itself is another Windows than this one."),
            ("BCD.DeviceMismatch", "A device of the entry or of the boot manager is not on this disk."),
            ("BCD.LoaderMissing", "The loader or the Windows that the entry names is not there."),
            ("BCD.FirmwareMismatch", "The entry names the loader of the other firmware."),
            ("BCD.OneShot", "Something else is started once, at the first start."),
            ("BCD.WaitsForever", "The menu waits for a key without end."),
            ("BCD.LongTimeout", "The menu waits longer than a minute."),
            ("BCD.SafeMode", "Windows starts in safe mode."),
            ("BCD.HaltsAtBoot", "The kernel stops for a debugger."),
            ("BCD.Debug", "Kernel debugging is on."),
            ("BCD.TestSigning", "Drivers need no valid signature."),
            ("BCD.Ems", "Emergency management services are on, which this target does not want."),
            ("BCD.BootStatusPolicy", "A failed start makes the next one stop in the recovery environment."),
            ("BCD.GraphicsMode", "Graphics are switched off, which leaves the screen black on UEFI."),
        ],
        references: [
            "Microsoft: Boot Configuration Data in Windows Vista (2008)", "Microsoft: BCD reference",
            "Microsoft: BCDEdit Options Reference",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var breaks = WindowsBootBreaks(for: "BCD", in: context, of: windows)
        var entries: [String] = []
        for (path, launches) in context.firmwarePaths(of: windows) {
            guard let store = path.store else { continue }
            let review = StoreReview(
                path: path, store: store, windows: windows, context: context, launches: launches)
            for finding in review.findings { breaks.add(finding) }
            for question in review.questions { breaks.ask(question) }
            if let entry = store.entry { entries.append(entry.object.title ?? entry.object.name) }
        }
        guard !entries.isEmpty || !breaks.findings.isEmpty || !breaks.questions.isEmpty else {
            return .notApplicable("no firmware that is judged comes as far as a boot configuration")
        }
        return .judged(
            value: entries.first, "The entry that starts by itself leads to Windows on this disk.",
            findings: breaks.findings, questions: breaks.questions)
    }

    /// What a store says besides where the way goes.
    private struct StoreReview {
        let path: WindowsBootPath
        let store: WindowsBootStoreFacts
        let windows: WindowsFacts
        let context: CheckContext
        let launches: [Launch]
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []

        init(
            path: WindowsBootPath, store: WindowsBootStoreFacts, windows: WindowsFacts, context: CheckContext,
            launches: [Launch]
        ) {
            self.path = path
            self.store = store
            self.windows = windows
            self.context = context
            self.launches = launches
            lookAtFiles()
            lookAtManager()
            lookAtOneShot()
            lookAtMode()
            lookAtSettings()
        }

        private var fixes: WindowsBootFixes { WindowsBootFixes(path, windows, context.image) }

        private mutating func fail(
            _ code: String, _ severity: Severity, _ message: String, _ evidence: [Evidence], _ fixes: [Fix?],
            _ consequence: Consequence = .none, link: LaunchLink? = nil
        ) {
            findings.append(
                Finding(
                    code, severity, message, evidence: evidence, fixes: fixes.compactMap { $0 },
                    consequence: consequence, launches: context.scope(launches), link: link))
        }

        private mutating func ask(_ message: String, _ consequence: Consequence, link: LaunchLink? = nil) {
            questions.append(
                OpenQuestion(message, consequence: consequence, launches: context.scope(launches), link: link)
            )
        }

        /// Removes an element, in the image and in the running system.
        private func removal(_ title: String, _ evidence: Evidence, _ command: String) -> [Fix?] {
            [
                WindowsBootFixes.key(evidence).flatMap { fixes.store(title, [.remove(key: $0)]) },
                Fix(
                    title + ", in the running source system", where: .online, kind: .online,
                    commands: [command]),
            ]
        }

        private mutating func lookAtFiles() {
            guard let entry = store.entry, entry.loader?.state == .missing,
                path.breakStep?.code == "OSLoader.Missing"
            else { return }
            fail(
                "BCD.LoaderMissing", .error,
                "The entry that starts by itself names \(entry.path ?? "a loader"), which does not exist.",
                [entry.pathEvidence, entry.loader?.evidence].compactMap { $0 }, [fixes.bootFiles], .stopsBoot)
        }

        private mutating func lookAtManager() {
            guard let device = store.managerDevice, path.breakStep?.code != "BCD.DeviceMismatch" else {
                return
            }
            switch device.resolution {
            case .otherDisk, .noPartition, .notFound, .invalid: break
            case .volume(let id) where id != store.volume: break
            case .volume, .insideFile, .missingFile, .unknown: return
            }
            fail(
                "BCD.DeviceMismatch", .warning,
                "The device of the boot manager (\(device.text)) is not the partition it is started from; the start goes on, tools that repair or update the boot files do not find them.",
                [device.evidence],
                [
                    device.replacement.flatMap { bytes in
                        WindowsBootFixes.key(device.evidence).flatMap {
                            fixes.store(
                                "Name the partition of the boot manager",
                                [.set(key: $0, name: "Element", .binary(bytes))])
                        }
                    }, fixes.bootFiles,
                ])
        }

        private mutating func lookAtOneShot() {
            guard let first = store.oneShot.first else { return }
            var evidence = first.evidence
            evidence.excerpt = "bootsequence = " + store.oneShot.map(\.name).joined(separator: " ")
            fail(
                "BCD.OneShot", .warning,
                "At the first start “\(first.title ?? first.name)” (\(first.kind)) runs once, before anything else.",
                [evidence],
                [
                    fixes.store(
                        "Remove the one-shot sequence",
                        [
                            .remove(
                                key:
                                    #"HKLM\BCD00000000\Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\24000002"#
                            )
                        ]),
                    Fix(
                        "Remove the one-shot sequence, in the running source system", where: .online,
                        kind: .online,
                        commands: ["bcdedit /deletevalue {bootmgr} bootsequence"]),
                ])
            if first.isTemporary || first.kind != "Windows boot loader" {
                ask(
                    "whether “\(first.title ?? first.name)”, which runs at the first start, comes to an end by itself is not known",
                    .stopsBoot)
            }
        }

        private mutating func lookAtMode() {
            if let timeout = store.timeout, store.entryCount > 1 {
                let evidence = Evidence(
                    path: #"BCD\Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\25000004"#,
                    excerpt: "timeout = \(timeout)")
                let fix = Fix(
                    "Let the menu wait ten seconds", where: .online, kind: .online,
                    commands: ["bcdedit /timeout 10"])
                if timeout >= 0xFFFF_FFFF {
                    fail(
                        "BCD.WaitsForever", .error,
                        "The menu of \(store.entryCount) entries waits for a key without end.", [evidence],
                        [fix],
                        .stopsBoot)
                } else if timeout > 60 {
                    fail(
                        "BCD.LongTimeout", .info, "The menu waits \(timeout) seconds at each start.",
                        [evidence], [fix])
                }
            }
            guard let safeBoot = store.entry?.safeBoot else { return }
            let repairs = removal(
                "Leave safe mode", safeBoot.evidence, "bcdedit /deletevalue {default} safeboot")
            if safeBoot.value == "minimal" {
                fail(
                    "BCD.SafeMode", .error, "Windows starts in safe mode without network.",
                    [safeBoot.evidence],
                    repairs, .unreachable, link: .network)
                fail(
                    "BCD.SafeMode", .error, "In safe mode no agent runs that would customise the instance.",
                    [safeBoot.evidence], repairs, .notReady, link: .provisioning)
            } else {
                fail(
                    "BCD.SafeMode", .warning, "Windows starts in safe mode (\(safeBoot.value)).",
                    [safeBoot.evidence],
                    repairs)
                ask("which services run in safe mode is not known", .unreachable, link: .network)
                ask("which agents run in safe mode is not known", .notReady, link: .provisioning)
            }
        }

        private mutating func lookAtSettings() {
            guard let settings = store.entry?.settings else { return }
            func on(_ name: String) -> Located<String>? { settings[name] }
            if let halt = on("halbreakpoint") {
                fail(
                    "BCD.HaltsAtBoot", .error, "The kernel stops at its start and waits for a debugger.",
                    [halt.evidence],
                    removal(
                        "Do not stop for a debugger", halt.evidence,
                        "bcdedit /deletevalue {default} halbreakpoint"),
                    .stopsBoot, link: .kernel)
            }
            for name in ["debug", "bootdebug"] {
                guard let debug = on(name) else { continue }
                fail(
                    "BCD.Debug", .warning,
                    "Kernel debugging is on: a fault waits for a debugger, and the serial port or network it uses is taken.",
                    [debug.evidence],
                    removal("Switch debugging off", debug.evidence, "bcdedit /deletevalue {default} \(name)"))
                break
            }
            if let signing = on("nointegritychecks") ?? on("testsigning") {
                fail(
                    "BCD.TestSigning", .info,
                    "Drivers are loaded without a signature that Windows trusts; with Secure Boot the setting is ignored and such drivers fail.",
                    [signing.evidence],
                    removal(
                        "Ask for signatures again", signing.evidence,
                        "bcdedit /deletevalue {default} testsigning"))
            }
            if context.target.rules.windowsBoot.refusesEMS, let ems = on("ems") ?? on("bootems") {
                fail(
                    "BCD.Ems", .warning,
                    "Emergency management services are on; the import of this target refuses them.",
                    [ems.evidence], removal("Switch them off", ems.evidence, "bcdedit /ems {default} off"))
            }
            if path.firmware == .uefi, let graphics = on("graphicsmodedisabled") {
                fail(
                    "BCD.GraphicsMode", .info,
                    "Graphics are switched off for the boot: on UEFI the console may stay black.",
                    [graphics.evidence],
                    removal(
                        "Remove the setting", graphics.evidence,
                        "bcdedit /deletevalue {default} graphicsmodedisabled"))
            }
            lookAtFailures(settings)
        }

        /// After failed starts Windows asks, on a console that nobody watches; clouds want it to try again.
        private mutating func lookAtFailures(_ settings: [String: Located<String>]) {
            guard context.target.rules.windowsBoot.continuesAfterFailures,
                let entry = store.entry,
                settings["bootstatuspolicy"]?.value != "ignoreAllFailures"
            else { return }
            fail(
                "BCD.BootStatusPolicy", .info,
                "After a failed start the next one stops in the recovery environment; the target asks for starts that go on.",
                [settings["bootstatuspolicy"]?.evidence ?? entry.object.evidence],
                [
                    Fix(
                        "Let starts go on after failures", where: .online, kind: .online,
                        commands: [
                            "bcdedit /set {default} bootstatuspolicy IgnoreAllFailures",
                            "bcdedit /set {default} recoveryenabled Off",
                        ])
                ])
        }
    }

    static var examples: [CheckExample] {
        func broken(_ code: String, _ message: String) -> CheckContext {
            .windows { $0.breakStart(.uefi, code, message) }
        }
        func setting(_ name: String, _ value: String = "Yes") -> (inout ExampleWindows) -> Void {
            { example in
                example.windows.boot.uefi.store?.entry?.settings[name] = Located(
                    value, ExampleWindows.bootEvidence("16000049", "\(name) = \(value)"))
            }
        }
        return [
            CheckExample("the default entry leads to this disk", .windows(), .pass),
            CheckExample("the same by BIOS", .windows { $0.startByBIOS() }, .pass),
            CheckExample(
                "the store is missing", broken("BCD.Missing", "The store is missing."), .fail,
                codes: ["BCD.Missing"]),
            CheckExample(
                "the store is damaged", broken("BCD.Corrupt", "The store is no registry hive."), .fail,
                codes: ["BCD.Corrupt"]),
            CheckExample(
                "the disk got a new GUID",
                .windows {
                    $0.breakStart(.uefi, "BCD.DeviceMismatch", "The device is on another disk.")
                    for device in [\WindowsBootEntryFacts.device, \.osDevice] {
                        $0.windows.boot.uefi.store?.entry?[keyPath: device]?.resolution = .otherDisk
                        $0.windows.boot.uefi.store?.entry?[keyPath: device]?.replacement = [0, 1, 2]
                    }
                }, .fail, codes: ["BCD.DeviceMismatch"]),
            CheckExample(
                "winload.efi is missing",
                .windows {
                    $0.breakStart(.uefi, "OSLoader.Missing", "winload.efi is missing.")
                    $0.windows.boot.uefi.store?.entry?.loader?.state = .missing
                }, .fail, codes: ["BCD.LoaderMissing"]),
            CheckExample(
                "the default entry is the recovery environment",
                broken("BCD.RecoveryDefault", "The entry that starts by itself is a recovery environment."),
                .fail,
                codes: ["BCD.RecoveryDefault"]),
            CheckExample(
                "safe mode",
                .windows {
                    $0.windows.boot.uefi.store?.entry?.safeBoot = Located(
                        "minimal", ExampleWindows.bootEvidence("25000080", "safeboot = minimal"))
                }, .fail, codes: ["BCD.SafeMode"]),
            CheckExample(
                "a memory test at the next start",
                .windows {
                    $0.windows.boot.uefi.store?.oneShot = [
                        WindowsBootObject(
                            name: "{memdiag}", title: "Windows Memory Diagnostic", kind: "memory test",
                            isTemporary: false, evidence: ExampleWindows.bootEvidence("24000002", ""))
                    ]
                }, .fail, codes: ["BCD.OneShot"]),
            CheckExample("test signing", .windows(setting("testsigning")), .fail, codes: ["BCD.TestSigning"]),
            CheckExample(
                "the kernel waits for a debugger", .windows(setting("halbreakpoint")), .fail,
                codes: ["BCD.HaltsAtBoot"]),
            CheckExample(
                "two entries and no end of waiting",
                .windows {
                    $0.windows.boot.uefi.store?.entryCount = 2
                    $0.windows.boot.uefi.store?.timeout = 0xFFFF_FFFF
                }, .fail, codes: ["BCD.WaitsForever"]),
            CheckExample(
                "the boot manager's own device is of another disk",
                .windows { $0.windows.boot.uefi.store?.managerDevice?.resolution = .otherDisk }, .fail,
                codes: ["BCD.DeviceMismatch"]),
            CheckExample(
                "the store cannot be read",
                .windows {
                    $0.windows.boot.uefi.steps = [
                        BootStep(
                            isFirmware: false, state: .unknown, code: "BCD.Unreadable",
                            message: "the store cannot be read")
                    ]
                    $0.windows.boot.uefi.store = nil
                }, .unknown),
        ]
    }
}
