import ByteReading

/// What GRUB legacy starts by itself (GRUB 0.97, stage2/stage2.c, `run_menu`, `run_script`; stage2/builtins.c).
package struct GrubLegacyLoader {
    private let host: any GrubHost
    private let start: GrubLegacyStart
    private var evaluation = LoaderEvaluation()

    // What commands change.
    private var root: GrubDevice?
    private var rootName: String
    private var file = ""
    private var isLocked = false

    private static let largestFile = 1 << 20
    private static let mostConfigurations = 8
    private static let mostFallbacks = 8

    /// A start.
    package init(host: any GrubHost, start: GrubLegacyStart) {
        self.host = host
        self.start = start
        root = start.device
        rootName = start.device.name
    }

    /// Follows it to the kernel that starts by itself.
    package func run() -> LoaderEvaluation {
        var loader = self
        do {
            loader.evaluation.outcome = try loader.configure(start.configuration, Self.mostConfigurations)
        } catch {
            loader.evaluation.faults.append(error)
            loader.evaluation.outcome = .unknown(error.description)
        }
        return loader.evaluation
    }

    /// Follows a stage 1.5, which opens `stage2` on the partition it was installed for and hands that on.
    package static func run(afterStage1_5 start: GrubLegacyStart, on host: any GrubHost) -> LoaderEvaluation {
        var evaluation = LoaderEvaluation()
        do {
            guard let bytes = try contents(start.configuration, on: start.device, of: host) else {
                evaluation.outcome = .stops(
                    .init(
                        .moduleMissing,
                        "GRUB's stage 1.5 does not find \(start.configuration) on \(start.device) and stops"))
                return evaluation
            }
            let stage = try GrubLegacyStage(parsing: bytes)
            return GrubLegacyLoader(
                host: host,
                start: GrubLegacyStart(
                    device: start.device, configuration: stage.file, version: stage.version)
            ).run()
        } catch {
            if error.kind == .corrupt || error.kind == .truncated {
                evaluation.outcome = .stops(
                    .init(.moduleMissing, "\(start.configuration) is no stage2 of GRUB: \(error.message)"))
            } else {
                evaluation.faults.append(error)
                evaluation.outcome = .unknown(error.description)
            }
            return evaluation
        }
    }

    // MARK: Menu

    private struct Settings {
        var standard = 0
        var isSaved = false
        var fallbacks: [Int] = []
        var timeout: Int?
        var place = 1
    }

    private mutating func configure(_ name: String, _ steps: Int) throws(ImageFault)
        -> LoaderEvaluation.Outcome
    {
        guard steps > 0 else { return .unknown("configuration files of GRUB that lead to each other") }
        let (device, path) = try resolve(name)
        guard let device, let bytes = try contents(path, on: device) else {
            return .stops(
                .init(
                    .configurationMissing,
                    "GRUB legacy does not find \(path) on \(device?.name ?? name) and stays at its prompt"))
        }
        file = "(\(device))\(path)"
        evaluation.configurationFiles.append(file)
        let menu = GrubLegacyMenu(parsing: bytes)
        guard !menu.entries.isEmpty else {
            return .stops(
                .init(
                    .configurationInvalid, "\(path) has no title, so GRUB stays at its prompt",
                    at: BootLocation(file: file, line: 1)))
        }
        var settings = Settings()
        for command in menu.settings { set(command, &settings) }
        if settings.isSaved { settings.standard = try savedEntry(beside: path, on: device) }
        guard let timeout = settings.timeout, timeout >= 0 else {
            return .stops(
                .init(
                    .waitsForever, "timeout is not set, so the menu waits for a key without end",
                    at: BootLocation(file: file, line: settings.place)))
        }
        settings.fallbacks = settings.fallbacks.filter { $0 < menu.entries.count }
        if settings.standard >= menu.entries.count {
            let instead = settings.fallbacks.isEmpty ? 0 : settings.fallbacks.removeFirst()
            evaluation.notes.append(
                GrubNote(
                    .defaultNotFound,
                    "default \(settings.standard) names no entry, GRUB takes entry \(instead)",
                    at: BootLocation(file: file, line: settings.place)))
            settings.standard = instead
        }
        var tried: LoaderEvaluation.Outcome?
        for index in [settings.standard] + settings.fallbacks.prefix(Self.mostFallbacks) {
            guard menu.entries.indices.contains(index) else { continue }
            (root, rootName) = (start.device, start.device.name)
            let outcome = try run(menu.entries[index], steps)
            guard case .stops(let stop) = outcome else {
                if tried != nil {
                    evaluation.notes.append(
                        GrubNote(
                            .error, "the default entry fails, GRUB falls back to entry \(index)",
                            at: BootLocation(file: file, line: menu.entries[index].line)))
                }
                return outcome
            }
            // A password is waited for, whatever comes after.
            if stop.reason == .password || stop.reason == .waitsForever { return outcome }
            tried = tried ?? outcome
        }
        return tried ?? .unknown("no entry of the menu was tried")
    }

    private mutating func set(_ command: GrubLegacyMenu.Command, _ settings: inout Settings) {
        switch command.name {
        case "default":
            settings.place = command.line
            settings.isSaved = command.argument.hasPrefix("saved")
            if !settings.isSaved { settings.standard = Self.number(command.argument) ?? 0 }
        case "fallback":
            settings.fallbacks = command.argument.split(separator: " ").compactMap {
                Self.number(String($0))
            }
        case "timeout": settings.timeout = Self.number(command.argument) ?? settings.timeout
        case "password": isLocked = true
        default: break
        }
    }

    /// The number that `savedefault` wrote into `default` beside the configuration.
    private func savedEntry(beside path: String, on device: GrubDevice) throws(ImageFault) -> Int {
        let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
        guard let bytes = try contents(directory + "/default", on: device) else { return 0 }
        return Self.number(bytes.prefix(10).textToNUL) ?? 0
    }

    /// `safe_parse_maxint`, within bounds.
    private static func number(_ text: String) -> Int? {
        guard let (value, _) = GrubNumber.leading(text) else { return nil }
        return Int(clamping: value)
    }

    // MARK: Entry

    /// Commands that change nothing about what is started.
    private static let harmless: Set<String> = [
        "quiet", "savedefault", "makeactive", "unhide", "hide", "splashimage", "background", "foreground",
        "color", "serial", "terminal", "terminfo", "hiddenmenu", "timeout", "default", "fallback", "debug",
        "modulenounzip", "shade", "viewport", "geometry", "displaymem", "echo", "clear", "gfxmenu", "map",
        "parttype", "partnew", "setkey", "blocklist", "cat", "find", "device", "fstest", "help", "impsprobe",
        "embed", "unlock",
    ]

    private mutating func run(_ entry: GrubLegacyMenu.Entry, _ steps: Int) throws(ImageFault)
        -> LoaderEvaluation
        .Outcome
    {
        var selection: BootSelection?
        for command in entry.commands {
            let place = BootLocation(file: file, line: command.line)
            func stop(_ reason: LoaderEvaluation.Stop.Reason, _ message: String) -> LoaderEvaluation.Outcome {
                .stops(.init(reason, message, at: place, selection: selection))
            }
            switch command.name {
            case "root", "rootnoverify":
                let name = command.argument.prefix { $0 != " " }
                let device = try device(String(name))
                (root, rootName) = (device, String(name))
                if device == nil, command.name == "root" {
                    return stop(
                        .deviceMissing,
                        "the default entry “\(entry.title)” asks for \(name), which does not exist: GRUB stays at its menu"
                    )
                }
            case "uuid":
                let uuid = String(command.argument.prefix { $0 != " " })
                root = try host.device(matching: .fileSystemUUID(uuid), hints: []) { _ in true }
                rootName = uuid
                if root == nil {
                    return stop(
                        .deviceMissing,
                        "the default entry “\(entry.title)” asks for the file system \(uuid), which does not exist"
                    )
                }
            case "find" where command.argument.contains("--set-root"):
                let path = command.argument.split(separator: " ").last.map(String.init) ?? ""
                if let found = try host.device(matching: .file(path), hints: [], where: { _ in true }) {
                    (root, rootName) = (found, found.name)
                } else {
                    return stop(
                        .deviceMissing,
                        "the default entry “\(entry.title)” looks for \(path), which does not exist")
                }
            case "kernel":
                let words = Self.kernelWords(command.argument)
                guard let name = words.file else { return stop(.imageInvalid, "kernel names no file") }
                let image = try reference(name, place)
                if let fault = image.fault { throw fault }
                var loaded = BootSelection(
                    loader: Self.isXen(name) ? .multiboot : .linux, image: image,
                    commandLine: words.arguments,
                    arguments: words.arguments.isEmpty ? [] : [words.arguments],
                    location: BootLocation(file: file, line: entry.line))
                loaded.titles = [entry.title]
                loaded.keyword = "kernel"
                selection = loaded
                if image.isMissing {
                    return stop(
                        .kernelMissing(image),
                        "\(image.path) does not exist on \(rootName): GRUB stays at its menu")
                }
            case "initrd":
                // One archive, of which the first word is the name.
                let archive = try reference(String(command.argument.prefix { $0 != " " }), place)
                if let fault = archive.fault { throw fault }
                if archive.isMissing {
                    selection?.initrdFailure = [archive]
                    return stop(
                        .initrdMissing(archive),
                        "\(archive.path) does not exist, and GRUB legacy does not start the kernel without it"
                    )
                }
                selection?.initrds = [archive]
            case "module":
                let words = command.argument.split(separator: " ", maxSplits: 1).map(String.init)
                let module = try reference(words.first ?? "", place)
                if module.isMissing {
                    return stop(
                        .kernelMissing(module), "\(module.path) does not exist: GRUB stays at its menu")
                }
                selection?.modules.append((module, words.dropFirst().map { $0 }))
            case "chainloader":
                var chained = BootSelection(
                    loader: .chainloader, image: try reference(command.argument, place), commandLine: "",
                    arguments: [], location: BootLocation(file: file, line: entry.line))
                chained.titles = [entry.title]
                selection = chained
            case "configfile": return try configure(command.argument, steps - 1)
            case "lock" where isLocked, "password":
                return stop(.password, "the default entry “\(entry.title)” asks for a password")
            case "lock": break
            case "pause": return stop(.waitsForever, "pause waits for a key without end")
            case "halt", "reboot":
                return stop(.configurationInvalid, "the default entry ends in \(command.name)")
            case "boot":
                if let selection { return .boots(selection) }
            case _ where Self.harmless.contains(command.name): break
            default:
                evaluation.notes.append(
                    GrubNote(
                        .notFollowed, "\(command.name) is a command that is not followed here", at: place))
            }
        }
        if let selection { return .boots(selection) }
        return .stops(
            .init(
                .configurationInvalid, "the default entry “\(entry.title)” starts nothing",
                at: BootLocation(file: file, line: entry.line)))
    }

    /// Options of `kernel`, its file and what it passes on.
    private static func kernelWords(_ text: String) -> (file: String?, arguments: String) {
        var rest = text[...]
        while rest.hasPrefix("--") { rest = rest.drop { $0 != " " }.drop { $0 == " " } }
        let name = rest.prefix { $0 != " " }
        let arguments = rest.dropFirst(name.count).drop { $0 == " " }
        return (name.isEmpty ? nil : String(name), String(arguments))
    }

    /// Whether the file is a hypervisor of Xen, which takes the kernel as a module.
    private static func isXen(_ name: String) -> Bool {
        let file = name.split(separator: "/").last ?? ""
        return file.hasPrefix("xen.") || file.hasPrefix("xen-") || file == "xen"
    }

    // MARK: Devices and files

    /// `(hd0,0)` in GRUB 2's words; nil when there is no such disk or partition. A new instance has one disk.
    private func device(_ text: String) throws(ImageFault) -> GrubDevice? {
        let name = text.filter { $0 != "(" && $0 != ")" }
        guard name.hasPrefix("hd0") else { return nil }
        let parts = name.split(separator: ",")
        guard parts.count > 1 else { return try host.device(named: "hd0") }
        guard let index = Int(parts[1]), index >= 0, index < 1 << 16 else { return nil }
        return try host.device(named: "hd0,\(index + 1)")
    }

    /// Device and path of a file name: on the root device unless it names another.
    private func resolve(_ name: String) throws(ImageFault) -> (GrubDevice?, String) {
        guard name.hasPrefix("("), let close = name.firstIndex(of: ")") else { return (root, name) }
        return (
            try device(String(name[...close])), String(name[name.index(after: close)...])
        )
    }

    private func reference(_ name: String, _ place: BootLocation) throws(ImageFault) -> BootFileReference {
        let (device, path) = try resolve(name)
        return host.reference(name, path: path, on: device, at: place)
    }

    private func contents(_ path: String, on device: GrubDevice) throws(ImageFault) -> Bytes? {
        try Self.contents(path, on: device, of: host)
    }

    private static func contents(
        _ path: String, on device: GrubDevice, of host: any GrubHost
    ) throws(ImageFault) -> Bytes? {
        do {
            return try host.contents(of: path, on: device, limit: largestFile)
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }
}
