import GuestFacts
import Targets

/// `GUESTOS.Update`
enum GuestOSUpdate: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Update", title: "Updates that are not finished", link: .`init`,
        summary: """
            Looks for updates that are only partly carried out: the list of pending operations and the transaction \
            of the component store, restarts that are asked for, packages between two states, an upgrade to another \
            version, and system files that the next start renames or deletes.
            """,
        rationale: """
            A start that finds pending operations carries them out before anything else. On the machine that began \
            them that mostly ends well; cut short, or on other hardware, it may end in "Undoing changes made to your \
            computer" at every start. A restart that is merely asked for does no harm, but the instance that was \
            ordered spends its first minutes on it.
            """,
        codes: [
            ("Update.Interrupted", "The next start is to carry out operations of an update."),
            ("Update.UpgradeInProgress", "An upgrade to another version of Windows is under way."),
            ("Update.RebootPending", "An update or a package waits for a restart."),
            (
                "Update.SystemFilePending",
                "The next start deletes a file without which the one after it fails."
            ),
        ],
        references: [
            "Microsoft: fix errors that occur when you try to install Windows updates",
            "Microsoft: DISM /Cleanup-Image /RevertPendingActions",
            "Azure: vm-repair, win-fix-pending-servicing (signs of an open transaction)",
        ])

    private typealias Marker = WindowsServicingFacts.Marker

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let servicing = windows.setup.servicing
        var findings: [Finding] = []
        var questions = servicing.gaps.map { OpenQuestion($0, consequence: .stopsBoot) }
        questions += servicing.otherGaps.map { OpenQuestion($0) }
        let phase = windows.setup.phase.value
        if let phase, phase.isUpgrading {
            findings.append(
                Finding(
                    "Update.UpgradeInProgress", .error,
                    phase.rollback ?? 0 != 0
                        ? "An upgrade to another version of Windows is being undone."
                        : "An upgrade to another version of Windows is under way.",
                    evidence: [phase.evidence], fixes: [finish]))
            questions.append(
                OpenQuestion(
                    "whether the upgrade comes to an end on this hardware is not known",
                    consequence: .stopsBoot))
        }
        if isInterrupted(servicing) {
            findings.append(
                Finding(
                    "Update.Interrupted", .error,
                    "The next start is to carry out operations of an update before anything else.",
                    evidence: servicing.evidence([
                        .pendingFile, .pendingExecution, .transaction, .execution, .rebootInProgress,
                    ]), fixes: [finish, revert]))
            questions.append(
                OpenQuestion(
                    "whether the start gets through the pending operations of an update is not known",
                    consequence: .stopsBoot))
        } else {
            let signs = servicing.evidence([
                .rebootPending, .packagesPending, .pendingPackage, .session, .windowsUpdate, .updateProgram,
                .pendingExecution, .rebootInProgress, .execution, .transaction, .unsettledStore,
            ])
            if !signs.isEmpty {
                findings.append(
                    Finding(
                        "Update.RebootPending", .warning, "An update or a package waits for a restart.",
                        evidence: Array(signs.prefix(8)), fixes: [finish]))
            }
        }
        findings += renames(windows)
        let left = servicing.renameCount
        return .judged(
            value: findings.isEmpty ? "Finished" : nil,
            left == 0
                ? "No update is left unfinished."
                : "No update is left unfinished; the next start renames or deletes \(left) files, as it often does.",
            findings: findings, questions: questions)
    }

    /// `pending.xml` alone may be an old one. It counts when a start is told to carry it out, or when the
    /// component store says that it was begun.
    private static func isInterrupted(_ servicing: WindowsServicingFacts) -> Bool {
        if servicing.has(.pendingFile), servicing.has(.pendingExecution) { return true }
        return (servicing.has(.transaction) || servicing.has(.pendingFile))
            && (servicing.has(.rebootInProgress) || servicing.has(.execution))
    }

    /// The rename is carried out after the loader has taken the drivers, so it is the second start that fails.
    private static func renames(_ windows: WindowsFacts) -> [Finding] {
        let drivers = (windows.services.value ?? [:]).values.filter {
            $0.isDriver && ($0.effectiveStart == 0 || $0.effectiveStart == 1 && $0.errorControl ?? 0 >= 2)
        }
        var needed = Set(drivers.compactMap { $0.program?.path.lowercased() })
        for name in ["ntoskrnl.exe", "hal.dll", "ci.dll", #"config\system"#, #"config\software"#] {
            needed.insert(windows.systemPath(#"System32\"# + name).lowercased())
        }
        let created = Set(windows.setup.servicing.systemRenames.compactMap { $0.target.map(plain) })
        let lost = windows.setup.servicing.systemRenames.filter { rename in
            let path = plain(rename.source)
            return needed.contains(path) && !created.contains(path)
        }
        guard !lost.isEmpty else { return [] }
        let key = #"HKLM\SYSTEM\"# + windows.controlSetName + #"\Control\Session Manager"#
        return [
            Finding(
                "Update.SystemFilePending", .error,
                "The next start takes away \(lost.map { shown($0.source) }.joined(separator: ", ")); the start after"
                    + " it fails.",
                evidence: lost.prefix(8).map {
                    Evidence(
                        path: key,
                        excerpt: "PendingFileRenameOperations: \($0.source) → \($0.target ?? "deleted")")
                },
                fixes: [
                    finish,
                    .registry(
                        "Forget all pending renames; what an installer wanted to replace stays as it is",
                        risk: .medium, [.removeValue(key: key, name: "PendingFileRenameOperations")]),
                ])
        ]
    }

    /// Without the prefixes of the value: `\??\`, and `!` where a file may be replaced.
    private static func plain(_ path: String) -> String { shown(path).lowercased() }

    private static func shown(_ path: String) -> String {
        var rest = path[...]
        if rest.first == "!" { rest = rest.dropFirst() }
        if rest.hasPrefix(#"\??\"#) { rest = rest.dropFirst(4) }
        return String(rest)
    }

    private static let finish = Fix(
        "Start the source, let it finish, restart it twice and shut it down fully; then export it again",
        where: .online, kind: .online, commands: ["shutdown /s /f /t 0"])

    private static let revert = Fix(
        "Undo the pending operations, from Windows PE with the image at D:", kind: .manual, risk: .high,
        commands: [#"dism /image:D:\ /cleanup-image /revertpendingactions"#])

    static var examples: [CheckExample] {
        func rename(_ source: String, _ target: String? = nil) -> CheckContext {
            .windows {
                $0.addDriver("viostor")
                $0.windows.setup.servicing.renameCount = 1
                $0.windows.setup.servicing.systemRenames = [WindowsRename(source: source, target: target)]
            }
        }
        let driver = #"\??\C:\Windows\System32\drivers\viostor.sys"#
        return [
            CheckExample("nothing is pending", .windows(), .pass),
            CheckExample(
                "pending.xml, and poqexec is to carry it out",
                .windows { $0.servicing([.pendingFile, .pendingExecution]) }, .fail,
                codes: ["Update.Interrupted"]),
            CheckExample(
                "a transaction was begun",
                .windows { $0.servicing([.transaction, .execution, .rebootInProgress]) }, .fail,
                codes: ["Update.Interrupted"]),
            CheckExample("an old pending.xml", .windows { $0.servicing([.pendingFile]) }, .pass),
            CheckExample(
                "a restart is asked for", .windows { $0.servicing([.rebootPending, .packagesPending]) },
                .fail,
                codes: ["Update.RebootPending"]),
            CheckExample(
                "files are renamed, none of them the system's",
                .windows { $0.windows.setup.servicing.renameCount = 12 }, .pass),
            CheckExample(
                "a boot driver is deleted", rename(driver), .fail, codes: ["Update.SystemFilePending"]),
            CheckExample(
                "a boot driver is replaced",
                rename(#"\??\C:\Windows\System32\drivers\SETEAC4.tmp"#, "!" + driver), .pass),
            CheckExample(
                "an upgrade is under way",
                .windows {
                    $0.setupPhase { phase in
                        phase.inProgress = 1
                        phase.type = 2
                        phase.upgrade = 1
                        phase.program = #"C:\$WINDOWS.~BT\Sources\SetupPlatform.exe"#
                    }
                }, .fail, codes: ["Update.UpgradeInProgress"]),
            CheckExample(
                "the directory cannot be read",
                .windows { $0.windows.setup.servicing.gaps = [.example(#"C:\Windows\WinSxS"#)] }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
