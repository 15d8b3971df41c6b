import ByteReading

/// Expansion of words into arguments: `grub_script_arglist_to_argv`.
extension GrubInterpreter {
    /// An argument while it grows. nil text: nothing has been appended yet, and it vanishes if that stays so.
    private struct Argument {
        var text: String?
        var isPattern = false

        mutating func append(_ more: String, isPattern: Bool = false) {
            text = (text ?? "") + more
            self.isPattern = self.isPattern || isPattern
        }
    }

    /// The arguments that `words` stand for.
    func expand(_ words: [GrubWord]) throws(ImageFault) -> [String] {
        var arguments: [Argument] = []
        for word in words {
            if arguments.last.map({ $0.text != nil }) ?? true { arguments.append(Argument()) }
            for part in word.parts {
                let last = arguments.count - 1
                switch part {
                case .quoted(let text): arguments[last].append(text)
                case .text(let text):
                    arguments[last].append(text, isPattern: Self.isPattern(text))
                case .quotedVariable(let name):
                    for (index, value) in values(of: name, isSplit: false).enumerated() {
                        if index > 0 { arguments.append(Argument()) }
                        arguments[arguments.count - 1].append(value)
                    }
                case .variable(let name):
                    for (index, value) in values(of: name, isSplit: true).enumerated() {
                        if index > 0 { arguments.append(Argument()) }
                        arguments[arguments.count - 1].append(value, isPattern: Self.isPattern(value))
                    }
                }
                let length = arguments[arguments.count - 1].text?.utf8.count ?? 0
                try byteBudget.spend(length)
                guard length <= start.limits.wordBytes else {
                    throw ImageFault(.limit, "a word of \(length) bytes in GRUB's configuration")
                }
            }
        }
        var expanded: [String] = []
        for argument in arguments {
            guard let text = argument.text else { continue }
            let matches = argument.isPattern ? try glob(text) : []
            expanded += matches.isEmpty ? [text] : matches
        }
        return expanded
    }

    /// What a variable expands to (`grub_script_env_get`): no element when it is empty.
    private func values(of name: String, isSplit: Bool) -> [String] {
        let whole: [String]
        if Self.isSpecial(name) {
            guard let scope else { return [] }
            switch name {
            case "#": return [String(scope.count)]
            case "*": whole = isSplit ? scope : (scope.isEmpty ? [] : [scope.joined(separator: " ")])
            case "@": whole = scope
            default:
                guard let number = GrubNumber.leading(name, base: 10)?.value, number > 0,
                    number <= scope.count
                else { return [] }
                whole = [scope[Int(number) - 1]]
            }
            if !isSplit { return whole }
        } else {
            guard let value = value(of: name), !value.isEmpty else { return [] }
            if !isSplit { return [value] }
            whole = [value]
        }
        return whole.flatMap { value in
            value.utf8.split(whereSeparator: GrubNumber.isSpace).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    private static func isPattern(_ text: String) -> Bool {
        text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    /// File names that match a pattern, in the order of the directory; none if nothing matches
    /// (grub-core/commands/wildcard.c). Patterns over devices are not expanded.
    private func glob(_ pattern: String) throws(ImageFault) -> [String] {
        guard pattern.hasPrefix("/") || pattern.hasPrefix("(") else { return [] }
        let (device, path) = try resolve(pattern)
        guard let device = device.value, path.hasPrefix("/") else { return [] }
        let head = String(pattern.dropLast(path.count))
        var found = [""]
        for component in path.utf8.split(separator: UInt8(ascii: "/")) {
            let name = String(decoding: component, as: UTF8.self)
            guard Self.isPattern(name) else {
                found = found.map { "\($0)/\(name)" }
                continue
            }
            var next: [String] = []
            for directory in found {
                let answer = try ask { (host) throws(ImageFault) in
                    try host.names(inDirectory: directory.isEmpty ? "/" : directory, on: device)
                }
                for candidate in answer.value ?? [] where BootGlob.matches(candidate, name) {
                    try byteBudget.spend(candidate.utf8.count)
                    next.append("\(directory)/\(candidate)")
                }
            }
            found = next
        }
        var existing: [String] = []
        for path in found {
            let answer = try ask { (host) throws(ImageFault) in try host.file(at: path, on: device) }
            if answer.value != nil { existing.append(head + path) }
        }
        return existing
    }
}
