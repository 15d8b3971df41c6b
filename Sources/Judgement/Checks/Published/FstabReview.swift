import GuestFacts
import Targets

/// Collects what is wrong with the mounts of a guest, line by line.
struct FstabReview {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    private let context: CheckContext
    private let linux: LinuxFacts

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

    // MARK: The root

    private mutating func judgeRoot(_ entry: MountEntry) {
        switch entry.resolution {
        case .volume(linux.rootVolume): judgeRootOptions(entry)
        case .kernelName(let name, let volume) where entry.ifMissing != nil:
            let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
            if !fails.isEmpty { stopAtRoot(entry, fails) }
        case .notFound where entry.ifMissing != nil, .caseMismatch where entry.ifMissing != nil,
            .hardwarePath where entry.ifMissing != nil:
            stopAtRoot(entry, nil)
        // The remount goes by the mount point and takes whatever device is there.
        case .kernelName, .virtual, .file, .ambiguous: break
        case .volume, .notFound, .caseMismatch, .hardwarePath, .network:
            add(
                "Fstab.RootWrong", .error,
                "The line of / names \(entry.specification), which is not the root. The guest boots, because root= is"
                    + " what counts there, but / stays read-only: nothing can be written, first-boot customisation"
                    + " fails.", entry, consequence: .notReady)
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .notReady, link: .provisioning))
        }
    }

    /// Programs that look for the root under the name that fstab has, although it is mounted.
    private mutating func stopAtRoot(_ entry: MountEntry, _ launches: [Launch]?) {
        stop(
            "Fstab.RootWrong", "the line of / names \(entry.specification), which is not there", entry,
            launches: launches)
    }

    /// A remount with an option that the kernel does not know fails, so that the root stays as it was mounted.
    private mutating func judgeRootOptions(_ entry: MountEntry) {
        let kind = context.rootVolume(of: linux)?.kind
        for way in context.boots(of: linux).ways where !way.stopsAtKernel {
            let refused =
                entry.badOptions + MountOptionTable.refused(entry.options, kind, way.kernel?.version)
            guard !refused.isEmpty, !way.entry.commandLine.rootIsWritable else { continue }
            findings.append(
                Finding(
                    "Fstab.BadOption", .error,
                    "The kernel refuses \(refused.joined(separator: ", ")) when / is mounted again for writing, so it"
                        + " stays read-only.", evidence: [entry.evidence],
                    fixes: FstabFix.fixes(for: entry, context, linux, refused: refused),
                    consequence: .notReady,
                    launches: context.scope(way.launches), link: .provisioning))
        }
    }

    private mutating func judgeMissingRoot() {
        guard linux.identity.notFollowed(.rootMount) == nil else { return }
        let survey = context.boots(of: linux)
        for way in survey.ways where !way.stopsAtKernel {
            let flags = way.entry.commandLine.parameters.map(\.name).filter { $0 == "ro" || $0 == "rw" }
            guard flags.last != "rw" else { continue }
            let line: String
            if let volume = context.rootVolume(of: linux), let uuid = volume.uuid, let kind = volume.kind {
                line = "UUID=\(uuid) / \(kind) defaults 0 1"
            } else {
                line = "\(way.entry.commandLine.root?.specification ?? "/dev/root") / auto defaults 0 1"
            }
            findings.append(
                Finding(
                    "Fstab.RootMissing", .warning,
                    "fstab has no line for /, and the command line mounts it read-only: nothing makes it writable.",
                    evidence: [
                        Evidence(path: "/etc/fstab", excerpt: "no line for /"),
                        way.entry.commandLine.evidence,
                    ],
                    fixes: [
                        Fix(
                            "Add a line for /", kind: .autoEdit, edit: Fix.Edit(path: "/etc/fstab", new: line)
                        )
                    ], consequence: .notReady, launches: context.scope(way.launches), link: .provisioning))
        }
    }

    // MARK: Swap

    private mutating func judgeSwap(_ entry: MountEntry) {
        let message: String
        switch entry.resolution {
        case .notFound, .caseMismatch, .hardwarePath, .file(exists: .no):
            let wait = usesSystemd ? ": the boot waits up to 90 seconds for it" : ""
            message = "Swap on \(entry.specification) does not exist\(wait)."
        case .kernelName(let name, let volume):
            let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
            guard !fails.isEmpty else { return }
            message = "Swap on \(entry.specification) is not found on every disk bus: the boot waits for it."
        default: return
        }
        findings.append(
            Finding(
                "Fstab.SwapNotFound", .warning, message, evidence: [entry.evidence],
                fixes: [.edit("Remove the line", entry.evidence, to: nil)]))
    }

    // MARK: Other mounts

    private mutating func judgeMount(_ entry: MountEntry) {
        let point = entry.mountPoint
        switch entry.resolution {
        case .volume(let id):
            if judgeWholeness(entry, id) { judgeContent(entry) }
        case .ambiguous(let volumes):
            add(
                "Fstab.DuplicateUuid", .warning,
                "\(entry.specification) for \(point) names \(volumes.joined(separator: " and ")); which one is"
                    + " mounted is chance.", entry, consequence: .none)
        case .notFound:
            stop(
                "Fstab.DeviceNotFound", "\(point) is on \(entry.specification), which is not in the image",
                entry)
        case .caseMismatch:
            stop(
                "Fstab.CaseMismatch",
                "\(point) is on \(entry.specification), which differs from the real name in upper and lower case and"
                    + " is not found", entry)
        case .hardwarePath:
            stop(
                "Fstab.HardwarePath",
                "\(point) is on \(entry.specification), a name of the source machine's hardware", entry)
        case .kernelName(let name, let volume): judge(entry, name, volume)
        case .network: judgeNetwork(entry)
        case .virtual: judgeVirtual(entry)
        case .file(exists: .yes): break
        case .file(exists: .no) where isMadeBySystemd(entry):
            add(
                "Fstab.SourceMissing", .warning,
                "\(entry.specification), to be shown at \(point), does not exist; systemd makes an empty directory.",
                entry, consequence: .none)
        case .file(exists: .no):
            stop(
                "Fstab.SourceMissing", "\(entry.specification), to be mounted at \(point), does not exist",
                entry)
        case .file(exists: .unknown):
            ask("whether \(entry.specification), to be mounted at \(point), exists", entry)
        case .unknown(let gap):
            guard entry.isRequired else { return }
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
        }
    }

    /// A file system without a device, whose last option ends in a carriage return.
    private mutating func judgeVirtual(_ entry: MountEntry) {
        guard !entry.badOptions.isEmpty else { return }
        // A line of three fields ends in the type, which no kernel has with a carriage return.
        let type = entry.options.isEmpty ? "" : entry.type
        switch MountOptionTable.refusesUnknown(type) {
        case .yes: stopAtOptions(entry, entry.badOptions, nil)
        case .no:
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning,
                    "The line of \(entry.mountPoint) ends in a carriage return, which \(entry.type) does not mind.",
                    evidence: [entry.evidence], fixes: [FstabFix.plainText]))
        case .unknown:
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning,
                    "The line of \(entry.mountPoint) ends in a carriage return, which some kernels refuse for"
                        + " \(entry.type).", evidence: [entry.evidence], fixes: [FstabFix.plainText]))
            ask("whether the kernel mounts \(entry.mountPoint) with a carriage return in its options", entry)
        }
    }

    /// systemd makes the source of a bind mount before it mounts it (`mount_enter_mounting` of mount.c).
    private func isMadeBySystemd(_ entry: MountEntry) -> Bool {
        (entry.options.contains("bind") || entry.options.contains("rbind")) && usesSystemd
    }

    private var usesSystemd: Bool { linux.initSystem.program.value?.value == .systemd }

    /// Whether the volume comes up; says so when it does not.
    private mutating func judgeWholeness(_ entry: MountEntry, _ id: VolumeID) -> Bool {
        guard let volume = context.image.volume(id) else { return true }
        let missing = volume.logicalVolume.map { $0.isRedundant ? [] : $0.missing } ?? []
        guard !missing.isEmpty || volume.gap?.kind == .absent else { return true }
        let part =
            missing.isEmpty ? volume.gap?.message ?? "" : "physical volume \(missing.joined(separator: ", "))"
        stop(
            "Fstab.VolumeIncomplete",
            "\(entry.mountPoint) is on \(id), a part of which is not in the image (\(part))", entry)
        return false
    }

    /// Whether the running kernel can have the driver of a file system, with the tables of FAT; says so when not.
    private mutating func judgeDriver(_ entry: MountEntry, _ id: VolumeID) {
        guard let kind = context.image.volume(id)?.kind else { return }
        for way in context.boots(of: linux).ways {
            guard let kernel = way.kernel, kernel.modulesPresent != .unknown else { continue }
            var needed = [KernelFacts.drivers(for: kind)]
            if kind == "vfat" { needed += kernel.fatTables.map { [$0] } }
            for names in needed where !names.isEmpty {
                let drivers = names.compactMap { kernel.drivers[$0] }
                if kernel.modulesPresent == .no {
                    if drivers.contains(where: { $0.state == .builtin }) { continue }
                    if drivers.contains(where: { $0.state == .unknown || $0.state == .initramfs }) {
                        ask(
                            "whether the kernel, whose modules are gone, has \(names[0]) for \(entry.mountPoint)",
                            entry)
                        return
                    }
                }
                guard drivers.count == names.count,
                    drivers.allSatisfy({ $0.state == .absent || kernel.modulesPresent == .no })
                else { continue }
                stop(
                    "Fstab.NoDriver",
                    "\(entry.mountPoint) is \(kind), for which the kernel\(kernel.version.map { " \($0)" } ?? "") has no"
                        + " \(names[0])", entry, launches: way.launches)
                return
            }
        }
    }

    private mutating func judgeContent(_ entry: MountEntry) {
        if let selected = entry.subvolume, selected.id == nil {
            stop(
                "Fstab.SubvolumeMissing",
                "\(entry.mountPoint) is the subvolume \(selected.stated ?? "") of \(entry.specification), which does not"
                    + " exist", entry)
            return
        }
        let volume = entry.resolution.volume
        if let volume { judgeDriver(entry, volume) }
        if let actual = entry.actualType, entry.type != "auto" {
            // The ext4 driver mounts its ancestors.
            let isOlder = entry.type == "ext4" && (actual == "ext3" || actual == "ext2")
            if !isOlder {
                stop(
                    "Fstab.TypeMismatch",
                    "\(entry.mountPoint) is to be mounted as \(entry.type), but the device holds \(actual)",
                    entry)
                return
            }
        }
        let kind = volume.flatMap { context.image.volume($0)?.kind } ?? entry.type
        if !entry.badOptions.isEmpty { stopAtOptions(entry, entry.badOptions, nil) }
        for way in context.boots(of: linux).ways {
            let refused = MountOptionTable.refused(entry.options, kind, way.kernel?.version)
            if !refused.isEmpty { stopAtOptions(entry, refused, way.launches) }
        }
    }

    private mutating func stopAtOptions(_ entry: MountEntry, _ refused: [String], _ launches: [Launch]?) {
        stop(
            "Fstab.BadOption",
            "the kernel refuses \(refused.joined(separator: ", ")) for \(entry.mountPoint)", entry,
            launches: launches, refused: refused)
    }

    private mutating func judge(_ entry: MountEntry, _ name: KernelDeviceName, _ volume: VolumeID?) {
        let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
        let works = context.launches.filter { !fails.contains($0) }
        if !fails.isEmpty {
            let why =
                name.disk > 0 || volume == nil
                ? "which is not in the image" : "which the disk is not called on every bus"
            stop(
                "Fstab.DeviceName", "\(entry.mountPoint) is on \(entry.specification), \(why)", entry,
                launches: fails)
        }
        if !works.isEmpty {
            findings.append(
                Finding(
                    "Fstab.DeviceName", .warning,
                    "\(entry.mountPoint) is on \(entry.specification), which holds only as long as the disk stays on"
                        + " the same bus.",
                    evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux),
                    launches: context.scope(works)))
            judgeContent(entry)
        }
    }

    /// Shares of a hypervisor: their drivers come with its tools, or need a device that is not there.
    private static let shares: Set = ["vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "prl_fs", "9p", "virtiofs"]

    private mutating func judgeNetwork(_ entry: MountEntry) {
        if FstabReview.shares.contains(entry.type) {
            return stop(
                "Fstab.Network",
                "\(entry.mountPoint) is the share \(entry.specification) of the old hypervisor (\(entry.type))",
                entry)
        }
        guard !entry.options.contains(where: { ["_netdev", "nofail", "noauto", "nobootwait"].contains($0) }),
            !entry.options.contains("x-systemd.automount")
        else { return }
        findings.append(
            Finding(
                "Fstab.Network", .warning,
                "\(entry.mountPoint) is mounted from \(entry.specification) over the network, without nofail or"
                    + " _netdev: the boot may wait for a server that is not there.",
                evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux)))
    }

    // MARK: What it comes to

    /// A mount that fails, with what the boot comes to. Its device is there when the content or the options are
    /// what is refused.
    private mutating func stop(
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

    private mutating func ask(_ what: String, _ entry: MountEntry) {
        guard entry.isRequired else { return }
        questions.append(OpenQuestion("\(what) could not be found out", consequence: .stopsBoot))
    }

    private mutating func add(
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
