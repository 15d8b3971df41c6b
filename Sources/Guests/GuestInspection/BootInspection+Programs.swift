import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// EFI programs that are the kernel themselves, and programs that loaders start instead of a kernel.
extension BootInspection {
    private static let mostLoaders = 8

    /// Goes on with the EFI program that an entry starts: a unified kernel image, a kernel, another loader.
    func chain(_ selection: BootSelection, path: BootPath, from start: Start) -> Way {
        var start = start
        start.depth += 1
        func open(_ message: String) -> Way {
            var path = path
            path.steps.append(Step(isFirmware: false, state: .unknown, message: message))
            return Way(facts: path)
        }
        guard start.depth < BootInspection.mostLoaders else {
            return open("boot loaders that start each other without end")
        }
        guard let device = selection.image.device, let volume = files.disk.volume(of: device),
            let fileSystem = layout.volume(files.disk.readVolume(volume).id)?.fileSystem
        else {
            if case .unreadable(let fault) = selection.image.presence { return open(fault.description) }
            let found = entry(
                selection.title, at: files.evidence(selection.location, excerpt: selection.title),
                missing: selection.image, "the loader starts nothing")
            return Way(facts: path, entry: found)
        }
        let options = selection.arguments.joined(separator: " ")
        let trace = EFIBoot.trace(
            EFIPartition(fileSystem: fileSystem), machine: machine, device: device,
            from: selection.image.path, loadOptions: options.isEmpty ? nil : options)
        let next = Start(
            firmware: start.firmware, partition: device,
            place: { Evidence(layer: "\(volume.id) › \(fileSystem.kind)", excerpt: $0) }, hasLoader: true,
            depth: start.depth)
        var way = follow(trace, next)
        way.facts.steps = path.steps + way.facts.steps
        way.facts.notes = path.notes + way.facts.notes
        way.facts.programs = path.programs + way.facts.programs
        way.facts.loader = [path.loader, way.facts.loader].compactMap { $0 }.joined(separator: ", ")
        return way
    }

    /// The way through a program that holds a kernel or is one; nil for other programs.
    func runProgram(_ trace: BootTrace, path: BootPath, from start: Start) -> Way? {
        guard let partition = start.partition, let program = trace.path, let loader = trace.loader else {
            return nil
        }
        var path = path
        do {
            let found: Entry
            switch trace.destination {
            case .unifiedKernelImage:
                guard let image = try UnifiedKernelImage(reading: loader.image) else { return nil }
                if let addon = try addon(of: program, on: partition) {
                    path.notes.append(
                        StructureFinding(
                            code: "Grub.Uncertain",
                            message: "\(addon) may add to the command line of \(program)",
                            evidence: Evidence(path: files.file(partition, addon).guestPath)))
                }
                found = entry(of: image, at: program, on: partition, options: trace.loadOptions)
            case .linuxKernel:
                switch try kernelEntry(at: program, on: partition, options: trace.loadOptions) {
                case .found(let entry): found = entry
                case .stops(let code, let message):
                    path.steps.append(
                        Step(isFirmware: false, state: .broken, code: code, message: message))
                    return Way(facts: path)
                case .unknown(let why):
                    path.steps.append(Step(isFirmware: false, state: .unknown, message: why))
                    return Way(facts: path)
                }
            default: return nil
            }
            path.steps.append(
                Step(
                    isFirmware: false, state: .holds, message: "\(program) holds the kernel",
                    evidence: [Evidence(path: files.file(partition, program).guestPath)]))
            return Way(facts: path, entry: found)
        } catch {
            reader.record(Gap(error, at: program))
            path.steps.append(Step(isFirmware: false, state: .unknown, message: error.description))
            return Way(facts: path)
        }
    }

    // MARK: Unified kernel images

    private func entry(
        of image: UnifiedKernelImage, at path: String, on partition: GrubDevice, options: String?
    ) -> Entry {
        var kernel = files.file(partition, path)
        let place = Evidence(path: kernel.guestPath, excerpt: options == nil ? ".cmdline" : "load options")
        let text = options ?? image.commandLine ?? ""
        let commandLine = KernelCommandLine(text)
        var facts = BootEntry(
            title: image.title ?? kernel.guestPath, source: Evidence(path: kernel.guestPath),
            commandLine: CommandLineFacts(
                text: commandLine.text,
                parameters: commandLine.tokens.map { .init(name: $0.name, value: $0.value) }, evidence: place)
        )
        facts.id = GuestPath(path).lastName?.description
        facts.kernelPath = kernel.guestPath
        facts.kernelEvidence = Evidence(path: kernel.guestPath, excerpt: ".linux")
        kernel.range = image.range(of: ".linux")
        kernel.release = image.kernelVersion
        // The kernel gets the parts one behind the other; microcode comes first (src/boot/stub.c).
        var archives: [BootFile] = []
        for section in [".ucode", ".initrd"] {
            guard let range = image.range(of: section) else { continue }
            var archive = files.file(partition, path)
            archive.guestPath += " › \(section)"
            archive.range = range
            archives.append(archive)
        }
        facts.initramfsPaths = archives.map(\.guestPath)
        facts.initramfsEvidence = archives.first.map { Evidence(path: $0.guestPath) }
        facts.commandLine.root = root(of: commandLine)
        return Entry(facts: facts, kernel: kernel, archives: archives, commandLine: commandLine)
    }

    /// A file beside the image that its stub adds to the command line, since systemd 254.
    private func addon(of path: String, on partition: GrubDevice) throws(ImageFault) -> String? {
        for directory in ["\(path).extra.d", "/loader/addons"] {
            do {
                let names = try files.disk.names(inDirectory: directory, on: partition) ?? []
                if let name = names.first(where: { $0.lowercased().hasSuffix(".addon.efi") }) {
                    return "\(directory)/\(name)"
                }
            } catch { if error.kind != .notFound { throw error } }
        }
        return nil
    }

    // MARK: Kernels with an EFI stub

    private enum KernelStart {
        case found(Entry)
        case stops(code: String, message: String)
        case unknown(String)
    }

    /// A kernel that firmware starts as a program: its command line is what it gets as load options, else what it has
    /// built in; `initrd=` names files on its own partition (drivers/firmware/efi/libstub).
    private func kernelEntry(
        at path: String, on partition: GrubDevice, options: String?
    ) throws(ImageFault) -> KernelStart {
        let kernel = files.file(partition, path)
        guard let text = options ?? builtInCommandLine(of: kernel) else {
            return .unknown(
                "\(kernel.guestPath) is started without a command line, and whether it has one built in is not known"
            )
        }
        let commandLine = KernelCommandLine(text)
        let place = Evidence(path: kernel.guestPath, excerpt: text.isEmpty ? "no command line" : text)
        var facts = BootEntry(
            title: kernel.guestPath, source: Evidence(path: kernel.guestPath),
            commandLine: CommandLineFacts(
                text: commandLine.text,
                parameters: commandLine.tokens.map { .init(name: $0.name, value: $0.value) }, evidence: place)
        )
        facts.kernelPath = kernel.guestPath
        facts.kernelEvidence = Evidence(path: kernel.guestPath)
        var archives: [BootFile] = []
        for token in commandLine.tokens where token.name == "initrd" {
            let names = (token.value ?? "").split { $0 == "/" || $0 == "\\" }
            let file = files.file(partition, "/" + names.joined(separator: "/"))
            guard try files.disk.file(at: file.path, on: partition) != nil else {
                return .stops(
                    code: "Grub.InitrdMissing",
                    message: "The kernel's EFI stub does not find \(file.guestPath) and ends")
            }
            archives.append(file)
        }
        facts.initramfsPaths = archives.map(\.guestPath)
        facts.initramfsEvidence = archives.isEmpty ? nil : place
        facts.commandLine.root = root(of: commandLine)
        return .found(Entry(facts: facts, kernel: kernel, archives: archives, commandLine: commandLine))
    }

    /// `CONFIG_CMDLINE`; nil when the kernel's configuration is not to be had.
    private func builtInCommandLine(of file: BootFile) -> String? {
        guard let opened = files.open(file).value,
            let head = try? opened.read(0, 64 << 10),
            let image = try? KernelImage(parsing: head, fileSize: opened.size),
            let version = image.version ?? KernelInspection.version(fromName: file.path),
            let configuration = ["/boot/config-\(version)", "/lib/modules/\(version)/config"].lazy
                .compactMap({ reader.file($0).value }).first.map({ KernelConfig(parsing: $0) })
        else { return nil }
        // Without CONFIG_CMDLINE_BOOL there is no such line on x86; arm64 has one that may be empty.
        guard case .text(let text)? = configuration["CMDLINE"] else { return "" }
        return text
    }

    // MARK: Signatures and Xen

    /// Whether a kernel that a loader starts carries certificates; one inside a unified kernel image is verified with
    /// it.
    func signature(of kernel: BootFile) -> [BootProgram] {
        guard kernel.range == nil, let opened = files.open(kernel).value,
            let image = try? PEImage(parsing: opened.source)
        else { return [] }
        return [BootProgram(path: kernel.guestPath, role: "kernel", isSigned: image.isSigned)]
    }

    /// The menu of PV-GRUB in an image that neither firmware starts (trap 19: beside a loader that is installed it
    /// means nothing).
    func xenMenu(_ facts: BootFacts) -> Evidence? {
        guard facts.bios.isPresent == .no, facts.uefi.isPresent == .no else { return nil }
        return ["/boot/grub/menu.lst", "/boot/grub/grub.conf"]
            .first { reader.exists($0) == .yes }
            .map { Evidence(path: $0, line: 1) }
    }
}
