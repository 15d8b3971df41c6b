/// Setup, sysprep, servicing and updates.
package struct WindowsSetupFacts: Sendable, Hashable, Codable {
    /// Where Windows stands between its installation and its use.
    package var phase: Fact<WindowsSetupPhase> = .unknown(.notLookedAt(#"HKLM\SYSTEM\Setup"#))
    /// `ImageState`: what setup and sysprep say of the whole; nil when neither the registry nor
    /// `Setup\State\State.ini` says anything, as before Vista.
    package var imageState: Fact<Located<String>?> = .unknown(
        .notLookedAt(#"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State"#))
    /// Files in which setup looks for its answers, in the order in which it does.
    package var answerFiles: Fact<[WindowsAnswerFile]> = .unknown(.notLookedAt(#"C:\Windows\Panther"#))
    /// What updates have left undone.
    package var servicing = WindowsServicingFacts()
    /// Updates that are there.
    package var updates: Fact<[WindowsPackage]> = .unknown(
        .notLookedAt(#"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"#))
    /// `ci.dll`, which checks the signatures of drivers. Looked at where its version tells what it can check.
    package var codeIntegrity: ProgramFacts?
    /// Hives of `System32\config\RegBack` that hold something, with their sizes. Since Windows 10 1803 none does.
    package var hiveBackups: [String: UInt64] = [:]

    package init() {}
}

/// The state of setup (`SYSTEM\Setup`): what the next start runs instead of the logon.
package struct WindowsSetupPhase: Sendable, Hashable, Codable {
    package static let key = #"HKLM\SYSTEM\Setup"#

    /// `SystemSetupInProgress`: while it is set, only services of the list `AllowStart` start by themselves.
    package var inProgress: Int?
    /// `SetupType`: 0 for a normal start, else ``commandLine`` runs before anybody can log on.
    package var type: Int?
    /// `SetupPhase`
    package var phase: Int?
    /// `OOBEInProgress`
    package var oobeInProgress: Int?
    /// `CmdLine`, without its arguments: they may hold passwords.
    package var program: String?
    /// Whether the program is in the image; unknown for one that a script or a search path would have to find.
    package var hasProgram: Answer = .unknown
    /// Whether `CmdLine` has arguments.
    package var hasArguments = false
    /// `Upgrade`: not 0 while an upgrade to another version is under way.
    package var upgrade: Int?
    /// `RollbackActive`: not 0 while an upgrade is being undone.
    package var rollback: Int?
    /// `Status\AuditBoot`: not 0 when the next start goes to audit mode.
    package var auditBoot: Int?
    /// `Status\ChildCompletion`: for each program of setup, 1 while it runs and 3 when it has ended well.
    package var children: [String: Int] = [:]
    /// `Status\SysprepStatus\GeneralizationState`: 7 when all is well, 3 while sysprep is at it.
    package var generalization: Int?
    /// `Status\SysprepStatus\CleanupState`: 2 when all is well; absent on later versions.
    package var cleanup: Int?
    /// `UnattendFile`
    package var answerFile: String?

    package init() {}

    /// Whether the next start is a normal one.
    package var isOver: Bool { (inProgress ?? 0) == 0 && (type ?? 0) == 0 }

    /// Whether the next start runs the program that leads on to specialisation and the welcome screens.
    package var runsWindeploy: Bool {
        (type ?? 0) != 0 && program?.lowercased().hasSuffix("windeploy.exe") == true
    }

    /// Whether a program of setup was started and never ended.
    package var interruptedChild: String? {
        children.filter { $0.value == 1 }.keys.min()
    }

    /// Whether an upgrade to another version of Windows is under way, or is being undone.
    package var isUpgrading: Bool {
        guard !isOver else { return false }
        if upgrade ?? 0 != 0 || rollback ?? 0 != 0 { return true }
        return program?.lowercased().contains("$windows.~bt") == true
    }

    /// The values that decide, for evidence.
    package var evidence: Evidence {
        var parts: [String] = []
        func add(_ name: String, _ value: Int?) {
            if let value { parts.append("\(name) = \(value)") }
        }
        add("SystemSetupInProgress", inProgress)
        add("SetupType", type)
        if let program { parts.append("CmdLine = \(program)\(hasArguments ? " …" : "")") }
        if upgrade ?? 0 != 0 { add("Upgrade", upgrade) }
        if rollback ?? 0 != 0 { add("RollbackActive", rollback) }
        return Evidence(
            path: WindowsSetupPhase.key,
            excerpt: parts.isEmpty ? "SystemSetupInProgress is absent" : parts.joined(separator: ", "))
    }

    /// What sysprep says of itself, for evidence.
    package var sysprepEvidence: Evidence {
        let parts = [("GeneralizationState", generalization), ("CleanupState", cleanup)].compactMap {
            name, value in value.map { "\(name) = \($0)" }
        }
        return Evidence(
            path: WindowsSetupPhase.key + #"\Status\SysprepStatus"#, excerpt: parts.joined(separator: ", "))
    }
}

/// A file with answers for setup. What it answers is kept, never the answers.
package struct WindowsAnswerFile: Sendable, Hashable, Codable {
    /// As Windows shows it: `C:\Windows\Panther\unattend.xml`.
    package var path: String
    /// Whether it has settings for the welcome screens (pass `oobeSystem`).
    package var hasOOBEPass = false
    /// `HideEULAPage` is true.
    package var hidesLicence = false
    /// `SkipMachineOOBE` is true: no screen that concerns the machine is shown.
    package var skipsMachineScreens = false
    /// A password of the Administrator is given.
    package var setsAdministratorPassword = false
    /// At least one local or domain account is given.
    package var createsAccounts = false
    /// It is not well-formed, which setup does not put up with.
    package var problem: String?

    package init(path: String) { self.path = path }

    /// Whether the welcome screens pass without anybody at the console: they want the licence accepted, and a
    /// server wants a password, a client an account.
    package var answersScreens: Bool {
        hasOOBEPass
            && (skipsMachineScreens || hidesLicence && (setsAdministratorPassword || createsAccounts))
    }
}

extension Gap {
    /// What holds for everything until it was looked at.
    static func notLookedAt(_ place: String) -> Gap {
        Gap(where: place, kind: .absent, message: "was not looked at")
    }
}
