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

    typealias Step = GuestFacts.BootStep

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
        if let kernel = uefi.entry?.kernel { uefi.facts.programs += signature(of: kernel) }
        bios.facts.entry = bios.entry?.facts
        uefi.facts.entry = uefi.entry?.facts
        facts.bios = bios.facts
        facts.uefi = uefi.facts
        facts.moduleVersions = (reader.names(in: "/lib/modules").value ?? []).filter {
            $0.first?.isNumber == true
        }
        facts.newestKernel = (bios.entry ?? uefi.entry).flatMap { newestKernel(beside: $0, facts) }
        facts.grubDefaults = grubDefaults()
        facts.xenMenu = xenMenu(facts)
        return (facts, early)
    }

    /// The kernel command lines of the entries that start by themselves, BIOS before UEFI.
    func defaultCommandLines() -> [KernelCommandLine] {
        [biosPath().entry, uefiPath().entry].compactMap { $0?.commandLine }
    }

    /// A way to a kernel, and the entry with its files as the loader names them.
    struct Way {
        var facts: BootPath
        var entry: Entry?
    }

    struct Entry {
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
        let table = layout.image.partitions
        let trace = BIOSBoot.trace(
            ContentSource(size: disk.size) { (offset, count) throws(ImageFault) in
                try disk.read(at: offset, count: count)
            },
            partitions: (table?.partitions ?? []).map { partition in
                let volume = layout.image.volume(partition.volume)
                return BIOSPartition(
                    number: partition.number, offset: partition.offset, isActive: partition.active,
                    device: volume.map { files.disk.device(of: $0) } ?? GrubDevice("hd0,\(partition.number)"))
            }, isGPT: table?.kind == .gpt)
        return follow(
            trace,
            Start(
                firmware: .bios, partition: nil, place: { Evidence(layer: "disk", excerpt: $0) },
                hasLoader: true))
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
            let device = files.disk.device(of: volume)
            let trace = EFIBoot.trace(EFIPartition(fileSystem: fileSystem), machine: machine, device: device)
            let way = follow(
                trace,
                Start(
                    firmware: .uefi, partition: device,
                    place: { Evidence(layer: "\(volume.id) › \(fileSystem.kind)", excerpt: $0) },
                    hasLoader: hasLoader))
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

    /// The processor that firmware starts programs of.
    var machine: PEImage.Machine {
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

    // MARK: From the trace to the loader

    /// Where a trace began, and how what it found is called.
    struct Start {
        let firmware: Firmware
        /// The partition that an EFI program is started from.
        let partition: GrubDevice?
        let place: (String) -> Evidence
        let hasLoader: Bool
        /// How many loaders have handed over to the next so far.
        var depth = 0
    }

    func follow(_ trace: BootTrace, _ start: Start) -> Way {
        var path = BootPath(firmware: start.firmware, isPresent: .yes)
        path.programs = trace.programs.map {
            BootProgram(
                path: files.file(start.partition, $0.path).guestPath, role: "\($0.kind)",
                isSigned: $0.isSigned)
        }
        let isFirmware = start.depth == 0
        let evidence = trace.steps.map { start.place("\($0.place): \($0.message)") }
        let isEnd = trace.stop != nil || isUnfollowed(trace.destination)
        for step in trace.steps.dropLast(isEnd ? 1 : 0) {
            path.steps.append(
                Step(
                    isFirmware: isFirmware, state: .holds, message: step.message,
                    evidence: [start.place("\(step.place): \(step.message)")]))
        }
        func end(_ state: Step.State, _ code: String, _ message: String) -> Way {
            path.steps.append(
                Step(
                    isFirmware: isFirmware, state: state, code: code, message: message,
                    evidence: evidence.suffix(3)))
            return Way(facts: path)
        }
        switch trace.destination {
        case .stops(let stop):
            if isFirmware, stop == .bootCodeMissing || !start.hasLoader { path.isPresent = .no }
            let (code, message) =
                isFirmware ? BootInspection.sentence(stop, trace) : BootInspection.chained(stop, trace)
            return end(.broken, code, message)
        case .unknown(let fault):
            reader.record(Gap(fault, at: start.firmware.rawValue))
            return end(.unknown, "", fault.description)
        case .grub(let grub):
            path.loader = trace.steps.contains { $0.message.hasPrefix("shim") } ? "shim, GRUB 2" : "GRUB 2"
            return run(trace, start: grub, path: path, from: start)
        case .systemdBoot: path.loader = "systemd-boot"
        case .syslinux(let syslinux): path.loader = syslinux.isEFI ? "Syslinux (EFI)" : "Syslinux"
        case .grubLegacy(let grub): path.loader = "GRUB \(grub.version)"
        case .unifiedKernelImage: path.loader = "unified kernel image"
        case .linuxKernel: path.loader = "Linux EFI stub"
        case .windowsBootManager: path.loader = "Windows boot manager"
        case .other(let what): path.loader = what
        }
        if let way = runLoader(trace, path: path, from: start) ?? runProgram(trace, path: path, from: start) {
            return way
        }
        return end(
            .unknown, "", "\(path.loader ?? "this loader") is recognised, but not followed by this version")
    }

    private func isUnfollowed(_ destination: BootDestination) -> Bool {
        switch destination {
        case .windowsBootManager, .other, .unknown: true
        default: false
        }
    }
}
