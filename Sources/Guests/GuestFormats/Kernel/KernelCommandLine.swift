/// A kernel command line, split as the kernel does (`next_arg` in `lib/cmdline.c`): at white space outside double
/// quotes; quotes around a value or around a whole parameter are taken off.
package struct KernelCommandLine: Sendable, Hashable {
    /// One parameter.
    package struct Token: Sendable, Hashable {
        /// The part before the first `=`.
        package var name: String
        /// The part after it; nil when there is no `=`.
        package var value: String?
        /// The parameter as written.
        package var text: String
    }

    /// The text as given.
    package let text: String
    /// The parameters for the kernel, in order.
    package let tokens: [Token]
    /// What stands behind `--`, which goes to init.
    package let initArguments: [String]

    /// Splits `text`.
    package init(_ text: String) {
        self.text = text
        var tokens: [Token] = []
        var arguments: [String] = []
        var behindDashes = false
        for word in Self.words(text) {
            if behindDashes {
                arguments.append(word)
            } else if word == "--" {
                behindDashes = true
            } else {
                tokens.append(Self.token(word))
            }
        }
        self.tokens = tokens
        initArguments = arguments
    }

    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var current: [UInt8] = []
        var isQuoted = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
            if isSpace, !isQuoted {
                if !current.isEmpty { words.append(String(decoding: current, as: UTF8.self)) }
                current = []
            } else {
                current.append(byte)
            }
        }
        if !current.isEmpty { words.append(String(decoding: current, as: UTF8.self)) }
        return words
    }

    private static func token(_ word: String) -> Token {
        var body = word[...]
        if body.hasPrefix("\"") {
            body = body.dropFirst()
            if body.hasSuffix("\"") { body = body.dropLast() }
        }
        guard let equals = body.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return Token(name: String(body), value: nil, text: word)
        }
        var value = body[body.utf8.index(after: equals)...]
        if value.hasPrefix("\"") {
            value = value.dropFirst()
            if value.hasSuffix("\"") { value = value.dropLast() }
        }
        return Token(name: String(body[..<equals]), value: String(value), text: word)
    }

    /// Whether two names are the same to the kernel, which takes `-` and `_` for equal in them (`parameq`).
    package static func isSame(_ a: String, _ b: String) -> Bool {
        a == b || ModuleName.normalized(a) == ModuleName.normalized(b)
    }

    /// The tokens of this name.
    package func tokens(named name: String) -> [Token] {
        tokens.filter { Self.isSame($0.name, name) }
    }

    /// The values of a parameter in order; one without `=` has none here.
    package func values(of name: String) -> [String] {
        tokens(named: name).compactMap(\.value)
    }

    /// The value that counts for a parameter of which the last one wins.
    package func last(_ name: String) -> String? {
        values(of: name).last
    }

    /// Whether the parameter is there, with or without a value.
    package func has(_ name: String) -> Bool {
        tokens.contains { Self.isSame($0.name, name) }
    }
}
