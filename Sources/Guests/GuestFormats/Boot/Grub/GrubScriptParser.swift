/// Parses GRUB's script language, one statement with all it contains at a time (grub-core/script/parser.y).
struct GrubScriptParser: Sendable {
    /// Blocks, conditions and loops inside each other. GRUB's own limit on execution is 100 levels.
    private static let deepestNesting = 96

    private var lexer: GrubLexer
    private var peeked: GrubToken?
    private var depth = 0

    /// A parser for what `lexer` cuts.
    init(_ lexer: GrubLexer) { self.lexer = lexer }

    /// The next statements: those of one line, with the lines that their blocks reach over. nil at the end.
    mutating func nextChunk() -> GrubScriptChunk? {
        guard !lexer.isAtEnd else { return nil }
        lexer.startChunk()
        peeked = nil
        depth = 0
        do { return .commands(try script()) } catch {
            return .syntaxError(line: error.line, message: error.message)
        }
    }

    private mutating func peek() throws(GrubSyntaxError) -> GrubToken {
        if let peeked { return peeked }
        let token = try lexer.next()
        peeked = token
        return token
    }

    private mutating func take() throws(GrubSyntaxError) -> GrubToken {
        let token = try peek()
        peeked = nil
        return token
    }

    private func fault(_ message: String) -> GrubSyntaxError {
        GrubSyntaxError(line: lexer.line, message: message)
    }

    private mutating func skipNewlines() throws(GrubSyntaxError) {
        while case .newline = try peek() { _ = try take() }
    }

    private mutating func expect(_ word: String) throws(GrubSyntaxError) {
        guard case .reserved(word) = try take() else { throw fault("`\(word)` is missing") }
    }

    private mutating func script() throws(GrubSyntaxError) -> [GrubScriptStatement] {
        var statements: [GrubScriptStatement] = []
        while true {
            try skipNewlines()
            switch try peek() {
            case .end: return statements
            case .reserved("function"): statements.append(try function())
            default: statements.append(.command(try command()))
            }
            switch try take() {
            case .newline, .semicolon: break
            default: throw fault("a statement goes on after its end")
            }
        }
    }

    private mutating func function() throws(GrubSyntaxError) -> GrubScriptStatement {
        _ = try take()
        guard case .name(let name) = try take() else { throw fault("a function needs a name") }
        lexer.openConstructs += 1
        try skipNewlines()
        guard case .leftBrace = try take() else { throw fault("a function needs a body in braces") }
        let (body, isDelimited) = try commands()
        guard isDelimited, case .rightBrace = try take() else { throw fault("a function is not closed") }
        lexer.openConstructs -= 1
        return .function(name: name, body: body)
    }

    /// Commands up to a word that cannot start one, and whether a delimiter stood before it.
    private mutating func commands() throws(GrubSyntaxError) -> ([GrubCommand], isDelimited: Bool) {
        guard depth < Self.deepestNesting else { throw fault("nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        try skipNewlines()
        var commands = [try command()]
        while true {
            switch try peek() {
            case .newline, .semicolon: _ = try take()
            default: return (commands, false)
            }
            try skipNewlines()
            switch try peek() {
            case .word, .name, .reserved("if"), .reserved("for"), .reserved("while"), .reserved("until"):
                commands.append(try command())
            default: return (commands, true)
            }
        }
    }

    /// Commands that must be followed by a delimiter and then by `word`.
    private mutating func commands(upTo word: String) throws(GrubSyntaxError) -> [GrubCommand] {
        let (commands, isDelimited) = try commands()
        guard isDelimited else { throw fault("`\(word)` is missing") }
        try expect(word)
        return commands
    }

    private mutating func command() throws(GrubSyntaxError) -> GrubCommand {
        let first = try take()
        let line = lexer.line
        switch first {
        case .word(let word): return try simple(word, line)
        case .name(let name): return try simple(GrubWord(parts: [.text(name)]), line)
        case .reserved("if"): return try conditional(line)
        case .reserved("for"): return try forEach(line)
        case .reserved("while"): return try loop(isUntil: false, line)
        case .reserved("until"): return try loop(isUntil: true, line)
        case .reserved(let word): throw fault("`\(word)` stands where a command should")
        case .operator_(let text): throw fault("`\(text)` is not supported")
        case .leftBrace, .rightBrace: throw fault("a brace stands where a command should")
        case .newline, .semicolon: throw fault("a command is missing")
        case .end: throw fault("the file ends where a command should stand")
        }
    }

    private mutating func simple(_ first: GrubWord, _ line: Int) throws(GrubSyntaxError) -> GrubCommand {
        let words = [first] + (try arguments())
        guard case .leftBrace = try peek() else {
            return GrubCommand(line: line, kind: .simple(words: words, block: nil))
        }
        _ = try take()
        let firstLine = lexer.line
        lexer.openConstructs += 1
        let (body, _) = try commands()
        guard case .rightBrace = try take() else { throw fault("a block is not closed") }
        lexer.openConstructs -= 1
        let block = GrubBlock(commands: body, firstLine: firstLine, lastLine: lexer.line)
        return GrubCommand(line: line, kind: .simple(words: words, block: block))
    }

    private mutating func arguments() throws(GrubSyntaxError) -> [GrubWord] {
        var words: [GrubWord] = []
        while true {
            switch try peek() {
            case .word(let word): words.append(word)
            case .name(let name): words.append(GrubWord(parts: [.text(name)]))
            case .reserved(let word) where !["[[", "]]", "time"].contains(word):
                words.append(GrubWord(parts: [.text(word)]))
            default: return words
            }
            _ = try take()
        }
    }

    private mutating func conditional(_ line: Int) throws(GrubSyntaxError) -> GrubCommand {
        lexer.openConstructs += 1
        var branches: [(condition: [GrubCommand], body: [GrubCommand])] = []
        var otherwise: [GrubCommand] = []
        branching: while true {
            let condition = try commands(upTo: "then")
            let (body, isDelimited) = try commands()
            guard isDelimited else { throw fault("`fi` is missing") }
            branches.append((condition, body))
            switch try take() {
            case .reserved("fi"): break branching
            case .reserved("elif"): continue
            case .reserved("else"):
                otherwise = try commands(upTo: "fi")
                break branching
            default: throw fault("`fi` is missing")
            }
        }
        lexer.openConstructs -= 1
        return GrubCommand(line: line, kind: .conditional(branches: branches, otherwise: otherwise))
    }

    private mutating func forEach(_ line: Int) throws(GrubSyntaxError) -> GrubCommand {
        guard case .name(let variable) = try take() else { throw fault("`for` needs a variable") }
        lexer.openConstructs += 1
        try expect("in")
        let words = try arguments()
        switch try take() {
        case .newline, .semicolon: try skipNewlines()
        default: throw fault("`do` is missing")
        }
        try expect("do")
        let body = try commands(upTo: "done")
        lexer.openConstructs -= 1
        return GrubCommand(line: line, kind: .forEach(variable: variable, words: words, body: body))
    }

    private mutating func loop(isUntil: Bool, _ line: Int) throws(GrubSyntaxError) -> GrubCommand {
        lexer.openConstructs += 1
        let condition = try commands(upTo: "do")
        let body = try commands(upTo: "done")
        lexer.openConstructs -= 1
        return GrubCommand(line: line, kind: .loop(isUntil: isUntil, condition: condition, body: body))
    }
}
