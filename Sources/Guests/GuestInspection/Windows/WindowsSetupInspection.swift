import ByteReading
import GuestFacts
import GuestFormats

/// Setup, sysprep, answer files and updates.
struct WindowsSetupInspection {
    let reader: WindowsReader

    private static let currentVersion = "Microsoft\\Windows\\CurrentVersion"

    func inspect(_ identity: WindowsIdentity) -> WindowsSetupFacts {
        var facts = WindowsSetupFacts()
        let setup = WindowsKeyValues("Setup", in: "SYSTEM", reader)
        facts.phase = phase(setup)
        facts.imageState = imageState()
        facts.answerFiles = answerFiles(named: setup.string("UnattendFile"))
        let servicing = WindowsServicingInspection(reader: reader)
        facts.updates = servicing.packages()
        facts.servicing = servicing.inspect(packages: facts.updates.value ?? [])
        // Where the version of the program that checks signatures tells what it can check.
        if identity.generation == .seven {
            facts.codeIntegrity = reader.program("\\SystemRoot\\System32\\ci.dll")
        }
        facts.hiveBackups = hiveBackups()
        return facts
    }

    // MARK: Phase

    private func phase(_ setup: WindowsKeyValues) -> Fact<WindowsSetupPhase> {
        if let gap = setup.gap { return .unknown(gap) }
        var phase = WindowsSetupPhase()
        phase.inProgress = setup.number("SystemSetupInProgress")
        phase.type = setup.number("SetupType")
        phase.phase = setup.number("SetupPhase")
        phase.oobeInProgress = setup.number("OOBEInProgress")
        phase.upgrade = setup.number("Upgrade")
        phase.rollback = setup.number("RollbackActive")
        phase.answerFile = setup.string("UnattendFile")
        if let line = setup.string("CmdLine") {
            let program = WindowsPaths.program(of: line)
            phase.program = program
            phase.hasArguments = line.trimmingSpaces.count > program.count + 2
        }
        let status = WindowsKeyValues("Setup\\Status", in: "SYSTEM", reader)
        phase.auditBoot = status.number("AuditBoot")
        let sysprep = WindowsKeyValues("Setup\\Status\\SysprepStatus", in: "SYSTEM", reader)
        phase.generalization = sysprep.number("GeneralizationState")
        phase.cleanup = sysprep.number("CleanupState")
        let children = reader.values(of: reader.key("Setup\\Status\\ChildCompletion", in: "SYSTEM"))
        for value in (children.value ?? []).prefix(64) {
            if let number = value.integer.flatMap({ Int(exactly: $0) }) {
                phase.children[value.name] = number
            }
        }
        for gap in [status.gap, sysprep.gap, children.gap] {
            if let gap { return .unknown(gap) }
        }
        return .known(phase)
    }

    /// The registry decides; the file may lag behind it.
    private func imageState() -> Fact<Located<String>?> {
        let key = WindowsKeyValues(
            WindowsSetupInspection.currentVersion + "\\Setup\\State", in: "SOFTWARE", reader)
        if let gap = key.gap { return .unknown(gap) }
        if let state = key.string("ImageState") {
            return .known(Located(state, key.evidence("ImageState = \(state)")))
        }
        let path = reader.systemRoot + "/Setup/State/State.ini"
        switch reader.files.file(path, limit: 64 << 10) {
        case .absent: return .known(nil)
        case .unreadable(let gap): return .unknown(gap)
        case .found(let bytes):
            if let state = SetupStateFile(parsing: bytes).imageState {
                return .known(
                    Located(
                        state, Evidence(path: reader.paths.display(path), excerpt: "ImageState=\(state)")))
            }
            return .known(nil)
        }
    }

    // MARK: Answer files

    /// Setup takes the first of these that has settings for the pass at hand (Microsoft, "Windows Setup Automation
    /// Overview", implicit answer file search order); media come between and are not in an image.
    private func answerFiles(named registered: String?) -> Fact<[WindowsAnswerFile]> {
        var paths: [String] = []
        if let registered, case .system(let path) = reader.paths.place(of: registered) { paths.append(path) }
        let root = reader.systemRoot
        paths += [
            root + "/Panther/Unattend/Unattend.xml", root + "/Panther/Unattend.xml",
            root + "/System32/Sysprep/Unattend.xml", "/Unattend.xml",
        ]
        var files: [WindowsAnswerFile] = []
        var seen: Set<String> = []
        for path in paths where seen.insert(path.lowercased()).inserted {
            switch reader.files.file(path) {
            case .absent: break
            case .unreadable(let gap): return .unknown(gap)
            case .found(let bytes): files.append(answerFile(bytes, at: reader.paths.display(path)))
            }
        }
        return .known(files)
    }

    private func answerFile(_ bytes: Bytes, at path: String) -> WindowsAnswerFile {
        var facts = WindowsAnswerFile(path: path)
        let file = AnswerFile(parsing: bytes)
        facts.hasOOBEPass = file.hasOOBEPass
        facts.hidesLicence = file.hidesLicence
        facts.skipsMachineScreens = file.skipsMachineScreens
        facts.setsAdministratorPassword = file.setsAdministratorPassword
        facts.createsAccounts = file.createsAccounts
        facts.problem = file.problem
        return facts
    }

    // MARK: Copies of hives

    private func hiveBackups() -> [String: UInt64] {
        let directory = reader.hiveDirectory + "/RegBack"
        var backups: [String: UInt64] = [:]
        for name in (reader.files.names(in: directory).value ?? []).prefix(64) {
            guard let size = reader.files.info(directory + "/" + name).value?.size, size > 0 else { continue }
            backups[name.uppercased()] = size
        }
        return backups
    }
}
