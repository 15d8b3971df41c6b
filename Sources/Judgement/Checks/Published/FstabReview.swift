import GuestFacts
import Targets

/// Collects what is wrong with the mounts of a guest, line by line.
struct FstabReview {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    let context: CheckContext
    let linux: LinuxFacts

    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
    }

    mutating func judge(_ entry: MountEntry) {
        for oddity in entry.oddities {
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning, "The line of \(entry.mountPoint) is odd: \(oddity).",
                    evidence: [entry.evidence], fixes: [FstabFix.plainText]))
        }
        if let doubt = entry.doubt {
            questions.append(
                OpenQuestion(
                    doubt,
                    consequence: entry.mountPoint == "/" ? .notReady : entry.isRequired ? .stopsBoot : .none,
                    link: entry.mountPoint == "/" ? .provisioning : nil))
        }
        if entry.type == "swap" {
            judgeSwap(entry)
        } else if entry.mountPoint == "/" {
            judgeRoot(entry)
        } else {
            judgeMount(entry)
        }
    }

    /// The lines that are missing, the lines that are none, and crypttab.
    mutating func judgeRest(_ entries: [MountEntry]) {
        if !entries.contains(where: { $0.mountPoint == "/" }) { judgeMissingRoot() }
        for line in linux.mounts.syntaxErrors {
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning,
                    "A line of fstab has too few fields or cannot be read, and is ignored.",
                    evidence: [line], fixes: [.byHand("Correct the line or remove it")]))
        }
        for unit in linux.mounts.units { judge(unit) }
        for crypt in linux.mounts.crypttab where crypt.isRequired { judge(crypt, entries) }
    }

    /// cryptsetup.target is only wanted, so that a device that is not opened fails nothing but the mounts of it.
    private mutating func judge(_ crypt: CryptEntry, _ entries: [MountEntry]) {
        let names = ["/dev/mapper/\(crypt.name)", "/dev/disk/by-id/dm-name-\(crypt.name)"]
        let mount = (entries + linux.mounts.units).first { names.contains($0.specification) }
        let isNeeded = mount.map { $0.isRequired && $0.type != "swap" && $0.mountPoint != "/" } ?? false
        let removal = Fix.edit("Remove the line", crypt.evidence, to: nil)
        if crypt.resolution.isMissing {
            findings.append(
                Finding(
                    "Fstab.CryptDevice", .warning,
                    "crypttab opens \(crypt.specification) as \(crypt.name), which does not exist: the boot waits for"
                        + " it, and mounts of it fail.", evidence: [crypt.evidence], fixes: [removal]))
        } else if crypt.keyFileExists == .no, let key = crypt.keyFile {
            findings.append(
                Finding(
                    "Fstab.CryptKey", isNeeded ? .error : .warning,
                    "\(crypt.name) is opened with \(key), which does not exist: the boot asks for the passphrase.",
                    evidence: [crypt.evidence], fixes: [removal], consequence: isNeeded ? .stopsBoot : .none))
        } else if crypt.asksForPassphrase {
            findings.append(
                Finding(
                    "Fstab.CryptKey", isNeeded ? .error : .warning,
                    "\(crypt.name) has no key file: the boot asks for its passphrase at the console"
                        + (isNeeded ? ", and without it \(mount?.mountPoint ?? "") is not mounted." : "."),
                    evidence: [crypt.evidence],
                    fixes: [
                        .byHand("Give it a key file that is in the image, or nofail in both tables"), removal,
                    ], consequence: isNeeded ? .stopsBoot : .none))
        }
    }

    // MARK: What it comes to

    /// A mount that fails, with what the boot comes to. Its device is there when the content or the options are
    /// what is refused.
    mutating func stop(
        _ code: String, _ what: String, _ entry: MountEntry, launches: [Launch]? = nil, refused: [String] = []
    ) {
        let scope = launches.flatMap(context.scope)
        let isRefused = FstabReview.refusals.contains(code)
        let failure = (isRefused ? entry.ifRefused : entry.ifMissing) ?? standardFailure(entry)
        let fixes = FstabFix.fixes(for: entry, context, linux, refused: refused)
        func add(_ severity: Severity, _ end: String, _ consequence: Consequence, _ link: LaunchLink? = nil) {
            findings.append(
                Finding(
                    code, severity, "\(what.capitalizedFirst). \(end)", evidence: [entry.evidence],
                    fixes: fixes,
                    consequence: consequence, launches: scope, link: link))
        }
        switch failure {
        case .goesOn: add(.warning, "The boot goes on without it.", .none)
        case .emergency where isRefused: add(.error, "The boot ends in emergency mode.", .stopsBoot)
        case .emergency: add(.error, "The boot ends in emergency mode after 90 seconds.", .stopsBoot)
        case .waits:
            add(
                .error,
                "The boot asks at the console whether to skip it, and waits for the answer without end.",
                .stopsBoot)
        case .maintenanceShell:
            add(.error, "The boot stops in a maintenance shell at the console.", .stopsBoot)
        case .noServices:
            add(
                .error, "localmount fails, and OpenRC does not start what needs it: there is no network.",
                .unreachable, .network)
        case .unknown:
            add(.error, "Whether the boot goes on depends on the init system.", .none)
            questions.append(
                OpenQuestion(
                    "what this init system does when \(entry.mountPoint) cannot be mounted is not known",
                    consequence: .stopsBoot, launches: scope))
        }
    }

    /// Codes of mounts whose device is there.
    private static let refusals: Set = [
        "Fstab.TypeMismatch", "Fstab.NoDriver", "Fstab.BadOption", "Fstab.SubvolumeMissing",
    ]

    /// Where only the init system is known.
    private func standardFailure(_ entry: MountEntry) -> MountFailure {
        guard entry.isRequired else { return .goesOn }
        return switch linux.initSystem.program.value?.value {
        case .openrc, .busybox, .other: .unknown
        case .sysv, .upstart: .maintenanceShell
        default: .emergency
        }
    }

    mutating func ask(_ what: String, _ entry: MountEntry) {
        guard entry.isRequired else { return }
        questions.append(OpenQuestion("\(what) could not be found out", consequence: .stopsBoot))
    }

    mutating func add(
        _ code: String, _ severity: Severity, _ message: String, _ entry: MountEntry, consequence: Consequence
    ) {
        findings.append(
            Finding(
                code, severity, message, evidence: [entry.evidence],
                fixes: FstabFix.fixes(for: entry, context, linux),
                consequence: consequence, link: consequence == .notReady ? .provisioning : nil))
    }
}

extension DeviceResolution {
    /// Whether the device is certainly not there.
    var isMissing: Bool {
        switch self {
        case .notFound, .caseMismatch, .hardwarePath: true
        default: false
        }
    }
}

extension LinuxFacts {
    /// What stands before the letter of the one disk on `bus`. The IDE driver of Linux 2.6.18 and before calls its
    /// disks `hd`; libata came to Red Hat with 6.
    func diskPrefix(on bus: DiskBus) -> String {
        let isOldIDE = bus == .ide && identity.family == .rhel && (identity.majorVersion ?? 6) < 6
        return isOldIDE ? "hd" : bus.devicePrefix
    }

    /// Whether the one disk of an instance is called so on `bus`.
    func names(_ name: KernelDeviceName, on bus: DiskBus) -> Bool {
        name.disk == 0 && name.prefix == diskPrefix(on: bus)
    }
}

extension String {
    /// For a phrase that begins a sentence. Paths and options stay as they are.
    var capitalizedFirst: String {
        guard let first, first.isASCII, first.isLowercase else { return self }
        return first.uppercased() + dropFirst()
    }

    /// A message of the inspection as a sentence.
    var asSentence: String { capitalizedFirst + (hasSuffix(".") ? "" : ".") }
}
