import ByteReading

/// Commands that load what `boot` starts.
extension GrubInterpreter {
    /// Bytes of the header that `linux` reads before anything else (`linux_i386_kernel_header`).
    private static let smallestKernel = 0x268

    /// Runs a loader command; nil if `name` is none.
    func loaderCommand(_ name: String, _ arguments: [String]) throws(ImageFault) -> GrubStatus? {
        switch name {
        case "linux", "linux16", "linuxefi": return try load(.linux, arguments)
        case "initrd", "initrd16", "initrdefi": return try initrd(arguments)
        case "multiboot", "multiboot2", "xen_hypervisor": return try load(.multiboot, arguments)
        case "module", "module2", "xen_module", "xen_linux", "xen_initrd": return try module(arguments)
        case "chainloader": return try chainloader(arguments)
        case "devicetree": return try deviceTree(arguments)
        case "ntldr", "freedos", "plan9", "kfreebsd", "knetbsd", "kopenbsd", "xnu_kernel", "xnu_kernel64":
            return try load(.other(name), arguments.filter { !$0.hasPrefix("--") })
        case _
        where name.hasPrefix("kfreebsd_") || name.hasPrefix("knetbsd_") || name.hasPrefix("xnu_")
            || name.hasPrefix("kopenbsd_"):
            return .success
        default: return nil
        }
    }

    /// The error GRUB prints for a file it cannot open; nil if it can, or if nobody can tell.
    private func failure(_ file: BootFileReference) -> GrubStatus? {
        switch file.presence {
        case .present, .unreadable: nil
        case .missing: fail(.fileNotFound, "file `\(file.path)' not found")
        case .noDevice: fail(.unknownDevice, "no such device for `\(file.name)'")
        }
    }

    private func load(
        _ loader: BootSelection.Loader, _ arguments: [String]
    ) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first(where: { loader == .linux || !$0.hasPrefix("--") }) else {
            return fail(.badArgument, "filename expected")
        }
        let image = try reference(name)
        if loader == .linux { failedKernel = image }
        if let status = failure(image) { return status }
        if loader == .linux, case .present(let size) = image.presence, size < Self.smallestKernel {
            return fail(.badOperatingSystem, "premature end of file \(image.path)")
        }
        failedKernel = nil
        let index = arguments.firstIndex(of: name) ?? 0
        let rest = Array(arguments[(index + 1)...])
        loaded = Loaded(
            selection: BootSelection(
                loader: loader, image: image, commandLine: Self.commandLine(rest), arguments: rest,
                location: location))
        return .success
    }

    private func initrd(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard !arguments.isEmpty else { return fail(.badArgument, "filename expected") }
        guard loaded != nil else { return fail(.badArgument, "you need to load the kernel first") }
        var files: [BootFileReference] = []
        var status = GrubStatus.success
        for argument in arguments {
            // `newc:name:file` packs a file into an archive of its own.
            var name = argument
            if name.hasPrefix("newc:") {
                let parts = name.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 2)
                name = parts.count == 3 ? String(decoding: parts[2], as: UTF8.self) : ""
            }
            let file = try reference(name)
            files.append(file)
            if status == .success, let failed = failure(file) { status = failed }
        }
        if status == .success {
            loaded?.selection.initrds = files
            loaded?.selection.initrdFailure = nil
        } else {
            loaded?.selection.initrdFailure = files
        }
        return status
    }

    private func module(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let arguments = Array(arguments.drop { $0.hasPrefix("--") })
        guard let name = arguments.first else { return fail(.badArgument, "filename expected") }
        guard loaded != nil else { return fail(.badArgument, "you need to load the kernel first") }
        let file = try reference(name)
        if let status = failure(file) { return status }
        loaded?.selection.modules.append((file, Array(arguments.dropFirst())))
        return .success
    }

    private func chainloader(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let operands = arguments.filter { !$0.hasPrefix("--") }
        guard let name = operands.first else { return fail(.badArgument, "filename expected") }
        let image: BootFileReference
        if let plus = name.utf8.lastIndex(of: UInt8(ascii: "+")),
            name[..<plus].isEmpty || name[..<plus].hasSuffix(")")
        {
            // A block list, such as `+1` for the boot sector of `$root`.
            let (device, path) = try resolve(name)
            let presence: BootFileReference.Presence
            switch device {
            case .found: presence = .present(size: 512)
            case .absent: presence = .noDevice
            case .unreadable(let fault): presence = .unreadable(fault)
            }
            image = BootFileReference(
                name: name, device: device.value, path: path, presence: presence, location: location)
        } else {
            image = try reference(name)
        }
        if let status = failure(image) { return status }
        let rest = Array(operands.dropFirst())
        loaded = Loaded(
            selection: BootSelection(
                loader: .chainloader, image: image, commandLine: Self.commandLine(rest), arguments: rest,
                location: location))
        return .success
    }

    private func deviceTree(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first else { return fail(.badArgument, "filename expected") }
        let file = try reference(name)
        if let status = failure(file) { return status }
        loaded?.selection.deviceTree = file
        return .success
    }

    /// Arguments joined as `grub_create_loader_cmdline` does: backslashes and quotes get a backslash, an
    /// argument with a space gets double quotes.
    static func commandLine(_ arguments: [String]) -> String {
        arguments.map { argument in
            var result: [UInt8] = []
            for byte in argument.utf8 {
                if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                    result.append(UInt8(ascii: "\\"))
                }
                result.append(byte)
            }
            let text = String(decoding: result, as: UTF8.self)
            return argument.utf8.contains(UInt8(ascii: " ")) ? "\"\(text)\"" : text
        }.joined(separator: " ")
    }
}
