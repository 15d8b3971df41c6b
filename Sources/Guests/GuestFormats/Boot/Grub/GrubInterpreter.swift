import ByteReading

/// Executes GRUB's configuration as GRUB would, with nobody at the keyboard, and says what is started.
///
/// It follows grub-core/script (parser and execution), normal/menu.c (which entry is the default, fallback) and
/// the commands that decide anything. Commands that only draw do nothing here; those that decide and are not
/// followed leave a note and make the evaluation uncertain.
package final class GrubInterpreter {
    struct Variable {
        var value: String
        var isExported = false
    }

    /// One level of variables with its menu (grub-core/normal/context.c).
    struct Context {
        var variables: [String: Variable] = [:]
        var menu: [GrubMenuEntry]?
    }

    /// What a loader command has left for `boot`.
    struct Loaded {
        var selection: BootSelection
    }

    let host: any GrubHost
    let start: GrubStart
    var contexts: [Context] = [Context()]
    var functions: [String: (body: [GrubCommand], file: String)] = [:]
    var loaded: Loaded?
    /// The kernel that the entry being tried could not load.
    var failedKernel: BootFileReference?
    var evaluation = GrubEvaluation(outcome: .prompt)
    /// Set once GRUB's path has ended; nothing is executed after it.
    var end: GrubOutcome?

    var scope: [String]?
    var activeLoops = 0
    var activeBreaks = 0
    var isContinue = false
    var isReturning = false
    var executionDepth = 0
    var nestedFiles = 0
    var file = "core.img"
    var line = 0
    var usesBootLoaderSpecification = false
    /// Whether a command was seen that only Fedora's GRUB has.
    var usesFedoraMenu = false
    var titles: [String] = []
    /// Modules in memory, as far as they decide which devices there are; nil when it is not known what the image
    /// carries, and then every device is seen.
    var loadedModules: Set<String>?
    /// Subvolumes that `btrfs-mount-subvol` shows at a path of a device.
    var subvolumeMounts: [(device: GrubDevice, path: String, subvolume: String)] = []

    var commandBudget: Budget
    var lookupBudget: Budget
    var byteBudget: Budget
    var entryBudget: Budget

    /// Prepares to run GRUB.
    package init(host: any GrubHost, start: GrubStart) {
        self.host = host
        self.start = start
        loadedModules = start.embeddedModules
        commandBudget = Budget(start.limits.commands, of: "GRUB commands")
        lookupBudget = Budget(start.limits.lookups, of: "questions to the disks from GRUB's configuration")
        byteBudget = Budget(start.limits.expandedBytes, of: "bytes of expanded words in GRUB's configuration")
        entryBudget = Budget(start.limits.entries, of: "menu entries")
        for (name, value) in [
            ("root", start.root), ("prefix", start.prefix), ("cmdpath", start.commandPath),
            ("grub_platform", start.platform.rawValue), ("grub_cpu", start.processor), ("pager", ""),
            ("color_normal", ""), ("color_highlight", ""), ("lang", ""), ("locale_dir", ""),
            ("secondary_locale_dir", ""),
            ("feature_chainloader_bpb", "y"), ("feature_ntldr", "y"), ("feature_platform_search_hint", "y"),
            ("feature_default_font_path", "y"), ("feature_all_video_module", "y"),
            ("feature_menuentry_id", "y"), ("feature_menuentry_options", "y"), ("feature_200_final", "y"),
            ("feature_nativedisk_cmd", "y"), ("feature_timeout_style", "y"),
        ] {
            contexts[0].variables[name] = Variable(value: value, isExported: true)
        }
    }

    /// Runs GRUB from the start of normal mode: the embedded configuration if there is one, then
    /// `$prefix/grub.cfg`, then the menu.
    package func run() -> GrubEvaluation {
        finish { () throws(ImageFault) in
            if let embedded = self.start.embeddedConfiguration {
                self.file = "embedded configuration"
                try self.executeEmbedded(GrubScriptParser(GrubLexer(script: embedded)))
            }
            if self.end == nil { try self.enterNormalMode(nil) }
        }
    }

    /// Runs one configuration file, `(device)/path` or a path on `$root`, and its menu.
    package func run(configuration path: String) -> GrubEvaluation {
        finish { () throws(ImageFault) in try self.enterNormalMode(path) }
    }

    private func finish(_ body: () throws(ImageFault) -> Void) -> GrubEvaluation {
        do {
            try body()
            evaluation.outcome = end ?? .prompt
        } catch {
            evaluation.outcome = .abandoned(error)
        }
        return evaluation
    }

    /// The parser of the core image knows commands and assignments only (grub-core/kern/rescue_parser.c).
    private func executeEmbedded(_ parser: GrubScriptParser) throws(ImageFault) {
        var parser = parser
        while end == nil, let chunk = parser.nextChunk() {
            guard case .commands(let statements) = chunk else {
                note(.notFollowed, "the embedded configuration does not parse")
                continue
            }
            for statement in statements where end == nil {
                guard case .command(let command) = statement, case .simple(_, nil) = command.kind else {
                    note(.notFollowed, "the embedded configuration holds more than plain commands")
                    continue
                }
                _ = try execute(command)
            }
        }
    }

    /// The module without which there is no normal mode: nil if it is packed in or found.
    private func missingNormalModule() throws(ImageFault) -> BootFileReference? {
        guard let packed = start.embeddedModules, !packed.contains("normal") else { return nil }
        let directory = "\(value(of: "prefix") ?? "")/\(start.processor)-\(start.platform.rawValue)"
        let module = try reference("\(directory)/normal.mod")
        switch module.presence {
        case .present, .unreadable: return nil
        case .missing, .noDevice: return module
        }
    }

    func enterNormalMode(_ path: String?) throws(ImageFault) {
        if let missing = try missingNormalModule() {
            end = .rescue(missing)
            return
        }
        let path = path ?? "\(value(of: "prefix") ?? "")/grub.cfg"
        if try readConfiguration(path) { try showMenu(isNested: false) }
        if end == nil { end = .prompt }
    }

    // MARK: Variables

    /// The value of a variable in the current context.
    func value(of name: String) -> String? { contexts[contexts.count - 1].variables[name]?.value }

    func set(_ name: String, _ value: String) throws(ImageFault) {
        guard value.utf8.count <= start.limits.wordBytes else {
            throw ImageFault(.limit, "a variable of \(value.utf8.count) bytes in GRUB's configuration")
        }
        var value = value
        if name == "root", value.hasPrefix("("), value.hasSuffix(")") {
            value = String(value.dropFirst().dropLast())
        }
        contexts[contexts.count - 1].variables[name, default: Variable(value: "")].value = value
    }

    func unset(_ name: String) {
        // Variables with a hook are never gone, only empty.
        if name == "root" || name == "prefix" || name == "pager" {
            contexts[contexts.count - 1].variables[name]?.value = ""
        } else {
            contexts[contexts.count - 1].variables[name] = nil
        }
    }

    func export(_ name: String) {
        contexts[contexts.count - 1].variables[name, default: Variable(value: "")].isExported = true
    }

    /// Opens a context that sees the exported variables only.
    func openContext() {
        var context = Context()
        context.variables = contexts[contexts.count - 1].variables.filter { $0.value.isExported }
        contexts.append(context)
    }

    func closeContext() {
        if contexts.count > 1 { contexts.removeLast() }
    }

    // MARK: Notes and lookups

    var location: BootLocation { BootLocation(file: file, line: line) }

    func note(_ kind: GrubNote.Kind, _ message: String) {
        if evaluation.notes.count < 1000 { evaluation.notes.append(GrubNote(kind, message, at: location)) }
    }

    /// An error as GRUB prints it, with its code.
    func fail(_ status: GrubStatus, _ message: String, _ kind: GrubNote.Kind = .error) -> GrubStatus {
        note(kind, message)
        return status
    }

    /// What the host says, with a fault told apart from an absence.
    enum Answer<Value> {
        case found(Value)
        case absent
        case unreadable(ImageFault)

        var value: Value? { if case .found(let value) = self { value } else { nil } }
    }

    func ask<Value>(_ body: (any GrubHost) throws(ImageFault) -> Value?) throws(ImageFault) -> Answer<Value> {
        try lookupBudget.spend()
        do {
            guard let value = try body(host) else { return .absent }
            return .found(value)
        } catch {
            if error.kind == .notFound { return .absent }
            evaluation.faults.append(error)
            note(.unreadable, error.description)
            return .unreadable(error)
        }
    }

    /// Device and path of a file name: `(device)/path`, or a path on `$root` (grub-core/kern/file.c).
    func resolve(_ name: String) throws(ImageFault) -> (device: Answer<GrubDevice>, path: String) {
        var deviceName = value(of: "root") ?? ""
        var path = name
        if name.hasPrefix("("), let close = name.utf8.firstIndex(of: UInt8(ascii: ")")) {
            deviceName = String(name[name.utf8.index(after: name.startIndex)..<close])
            path = String(name[name.utf8.index(after: close)...])
        }
        guard !deviceName.isEmpty else { return (.absent, path) }
        let device = try self.device(named: deviceName)
        if let found = device.value { path = try self.path(path, on: found) }
        return (device, path)
    }

    /// The device of this name, if GRUB sees it with the modules it has loaded.
    func device(named name: String) throws(ImageFault) -> Answer<GrubDevice> {
        let answer = try ask { (host) throws(ImageFault) in try host.device(named: name) }
        if let device = answer.value, !sees(device) { return .absent }
        return answer
    }

    /// Whether every module that `device` needs is loaded. Devices of volume managers are not there without
    /// (kern/disk.c asks the loaded drivers only; unlike file systems, they are not loaded by themselves).
    func sees(_ device: GrubDevice) -> Bool {
        guard let loadedModules else { return true }
        return host.modules(of: device).isSubset(of: loadedModules)
    }

    /// Where a path really lies on a btrfs. The GRUB of SUSE starts at the default subvolume when
    /// `btrfs_relative_path` is set, and shows other subvolumes where `btrfs-mount-subvol` puts them; any other
    /// GRUB starts at the topmost.
    private func path(_ path: String, on device: GrubDevice) throws(ImageFault) -> String {
        if let mount = subvolumeMounts.last(where: {
            $0.device == device && (path == $0.path || path.hasPrefix($0.path + "/"))
        }) {
            return "/" + mount.subvolume + path.dropFirst(mount.path.count)
        }
        guard let flag = value(of: "btrfs_relative_path")?.utf8.first,
            flag == UInt8(ascii: "y") || flag == UInt8(ascii: "1")
        else { return path }
        let answer = try ask { (host) throws(ImageFault) in try host.defaultSubvolume(of: device) }
        guard let top = answer.value, !top.isEmpty else { return path }
        return "/" + top + (path.hasPrefix("/") ? path : "/" + path)
    }

    /// What a file name refers to, for a report.
    func reference(_ name: String) throws(ImageFault) -> BootFileReference {
        let (device, path) = try resolve(name)
        let presence: BootFileReference.Presence
        switch device {
        case .absent: presence = .noDevice
        case .unreadable(let fault): presence = .unreadable(fault)
        case .found(let device):
            switch try ask({ (host) throws(ImageFault) in try host.file(at: path, on: device) }) {
            case .found(let file): presence = file.isDirectory ? .missing : .present(size: file.size)
            case .absent: presence = .missing
            case .unreadable(let fault): presence = .unreadable(fault)
            }
        }
        return BootFileReference(
            name: name, device: device.value, path: path, presence: presence, location: location)
    }

    /// The bytes of a file, with the note that says why there are none.
    func contents(_ name: String, missing: GrubNote.Kind = .error) throws(ImageFault) -> Bytes? {
        let (device, path) = try resolve(name)
        switch device {
        case .unreadable: return nil
        case .absent:
            note(missing, "no such device: \(name)")
            return nil
        case .found(let device):
            let limit = start.limits.fileBytes
            let answer = try ask { (host) throws(ImageFault) in
                try host.contents(of: path, on: device, limit: limit)
            }
            if case .absent = answer { note(missing, "file `\(name)' not found") }
            return answer.value
        }
    }

    // MARK: Files

    /// Reads and executes a file into the current menu; says whether there is a menu then.
    func readConfiguration(_ name: String) throws(ImageFault) -> Bool {
        if contexts[contexts.count - 1].menu == nil { contexts[contexts.count - 1].menu = [] }
        guard nestedFiles < start.limits.nestedFiles else {
            throw ImageFault(
                .limit, "more than \(start.limits.nestedFiles) configuration files inside each other")
        }
        guard let bytes = try contents(name, missing: .configurationMissing) else { return false }
        let fullName = name.hasPrefix("(") ? name : "(\(value(of: "root") ?? ""))\(name)"
        // Where it really lies, for those who look it up: on btrfs GRUB's path may start below the top.
        let (device, path) = try resolve(name)
        var place = fullName
        if let device = device.value, !fullName.hasSuffix(")" + path) { place = "(\(device))\(path)" }
        evaluation.configurationFiles.append(place)
        let saved = (file, line, value(of: "config_file"), value(of: "config_directory"))
        nestedFiles += 1
        file = place
        try set("config_file", fullName)
        let slash = fullName.utf8.lastIndex(of: UInt8(ascii: "/"))
        try set("config_directory", slash.map { String(fullName[..<$0]) } ?? fullName)
        export("config_file")
        export("config_directory")
        try execute(GrubScriptParser(GrubLexer(configuration: bytes)))
        nestedFiles -= 1
        (file, line) = (saved.0, saved.1)
        if let old = saved.2 { try set("config_file", old) } else { unset("config_file") }
        if let old = saved.3 { try set("config_directory", old) } else { unset("config_directory") }
        return !(contexts[contexts.count - 1].menu ?? []).isEmpty
    }

    /// Executes a script statement by statement.
    func execute(_ parser: GrubScriptParser) throws(ImageFault) {
        var parser = parser
        while end == nil, let chunk = parser.nextChunk() {
            switch chunk {
            case .syntaxError(let errorLine, let message):
                line = errorLine
                note(.syntaxError, message)
            case .commands(let statements):
                for statement in statements where end == nil {
                    switch statement {
                    case .function(let name, let body): functions[name] = (body, file)
                    case .command(let command): _ = try execute(command)
                    }
                }
            }
        }
    }
}
