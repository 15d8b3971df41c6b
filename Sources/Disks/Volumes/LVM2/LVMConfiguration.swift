import ByteReading

/// The text that LVM2 keeps its metadata in: names, values and sections (LVM2, libdm/libdm-config.c; lvm.conf(5)).
struct LVMConfiguration: Sendable {
    /// What a name stands for.
    enum Value: Sendable {
        case integer(Int64)
        case text(String)
        case list([Value])
        case section(LVMConfiguration)
    }

    /// In the order of the text.
    fileprivate(set) var entries: [(name: String, value: Value)] = []

    /// The value of a name; the first, where there are several, as in LVM2.
    subscript(name: String) -> Value? { entries.first { $0.name == name }?.value }

    /// Sections and their names, in the order of the text.
    var sections: [(name: String, section: LVMConfiguration)] {
        entries.compactMap { entry in
            if case .section(let section) = entry.value { (entry.name, section) } else { nil }
        }
    }

    func section(_ name: String) -> LVMConfiguration? {
        if case .section(let section)? = self[name] { section } else { nil }
    }

    func text(_ name: String) -> String? {
        if case .text(let text)? = self[name] { text } else { nil }
    }

    /// Nil where the name is missing or stands for something else, a negative number included.
    func number(_ name: String) -> UInt64? {
        if case .integer(let number)? = self[name] { UInt64(exactly: number) } else { nil }
    }

    /// A list, or a single value as a list of one, as LVM2 takes it.
    func list(_ name: String) -> [Value]? {
        switch self[name] {
        case .list(let values)?: values
        case .section?, nil: nil
        case let value?: [value]
        }
    }

    /// The strings of a list; empty where there are none.
    func texts(_ name: String) -> [String] {
        (list(name) ?? []).compactMap { if case .text(let text) = $0 { text } else { nil } }
    }

    /// The number, or a fault that says which is missing.
    func required(_ name: String) throws(ImageFault) -> UInt64 {
        guard let number = number(name) else { throw ImageFault(.corrupt, "\(name) is missing or no number") }
        return number
    }

    /// The text, or a fault that says which is missing.
    func requiredText(_ name: String) throws(ImageFault) -> String {
        guard let text = text(name) else { throw ImageFault(.corrupt, "\(name) is missing or no text") }
        return text
    }
}

extension LVMConfiguration {
    /// Parses text up to a NUL or its end.
    ///
    /// Throws `corrupt` with the place of what is not understood, and `limit` for more than 64 levels or half a
    /// million values, which is some hundred times what a large group has.
    init(parsing bytes: Bytes) throws(ImageFault) {
        var parser = Parser(text: bytes.array, origin: bytes.origin)
        self = try parser.entries(depth: 0)
    }

    private struct Parser {
        private static let maximumDepth = 64

        let text: [UInt8]
        let origin: UInt64
        private var position = 0
        private var budget = Budget(500_000, of: "values in the metadata")

        init(text: [UInt8], origin: UInt64) {
            self.text = text
            self.origin = origin
        }

        private func fault(_ message: String) -> ImageFault {
            ImageFault(.corrupt, message, at: origin &+ UInt64(position))
        }

        /// The next byte; nil at the end.
        private var next: UInt8? {
            position < text.count && text[position] != 0 ? text[position] : nil
        }

        /// What stands between one brace and the other, or in the whole text.
        mutating func entries(depth: Int) throws(ImageFault) -> LVMConfiguration {
            guard depth <= Parser.maximumDepth else {
                throw ImageFault(.limit, "sections nest deeper than \(Parser.maximumDepth)")
            }
            var result = LVMConfiguration()
            while true {
                skipSpace()
                guard let byte = next else {
                    guard depth == 0 else { throw fault("the text ends inside a section") }
                    return result
                }
                if byte == UInt8(ascii: "}") {
                    guard depth > 0 else { throw fault("a brace closes nothing") }
                    position += 1
                    return result
                }
                try budget.spend()
                let name = try name()
                skipSpace()
                switch next {
                case UInt8(ascii: "{"):
                    position += 1
                    result.entries.append((name, .section(try entries(depth: depth + 1))))
                case UInt8(ascii: "="):
                    position += 1
                    skipSpace()
                    result.entries.append((name, try value(depth: depth)))
                default: throw fault("neither a value nor a section follows \(name.debugDescription)")
                }
            }
        }

        private mutating func name() throws(ImageFault) -> String {
            if next == UInt8(ascii: "\"") { return try quoted() }
            let start = position
            while let byte = next, Parser.isNamePart(byte) { position += 1 }
            guard position > start else { throw fault("a name is expected") }
            return String(decoding: text[start..<position], as: UTF8.self)
        }

        private mutating func value(depth: Int) throws(ImageFault) -> Value {
            try budget.spend()
            switch next {
            case UInt8(ascii: "["):
                guard depth < Parser.maximumDepth else {
                    throw ImageFault(.limit, "lists nest deeper than \(Parser.maximumDepth)")
                }
                position += 1
                var values: [Value] = []
                while true {
                    skipSpace()
                    switch next {
                    case UInt8(ascii: "]"):
                        position += 1
                        return .list(values)
                    case UInt8(ascii: ","): position += 1
                    case nil: throw fault("the text ends inside a list")
                    default: values.append(try value(depth: depth + 1))
                    }
                }
            case UInt8(ascii: "\""): return .text(try quoted())
            default:
                let start = position
                while let byte = next, Parser.isNamePart(byte) || byte == UInt8(ascii: "@") { position += 1 }
                guard position > start else { throw fault("a value is expected") }
                let word = String(decoding: text[start..<position], as: UTF8.self)
                return Int64(word).map(Value.integer) ?? .text(word)
            }
        }

        /// A string in quotes, in which a backslash takes the next byte as it is.
        private mutating func quoted() throws(ImageFault) -> String {
            var bytes: [UInt8] = []
            position += 1
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = next else { break }
                    bytes.append(escaped)
                    position += 1
                default: bytes.append(byte)
                }
            }
            throw fault("the text ends inside a string")
        }

        private mutating func skipSpace() {
            while let byte = next {
                if byte == UInt8(ascii: "#") {
                    while let other = next, other != 0x0A { position += 1 }
                } else if byte == 0x20 || (0x09...0x0D).contains(byte) {
                    position += 1
                } else {
                    return
                }
            }
        }

        private static func isNamePart(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "/"), 0x80...0xFF:
                true
            default: false
            }
        }
    }
}
