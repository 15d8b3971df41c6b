package import ByteReading

/// What Syslinux, or extlinux, starts by itself: its main module, its configuration, the default label
/// (com32/elflink/ldlinux, core/fs/lib).
package struct SyslinuxLoader: FollowedLoader {
    private let host: any GrubHost
    private let start: SyslinuxStart
    package var evaluation = LoaderEvaluation()
    /// The directory that relative names start at.
    private var directory = "/"
    private var menu = SyslinuxMenu()
    private var configurations = 0

    private static let largestFile = 1 << 20
    private static let mostSteps = 8

    /// A start.
    package init(host: any GrubHost, start: SyslinuxStart) {
        self.host = host
        self.start = start
    }

    package mutating func follow() throws(ImageFault) -> LoaderEvaluation.Outcome {
        directory = start.directory.isEmpty ? "/" : start.directory
        if let module = start.mainModule {
            let places =
                [directory] + ["/boot/isolinux", "/isolinux", "/boot/syslinux", "/syslinux", "/"]
            var found: String?
            for place in places where found == nil {
                if try isFile("\(place)/\(module)") { found = place }
            }
            guard let place = found else {
                return .stops(
                    .init(
                        .moduleMissing,
                        "Syslinux does not find \(Self.joined(directory, module)) and stops"))
            }
            directory = place
        }
        guard let file = try configuration() else {
            return .stops(
                .init(
                    .configurationMissing,
                    "Syslinux finds no extlinux.conf or syslinux.cfg and stays at its prompt"))
        }
        try read(file)
        return try choose()
    }

    /// The first configuration file of `generic_open_config`; its directory becomes the current one.
    private mutating func configuration() throws(ImageFault) -> String? {
        let names =
            ["extlinux.conf"] + (start.isEFI ? [start.is32Bit ? "syslia32.cfg" : "syslx64.cfg"] : [])
            + ["syslinux.cfg"]
        for place in [directory, "/boot/syslinux", "/syslinux", "/"] {
            for name in names {
                guard try isFile("\(place)/\(name)") else { continue }
                directory = place
                return Self.joined(place, name)
            }
        }
        return nil
    }

    private mutating func read(_ path: String) throws(ImageFault) {
        guard let bytes = try contents(path) else { return }
        let file = named(path)
        evaluation.configurationFiles.append(file)
        let (directory, loader) = (directory, self)
        try menu.add(bytes, named: file) { (name) throws(ImageFault) in
            let path = Self.joined(directory, name)
            guard let bytes = try loader.contents(path) else { return nil }
            return (bytes, loader.named(path))
        }
        menu.finish()
        for (name, location) in menu.missingIncludes {
            evaluation.notes.append(
                GrubNote(.configurationMissing, "INCLUDE \(name) does not exist", at: location))
        }
    }

    // MARK: The default

    private mutating func choose() throws(ImageFault) -> LoaderEvaluation.Outcome {
        let place = menu.defaultLocation
        guard let command = menu.userInterface ?? menu.globalDefault else {
            if menu.isPromptForced || menu.timeout == 0 || menu.onTimeout == nil {
                return .stops(
                    .init(
                        .configurationInvalid,
                        "the configuration has neither DEFAULT nor UI, so Syslinux stays at its prompt",
                        at: BootLocation(file: evaluation.configurationFiles.last ?? "", line: 1)))
            }
            return try execute(menu.onTimeout ?? "", Self.mostSteps)
        }
        // A user interface is started whatever PROMPT says (`defaultlevel > 1`).
        if menu.isPromptForced, menu.userInterface == nil {
            guard menu.timeout > 0 else {
                return .stops(
                    .init(
                        .waitsForever,
                        "PROMPT is set and TIMEOUT is not: Syslinux waits for a key without end",
                        at: place))
            }
            return try execute(menu.onTimeout ?? command, Self.mostSteps)
        }
        return try execute(command, Self.mostSteps)
    }

    /// Runs a command: a label, or a file with arguments.
    private mutating func execute(_ command: String, _ steps: Int) throws(ImageFault)
        -> LoaderEvaluation.Outcome
    {
        guard steps > 0 else { return .unknown("labels of Syslinux that lead to each other without end") }
        let (word, rest) = SyslinuxMenu.split(command)
        if let entry = menu.entry(word) {
            return try run(
                [entry.command, rest].filter { !$0.isEmpty }.joined(separator: " "), type: entry.type,
                of: entry, steps)
        }
        let place = menu.defaultLocation
        guard menu.allowsImplicit else {
            return .stops(
                .init(
                    .configurationInvalid,
                    "“\(word)” is no label, and IMPLICIT 0 forbids everything else", at: place))
        }
        return try run(command, type: "kernel", of: nil, steps)
    }

    /// `load_kernel`: the type follows from the statement or from the extension of the file.
    private mutating func run(
        _ command: String, type: String, of entry: SyslinuxMenu.Entry?, _ steps: Int
    ) throws(ImageFault) -> LoaderEvaluation.Outcome {
        let (file, arguments) = SyslinuxMenu.split(command)
        let kind = type == "kernel" ? Self.type(ofFile: file) : type
        switch kind {
        case "kernel", "linux": return kernel(file, arguments, entry)
        case "com32": return try module(file, arguments, entry, steps)
        case "config":
            let path = Self.joined(directory, file)
            guard try isFile(path) else {
                return .stops(
                    .init(
                        .configurationMissing, "CONFIG \(file) does not exist",
                        at: entry?.kernelLocation ?? menu.defaultLocation))
            }
            if !arguments.isEmpty { directory = Self.joined(directory, SyslinuxMenu.split(arguments).word) }
            configurations += 1
            guard configurations < Self.mostSteps else {
                return .unknown("configurations of Syslinux that lead to each other without end")
            }
            menu = SyslinuxMenu()
            try read(path)
            return try choose()
        default:
            return .unknown("the default “\(entry?.label ?? command)” starts \(kind) \(file)")
        }
    }

    /// `file_extensions` of cli.c.
    private static func type(ofFile file: String) -> String {
        let types = [
            ".c32": "com32", ".img": "fdimage", ".bss": "bss", ".bin": "boot", ".bs": "boot", ".0": "pxe",
        ]
        return types.first { file.hasSuffix($0.key) }?.value ?? "kernel"
    }

    /// A module. The menus read the configuration again and start their default once the time is over.
    private mutating func module(
        _ file: String, _ arguments: String, _ entry: SyslinuxMenu.Entry?, _ steps: Int
    ) throws(ImageFault) -> LoaderEvaluation.Outcome {
        let place = entry?.kernelLocation ?? menu.defaultLocation
        let name = file.hasSuffix(".c32") ? file : file + ".c32"
        guard try isModule(name) else {
            let path = Self.joined(directory, name)
            return .stops(
                .init(
                    .moduleMissing, "\(path) does not exist, so Syslinux shows no menu and starts nothing",
                    at: place))
        }
        let program = name.split(separator: "/").last.map(String.init) ?? name
        if program == "linux.c32" { return kernel(arguments, entry) }
        guard ["menu.c32", "vesamenu.c32"].contains(program) else {
            return .unknown("Syslinux runs the module \(program), which is not followed")
        }
        if start.mainModule != nil {
            let libraries = ["libutil.c32"] + (program == "vesamenu.c32" ? ["libcom32.c32"] : [])
            for library in libraries {
                guard try !isModule(library) else { continue }
                let path = Self.joined(directory, library)
                return .stops(
                    .init(
                        .moduleMissing, "\(program) needs \(path), which does not exist: there is no menu",
                        at: place))
            }
        }
        // Files that the module is given replace the configuration; `~` stands for it.
        let files = arguments.split(separator: " ").map(String.init).filter { $0 != "~" }
        if !files.isEmpty {
            menu = SyslinuxMenu()
            for file in files { try read(Self.joined(directory, file)) }
        }
        guard menu.timeout > 0 || menu.totalTimeout > 0 else {
            return .stops(
                .init(.waitsForever, "TIMEOUT is not set, so the menu waits for a key without end", at: place)
            )
        }
        if let command = menu.onTimeout { return try execute(command, steps - 1) }
        guard let chosen = menuDefault else {
            return .stops(.init(.configurationInvalid, "the menu has no entry to start", at: place))
        }
        return try execute(chosen.label, steps - 1)
    }

    /// The entry that is marked when the menu appears: `DEFAULT`, then the last `MENU DEFAULT`, then the first.
    private var menuDefault: SyslinuxMenu.Entry? {
        if let name = menu.globalDefault, let entry = menu.entry(SyslinuxMenu.split(name).word),
            !entry.isHidden
        {
            return entry
        }
        let shown = menu.entries.filter { $0.menu == 0 && !$0.isHidden && !$0.isDisabled }
        return shown.last(where: \.isMenuDefault) ?? shown.first
    }

    // MARK: Kernels

    /// `linux.c32`: the kernel is its first argument.
    private mutating func kernel(
        _ arguments: String, _ entry: SyslinuxMenu.Entry?
    ) -> LoaderEvaluation.Outcome {
        let (file, rest) = SyslinuxMenu.split(arguments)
        return kernel(file, rest, entry)
    }

    /// `new_linux_kernel`: the archives are what follows the first `initrd=`, separated by commas.
    private func kernel(
        _ file: String, _ arguments: String, _ entry: SyslinuxMenu.Entry?
    ) -> LoaderEvaluation.Outcome {
        let location =
            entry?.kernelLocation ?? menu.defaultLocation
            ?? BootLocation(file: evaluation.configurationFiles.last ?? "", line: 1)
        let image = reference(file, location)
        var selection = BootSelection(
            loader: .linux, image: image, commandLine: arguments,
            arguments: arguments.isEmpty ? [] : [arguments], location: entry?.location ?? location)
        selection.titles = [entry?.title ?? file]
        selection.identifier = entry?.label ?? file
        selection.keyword = entry?.type.uppercased() ?? "DEFAULT"
        if let entry, let append = entry.append, let place = entry.appendLocation {
            selection.commandLineSource = (place, "APPEND \(append)")
        }
        if let fault = image.fault { return .unknown(fault.description) }
        if image.isMissing {
            return .stops(
                .init(
                    .kernelMissing(image), "\(image.path) does not exist: Syslinux stays at its prompt",
                    at: location, selection: selection))
        }
        guard let start = arguments.firstRange(of: "initrd=") else { return .boots(selection) }
        let names = arguments[start.upperBound...].prefix { $0 != " " }
            .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let archives = names.map { reference($0, location) }
        if let fault = archives.compactMap(\.fault).first { return .unknown(fault.description) }
        if let missing = archives.first(where: \.isMissing) {
            selection.initrdFailure = archives
            return .stops(
                .init(
                    .initrdMissing(missing),
                    "\(missing.path) does not exist, and Syslinux does not start the kernel without it",
                    at: location, selection: selection))
        }
        selection.initrds = archives
        return .boots(selection)
    }

    // MARK: Files

    private func reference(_ name: String, _ location: BootLocation) -> BootFileReference {
        host.reference(
            name, path: real(Self.joined(directory, name)), on: start.device, at: location)
    }

    /// The path from the topmost subvolume: Syslinux's `/` is the subvolume it was installed into.
    private func real(_ path: String) -> String {
        guard !start.subvolume.isEmpty else { return path }
        return Self.joined("/" + start.subvolume, String(path.drop { $0 == "/" }))
    }

    private func named(_ path: String) -> String { "(\(start.device))\(real(path))" }

    /// `name` as seen from `directory`, without `.` and doubled slashes.
    static func joined(_ directory: String, _ name: String) -> String {
        var names: [Substring] = []
        let whole = name.hasPrefix("/") ? name : "\(directory)/\(name)"
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = names.popLast() } else { names.append(part) }
        }
        return "/" + names.joined(separator: "/")
    }

    /// Modules are looked for in the current directory and where Syslinux was installed.
    private func isModule(_ name: String) throws(ImageFault) -> Bool {
        if try isFile(Self.joined(directory, name)) { return true }
        return try isFile(Self.joined(start.directory, name))
    }

    private func isFile(_ path: String) throws(ImageFault) -> Bool {
        do {
            guard let file = try host.file(at: real(Self.joined("/", path)), on: start.device) else {
                return false
            }
            return !file.isDirectory
        } catch {
            if error.kind == .notFound { return false }
            throw error
        }
    }

    private func contents(_ path: String) throws(ImageFault) -> Bytes? {
        do {
            return try host.contents(of: real(path), on: start.device, limit: Self.largestFile)
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }
}
