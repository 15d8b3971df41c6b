package import ByteReading

/// A job of upstart: `/etc/init/NAME.conf` with what `NAME.override` changes (init(5)).
package struct UpstartJob: Sendable {
    /// The name of the file without `.conf`.
    package let name: String
    /// When it starts; nil when nothing starts it.
    package private(set) var startOn: UpstartCondition?
    /// The line of `start on`, or of the `manual` that takes it away.
    package private(set) var startSource: SourceLine?
    /// `start on` is there and could not be understood.
    package private(set) var isUnclear = false
    /// `manual` took the start away.
    package private(set) var isManual = false
    /// When it is stopped.
    package private(set) var stopOn: UpstartCondition?
    /// A task ends by itself, and `stopped` follows.
    package private(set) var isTask = false
    /// Events that the job says it emits.
    package private(set) var emits: [String] = []
    /// `exec` and the lines of `script`, for the terminal of a getty.
    package private(set) var commands: [(text: String, source: SourceLine)] = []

    /// Reads the file and then its override, whose stanzas take the place of the file's.
    package init(_ bytes: Bytes, name: String, path: String, override: ConfigurationFile? = nil)
        throws(ImageFault)
    {
        self.name = name
        try take(bytes, path: path)
        if let override { try take(override.bytes, path: override.path) }
    }

    private mutating func take(_ bytes: Bytes, path: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: path)
        var isScript = false
        var pending = ""
        var depth = 0
        var first: ConfigurationText.Line?
        for line in text.lines {
            let content = AsciiText.trimmed(line.text)
            if isScript {
                if AsciiText.words(content) == ["end", "script"] { isScript = false }
                if !content.isEmpty { commands.append((content, text.source(line))) }
                continue
            }
            let bare = Self.withoutComment(content)
            if bare.isEmpty, pending.isEmpty { continue }
            if first == nil { first = line }
            depth += bare.count { $0 == "(" } - bare.count { $0 == ")" }
            let continues = bare.hasSuffix("\\")
            pending += (pending.isEmpty ? "" : " ") + (continues ? String(bare.dropLast()) : bare)
            // An expression in parentheses goes on to the line that closes them.
            if continues || (depth > 0 && pending.utf8.count < 8192) { continue }
            if let start = first { isScript = stanza(pending, text.source(start)) }
            pending = ""
            depth = 0
            first = nil
        }
        if let start = first { _ = stanza(pending, text.source(start)) }
    }

    private static func withoutComment(_ line: String) -> String {
        var quote: Character?
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#" {
                return AsciiText.trimmed(String(line[..<index]))
            }
        }
        return line
    }

    /// Takes one stanza; true when a script follows.
    private mutating func stanza(_ text: String, _ source: SourceLine) -> Bool {
        let words = AsciiText.words(text)
        func rest(after count: Int) -> String { words.dropFirst(count).joined(separator: " ") }
        switch (words.first, words.count > 1 ? words[1] : nil) {
        case ("start", "on"):
            startOn = UpstartCondition(rest(after: 2))
            isUnclear = startOn == nil
            isManual = false
            startSource = source
        case ("stop", "on"): stopOn = UpstartCondition(rest(after: 2))
        case ("manual", _):
            startOn = nil
            isUnclear = false
            isManual = true
            startSource = source
        case ("task", nil): isTask = true
        case ("emits", _): emits += words.dropFirst()
        case ("exec", _): commands.append((rest(after: 1), source))
        case ("script", nil): return true
        case ("pre-start", "script"), ("post-start", "script"), ("pre-stop", "script"),
            ("post-stop", "script"):
            return true
        default: break
        }
        return false
    }
}
