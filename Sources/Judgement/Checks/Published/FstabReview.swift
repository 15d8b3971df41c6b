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
                    evidence: [entry.evidence],
                    fixes: [
                        Fix(
                            "Take the carriage returns out of the file", kind: .autoEdit,
                            commands: ["sed -i 's/\\r$//' /etc/fstab"])
                    ]))
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
        for crypt in linux.mounts.crypttab {
            guard crypt.resolution.isMissing, crypt.isRequired else { continue }
            findings.append(
                Finding(
                    "Fstab.CryptDevice", .warning,
                    "crypttab opens \(crypt.specification) as \(crypt.name), which does not exist: the boot waits for"
                        + " it, and mounts of it fail.",
                    evidence: [crypt.evidence],
                    fixes: [.edit("Remove the line", crypt.evidence, to: nil)]))
        }
    }

    // MARK: The root

    private mutating func judgeRoot(_ entry: MountEntry) {
        switch entry.resolution {
        case .volume(linux.rootVolume):
            if !entry.badOptions.isEmpty {
                add(
                    "Fstab.BadOption", .error,
                    "The kernel refuses \(entry.badOptions.joined(separator: ", ")) when / is mounted again for"
                        + " writing, so it stays read-only.", entry, consequence: .notReady)
            }
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

    private mutating func judgeMissingRoot() {
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
            message = "Swap on \(entry.specification) does not exist: the boot waits up to 90 seconds for it."
        case .kernelName(let name, let volume):
            let fails = context.launches.filter { !name.holds(on: $0.disk) || volume == nil }
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
        case .virtual: break
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

    /// systemd makes the source of a bind mount before it mounts it (`mount_enter_mounting` of mount.c).
    private func isMadeBySystemd(_ entry: MountEntry) -> Bool {
        guard entry.options.contains("bind") || entry.options.contains("rbind") else { return false }
        return linux.initSystem.program.value?.value == .systemd
    }

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
            guard let kernel = way.kernel, kernel.modulesPresent == .yes else { continue }
            var needed = [KernelFacts.drivers(for: kind)]
            if kind == "vfat" { needed += kernel.fatTables.map { [$0] } }
            for names in needed where !names.isEmpty {
                let drivers = names.compactMap { kernel.drivers[$0] }
                guard drivers.count == names.count, drivers.allSatisfy({ $0.state == .absent }) else {
                    continue
                }
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
        if let id = entry.resolution.volume { judgeDriver(entry, id) }
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
        if !entry.badOptions.isEmpty {
            stop(
                "Fstab.BadOption",
                "the kernel refuses \(entry.badOptions.joined(separator: ", ")) for \(entry.mountPoint)",
                entry)
        }
    }

    private mutating func judge(_ entry: MountEntry, _ name: KernelDeviceName, _ volume: VolumeID?) {
        let fails = context.launches.filter { !name.holds(on: $0.disk) || volume == nil }
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

    private mutating func judgeNetwork(_ entry: MountEntry) {
        let isCalm = entry.options.contains { $0 == "_netdev" || $0 == "nofail" || $0 == "noauto" }
        guard entry.isRequired, !isCalm else { return }
        findings.append(
            Finding(
                "Fstab.Network", .warning,
                "\(entry.mountPoint) is mounted from \(entry.specification) over the network, without nofail or"
                    + " _netdev: the boot may wait for a server that is not there.",
                evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux)))
    }

    // MARK: What it comes to

    /// A mount that fails: it ends in emergency mode when the boot waits for it.
    private mutating func stop(
        _ code: String, _ what: String, _ entry: MountEntry, launches: [Launch]? = nil
    ) {
        let scope = launches.flatMap(context.scope)
        guard entry.isRequired else {
            findings.append(
                Finding(
                    code, .warning, "\(what.capitalizedFirst). The boot goes on without it.",
                    evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux),
                    launches: scope))
            return
        }
        let (consequence, end) = failure(entry)
        findings.append(
            Finding(
                code, .error, "\(what.capitalizedFirst). \(end)", evidence: [entry.evidence],
                fixes: FstabFix.fixes(for: entry, context, linux), consequence: consequence, launches: scope))
        if consequence == .none {
            questions.append(
                OpenQuestion(
                    "what this init system does when \(entry.mountPoint) cannot be mounted is not known",
                    consequence: .stopsBoot, launches: scope))
        }
    }

    private func failure(_ entry: MountEntry) -> (Consequence, String) {
        switch linux.initSystem.program.value?.value {
        case .openrc, .busybox, .other: (.none, "Whether the boot goes on depends on the init system.")
        case .sysv, .upstart: (.stopsBoot, "The boot stops in a maintenance shell.")
        default: (.stopsBoot, "The boot ends in emergency mode after 90 seconds.")
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

extension KernelDeviceName {
    /// Whether the one disk of an instance is called so on `bus`.
    func holds(on bus: DiskBus) -> Bool { disk == 0 && prefix == bus.devicePrefix }
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
