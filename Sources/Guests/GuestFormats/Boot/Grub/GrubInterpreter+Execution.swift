import ByteReading

/// The result of a command, `$?`: `grub_err_t` (include/grub/err.h).
struct GrubStatus: Hashable {
    let code: Int

    static let success = GrubStatus(code: 0)
    /// What `false` and a test that does not hold return; the only failure GRUB prints nothing for.
    static let testFailure = GrubStatus(code: 1)
    static let badModule = GrubStatus(code: 2)
    static let badFileType = GrubStatus(code: 4)
    static let fileNotFound = GrubStatus(code: 5)
    static let unknownDevice = GrubStatus(code: 12)
    static let invalidCommand = GrubStatus(code: 17)
    static let badArgument = GrubStatus(code: 18)
    static let badOperatingSystem = GrubStatus(code: 21)
    static let menu = GrubStatus(code: 27)
    static let recursionDepth = GrubStatus(code: 47)
}

/// Control flow: grub-core/script/execute.c.
extension GrubInterpreter {
    /// `MAX_RECURSION_DEPTH`.
    private static let deepestRecursion = 100

    func execute(_ commands: [GrubCommand]) throws(ImageFault) -> GrubStatus {
        var status = GrubStatus.success
        for command in commands {
            if activeBreaks > 0 || end != nil { break }
            status = try execute(command)
            if isReturning { break }
        }
        return status
    }

    func execute(_ command: GrubCommand) throws(ImageFault) -> GrubStatus {
        try commandBudget.spend()
        guard executionDepth < Self.deepestRecursion else {
            return fail(.recursionDepth, "maximum recursion depth exceeded")
        }
        executionDepth += 1
        defer { executionDepth -= 1 }
        let status: GrubStatus
        switch command.kind {
        case .simple(let words, let block):
            line = command.line
            status = try simple(words, block)
        case .conditional(let branches, let otherwise): status = try conditional(branches, otherwise)
        case .forEach(let variable, let words, let body):
            line = command.line
            status = try forEach(variable, words, body)
        case .loop(let isUntil, let condition, let body): status = try loop(isUntil, condition, body)
        }
        try set("?", String(status.code))
        return status
    }

    private func conditional(
        _ branches: [(condition: [GrubCommand], body: [GrubCommand])], _ otherwise: [GrubCommand]
    ) throws(ImageFault) -> GrubStatus {
        for branch in branches {
            let status = try execute(branch.condition)
            if isReturning || end != nil { return status }
            // GRUB looks at `$?`, which an unknown command leaves at 0.
            if value(of: "?") == "0" { return try execute(branch.body) }
        }
        return try execute(otherwise)
    }

    private func forEach(
        _ variable: String, _ words: [GrubWord], _ body: [GrubCommand]
    ) throws(ImageFault) -> GrubStatus {
        let values = try expand(words)
        var status = GrubStatus.success
        activeLoops += 1
        for value in values where end == nil {
            if isContinue, activeBreaks == 1 { activeBreaks = 0 }
            guard activeBreaks == 0 else { continue }
            try set(variable, value)
            status = try execute(body)
            if isReturning { break }
        }
        if activeBreaks > 0 { activeBreaks -= 1 }
        activeLoops -= 1
        return status
    }

    private func loop(
        _ isUntil: Bool, _ condition: [GrubCommand], _ body: [GrubCommand]
    ) throws(ImageFault) -> GrubStatus {
        var status = GrubStatus.success
        activeLoops += 1
        while end == nil {
            status = try execute(condition)
            if isReturning || end != nil { break }
            if (status == .success) == isUntil { break }
            status = try execute(body)
            if isReturning { break }
            if activeBreaks == 1, isContinue { activeBreaks = 0 }
            if activeBreaks > 0 { break }
            try commandBudget.spend()
        }
        if activeBreaks > 0 { activeBreaks -= 1 }
        activeLoops -= 1
        return status
    }

    private func simple(_ words: [GrubWord], _ block: GrubBlock?) throws(ImageFault) -> GrubStatus {
        var arguments = try expand(words)
        guard !arguments.isEmpty else { return .success }
        let isInverted = arguments[0] == "!"
        if isInverted {
            arguments.removeFirst()
            guard !arguments.isEmpty else { return fail(.badArgument, "no command is specified") }
        }
        let name = arguments.removeFirst()
        var status: GrubStatus
        if let known = try command(name, arguments, block) {
            status = known
        } else if let function = functions[name] {
            status = try call(function.body, in: function.file, arguments)
        } else {
            if let equals = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let variable = String(name[..<equals])
                if Self.isSpecial(variable) {
                    note(.error, "invalid variable name `\(variable)'")
                } else {
                    try set(variable, String(name[name.utf8.index(after: equals)...]))
                }
            } else {
                note(.unknownCommand, "can't find command `\(name)'")
            }
            // Verified with grub-emu 2.06: `if nosuchcommand; then` takes the first branch.
            return .success
        }
        if isInverted { status = status == .success ? .testFailure : .success }
        return status
    }

    func call(_ body: [GrubCommand], in bodyFile: String, _ arguments: [String]) throws(ImageFault)
        -> GrubStatus
    {
        let saved = (scope, activeLoops, file, line)
        scope = arguments
        activeLoops = 0
        file = bodyFile
        let status = try execute(body)
        isReturning = false
        (scope, activeLoops, file, line) = saved
        return status
    }

    static func isSpecial(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        return first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9") || name == "#" || name == "*"
            || name == "@"
    }
}
