import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

extension BootInspection {
    /// The entry that a loader starts, with its files.
    ///
    /// - Parameter goesOn: whether the loader starts the kernel without an initramfs that does not exist.
    func entry(_ selection: BootSelection, withoutInitramfs goesOn: Bool = true) -> Entry {
        let line = "\(selection.keyword) \(selection.image.name) \(selection.commandLine)"
        let place =
            selection.commandLineSource.map { files.evidence($0.location, excerpt: $0.text) }
            ?? files.evidence(selection.image.location, excerpt: line)
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
            if selection.loader == .multiboot {
                facts.hypervisor = files.file(selection.image.device, selection.image.path).guestPath
            }
            return Entry(facts: facts, kernel: nil, archives: [], commandLine: commandLine)
        }
        let kernel = files.file(selection.image.device, selection.image.path)
        facts.kernelPath = kernel.guestPath
        facts.kernelEvidence = files.evidence(selection.image.location, excerpt: line)
        let references = selection.initrdFailure ?? selection.initrds
        let archives = references.map { files.file($0.device, $0.path) }
        facts.initramfsPaths = archives.map(\.guestPath)
        facts.initramfsEvidence = references.first.map {
            files.evidence($0.location, excerpt: "initrd " + references.map(\.name).joined(separator: " "))
        }
        for (reference, file) in zip(references, archives) where goesOn && selection.initrdFailure != nil {
            guard reference.isMissing else { continue }
            facts.problems.append(
                StructureFinding(
                    code: "Grub.InitrdMissing",
                    message:
                        "\(file.guestPath) does not exist: GRUB prints an error and starts the kernel without it.",
                    evidence: files.evidence(reference.location, excerpt: "initrd \(reference.name)")))
        }
        facts.commandLine.root = root(of: commandLine)
        return Entry(facts: facts, kernel: kernel, archives: archives, commandLine: commandLine)
    }

    /// What `root=` and `rootflags=` come to.
    func root(of commandLine: KernelCommandLine) -> RootReference? {
        guard let root = commandLine.last("root") else { return nil }
        let specification = DeviceSpecification(root)
        var reference = RootReference(
            specification: root, resolution: resolver.resolve(specification),
            needsInitramfs: BootInspection.needsInitramfs(specification))
        switch reference.resolution {
        case .volume(let id), .kernelName(_, let id?):
            reference.subvolume = subvolume(commandLine.last("rootflags") ?? "", on: id)
        default: break
        }
        return reference
    }

    /// An entry whose kernel the loader does not find.
    func entry(_ title: String, at place: Evidence, missing: BootFileReference, _ end: String) -> Entry {
        let file = files.file(missing.device, missing.path)
        var facts = BootEntry(
            title: title, source: place,
            commandLine: CommandLineFacts(text: "", parameters: [], evidence: place))
        facts.kernelPath = file.guestPath
        facts.kernelEvidence = files.evidence(missing.location, excerpt: missing.name)
        // A kernel that is there and too short is for the check of the kernel itself.
        if missing.isMissing {
            facts.problems = [
                StructureFinding(
                    code: "Grub.KernelMissing",
                    message:
                        "The default entry “\(title)” loads \(file.guestPath), which does not exist: \(end).",
                    evidence: files.evidence(missing.location, excerpt: missing.name))
            ]
        }
        return Entry(facts: facts, kernel: file, archives: [], commandLine: KernelCommandLine(""))
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
}
