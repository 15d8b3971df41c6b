import ByteReading

/// The commands that decide what is started, except those of menus, loaders and BLS.
extension GrubInterpreter {
    /// Commands that draw, print, wait for nothing or only prepare hardware: they change nothing here.
    private static let harmless: Set<String> = [
        "true", "clear", "terminal_input", "terminal_output", "terminfo", "serial", "gettext",
        "background_color", "background_image", "play", "sleep", "date", "help", "ls", "lsmod", "lsfonts",
        "list_env", "list_trusted", "videoinfo", "vbeinfo", "rmmod", "loadfont", "keymap", "badram",
        "cutmem", "drivemap", "acpi", "crc", "hexdump", "cat", "lspci", "lsacpi", "lsapm", "lsefi",
        "lsefimmap",
        "lsefisystab", "lsmmap", "lssal", "loadbios", "fakebios", "fix_video", "915resolution",
        "efiemu_loadcore",
        "efiemu_prepare", "efiemu_unload", "nativedisk", "usb", "gptsync", "trust", "distrust", "blocklist",
        "dump", "inb", "inl", "inw", "outb", "outl", "outw", "setpci", "sendkey", "tpm_record_pcrs",
        "show_dmesg", "testspeed", "time", "hello", "export_env", "password_pbkdf2", "password",
        "net_ls_cards", "net_ls_addr", "net_ls_dns", "net_ls_routes", "zfsinfo", "zfs-bootfs", "zfskey",
    ]
    /// Commands whose result or effect is not followed, although it may decide what is started.
    private static let notFollowed: Set<String> = [
        "cmp", "cryptomount", "extract_entries_configfile", "extract_entries_source",
        "extract_legacy_entries_configfile", "extract_legacy_entries_source",
        "extract_syslinux_entries_configfile", "extract_syslinux_entries_source", "file", "getenv",
        "hashsum", "hdparm", "legacy_check_password", "legacy_configfile", "legacy_initrd",
        "legacy_initrd_nounzip", "legacy_kernel", "legacy_password", "legacy_source", "loopback",
        "macppcbless", "mactelbless", "md5sum", "net_add_addr", "net_add_dns", "net_add_route",
        "net_bootp", "net_bootp6", "net_del_addr", "net_del_dns", "net_del_route", "net_dhcp",
        "net_get_dhcp_option", "net_ipv6_autoconf", "net_nslookup", "parttool", "pcidump", "rdmsr",
        "read_byte",
        "read_dword", "read_word", "regexp", "sha1sum", "sha256sum", "sha512sum", "smbios",
        "syslinux_configfile", "syslinux_source", "tr", "verify_detached", "write_byte", "write_dword",
        "write_word", "wrmsr", "smbinfo", "btrfs-list-subvols", "btrfs-info", "blsuki", "uki",
        "btrfs-get-default-subvol", "bootload_once", "backtrace", "truecrypt",
    ]

    /// Runs a built-in command; nil if GRUB has none of that name.
    func command(_ name: String, _ arguments: [String], _ block: GrubBlock?) throws(ImageFault) -> GrubStatus?
    {
        switch name {
        case "[", "test": return try test(arguments)
        case "false", "keystatus": return .testFailure
        case "set": return try setVariable(arguments)
        case "echo":
            if evaluation.printed.count < 200 {
                evaluation.printed.append(arguments.drop { $0 == "-n" || $0 == "-e" }.joined(separator: " "))
            }
            return .success
        case "unset":
            guard let first = arguments.first else { return fail(.badArgument, "one argument expected") }
            unset(first)
            return .success
        case "export":
            for name in arguments { export(name) }
            return arguments.isEmpty ? fail(.badArgument, "one argument expected") : .success
        case "break", "continue": return breakLoop(arguments, isContinue: name == "continue")
        case "return": return returnFromFunction(arguments)
        case "shift": return shift(arguments)
        case "setparams":
            guard scope != nil else { return .invalidCommand }
            scope = arguments
            return .success
        case "eval":
            try execute(GrubScriptParser(GrubLexer(script: arguments.joined(separator: " "))))
            return .success
        case "insmod": return try loadModule(arguments)
        case "btrfs-mount-subvol": return try mountSubvolume(arguments)
        case "search": return try search(arguments)
        case "search.fs_uuid": return try searchShort(arguments) { .fileSystemUUID($0) }
        case "search.fs_label": return try searchShort(arguments) { .label($0) }
        case "search.file": return try searchShort(arguments) { .file($0) }
        case "load_env": return try loadEnvironment(arguments)
        case "save_env": return try saveEnvironment(arguments)
        case "probe": return try probe(arguments)
        case "source", ".": return try source(arguments)
        case "configfile": return try configurationFile(arguments)
        case "normal":
            try enterNormalMode(arguments.first)
            return .success
        case "increment", "decrement": return try increment(arguments, by: name == "increment" ? 1 : -1)
        case "menuentry", "submenu": return try defineEntry(arguments, block, isSubmenu: name == "submenu")
        case "blscfg", "bls_import": return try bootLoaderSpecification(arguments)
        case "boot":
            guard let loaded else { return fail(.badArgument, "you need to load the kernel first") }
            end = .boots(finished(loaded.selection))
            return .success
        // UEFI firmware of a virtual machine can be asked to show its settings.
        case "fwsetup" where arguments == ["--is-supported"]:
            return start.platform == .efi ? .success : .testFailure
        case "exit", "halt", "reboot", "fwsetup", "normal_exit", "appleloader", "pxechainloader":
            end = .leaves(command: name)
            return .success
        // Every machine judged here has a 64-bit processor, and one with PAE.
        case "cpuid": return .success
        // Ubuntu asks for graphics cards that cannot keep their mode; a virtual one is not among them.
        case "hwmatch":
            try set("match", "0")
            return .success
        case "authenticate":
            guard value(of: "superusers") != nil else { return .success }
            end = .password(title: titles.last ?? "authenticate")
            return .success
        case "read":
            if let name = arguments.first { try set(name, "") }
            note(.notFollowed, "`read` waits for a line from the keyboard")
            return .success
        default:
            if let status = try loaderCommand(name, arguments) { return status }
            if Self.harmless.contains(name) { return .success }
            guard Self.notFollowed.contains(name) else { return nil }
            note(.notFollowed, "the command `\(name)' is not followed")
            return .testFailure
        }
    }

    private func setVariable(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard let first = arguments.first else { return .success }
        guard let equals = first.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return fail(.badArgument, "not an assignment")
        }
        try set(String(first[..<equals]), String(first[first.utf8.index(after: equals)...]))
        return .success
    }

    private func breakLoop(_ arguments: [String], isContinue: Bool) -> GrubStatus {
        guard arguments.count <= 1 else { return fail(.badArgument, "one argument expected") }
        var count = 1
        if let text = arguments.first {
            guard let (number, rest) = GrubNumber.leading(text, base: 10), rest.isEmpty, number > 0 else {
                return fail(.badArgument, "unrecognized number")
            }
            count = Int(Swift.min(number, 1000))
        }
        self.isContinue = isContinue
        activeBreaks = Swift.min(count, activeLoops)
        return .success
    }

    private func returnFromFunction(_ arguments: [String]) -> GrubStatus {
        guard scope != nil, arguments.count <= 1 else { return fail(.badArgument, "not in function body") }
        isReturning = true
        let text = arguments.first ?? value(of: "?") ?? "0"
        guard let number = GrubNumber.leading(text, base: 10)?.value else { return .badArgument }
        return GrubStatus(code: Int(Swift.min(number, 255)))
    }

    private func shift(_ arguments: [String]) -> GrubStatus {
        guard let scope else { return .success }
        let count = arguments.first.map { GrubNumber.leading($0, base: 10)?.value ?? 0 } ?? 1
        guard count <= scope.count else { return .badArgument }
        self.scope = Array(scope.dropFirst(Int(count)))
        return .success
    }

    /// `increment` and `decrement` of Fedora's GRUB: a number variable, kept between 0 and the largest `int`.
    private func increment(_ arguments: [String], by step: Int64) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first, arguments.count == 1 else {
            return fail(.badArgument, "one argument expected")
        }
        usesFedoraMenu = true
        let old = Int64(clamping: GrubNumber.leading(value(of: name) ?? "", base: 10)?.value ?? 0)
        try set(name, String(Swift.max(0, Swift.min(old, Int64(Int32.max)) + step)))
        return .success
    }

    // MARK: Modules and subvolumes

    /// Modules that decide which devices there are (disk/diskfilter.c and what registers with it).
    private static let diskModules: Set<String> = [
        "lvm", "mdraid09", "mdraid09_be", "mdraid1x", "dm_nv", "ldm",
    ]

    /// `insmod`: a module that is packed in, or lies in the directory of the platform below `$prefix`.
    private func loadModule(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first else { return fail(.badArgument, "one argument expected") }
        guard Self.diskModules.contains(name), let loaded = loadedModules, !loaded.contains(name) else {
            return .success
        }
        let directory = "\(value(of: "prefix") ?? "")/\(start.processor)-\(start.platform.rawValue)"
        let module = try reference("\(directory)/\(name).mod")
        switch module.presence {
        case .present, .unreadable:
            loadedModules?.insert(name)
            return .success
        case .missing, .noDevice:
            return fail(
                .fileNotFound,
                "the module \(module.path) is not there, without which some devices are not seen")
        }
    }

    /// `btrfs-mount-subvol (device) /path subvolume` of SUSE's GRUB.
    private func mountSubvolume(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard arguments.count == 3, subvolumeMounts.count < 64 else {
            return fail(.badArgument, "three arguments expected")
        }
        var name = arguments[0]
        if name.hasPrefix("("), name.hasSuffix(")") { name = String(name.dropFirst().dropLast()) }
        guard let device = try self.device(named: name).value else {
            return fail(.unknownDevice, "no such device: \(name)")
        }
        let slashes: (Character) -> Bool = { $0 == "/" }
        let path = "/" + arguments[1].split(whereSeparator: slashes).joined(separator: "/")
        let subvolume = arguments[2].split(whereSeparator: slashes).joined(separator: "/")
        subvolumeMounts.append((device, path, subvolume))
        return .success
    }

    // MARK: search

    private static let searchOptions: [GrubArguments.Option] =
        [
            .init(name: "file", letter: "f"), .init(name: "label", letter: "l"),
            .init(name: "fs-uuid", letter: "u"),
            .init(name: "set", letter: "s", takesValue: true, isValueOptional: true),
            .init(name: "no-floppy", letter: "n"), .init(name: "hint", letter: "h", takesValue: true),
            .init(name: "root-dev-only", letter: "r"), .init(name: "efidisk-only"),
        ]
        + ["ieee1275", "bios", "baremetal", "efi", "arc"].map { .init(name: "hint-\($0)", takesValue: true) }

    private func search(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let parsed = GrubArguments(arguments, Self.searchOptions, acceptsDashes: true)
        if let unknown = parsed.unknown { return fail(.badArgument, "unknown argument `\(unknown)'") }
        let platformHint = start.platform == .efi ? "hint-efi" : "hint-bios"
        let hints = parsed.all("hint") + parsed.all(platformHint) + parsed.all("hint-baremetal")
        var variable: String? = parsed.has("set") ? parsed.value("set") ?? "root" : nil
        let operand = parsed.operands.first { !$0.hasPrefix("--hint-") }
        guard let key = operand ?? parsed.value("set") else {
            return fail(.badArgument, "one argument expected")
        }
        if operand == nil { variable = "root" }
        if parsed.has("label") { return try search(.label(key), variable, hints) }
        if parsed.has("fs-uuid") { return try search(.fileSystemUUID(key), variable, hints) }
        if parsed.has("file") { return try search(.file(key), variable, hints) }
        return fail(.invalidCommand, "unspecified search type")
    }

    private func searchShort(
        _ arguments: [String], _ key: (String) -> GrubSearchKey
    ) throws(ImageFault) -> GrubStatus {
        guard let first = arguments.first else { return fail(.badArgument, "one argument expected") }
        return try search(
            key(first), arguments.count > 1 ? arguments[1] : nil, Array(arguments.dropFirst(2)))
    }

    private func search(
        _ key: GrubSearchKey, _ variable: String?, _ hints: [String]
    ) throws(ImageFault) -> GrubStatus {
        let answer = try ask { (host) throws(ImageFault) in
            try host.device(matching: key, hints: hints, where: self.sees)
        }
        guard let device = answer.value else {
            return fail(.fileNotFound, "no such device: \(key)", .searchFailed)
        }
        if let variable { try set(variable, device.name) }
        return .success
    }

    private func probe(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let parsed = GrubArguments(
            arguments,
            [
                .init(name: "set", letter: "s", takesValue: true), .init(name: "driver", letter: "d"),
                .init(name: "partmap", letter: "p"), .init(name: "fs", letter: "f"),
                .init(name: "fs-uuid", letter: "u"), .init(name: "label", letter: "l"),
                .init(name: "part-uuid"),
            ])
        guard parsed.unknown == nil, let name = parsed.operands.first else {
            return fail(.badArgument, "one argument expected")
        }
        let asked: [(String, GrubDeviceProperty)] = [
            ("partmap", .partitionMap), ("fs-uuid", .fileSystemUUID), ("fs", .fileSystem), ("label", .label),
            ("part-uuid", .partitionUUID),
        ]
        guard let property = asked.first(where: { parsed.has($0.0) })?.1 else {
            note(.notFollowed, "`probe` asks for the disk driver")
            return .testFailure
        }
        let deviceName =
            name.hasPrefix("(") && name.hasSuffix(")") ? String(name.dropFirst().dropLast()) : name
        let answer = try self.device(named: deviceName)
        guard let device = answer.value else { return fail(.unknownDevice, "no such device: \(name)") }
        let value = try ask { (host) throws(ImageFault) in try host.property(property, of: device) }.value
        if let variable = parsed.value("set") { try set(variable, value ?? "") }
        return .success
    }

    // MARK: Environment block

    private func environmentBlock(_ parsed: GrubArguments) throws(ImageFault) -> (
        String, GrubEnvironmentBlock
    )? {
        let name: String
        if let file = parsed.value("file") {
            name = file
        } else if let prefix = value(of: "prefix") {
            name = "\(prefix)/grubenv"
        } else {
            note(.error, "variable `prefix' isn't set")
            return nil
        }
        guard let bytes = try contents(name) else { return nil }
        do {
            let block = try GrubEnvironmentBlock(parsing: bytes)
            if block.size != GrubEnvironmentBlock.usualSize {
                note(
                    .environmentBlock,
                    "\(name) has \(block.size) bytes, not \(GrubEnvironmentBlock.usualSize): GRUB reads it, its"
                        + " tools do not")
            }
            return (name, block)
        } catch {
            note(.environmentBlock, "\(name): \(error.message)")
            return nil
        }
    }

    private static let environmentOptions: [GrubArguments.Option] = [
        .init(name: "file", letter: "f", takesValue: true), .init(name: "skip-sig", letter: "s"),
    ]

    private func loadEnvironment(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let parsed = GrubArguments(arguments, Self.environmentOptions)
        if let unknown = parsed.unknown { return fail(.badArgument, "unknown argument `\(unknown)'") }
        guard let (name, block) = try environmentBlock(parsed) else { return .badFileType }
        evaluation.environmentBlocks.append((name, block))
        for variable in block.variables
        where parsed.operands.isEmpty || parsed.operands.contains(variable.name) {
            try byteBudget.spend(variable.value.utf8.count)
            try set(variable.name, variable.value)
            if variable.name == "next_entry" || variable.name == "prev_saved_entry", !variable.value.isEmpty {
                note(
                    .oneShot, "\(variable.name) is set to `\(variable.value)' in \(name), for one start only")
            }
        }
        return .success
    }

    private func saveEnvironment(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        let parsed = GrubArguments(arguments, Self.environmentOptions)
        guard parsed.unknown == nil, !parsed.operands.isEmpty else {
            return fail(.badArgument, "no variable is specified")
        }
        guard let (name, _) = try environmentBlock(parsed) else { return .badFileType }
        for variable in parsed.operands {
            evaluation.savedVariables.append((name, variable, value(of: variable)))
        }
        return .success
    }

    // MARK: Other files

    private func source(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first, arguments.count == 1 else {
            return fail(.badArgument, "filename expected")
        }
        _ = try readConfiguration(name)
        return .success
    }

    /// A file with variables and a menu of its own, shown at once; when it has none, this file goes on.
    private func configurationFile(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        guard let name = arguments.first, arguments.count == 1 else {
            return fail(.badArgument, "filename expected")
        }
        openContext()
        if try readConfiguration(name), end == nil { try showMenu(isNested: true) }
        closeContext()
        return .success
    }
}
