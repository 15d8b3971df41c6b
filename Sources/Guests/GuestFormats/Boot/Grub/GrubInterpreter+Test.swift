import ByteReading

/// `test` and `[` (grub-core/commands/test.c).
extension GrubInterpreter {
    /// `MAX_TEST_RECURSION_DEPTH`.
    private static let deepestParentheses = 100

    func test(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        var arguments = arguments
        if arguments.last == "]" { arguments.removeLast() }
        var position = 0
        return try evaluate(arguments, &position, depth: 0) ? .success : .testFailure
    }

    private func evaluate(
        _ arguments: [String], _ position: inout Int, depth: Int
    ) throws(ImageFault) -> Bool {
        var holds = true
        var alternative = false
        var isInverted = false
        func update(_ value: Bool) {
            holds = holds && (isInverted ? !value : value)
            isInverted = false
        }
        while position < arguments.count {
            try commandBudget.spend()
            let first = arguments[position]
            if position + 2 < arguments.count {
                let third = arguments[position + 2]
                if let value = try binary(first, arguments[position + 1], third) {
                    update(value)
                    position += 3
                    continue
                }
            }
            if position + 1 < arguments.count, let value = try unary(first, arguments[position + 1]) {
                update(value)
                position += 2
                continue
            }
            position += 1
            switch first {
            case ")": return alternative || holds
            case "(":
                guard depth < Self.deepestParentheses else {
                    note(.error, "max recursion depth exceeded")
                    return alternative || holds
                }
                let value = try evaluate(arguments, &position, depth: depth + 1)
                update(value)
            case "!": isInverted.toggle()
            case "-a": break
            case "-o":
                alternative = alternative || holds
                holds = true
            default: update(!first.isEmpty)
            }
        }
        return alternative || holds
    }

    private func binary(_ left: String, _ operation: String, _ right: String) throws(ImageFault) -> Bool? {
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
        func number(_ text: String) -> Int64 { GrubNumber.signed(text) }
        switch operation {
        case "=", "==": return bytes(left) == bytes(right)
        case "!=": return bytes(left) != bytes(right)
        case "<": return bytes(left).lexicographicallyPrecedes(bytes(right))
        case ">": return bytes(right).lexicographicallyPrecedes(bytes(left))
        case "<=": return !bytes(right).lexicographicallyPrecedes(bytes(left))
        case ">=": return !bytes(left).lexicographicallyPrecedes(bytes(right))
        case "-eq": return number(left) == number(right)
        case "-ne": return number(left) != number(right)
        case "-ge": return number(left) >= number(right)
        case "-gt": return number(left) > number(right)
        case "-le": return number(left) <= number(right)
        case "-lt": return number(left) < number(right)
        case "-pgt", "-plt":
            let (a, b) = Self.withoutCommonPrefix(bytes(left), bytes(right))
            return operation == "-pgt" ? a > b : a < b
        default:
            guard operation.hasPrefix("-nt") || operation.hasPrefix("-ot") else { return nil }
            note(.notFollowed, "`test \(operation)` compares times of files")
            return false
        }
    }

    /// The numbers after the common prefix, digits of the prefix given back.
    private static func withoutCommonPrefix(_ left: [UInt8], _ right: [UInt8]) -> (UInt64, UInt64) {
        var common = 0
        while common < left.count, common < right.count, left[common] == right[common] { common += 1 }
        var start = common - 1
        while start > 0, left[start] >= UInt8(ascii: "0"), left[start] <= UInt8(ascii: "9") { start -= 1 }
        start += 1
        func number(_ bytes: [UInt8]) -> UInt64 {
            let rest = bytes.dropFirst(Swift.max(0, start))
            return GrubNumber.leading(String(decoding: rest, as: UTF8.self))?.value ?? 0
        }
        return (number(left), number(right))
    }

    private func unary(_ operation: String, _ operand: String) throws(ImageFault) -> Bool? {
        switch operation {
        case "-n": return !operand.isEmpty
        case "-z": return operand.isEmpty
        case "-d": return try file(operand)?.isDirectory ?? false
        case "-e": return try file(operand) != nil
        case "-f": return try file(operand).map { !$0.isDirectory } ?? false
        case "-s": return try file(operand).map { !$0.isDirectory && $0.size > 0 } ?? false
        default: return nil
        }
    }

    /// What a file name refers to; nil if it is not there. Says nothing about it, as `test` does not.
    func file(_ name: String) throws(ImageFault) -> GrubFile? {
        let (answer, wholePath) = try resolve(name)
        guard let device = answer.value else { return nil }
        var path = wholePath
        while path.hasSuffix("/") { path.removeLast() }
        if path.isEmpty { return GrubFile(isDirectory: true) }
        return try ask { (host) throws(ImageFault) in try host.file(at: path, on: device) }.value
    }
}
