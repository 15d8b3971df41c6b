import ByteReading

/// Menus: grub-core/commands/menuentry.c and normal/menu.c.
extension GrubInterpreter {
    private static let entryOptions: [GrubArguments.Option] = [
        .init(name: "class", letter: "c", takesValue: true),
        .init(name: "users", letter: "u", takesValue: true),
        .init(name: "hotkey", letter: "h", takesValue: true),
        .init(name: "source", letter: "s", takesValue: true),
        .init(name: "id", takesValue: true), .init(name: "unrestricted"),
    ]
    private static let deepestSubmenu = 8

    /// `menuentry` and `submenu`.
    func defineEntry(_ arguments: [String], _ block: GrubBlock?, isSubmenu: Bool) throws(ImageFault)
        -> GrubStatus
    {
        let parsed = GrubArguments(arguments, Self.entryOptions, acceptsDashes: true)
        if let unknown = parsed.unknown { return fail(.badArgument, "unknown argument `\(unknown)'") }
        let start = line
        let body: [GrubCommand]
        let lastLine: Int
        if let block {
            guard !parsed.has("source") else { return fail(.badArgument, "multiple menuentry definitions") }
            (body, lastLine) = (block.commands, block.lastLine)
        } else {
            guard let text = parsed.value("source") else {
                return fail(.badArgument, "no menuentry definition")
            }
            (body, lastLine) = (commands(in: text), start)
        }
        guard let title = parsed.operands.first else {
            return block == nil
                ? fail(.badArgument, "missing arguments") : fail(.menu, "menuentry is missing title")
        }
        let users = parsed.value("users").map(Self.names) ?? (parsed.has("unrestricted") ? nil : [])
        return try add(
            GrubMenuEntry(
                title: title, identifier: parsed.value("id") ?? title, arguments: parsed.operands,
                classes: parsed.all("class"), users: users, isSubmenu: isSubmenu,
                location: BootLocation(file: file, line: start, lastLine: lastLine),
                bootLoaderSpecificationFile: nil, body: body, bodyFile: file))
    }

    func add(_ entry: GrubMenuEntry) throws(ImageFault) -> GrubStatus {
        guard contexts[contexts.count - 1].menu != nil else { return fail(.menu, "no menu context") }
        try entryBudget.spend()
        contexts[contexts.count - 1].menu?.append(entry)
        return .success
    }

    /// The commands of a script that is not a file; what does not parse is noted and left out.
    func commands(in text: String) -> [GrubCommand] {
        var parser = GrubScriptParser(GrubLexer(script: text))
        var commands: [GrubCommand] = []
        while let chunk = parser.nextChunk() {
            switch chunk {
            case .syntaxError(_, let message): note(.syntaxError, message)
            case .commands(let statements):
                for case .command(let command) in statements { commands.append(command) }
            }
        }
        return commands
    }

    private static func names(_ text: String) -> [String] {
        text.split { " ,;|&\n\t".contains($0) }.map(String.init)
    }

    /// Shows the menu of the current context and starts its default entry, with nobody at the keyboard.
    func showMenu(isNested: Bool, isSubmenu: Bool = false) throws(ImageFault) {
        let entries = contexts[contexts.count - 1].menu ?? []
        guard !entries.isEmpty else { return }
        let number = entryNumber(entries)
        let index = number.map { $0 < entries.count ? $0 : 0 } ?? 0
        if let name = value(of: "default"), !name.isEmpty, number == nil || number != index {
            note(.defaultNotFound, "`default' is `\(name)', which names no entry: GRUB takes the first one")
        }
        let timeout = timeout()
        if !isSubmenu { try record(entries, index, timeout) }
        if timeout == nil { note(.waitsForever, "the menu has no timeout and waits for a key") }

        var isFallback = false
        var next: Int? = index
        while let current = next {
            if current < entries.count {
                try attempt(entries[current], isAutomatic: timeout != nil, isFallback: isFallback)
                if end != nil { return }
            }
            // Somebody pressed a key: GRUB then forgets `fallback'.
            next = timeout == nil ? nil : nextFallback(entries)
            isFallback = true
        }
        // A submenu that GRUB entered by itself gives the turn back to its parent.
        if !isSubmenu || timeout == nil { end = .menu }
    }

    private func record(_ entries: [GrubMenuEntry], _ index: Int, _ timeout: Int?) throws(ImageFault) {
        var menu = GrubMenu()
        menu.entries = try withChildren(entries, depth: 0)
        menu.defaultValue = value(of: "default")
        menu.defaultIndex = index
        menu.fallback = value(of: "fallback")
        menu.timeout = timeout
        menu.timeoutStyle = value(of: "timeout_style")
        menu.superusers = value(of: "superusers")
        menu.file =
            value(of: "config_file").flatMap { $0.isEmpty ? nil : $0 }
            ?? evaluation.configurationFiles.last ?? file
        menu.variables = contexts[contexts.count - 1].variables.mapValues(\.value)
        evaluation.menu = menu
    }

    private func timeout() -> Int? {
        guard let text = value(of: "timeout"), let number = GrubNumber.leading(text)?.value else {
            return nil
        }
        // `-1` is no number for GRUB; a number too large for `int` is negative.
        let seconds = Int(Int32(truncatingIfNeeded: number))
        return seconds < 0 ? nil : seconds
    }

    /// The same entries, submenus opened. What opening them does to variables and notes is forgotten.
    private func withChildren(_ entries: [GrubMenuEntry], depth: Int) throws(ImageFault) -> [GrubMenuEntry] {
        guard depth < Self.deepestSubmenu else { return entries }
        var result = entries
        for index in result.indices where result[index].isSubmenu {
            let saved = (contexts, functions, loaded, evaluation, scope, file, line, end)
            openContext()
            contexts[contexts.count - 1].menu = []
            try run(result[index])
            let children = end == nil ? contexts[contexts.count - 1].menu ?? [] : []
            result[index].children = try withChildren(children, depth: depth + 1)
            (contexts, functions, loaded, evaluation, scope, file, line, end) = saved
        }
        return result
    }

    private func run(_ entry: GrubMenuEntry) throws(ImageFault) {
        let saved = (scope, file, line, activeLoops)
        scope = entry.arguments
        file = entry.bodyFile
        line = entry.location.line
        activeLoops = 0
        _ = try execute(entry.body)
        isReturning = false
        activeBreaks = 0
        (scope, file, line, activeLoops) = saved
    }

    private func attempt(_ entry: GrubMenuEntry, isAutomatic: Bool, isFallback: Bool) throws(ImageFault) {
        let firstNote = evaluation.notes.count
        failedKernel = nil
        titles.append(entry.title)
        try start(entry, isAutomatic: isAutomatic)
        titles.removeLast()
        evaluation.attempts.append(
            .init(
                title: entry.title, location: entry.location,
                notes: Array(evaluation.notes.dropFirst(firstNote)), failedKernel: failedKernel))
        if isFallback, case .boots(var selection)? = end {
            selection.isFallback = true
            end = .boots(selection)
        }
    }

    /// `grub_menu_execute_entry`.
    private func start(_ entry: GrubMenuEntry, isAutomatic: Bool) throws(ImageFault) {
        if entry.users != nil, value(of: "superusers") != nil {
            note(.password, "the entry `\(entry.title)' asks for a password")
            end = .password(title: entry.title)
            return
        }
        let chosen = value(of: "chosen")
        let fallback = value(of: "default")
        if entry.isSubmenu {
            openContext()
            contexts[contexts.count - 1].menu = []
            if isAutomatic { try set("timeout", "0") }
        }
        let escaped = entry.identifier.utf8.flatMap { $0 == UInt8(ascii: ">") ? [$0, $0] : [$0] }
        try set("chosen", (chosen.map { $0 + ">" } ?? "") + String(decoding: escaped, as: UTF8.self))
        export("chosen")
        if let rest = fallback.flatMap(Self.afterFirstStep), !rest.isEmpty {
            try set("default", rest)
        } else {
            unset("default")
        }
        try run(entry)
        if end == nil, let loaded { end = .boots(finished(loaded.selection, entry)) }
        if entry.isSubmenu {
            if end == nil { try showMenu(isNested: true, isSubmenu: true) }
            closeContext()
        }
        if let chosen { try set("chosen", chosen) } else { unset("chosen") }
        if let fallback { try set("default", fallback) } else { unset("default") }
        unset("timeout")
    }

    /// A selection with the names of the entry that made it.
    func finished(_ selection: BootSelection, _ entry: GrubMenuEntry? = nil) -> BootSelection {
        var selection = selection
        selection.titles = titles
        selection.identifier = entry?.identifier ?? titles.last ?? ""
        if let entry { selection.location = entry.location }
        return selection
    }

    /// What follows the first single `>` of a path through submenus.
    private static func afterFirstStep(_ path: String) -> String? {
        var bytes = Array(path.utf8)[...]
        while let first = bytes.first {
            bytes = bytes.dropFirst()
            guard first == UInt8(ascii: ">") else { continue }
            guard bytes.first == UInt8(ascii: ">") else { return String(decoding: bytes, as: UTF8.self) }
            bytes = bytes.dropFirst()
        }
        return nil
    }

    // MARK: Which entry

    /// The entry that `default` names. Upstream GRUB takes any number at the start first and looks for titles
    /// and identifiers only if there is none; Fedora's looks for identifiers, then titles, then a number.
    private func entryNumber(_ entries: [GrubMenuEntry]) -> Int? {
        guard let wanted = value(of: "default") else { return 0 }
        let named: Int?
        let number = GrubNumber.leading(wanted)
        if usesFedoraMenu || usesBootLoaderSpecification {
            named =
                entries.firstIndex { Self.matches($0.identifier, wanted) }
                ?? entries.firstIndex { Self.matches($0.title, wanted) }
            if named == nil, let number {
                let tail = number.rest.utf8.first
                return tail == nil || tail == UInt8(ascii: ">") ? Int(exactly: number.value) : nil
            }
            return named
        }
        if let number {
            return Int(Int32(truncatingIfNeeded: number.value)) < 0 ? nil : Int(exactly: number.value)
        }
        guard !GrubNumber.startsWithDigit(wanted) else { return nil }
        return entries.firstIndex { Self.matches($0.title, wanted) || Self.matches($0.identifier, wanted) }
    }

    private func nextFallback(_ entries: [GrubMenuEntry]) -> Int? {
        guard let text = value(of: "fallback"), let (number, rest) = GrubNumber.leading(text) else {
            return nil
        }
        let trimmed = String(decoding: rest.utf8.drop(while: GrubNumber.isSpace), as: UTF8.self)
        contexts[contexts.count - 1].variables["fallback"]?.value = trimmed
        return Int(exactly: number)
    }

    /// `menuentry_eq`: a name against the first step of a path, in which `>>` stands for `>`.
    static func matches(_ name: String, _ path: String) -> Bool {
        var rest = Array(path.utf8)[...]
        for byte in name.utf8 {
            guard let next = rest.first else { return false }
            rest = rest.dropFirst()
            if next == UInt8(ascii: ">") {
                guard rest.first == UInt8(ascii: ">") else { return false }
                rest = rest.dropFirst()
            }
            guard next == byte else { return false }
        }
        guard let next = rest.first else { return true }
        return next == UInt8(ascii: ">") && rest.dropFirst().first != UInt8(ascii: ">")
    }
}
