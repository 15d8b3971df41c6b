/// Options and operands of a command (`grub_arg_parse`, grub-core/lib/arg.c).
struct GrubArguments {
    /// An option a command knows.
    struct Option {
        let name: String
        var letter: Character?
        var takesValue = false
        var isValueOptional = false
    }

    /// Values per option name, in order; an option without a value has an empty string.
    private(set) var values: [String: [String?]] = [:]
    /// What is not an option.
    private(set) var operands: [String] = []
    /// The first argument that is no known option, for an error.
    private(set) var unknown: String?

    /// Parses `arguments`. With `acceptsDashes`, an unknown option is an operand.
    init(_ arguments: [String], _ options: [Option], acceptsDashes: Bool = false) {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("-"), argument.utf8.count > 1 else {
                operands.append(argument)
                continue
            }
            if argument == "--" {
                operands += arguments[index...]
                return
            }
            if argument.hasPrefix("--") {
                let body = argument.dropFirst(2)
                let equals = body.firstIndex(of: "=")
                let name = equals.map { String(body[..<$0]) } ?? String(body)
                guard let option = options.first(where: { $0.name == name }) else {
                    reject(argument, acceptsDashes)
                    continue
                }
                var value = equals.map { String(body[body.index(after: $0)...]) }
                if value == nil, option.takesValue, index < arguments.count, !arguments[index].hasPrefix("-")
                {
                    value = arguments[index]
                    index += 1
                }
                add(option, value, argument)
                continue
            }
            let letters = argument.dropFirst()
            let known = letters.map { letter in options.first { $0.letter == letter } }
            guard known.allSatisfy({ $0 != nil }) else {
                reject(argument, acceptsDashes)
                continue
            }
            for (position, option) in known.enumerated() {
                guard let option else { continue }
                var value: String?
                if position == known.count - 1, option.takesValue, index < arguments.count {
                    let next = arguments[index]
                    if !option.isValueOptional || next.utf8.count < 2 || !next.hasPrefix("-") {
                        value = next
                        index += 1
                    }
                }
                add(option, value, argument)
            }
        }
    }

    private mutating func reject(_ argument: String, _ acceptsDashes: Bool) {
        if acceptsDashes { operands.append(argument) } else { unknown = unknown ?? argument }
    }

    private mutating func add(_ option: Option, _ value: String?, _ argument: String) {
        if option.takesValue, value == nil, !option.isValueOptional {
            unknown = unknown ?? argument
            return
        }
        values[option.name, default: []].append(value)
    }

    /// Whether the option was given.
    func has(_ name: String) -> Bool { values[name] != nil }
    /// The last value of the option.
    func value(_ name: String) -> String? { values[name]?.last ?? nil }
    /// All values of the option.
    func all(_ name: String) -> [String] { (values[name] ?? []).compactMap { $0 } }
}
