import ByteReading

/// Why a piece of script does not parse.
struct GrubSyntaxError: Error {
    let line: Int
    let message: String
}

/// A token of GRUB's script language.
enum GrubToken: Sendable {
    case word(GrubWord)
    /// A word that is a plain name, which `for` and `function` ask for.
    case name(String)
    /// A reserved word; still a plain argument after a command.
    case reserved(String)
    case newline
    case semicolon
    case leftBrace
    case rightBrace
    /// An operator that the grammar knows but no rule uses: `&&`, `|`, `<` …
    case operator_(String)
    case end
}

/// Cuts a file into tokens, taking lines only when a construct is still open
/// (grub-core/script/yylex.l and lexer.c).
struct GrubLexer: Sendable {
    private static let reserved: Set<String> = [
        "[[", "]]", "time", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "select",
        "then", "until", "while", "function",
    ]

    private let lines: [(number: Int, bytes: [UInt8])]
    private var nextLine = 0
    private var buffer: [UInt8] = []
    private var position = 0
    /// Numbers of the lines in the buffer, and how many of them are behind us.
    private var lineNumbers: [Int] = []
    private var linesPassed = 0
    /// How many constructs are open; while there are any, the end of a line is not the end.
    var openConstructs = 0

    /// A lexer for a configuration file: carriage returns are dropped and lines that start with `#` are not
    /// seen at all, not even inside quotes (`read_config_file_getline`).
    init(configuration bytes: Bytes) {
        self.init(bytes, isConfiguration: true)
    }

    /// A lexer for a script that is not a file.
    init(script text: String) {
        self.init(Bytes(Array(text.utf8)), isConfiguration: false)
    }

    private init(_ bytes: Bytes, isConfiguration: Bool) {
        var lines: [(number: Int, bytes: [UInt8])] = []
        var line: [UInt8] = []
        var number = 1
        var isCut = false
        func finish() {
            if !(isConfiguration && line.first == UInt8(ascii: "#")) { lines.append((number, line)) }
        }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"):
                finish()
                line = []
                isCut = false
                number += 1
            case UInt8(ascii: "\r") where isConfiguration: break
            // GRUB's lines are C strings.
            case 0: isCut = true
            default: if !isCut { line.append(byte) }
            }
        }
        if !line.isEmpty { finish() }
        self.lines = lines
    }

    /// Whether every line has been taken.
    var isAtEnd: Bool { nextLine >= lines.count }

    /// The line of the next token.
    var line: Int {
        if linesPassed < lineNumbers.count { return lineNumbers[linesPassed] }
        return lineNumbers.last ?? (nextLine < lines.count ? lines[nextLine].number : 0)
    }

    /// Drops what is left of the lines taken so far and starts anew with the next line.
    mutating func startChunk() {
        buffer = []
        position = 0
        lineNumbers = []
        linesPassed = 0
        openConstructs = 0
        takeLine()
    }

    @discardableResult
    private mutating func takeLine() -> Bool {
        guard nextLine < lines.count else { return false }
        // What has been read is not needed again; long blocks would otherwise pile up.
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            position = 0
            lineNumbers.removeAll(keepingCapacity: true)
            linesPassed = 0
        }
        buffer += lines[nextLine].bytes
        buffer.append(UInt8(ascii: "\n"))
        lineNumbers.append(lines[nextLine].number)
        nextLine += 1
        return true
    }

    private func fault(_ message: String) -> GrubSyntaxError { GrubSyntaxError(line: line, message: message) }

    private mutating func takeLineOrFail(_ what: String) throws(GrubSyntaxError) {
        guard takeLine() else { throw fault("\(what) is not closed before the end of the file") }
    }

    private func byte(_ offset: Int = 0) -> UInt8? {
        let index = position + offset
        return index < buffer.count ? buffer[index] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            if position < buffer.count, buffer[position] == UInt8(ascii: "\n") { linesPassed += 1 }
            position += 1
        }
    }

    /// The next token.
    mutating func next() throws(GrubSyntaxError) -> GrubToken {
        while true {
            guard let current = byte() else {
                guard openConstructs > 0 else { return .end }
                try takeLineOrFail("a block or `if`")
                continue
            }
            switch current {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): advance()
            case UInt8(ascii: "#"):
                while let byte = byte(), byte != UInt8(ascii: "\n") { advance() }
            case UInt8(ascii: "\n"):
                advance()
                return .newline
            case UInt8(ascii: "{"):
                advance()
                return .leftBrace
            case UInt8(ascii: "}"):
                advance()
                return .rightBrace
            case UInt8(ascii: "|"), UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "<"),
                UInt8(ascii: ">"):
                let isDouble =
                    byte(1) == current && current != UInt8(ascii: "<") && current != UInt8(ascii: ">")
                advance(isDouble ? 2 : 1)
                let text = String(UnicodeScalar(current))
                if text == ";" && !isDouble { return .semicolon }
                return .operator_(isDouble ? text + text : text)
            default: return try word()
            }
        }
    }

    private mutating func word() throws(GrubSyntaxError) -> GrubToken {
        var parts: [GrubWordPart] = []
        var text: [UInt8] = []
        var isPlain = true
        var hasMoved = false
        func flushed() -> [GrubWordPart] {
            text.isEmpty ? parts : parts + [.text(String(decoding: text, as: UTF8.self))]
        }
        scan: while let current = byte() {
            switch current {
            case UInt8(ascii: "\""):
                isPlain = false
                parts = flushed()
                text = []
                try doubleQuoted(into: &parts)
            case UInt8(ascii: "'"):
                isPlain = false
                parts = flushed()
                text = []
                advance()
                var quoted: [UInt8] = []
                while byte() != UInt8(ascii: "'") {
                    guard let inner = byte() else {
                        try takeLineOrFail("a quote")
                        continue
                    }
                    quoted.append(inner)
                    advance()
                }
                advance()
                parts.append(.quoted(String(decoding: quoted, as: UTF8.self)))
            case UInt8(ascii: "\\"):
                isPlain = false
                hasMoved = true
                advance()
                guard let escaped = byte() else { break scan }
                advance()
                if escaped == UInt8(ascii: "\n") {
                    if byte() == nil { try takeLineOrFail("a continued line") }
                } else if escaped >= 0x80 {
                    // Part of a character of several bytes, which is no wildcard anyway.
                    text.append(escaped)
                } else {
                    parts = flushed() + [.quoted(String(decoding: [escaped], as: UTF8.self))]
                    text = []
                }
            // `$"…"` is text to be translated.
            case UInt8(ascii: "$") where byte(1) == UInt8(ascii: "\""): advance()
            case UInt8(ascii: "$"):
                guard let name = variableName() else { break scan }
                isPlain = false
                parts = flushed()
                text = []
                parts.append(.variable(name))
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "&"),
                UInt8(ascii: ";"),
                UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: " "), UInt8(ascii: "\t"),
                UInt8(ascii: "\n"):
                break scan
            default:
                text.append(current)
                advance()
            }
        }
        guard hasMoved || !parts.isEmpty || !text.isEmpty else {
            throw fault("`$` does not start a variable")
        }
        parts = flushed()
        if isPlain, case .text(let plain)? = parts.first, parts.count == 1 {
            if Self.reserved.contains(plain) { return .reserved(plain) }
            if Self.isName(plain) { return .name(plain) }
        }
        return .word(GrubWord(parts: parts))
    }

    private mutating func doubleQuoted(into parts: inout [GrubWordPart]) throws(GrubSyntaxError) {
        advance()
        var text: [UInt8] = []
        while true {
            guard let current = byte() else {
                try takeLineOrFail("a quote")
                continue
            }
            switch current {
            case UInt8(ascii: "\""):
                advance()
                parts.append(.quoted(String(decoding: text, as: UTF8.self)))
                return
            case UInt8(ascii: "\\"):
                advance()
                if byte() == nil { try takeLineOrFail("a quote") }
                guard let escaped = byte() else { throw fault("a quote ends in a backslash") }
                switch escaped {
                case UInt8(ascii: "$"), UInt8(ascii: "\\"), UInt8(ascii: "\""): text.append(escaped)
                case UInt8(ascii: "\n"): break
                default: text += [UInt8(ascii: "\\"), escaped]
                }
                advance()
            case UInt8(ascii: "$"):
                guard let name = variableName() else { throw fault("`$` does not start a variable") }
                parts.append(.quoted(String(decoding: text, as: UTF8.self)))
                parts.append(.quotedVariable(name))
                text = []
            default:
                text.append(current)
                advance()
            }
        }
    }

    /// The name after a `$` at the current position; moves past it. nil, without moving, if none follows.
    private mutating func variableName() -> String? {
        let isBraced = byte(1) == UInt8(ascii: "{")
        let start = isBraced ? 2 : 1
        var length = 0
        guard let first = byte(start) else { return nil }
        if Self.isDigit(first) {
            while let digit = byte(start + length), Self.isDigit(digit) { length += 1 }
        } else if Self.isNameStart(first) {
            while let letter = byte(start + length), Self.isNameStart(letter) || Self.isDigit(letter) {
                length += 1
            }
        } else if first == UInt8(ascii: "?") || first == UInt8(ascii: "#") || first == UInt8(ascii: "*")
            || first == UInt8(ascii: "@")
        {
            length = 1
        } else {
            return nil
        }
        if isBraced, byte(start + length) != UInt8(ascii: "}") { return nil }
        let from = position + start
        let name = String(decoding: buffer[from..<(from + length)], as: UTF8.self)
        advance(start + length + (isBraced ? 1 : 0))
        return name
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isNameStart(first) else { return false }
        return text.utf8.allSatisfy { isNameStart($0) || isDigit($0) }
    }
}
