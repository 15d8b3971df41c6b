package import ByteReading

/// A file of `KEY=value` lines that its program sources as shell (`/etc/default/*`, `/etc/sysconfig/*`) or reads
/// by shell-like rules (os-release), taken as data: nothing is ever run.
///
/// Read are assignments with quotes, escapes, `export`, `+=`, continuation and comments. `$NAME` and `${NAME}`
/// are filled in when the file itself has set the name; anything else that only a shell can work out leaves the
/// assignment `isExact == false`. What stands inside `if`, `case`, loops or functions is marked conditional.
package struct ShellAssignments: Sendable {
    /// One assignment.
    package struct Assignment: Hashable, Sendable {
        /// The variable.
        package let name: String
        /// The value without quotes. Parts that only a shell can work out stay as written.
        package let value: String
        /// Whether it was `NAME+=value`.
        package let appends: Bool
        /// Whether `value` is what a shell would see; false with command substitution or unset references.
        package let isExact: Bool
        /// Whether the line is only reached under a condition.
        package let isConditional: Bool
        /// Where it stands.
        package let source: SourceLine
    }

    /// How the program that owns the file reads it.
    package struct Dialect: Sendable {
        /// Fill in `$NAME` from earlier lines (a real shell does; os-release(5) readers do not).
        package var expandsReferences = true
        /// A carriage return ends a line (systemd's `parse_env_file`); for a shell it is part of the value.
        package var carriageReturnEndsLine = false
        /// `;` at the start of a line is a comment (systemd).
        package var semicolonComments = false

        /// `sh`.
        package static let shell = Dialect()
        /// systemd's `parse_env_file`, which also reads os-release.
        package static let environmentFile = Dialect(
            expandsReferences: false, carriageReturnEndsLine: true, semicolonComments: true)
    }

    /// Every assignment in order.
    package let assignments: [Assignment]
    /// Lines that are neither assignment nor comment nor blank: commands and control structure.
    package let otherLines: [SourceLine]
    /// How many values carry a carriage return that the program will see.
    package let carriageReturnCount: Int
    private let last: [String: Assignment]

    /// Reads `bytes` as `dialect`.
    package init(_ bytes: Bytes, name: String, dialect: Dialect = .shell) throws(ImageFault) {
        let text = try ConfigurationText(
            bytes, name: name, strippingByteOrderMark: false,
            splittingAtCarriageReturn: dialect.carriageReturnEndsLine)
        var reader = ShellReader(text: text, dialect: dialect)
        reader.read()
        assignments = reader.assignments
        otherLines = reader.otherLines
        last = reader.effective
        carriageReturnCount = text.carriageReturnCount
    }

    /// What the variable holds at the end of the file, `+=` included; nil when it is never set.
    package subscript(name: String) -> Assignment? { last[name] }

    /// The value of the variable at the end of the file.
    package func value(_ name: String) -> String? { last[name]?.value }

    /// The names that are set, in order of their first assignment.
    package var names: [String] {
        var seen: Set<String> = []
        return assignments.map(\.name).filter { seen.insert($0).inserted }
    }
}

/// Walks the bytes of a shell file once.
struct ShellReader {
    let text: ConfigurationText
    let dialect: ShellAssignments.Dialect
    var assignments: [ShellAssignments.Assignment] = []
    var otherLines: [SourceLine] = []
    var effective: [String: ShellAssignments.Assignment] = [:]
    private var depth = 0
    /// Bytes that references and `+=` may still copy: a value that doubles itself on every line is hostile.
    private var expansionLeft = 1 << 20

    init(text: ConfigurationText, dialect: ShellAssignments.Dialect) {
        self.text = text
        self.dialect = dialect
    }

    /// What a word came to.
    private struct Word {
        var value: [UInt8] = []
        var isExact = true
    }

    mutating func read() {
        var index = 0
        while index < text.lines.count {
            let line = text.lines[index]
            let first = AsciiText.trimmed(line.bytes)
            if first.isEmpty || first.first == 0x23 || (dialect.semicolonComments && first.first == 0x3B) {
                index += 1
                continue
            }
            // Gather the logical line: continuations and open quotes.
            var cursor = ShellCursor(lines: text.lines, line: index)
            statement(&cursor, source: text.source(line))
            index = max(cursor.line + 1, index + 1)
        }
    }

    private mutating func statement(_ cursor: inout ShellCursor, source: SourceLine) {
        cursor.skipBlanks()
        var pending: [(name: String, appends: Bool, word: Word)] = []
        var isExport = false
        var other = false
        while let byte = cursor.peek {
            if byte == 0x23 {
                cursor.skipLine()
                break
            }
            if byte == 0x3B || byte == 0x26 || byte == 0x7C || byte == 0x28 || byte == 0x29 {
                // `;`, `&`, `|` and parentheses end a command.
                _ = cursor.next()
                commit(pending, source: source, keep: !other)
                pending = []
                isExport = false
                if byte == 0x28 || byte == 0x29 { other = true }
                cursor.skipBlanks()
                continue
            }
            let start = cursor
            if let (name, appends) = assignmentName(&cursor) {
                let word = readWord(&cursor)
                if !other { pending.append((name, appends, word)) }
            } else {
                cursor = start
                let word = AsciiText.string(readWord(&cursor).value[...])
                if word == "export" || word == "readonly" || word == "local" || word == "declare" {
                    isExport = true
                } else if !isExport {
                    keyword(word)
                    // A command word makes the assignments before it temporary.
                    if !Self.neutralWords.contains(word) {
                        other = true
                        pending = []
                    }
                }
            }
            if cursor.isStuck(since: start) { _ = cursor.next() }
            cursor.skipBlanks()
        }
        commit(pending, source: source, keep: true)
        if other { otherLines.append(source) }
    }

    private static let neutralWords: Set<String> = ["then", "else", "do", "fi", "done", "esac", "{", "}"]

    private mutating func keyword(_ word: String) {
        switch word {
        case "if", "case", "while", "until", "for", "{": depth += 1
        case "fi", "esac", "done", "}": depth = max(0, depth - 1)
        default: break
        }
    }

    private mutating func commit(
        _ pending: [(name: String, appends: Bool, word: Word)], source: SourceLine, keep: Bool
    ) {
        guard keep else { return }
        for (name, appends, word) in pending {
            let value = AsciiText.string(word.value[...])
            assignments.append(
                .init(
                    name: name, value: value, appends: appends, isExact: word.isExact,
                    isConditional: depth > 0,
                    source: source))
            let earlier = appends ? effective[name] : nil
            let isAffordable = earlier.map { mayCopy($0.value.utf8.count) } ?? true
            effective[name] = .init(
                name: name, value: isAffordable ? (earlier?.value ?? "") + value : value, appends: false,
                isExact: word.isExact && isAffordable && earlier?.isExact != false, isConditional: depth > 0,
                source: source)
        }
    }

    private mutating func mayCopy(_ count: Int) -> Bool {
        guard count <= expansionLeft else { return false }
        expansionLeft -= count
        return true
    }

    /// `NAME=` or `NAME+=` at the cursor.
    private func assignmentName(_ cursor: inout ShellCursor) -> (String, Bool)? {
        var name: [UInt8] = []
        while let byte = cursor.peek, AsciiText.isName(byte) {
            name.append(byte)
            _ = cursor.next()
        }
        guard let first = name.first, !AsciiText.isDigit(first) else { return nil }
        var appends = false
        if cursor.peek == 0x2B {
            appends = true
            _ = cursor.next()
        }
        guard cursor.peek == 0x3D else { return nil }
        _ = cursor.next()
        return (AsciiText.string(name[...]), appends)
    }

    private mutating func readWord(_ cursor: inout ShellCursor) -> Word {
        var word = Word()
        while let byte = cursor.peek {
            switch byte {
            case 0x20, 0x09, 0x3B, 0x26, 0x7C, 0x28, 0x29:
                return word
            case 0x27:
                _ = cursor.next()
                while let inner = cursor.nextAcrossLines(), inner != 0x27 { word.value.append(inner) }
            case 0x22:
                _ = cursor.next()
                quoted(&cursor, &word)
            case 0x5C:
                _ = cursor.next()
                if let escaped = cursor.next() { word.value.append(escaped) } else { cursor.continueLine() }
            case 0x24:
                reference(&cursor, &word)
            case 0x60:
                substitution(&cursor, &word)
            default:
                word.value.append(byte)
                _ = cursor.next()
            }
            if word.value.count > 65536 {
                word.value.removeSubrange(65536...)
                word.isExact = false
            }
        }
        return word
    }

    private mutating func quoted(_ cursor: inout ShellCursor, _ word: inout Word) {
        while let byte = cursor.peekAcrossLines {
            switch byte {
            case 0x22:
                _ = cursor.next()
                return
            case 0x5C:
                _ = cursor.next()
                guard let escaped = cursor.next() else {
                    cursor.continueLine()
                    continue
                }
                if escaped != 0x22, escaped != 0x5C, escaped != 0x24, escaped != 0x60 {
                    word.value.append(0x5C)
                }
                word.value.append(escaped)
            case 0x24:
                reference(&cursor, &word)
            case 0x60:
                substitution(&cursor, &word)
            default:
                word.value.append(byte)
                _ = cursor.nextAcrossLines()
            }
        }
    }

    /// `` `command` ``: kept as written, never run.
    private func substitution(_ cursor: inout ShellCursor, _ word: inout Word) {
        word.isExact = false
        word.value.append(0x60)
        _ = cursor.next()
        while let byte = cursor.nextAcrossLines() {
            word.value.append(byte)
            if byte == 0x60 { return }
        }
    }

    private mutating func reference(_ cursor: inout ShellCursor, _ word: inout Word) {
        _ = cursor.next()
        guard dialect.expandsReferences else {
            word.value.append(0x24)
            return
        }
        var written: [UInt8] = [0x24]
        var name: [UInt8] = []
        var isPlain = true
        if let open = cursor.peek, open == 0x7B || open == 0x28 {
            let close: UInt8 = open == 0x7B ? 0x7D : 0x29
            isPlain = open == 0x7B
            var level = 0
            while let byte = cursor.nextAcrossLines() {
                written.append(byte)
                if byte == open { level += 1 }
                if byte == close {
                    level -= 1
                    if level == 0 { break }
                }
                if level >= 1, !(level == 1 && byte == open) { name.append(byte) }
            }
            isPlain = isPlain && !name.isEmpty && name.allSatisfy(AsciiText.isName)
        } else {
            while let byte = cursor.peek, AsciiText.isName(byte) {
                name.append(byte)
                written.append(byte)
                _ = cursor.next()
            }
            isPlain = !name.isEmpty
        }
        if isPlain, let known = effective[AsciiText.string(name[...])], mayCopy(known.value.utf8.count) {
            word.value.append(contentsOf: known.value.utf8)
            word.isExact = word.isExact && known.isExact && !known.isConditional
        } else {
            word.value.append(contentsOf: written)
            // A lone dollar is a dollar.
            word.isExact = word.isExact && written.count == 1
        }
    }
}

/// A position in the lines of a shell file. `next` stays in its line; the `AcrossLines` forms give a line feed
/// at the end of one and go on, for quotes.
struct ShellCursor {
    let lines: [ConfigurationText.Line]
    private(set) var line: Int
    private var offset = 0

    init(lines: [ConfigurationText.Line], line: Int) {
        self.lines = lines
        self.line = line
    }

    private func byte(_ offset: Int) -> UInt8? {
        guard line < lines.count else { return nil }
        let bytes = lines[line].bytes
        let index = bytes.startIndex + offset
        return index < bytes.endIndex ? bytes[index] : nil
    }

    var peek: UInt8? { byte(offset) }

    var peekAcrossLines: UInt8? { byte(offset) ?? (line + 1 < lines.count ? 0x0A : nil) }

    mutating func next() -> UInt8? {
        guard let byte = byte(offset) else { return nil }
        offset += 1
        return byte
    }

    mutating func nextAcrossLines() -> UInt8? {
        if let byte = next() { return byte }
        guard line + 1 < lines.count else { return nil }
        line += 1
        offset = 0
        return 0x0A
    }

    mutating func continueLine() {
        guard line + 1 < lines.count else { return }
        line += 1
        offset = 0
    }

    mutating func skipBlanks() {
        while let byte = peek, AsciiText.isBlank(byte) { offset += 1 }
        // A backslash at the end of the line joins the next one.
        if peek == 0x5C, byte(offset + 1) == nil, line + 1 < lines.count {
            continueLine()
            skipBlanks()
        }
    }

    mutating func skipLine() { offset = lines[line].bytes.count }

    func isStuck(since other: ShellCursor) -> Bool { line == other.line && offset == other.offset }
}
