/// A part of a word of GRUB's script language (grub-core/script/yylex.l).
enum GrubWordPart: Hashable, Sendable {
    /// Unquoted text; `*` and `?` in it are wildcards.
    case text(String)
    /// Quoted text, possibly empty.
    case quoted(String)
    /// A variable outside quotes: its value is split at spaces.
    case variable(String)
    /// A variable inside double quotes: its value stays one word.
    case quotedVariable(String)
}

/// One word: what stands between blanks.
struct GrubWord: Hashable, Sendable {
    let parts: [GrubWordPart]
}

/// A block in braces, an argument of a command.
struct GrubBlock: Sendable {
    let commands: [GrubCommand]
    /// Line of the opening brace and of the closing one.
    let firstLine: Int
    let lastLine: Int
}

/// A command of a parsed script, with the line it starts at.
struct GrubCommand: Sendable {
    indirect enum Kind: Sendable {
        case simple(words: [GrubWord], block: GrubBlock?)
        case conditional(
            branches: [(condition: [GrubCommand], body: [GrubCommand])], otherwise: [GrubCommand])
        case forEach(variable: String, words: [GrubWord], body: [GrubCommand])
        case loop(isUntil: Bool, condition: [GrubCommand], body: [GrubCommand])
    }

    let line: Int
    let kind: Kind
}

/// What one piece of a file parses to. GRUB parses and executes a file statement by statement: a syntax error
/// costs the lines read so far, and reading goes on with the next one.
enum GrubScriptChunk: Sendable {
    case commands([GrubScriptStatement])
    case syntaxError(line: Int, message: String)
}

/// A statement at the top level of a file.
enum GrubScriptStatement: Sendable {
    case command(GrubCommand)
    case function(name: String, body: [GrubCommand])
}
