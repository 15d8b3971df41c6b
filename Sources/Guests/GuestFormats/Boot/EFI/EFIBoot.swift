package import ByteReading

/// An EFI system partition. Paths start with `/`; case does not matter.
package protocol EFISystemPartition {
    /// The file at `path`, nil if there is none.
    func file(at path: String) throws(ImageFault) -> ContentSource?
    /// The names in a directory in the order of the directory, nil if there is none.
    func names(inDirectory path: String) throws(ImageFault) -> [String]?
}

/// What UEFI firmware without any boot entry does with an ESP (UEFI 2.10 §3.5.1.1), up to the boot loader that
/// reads a configuration.
package enum EFIBoot {
    private static let largestText = 1 << 20
    private static let mostPrograms = 8

    /// Follows the removable path of `machine` on `partition`, which GRUB calls `device`; or, where another loader
    /// has gone on, the program at `start` with its load options.
    package static func trace(
        _ partition: any EFISystemPartition, machine: PEImage.Machine, device: GrubDevice,
        from start: String? = nil, loadOptions: String? = nil
    ) -> BootTrace {
        var trace = BootTrace()
        trace.loadOptions = loadOptions
        let suffix = (machine.suffix ?? "x64").uppercased()
        do {
            try follow(
                start ?? "/EFI/BOOT/BOOT\(suffix).EFI", start == nil ? .removablePathMissing : .entryMissing,
                partition, machine, device, &trace)
        } catch {
            trace.add(trace.path ?? "/EFI/BOOT", error.description)
            trace.destination = .unknown(error)
        }
        return trace
    }

    private static func follow(
        _ first: String, _ missing: BootStop, _ partition: any EFISystemPartition, _ machine: PEImage.Machine,
        _ device: GrubDevice, _ trace: inout BootTrace
    ) throws(ImageFault) {
        var path = first
        var missing = missing
        for _ in 0..<mostPrograms {
            trace.path = path
            guard let file = try found({ () throws(ImageFault) in try partition.file(at: path) }) else {
                trace.add(path, "is not there")
                trace.destination = .stops(missing)
                return
            }
            guard let loader = try program(file, path, machine, &trace) else { return }
            trace.loader = loader
            trace.faults += loader.faults
            trace.programs.append((path, loader.kind, loader.image.isSigned))
            let directory = directory(of: path)
            switch loader.kind {
            case .shim:
                let fallback = "\(directory)/fb\(machine.suffix ?? "x64").efi"
                let stage = loader.secondStage ?? "grub\(machine.suffix ?? "x64").efi"
                if isRemovable(path),
                    try found({ () throws(ImageFault) in try partition.file(at: fallback) }) != nil
                {
                    trace.add(path, "shim; started from the removable path, it runs fallback")
                    (path, missing) = (fallback, .secondStageMissing)
                } else if let named = secondStage(in: trace.loadOptions) {
                    trace.add(path, "shim; its load options name \(named.path)")
                    trace.loadOptions = named.options
                    (path, missing) = (
                        named.path.hasPrefix("/") ? named.path : "\(directory)/\(named.path)",
                        .secondStageMissing
                    )
                } else {
                    trace.add(path, "shim; its second stage is \(stage)")
                    trace.loadOptions = nil
                    (path, missing) = ("\(directory)/\(stage)", .secondStageMissing)
                }
            case .shimFallback:
                guard let entry = try bootEntry(partition, machine, &trace) else {
                    trace.add(path, "fallback finds no boot entry in any BOOT*.CSV")
                    trace.destination = .stops(.fallbackFindsNothing)
                    return
                }
                trace.add(
                    path,
                    "fallback makes a boot entry for \(entry.path) and starts it, if need be by a reset")
                trace.loadOptions = entry.options
                (path, missing) = (entry.path, .entryMissing)
            default:
                arrive(loader, path, device, machine, &trace)
                return
            }
        }
        trace.destination = .other("programs that start each other without end")
    }

    private static func found<Value>(_ body: () throws(ImageFault) -> Value?) throws(ImageFault) -> Value? {
        do { return try body() } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    /// The program in a file; nil, with the reason in the trace, if firmware does not start it.
    private static func program(
        _ file: ContentSource, _ path: String, _ machine: PEImage.Machine, _ trace: inout BootTrace
    ) throws(ImageFault) -> EFILoader? {
        let image: PEImage
        do { image = try PEImage(parsing: file) } catch {
            guard error.kind == .corrupt else { throw error }
            trace.add(path, error.description)
            trace.destination = .stops(.notAProgram)
            return nil
        }
        guard image.machine == machine else {
            trace.add(path, "is for \(image.machine), not for \(machine)")
            trace.destination = .stops(.wrongMachine(image.machine))
            return nil
        }
        guard !image.isTruncated else {
            trace.add(path, "is cut off after \(image.fileSize) bytes")
            trace.destination = .stops(.programTruncated)
            return nil
        }
        return try EFILoader(recognizing: image)
    }

    private static func directory(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    /// Whether shim takes itself for the removable loader: its path starts with `\EFI\BOOT\BOOT`.
    private static func isRemovable(_ path: String) -> Bool { path.lowercased().hasPrefix("/efi/boot/boot") }

    /// The program of the first boot entry that fallback makes: directories below `\EFI` in their order, without
    /// `BOOT`, each with `BOOT<arch>.CSV` or else `BOOT.CSV`.
    private static func bootEntry(
        _ partition: any EFISystemPartition, _ machine: PEImage.Machine, _ trace: inout BootTrace
    ) throws(ImageFault) -> (path: String, options: String?)? {
        let names = try found { () throws(ImageFault) in try partition.names(inDirectory: "/EFI") } ?? []
        for name in names where name.lowercased() != "boot" && name != "." && name != ".." {
            let directory = "/EFI/\(name)"
            let files =
                try found { () throws(ImageFault) in try partition.names(inDirectory: directory) } ?? []
            for wanted in ["boot\(machine.suffix ?? "x64").csv", "boot.csv"] {
                guard let fileName = files.first(where: { $0.lowercased() == wanted }) else { continue }
                let path = "\(directory)/\(fileName)"
                guard let source = try found({ () throws(ImageFault) in try partition.file(at: path) }) else {
                    continue
                }
                do {
                    let list = try BootCSV(parsing: try source.readAll(limit: largestText))
                    guard let entry = list.entries.first else {
                        trace.add(path, "names no program")
                        continue
                    }
                    trace.add(path, "names \(entry.fileName) (\(entry.label))")
                    let arguments = trimmed(entry.arguments)
                    return (
                        "\(directory)/\(entry.fileName.replacing("\\", with: "/"))",
                        arguments.isEmpty ? nil : arguments
                    )
                } catch {
                    guard error.kind == .corrupt else { throw error }
                    trace.add(path, error.description)
                }
            }
        }
        return nil
    }

    /// What shim makes of load options that name a program: the first word is the path, with `\` in front from the
    /// root of the partition (shim.c, `set_second_stage`; load-options.c).
    private static func secondStage(in options: String?) -> (path: String, options: String?)? {
        guard let options else { return nil }
        let text = trimmed(options)
        let word = text.prefix { $0 != " " }
        guard word.lowercased().hasSuffix(".efi") else { return nil }
        let rest = trimmed(String(text.dropFirst(word.count)))
        return (String(word).replacing("\\", with: "/"), rest.isEmpty ? nil : rest)
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text.utf8[...]
        while let first = rest.first, GrubNumber.isSpace(first) { rest = rest.dropFirst() }
        while let last = rest.last, GrubNumber.isSpace(last) { rest = rest.dropLast() }
        return String(decoding: rest, as: UTF8.self)
    }

    private static func arrive(
        _ loader: EFILoader, _ path: String, _ device: GrubDevice, _ machine: PEImage.Machine,
        _ trace: inout BootTrace
    ) {
        switch loader.kind {
        case .grub:
            guard let modules = loader.grubModules else {
                trace.add(path, "GRUB, whose modules cannot be read")
                trace.destination = .unknown(
                    loader.faults.first ?? ImageFault(.unsupported, "GRUB without a module section"))
                return
            }
            let start = grubStart(modules, path, device, machine)
            trace.memoryDisk = modules.memoryDisk
            trace.add(path, "GRUB with prefix \(start.prefix)")
            trace.destination = .grub(start)
        case .systemdBoot:
            trace.add(path, "systemd-boot")
            trace.destination = .systemdBoot
        case .unifiedKernelImage:
            trace.add(path, "unified kernel image")
            trace.destination = .unifiedKernelImage
        case .linuxKernel:
            trace.add(path, "Linux kernel")
            trace.destination = .linuxKernel
        case .syslinux:
            trace.add(path, "Syslinux")
            var start = SyslinuxStart(
                device: device, directory: directory(of: path), version: loader.syslinuxVersion, isEFI: true)
            start.is32Bit = machine == .x86
            trace.destination = .syslinux(start)
        case .windowsBootManager:
            trace.add(path, "Windows boot manager")
            trace.destination = .windowsBootManager
        default:
            trace.add(path, "\(loader.kind)")
            trace.destination = .other("\(loader.kind)")
        }
    }

    private static func grubStart(
        _ modules: GrubModules, _ path: String, _ device: GrubDevice, _ machine: PEImage.Machine
    ) -> GrubStart {
        let processor =
            switch machine {
            case .x86: "i386"
            case .x64: "x86_64"
            case .arm: "arm"
            case .arm64: "arm64"
            case .riscv64: "riscv64"
            case .loongArch64: "loongarch64"
            case .other: "unknown"
            }
        return GrubStart(
            modules: modules, platform: .efi, processor: processor, device: device.name,
            directory: directory(of: path))
    }
}
