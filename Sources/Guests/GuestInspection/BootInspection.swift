import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Follows what each firmware does with the image, through the loader and its configuration, to the kernel,
/// the initramfs and the command line that start by themselves.
struct BootInspection {
    let reader: GuestReader
    let layout: DiskLayout
    let files: BootFiles
    let resolver: DeviceResolver
    let architecture: String?

    private typealias Step = GuestFacts.BootStep

    /// What the start comes to, and what the initramfs of the default entry holds.
    func inspect() -> (facts: BootFacts, early: InitramfsSummary?) {
        var bios = biosPath()
        var uefi = uefiPath()
        var facts = BootFacts(
            bios: BootPath(firmware: .bios, isPresent: .no), uefi: BootPath(firmware: .uefi, isPresent: .no))
        var early: InitramfsSummary?
        for entry in [bios.entry, uefi.entry].compactMap({ $0 }) {
            early = inspectFiles(of: entry, into: &facts) ?? early
        }
        bios.facts.entry = bios.entry?.facts
        uefi.facts.entry = uefi.entry?.facts
        facts.bios = bios.facts
        facts.uefi = uefi.facts
        facts.moduleVersions = (reader.names(in: "/lib/modules").value ?? []).filter {
            $0.first?.isNumber == true
        }
        facts.grubDefaults = grubDefaults()
        return (facts, early)
    }

    /// The kernel command lines of the entries that start by themselves, BIOS before UEFI.
    func defaultCommandLines() -> [KernelCommandLine] {
        [biosPath().entry, uefiPath().entry].compactMap { $0?.commandLine }
    }

    /// A way to a kernel, and the entry with its files as the loader names them.
    private struct Way {
        var facts: BootPath
        var entry: Entry?
    }

    private struct Entry {
        var facts: BootEntry
        var kernel: BootFile?
        var archives: [BootFile]
        var commandLine: KernelCommandLine
    }

    private func inspectFiles(of entry: Entry, into facts: inout BootFacts) -> InitramfsSummary? {
        var early: InitramfsInspection.Result?
        let known = entry.archives.allSatisfy { facts.initramfs[$0.guestPath] != nil }
        // Both firmware mostly come to the same files, and an initramfs is the most expensive thing to read.
        if let kernel = entry.kernel, facts.kernels[kernel.guestPath] != nil, known { return nil }
        if !entry.archives.isEmpty {
            let result = InitramfsInspection(
                reader: reader, files: files, resolver: resolver, image: layout.image
            ).inspect(entry.archives, commandLine: entry.commandLine)
            for archive in result.facts { facts.initramfs[archive.path] = archive }
            early = result
        }
        if let kernel = entry.kernel {
            facts.kernels[kernel.guestPath] = KernelInspection(reader: reader, files: files)
                .inspect(kernel, early: early, commandLine: entry.commandLine)
        }
        return early?.summary
    }

    // MARK: BIOS

    private func biosPath() -> Way {
        let disk = layout.disk
        let trace = BIOSBoot.trace(
            ContentSource(size: disk.size) { (offset, count) throws(ImageFault) in
                try disk.read(at: offset, count: count)
            })
        return follow(
            trace, firmware: .bios, place: { Evidence(layer: "disk", excerpt: $0) }, hasLoader: true)
    }

    // MARK: UEFI

    private func uefiPath() -> Way {
        var result: Way?
        for volume in espCandidates {
            // Firmware, like GRUB, reads half of a mirror as the file system it is.
            guard let opened = layout.volume(files.disk.readVolume(volume).id) else { continue }
            guard let fileSystem = opened.fileSystem else {
                if let gap = volume.gap {
                    var path = BootPath(firmware: .uefi, isPresent: .unknown)
                    path.steps = [
                        Step(
                            isFirmware: true, state: .unknown, message: gap.message,
                            evidence: [Evidence(layer: volume.id)])
                    ]
                    result = result ?? Way(facts: path)
                }
                continue
            }
            let hasLoader = hasEFIPrograms(on: fileSystem)
            let trace = EFIBoot.trace(
                EFIPartition(fileSystem: fileSystem), machine: machine, device: files.disk.device(of: volume))
            let way = follow(
                trace, firmware: .uefi,
                place: { Evidence(layer: "\(volume.id) › \(fileSystem.kind)", excerpt: $0) },
                hasLoader: hasLoader)
            // Firmware tries one partition after the other and takes the first that has a loader.
            if trace.stop == nil { return way }
            if result == nil || (hasLoader && result?.facts.isPresent != .yes) { result = way }
        }
        return result ?? Way(facts: BootPath(firmware: .uefi, isPresent: .no))
    }

    /// Partitions marked as ESP, then other FAT volumes: firmware looks at both.
    private var espCandidates: [VolumeFacts] {
        let marked = Set((layout.image.partitions?.partitions ?? []).filter(\.isEFISystem).map(\.volume))
        let volumes = layout.image.volumes
        return volumes.filter { marked.contains($0.id) }
            + volumes.filter { !marked.contains($0.id) && $0.kind == "vfat" }
    }

    private var machine: PEImage.Machine {
        switch architecture {
        case "arm64": .arm64
        case "i386": .x86
        case "riscv64": .riscv64
        default: .x64
        }
    }

    /// Whether any directory of `/EFI` holds an EFI program. An ESP without one is an empty partition.
    private func hasEFIPrograms(on fileSystem: any FileSystemReader) -> Bool {
        let partition = EFIPartition(fileSystem: fileSystem)
        do {
            for directory in (try partition.names(inDirectory: "/EFI") ?? []).prefix(256) {
                let names = try partition.names(inDirectory: "/EFI/\(directory)") ?? []
                if names.contains(where: { $0.lowercased().hasSuffix(".efi") }) { return true }
            }
            return false
        } catch {
            reader.record(Gap(error, at: "EFI system partition"))
            return true
        }
    }

    // MARK: From the trace to the entry

    private func follow(
        _ trace: BootTrace, firmware: Firmware, place: (String) -> Evidence, hasLoader: Bool
    ) -> Way {
        var path = BootPath(firmware: firmware, isPresent: .yes)
        let evidence = trace.steps.map { place("\($0.place): \($0.message)") }
        for step in trace.steps.dropLast(trace.grubStart == nil ? 1 : 0) {
            path.steps.append(
                Step(
                    isFirmware: true, state: .holds, message: step.message,
                    evidence: [place("\(step.place): \(step.message)")]))
        }
        func end(_ state: Step.State, _ code: String, _ message: String) -> Way {
            path.steps.append(
                Step(
                    isFirmware: true, state: state, code: code, message: message, evidence: evidence.suffix(3)
                ))
            return Way(facts: path)
        }
        switch trace.destination {
        case .stops(let stop):
            if stop == .bootCodeMissing || !hasLoader { path.isPresent = .no }
            let (code, message) = BootInspection.sentence(stop, trace)
            return end(.broken, code, message)
        case .unknown(let fault):
            reader.record(Gap(fault, at: firmware.rawValue))
            return end(.unknown, "", fault.description)
        case .grub(let start):
            path.loader = trace.steps.contains { $0.message.hasPrefix("shim") } ? "shim, GRUB 2" : "GRUB 2"
            return run(trace, start: start, path: path)
        case .systemdBoot: path.loader = "systemd-boot"
        case .unifiedKernelImage: path.loader = "unified kernel image"
        case .linuxKernel: path.loader = "Linux EFI stub"
        case .windowsBootManager: path.loader = "Windows boot manager"
        case .other(let what): path.loader = what
        }
        return end(
            .unknown, "", "\(path.loader ?? "this loader") is recognised, but not followed by this version")
    }

    private static func sentence(_ stop: BootStop, _ trace: BootTrace) -> (code: String, message: String) {
        let place = trace.path ?? "the first sector"
        return switch stop {
        case .bootCodeMissing:
            ("BootLoader.NotInstalled", "The first sector holds no boot code: BIOS finds nothing to start.")
        case .bootSignatureMissing:
            ("BootLoader.NoSignature", "The first sector does not end in 55 AA: BIOS does not start it.")
        case .coreImageDamaged(let fault):
            (
                "BootLoader.CoreMissing",
                "GRUB's core image behind the first sector is missing or damaged: \(fault.message)."
            )
        case .otherDrive(let drive):
            (
                "BootLoader.OtherDrive",
                "The boot code loads GRUB from BIOS drive 0x\(Hexadecimal.lower(drive, width: 2)), which a new instance does not have."
            )
        case .removablePathMissing:
            (
                "EfiFallback.Missing",
                "\(place.dropFirst()) is missing on the EFI system partition, and a new instance knows no other loader."
            )
        case .notAProgram: ("EfiFallback.Invalid", "\(place.dropFirst()) is not an EFI program.")
        case .wrongMachine(let machine):
            (
                "EfiFallback.Invalid",
                "\(place.dropFirst()) is an EFI program for another processor (\(machine))."
            )
        case .programTruncated: ("EfiFallback.Invalid", "\(place.dropFirst()) is cut short.")
        case .secondStageMissing:
            ("EfiFallback.Incomplete", "shim starts \(place.dropFirst()), which is missing.")
        case .fallbackFindsNothing:
            ("EfiFallback.Incomplete", "The fallback program finds no boot entry in any EFI/*/BOOT*.CSV.")
        case .entryMissing:
            ("EfiFallback.Incomplete", "The fallback program starts \(place.dropFirst()), which is missing.")
        }
    }

    // MARK: GRUB

    private func run(_ trace: BootTrace, start: GrubStart, path: BootPath) -> Way {
        var path = path
        var disk = files.disk
        disk.mendsPartitionTable = path.firmware == .uefi
        guard let evaluation = trace.runGrub(on: disk) else { return Way(facts: path) }
        for fault in evaluation.faults { reader.record(Gap(fault, at: "GRUB")) }
        path.notes = notes(evaluation)
        let configuration = evaluation.configurationFiles.last.map { files.file(named: $0).guestPath }
        func stop(_ state: Step.State, _ code: String, _ message: String, _ evidence: [Evidence]) -> Way {
            path.steps.append(
                Step(isFirmware: false, state: state, code: code, message: message, evidence: evidence))
            return Way(facts: path)
        }
        if !evaluation.isCertain, evaluation.selection == nil {
            let why =
                evaluation.notes.first(where: \.makesUncertain)?.message ?? evaluation.faults.first?.message
            return stop(
                .unknown, "", "what GRUB starts is not known: \(why ?? "a part could not be read")",
                configuration.map { [Evidence(path: $0)] } ?? [])
        }
        switch evaluation.outcome {
        case .boots(let selection):
            path.steps.append(
                Step(
                    isFirmware: false, state: .holds,
                    message: "GRUB reads \(configuration ?? "its configuration")",
                    evidence: configuration.map { [Evidence(path: $0)] } ?? []))
            if !evaluation.isCertain {
                path.notes.append(
                    StructureFinding(
                        code: "Grub.Uncertain",
                        message: evaluation.notes.first(where: \.makesUncertain)?.message
                            ?? "a part could not be read",
                        evidence: files.evidence(selection.location)))
            }
            return Way(facts: path, entry: entry(selection))
        case .rescue(let file):
            let missing = files.file(file.device, file.path)
            return stop(
                .broken,
                file.device == nil || file.presence == .noDevice
                    ? "Grub.PrefixNotFound" : "Grub.ModulesMissing",
                "GRUB does not find \(missing.guestPath) and stays at its rescue prompt.",
                [Evidence(path: missing.guestPath, excerpt: "prefix \(start.prefix)")])
        case .prompt: return promptStop(evaluation, start: start, stop)
        case .menu: return failedMenu(evaluation, path: path)
        case .password(let title):
            return stop(
                .broken, "Grub.PasswordProtected",
                "The default entry “\(title)” asks for a user and a password.",
                configuration.map { [Evidence(path: $0)] } ?? [])
        case .leaves(let command):
            return stop(
                .broken, "Grub.Broken", "The configuration ends GRUB with “\(command)”.",
                configuration.map { [Evidence(path: $0)] } ?? [])
        case .abandoned(let fault):
            reader.record(Gap(fault, at: configuration ?? "GRUB"))
            return stop(.unknown, "", fault.message, configuration.map { [Evidence(path: $0)] } ?? [])
        }
    }

    /// GRUB has no menu: because its configuration is missing, because it leads nowhere, or because it is empty.
    private func promptStop(
        _ evaluation: GrubEvaluation, start: GrubStart,
        _ stop: (Step.State, String, String, [Evidence]) -> Way
    ) -> Way {
        if let search = evaluation.notes.last(where: { $0.kind == .searchFailed }) {
            return stop(
                .broken, "Grub.EfiStubUuid",
                "\(search.message): GRUB finds no configuration and stays at its prompt.",
                [files.evidence(search.location, excerpt: search.message)])
        }
        if let missing = evaluation.notes.last(where: { $0.kind == .configurationMissing }) {
            return stop(
                .broken, "Grub.ConfigMissing", "\(missing.message): GRUB stays at its prompt.",
                [files.evidence(missing.location, excerpt: missing.message)])
        }
        guard let read = evaluation.configurationFiles.last else {
            let expected = files.file(named: start.prefix + "/grub.cfg").guestPath
            return stop(
                .broken, "Grub.ConfigMissing", "\(expected) does not exist: GRUB stays at its prompt.",
                [Evidence(path: expected, excerpt: "does not exist")])
        }
        let path = files.file(named: read).guestPath
        return stop(
            .broken, "Grub.ConfigInvalid", "\(path) has no menu entry: GRUB stays at its prompt.",
            [Evidence(path: path)])
    }

    /// Every entry that was tried failed: GRUB stays at its menu. What was missing is said of the entry.
    private func failedMenu(_ evaluation: GrubEvaluation, path: BootPath) -> Way {
        var path = path
        guard let attempt = evaluation.attempts.first else {
            path.steps.append(
                Step(
                    isFirmware: false, state: .broken, code: "Grub.ConfigInvalid",
                    message: "No entry of the menu starts anything."))
            return Way(facts: path)
        }
        path.steps.append(Step(isFirmware: false, state: .holds, message: "GRUB shows its menu"))
        let place = files.evidence(attempt.location, excerpt: attempt.title)
        var facts = BootEntry(
            title: attempt.title, source: place,
            commandLine: CommandLineFacts(text: "", parameters: [], evidence: place))
        var kernel: BootFile?
        if let missing = attempt.failedKernel {
            let file = files.file(missing.device, missing.path)
            kernel = file
            facts.kernelPath = file.guestPath
            facts.kernelEvidence = files.evidence(missing.location, excerpt: missing.name)
            // A kernel that is there and too short is for the check of the kernel itself.
            if missing.presence == .missing || missing.presence == .noDevice {
                facts.problems = [
                    StructureFinding(
                        code: "Grub.KernelMissing",
                        message:
                            "The default entry “\(attempt.title)” loads \(file.guestPath), which does not exist: GRUB stays at its menu.",
                        evidence: files.evidence(missing.location, excerpt: missing.name))
                ]
            }
        } else {
            facts.notFollowed =
                attempt.notes.last.map { $0.message } ?? "it starts nothing"
        }
        return Way(
            facts: path,
            entry: Entry(facts: facts, kernel: kernel, archives: [], commandLine: KernelCommandLine("")))
    }

    private func entry(_ selection: GrubBootSelection) -> Entry {
        let place = files.evidence(
            selection.image.location, excerpt: "linux \(selection.image.name) \(selection.commandLine)")
        let commandLine = KernelCommandLine(selection.arguments.joined(separator: " "))
        var facts = BootEntry(
            title: selection.title, source: files.evidence(selection.location, excerpt: selection.title),
            commandLine: CommandLineFacts(
                text: commandLine.text,
                parameters: commandLine.tokens.map { .init(name: $0.name, value: $0.value) }, evidence: place)
        )
        facts.id = selection.identifier.isEmpty ? nil : selection.identifier
        guard selection.loader == .linux else {
            facts.notFollowed = "\(selection.loader) \(selection.image.name)"
            return Entry(facts: facts, kernel: nil, archives: [], commandLine: commandLine)
        }
        let kernel = files.file(selection.image.device, selection.image.path)
        facts.kernelPath = kernel.guestPath
        facts.kernelEvidence = place
        let references = selection.initrdFailure ?? selection.initrds
        let archives = references.map { files.file($0.device, $0.path) }
        facts.initramfsPaths = archives.map(\.guestPath)
        facts.initramfsEvidence = references.first.map {
            files.evidence($0.location, excerpt: "initrd " + references.map(\.name).joined(separator: " "))
        }
        for (reference, file) in zip(references, archives) where selection.initrdFailure != nil {
            guard reference.presence == .missing || reference.presence == .noDevice else { continue }
            facts.problems.append(
                StructureFinding(
                    code: "Grub.InitrdMissing",
                    message:
                        "\(file.guestPath) does not exist: GRUB prints an error and starts the kernel without it.",
                    evidence: files.evidence(reference.location, excerpt: "initrd \(reference.name)")))
        }
        if let root = commandLine.last("root") {
            let specification = DeviceSpecification(root)
            var reference = RootReference(
                specification: root, resolution: resolver.resolve(specification),
                needsInitramfs: BootInspection.needsInitramfs(specification))
            switch reference.resolution {
            case .volume(let id), .kernelName(_, let id?):
                reference.subvolume = subvolume(commandLine.last("rootflags") ?? "", on: id)
            default: break
            }
            facts.commandLine.root = reference
        }
        return Entry(facts: facts, kernel: kernel, archives: archives, commandLine: commandLine)
    }

    /// What `rootflags=` selects on a volume; nil where there is nothing to select.
    private func subvolume(_ flags: String, on volume: VolumeID) -> SubvolumeReference? {
        guard let fileSystem = layout.volume(volume)?.fileSystem else { return nil }
        do {
            let table = try SubvolumeTable(of: fileSystem)
            return table.subvolumes.isEmpty ? nil : table.selection(MountOptions(flags)).reference
        } catch {
            reader.record(Gap(error, at: volume))
            return nil
        }
    }

    /// What the kernel finds by itself: kernel names, numbers and partition UUIDs (`name_to_dev_t`).
    private static func needsInitramfs(_ specification: DeviceSpecification) -> Bool {
        switch specification {
        case .kernelName, .deviceNumber, .tag(.partitionUUID, _), .tag(.partitionLabel, _): false
        default: true
        }
    }

    private func notes(_ evaluation: GrubEvaluation) -> [StructureFinding] {
        evaluation.notes.compactMap { note in
            let code: String? =
                switch note.kind {
                case .searchFailed: "Grub.SearchFailed"
                case .environmentBlock: "Grub.EnvironmentInvalid"
                case .defaultNotFound: "Grub.SavedEntryMissing"
                case .oneShot: "Grub.OneShotPending"
                case .waitsForever: "Grub.WaitsForever"
                case .unknownCommand: "Grub.UnknownCommand"
                default: nil
                }
            guard let code else { return nil }
            return StructureFinding(
                code: code, message: note.message, evidence: files.evidence(note.location))
        }
    }

    private func grubDefaults() -> [String: Located<String>] {
        var result: [String: Located<String>] = [:]
        for path in ["/etc/default/grub"] + reader.glob("/etc/default/grub.d/*.cfg") {
            let parsed = reader.parse(path) { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: path)
            }
            for assignment in parsed.value?.assignments ?? [] {
                result[assignment.name] = Located(assignment.value, Evidence(assignment.source))
            }
        }
        return result
    }
}
