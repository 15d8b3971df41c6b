package import ByteReading

/// A file in systemd's own syntax (systemd.syntax(7)): units, drop-ins, `.network`, `.link`, `.netdev`,
/// `.preset`-less configuration files.
///
/// `#` and `;` start comment lines; a backslash at the end joins the next line, comment lines between them are
/// left out; a key may come several times; a byte order mark is skipped; any of `\n`, `\r`, `\r\n` ends a line.
package struct UnitFile: Sendable {
    /// `Key=value` in a section.
    package struct Entry: Hashable, Sendable {
        /// The section's name without brackets.
        package let section: String
        /// Left of `=`, case as written: systemd compares exactly.
        package let key: String
        /// Right of `=` without white space at the ends; empty resets lists.
        package let value: String
        /// Where it stands.
        package let source: SourceLine
    }

    /// One section heading, for formats in which a section may come several times.
    package struct Section: Sendable {
        /// The name without brackets.
        package let name: String
        /// Its entries, in order.
        package fileprivate(set) var entries: [Entry]
        /// The line of the heading.
        package let source: SourceLine

        /// The values of `key` after resets.
        package func values(_ key: String) -> [Entry] {
            UnitFile.afterResets(entries.filter { $0.key == key })
        }
        /// The last value of `key`; nil when it is absent or reset.
        package func last(_ key: String) -> Entry? { values(key).last }
    }

    /// The path of the file.
    package let name: String
    /// The sections in order of their headings, repeated ones apart. Those of drop-ins follow.
    package private(set) var sections: [Section]
    /// Lines systemd warns about and skips: no `=`, or before the first section.
    package private(set) var ignored: [SourceLine]
    /// A section heading without `]`: systemd does not load the file at all (`bad-setting`).
    package private(set) var invalidHeading: SourceLine?

    /// Reads a file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        self.name = name
        sections = []
        ignored = []
        let text = try ConfigurationText(
            bytes, name: name, strippingByteOrderMark: true, splittingAtCarriageReturn: true)
        var joined: [UInt8] = []
        var first: ConfigurationText.Line?
        for line in text.lines {
            var bytes = line.bytes
            while let byte = bytes.first, AsciiText.isSpace(byte) { bytes = bytes.dropFirst() }
            if bytes.first == 0x23 || bytes.first == 0x3B { continue }
            let continues = line.bytes.reversed().prefix { $0 == 0x5C }.count % 2 == 1
            if first == nil { first = line }
            // systemd puts a space where the line break was.
            let part = continues ? line.bytes.dropLast() : line.bytes
            joined.append(contentsOf: part)
            if continues {
                joined.append(AsciiText.space)
                continue
            }
            if let start = first { take(joined[...], source: text.source(start)) }
            joined = []
            first = nil
            if invalidHeading != nil { return }
        }
        if let start = first { take(joined[...], source: text.source(start)) }
    }

    private mutating func take(_ line: AsciiText.Piece, source: SourceLine) {
        let line = AsciiText.trimmed(line)
        guard let first = line.first else { return }
        if first == 0x5B {
            guard line.last == 0x5D else {
                invalidHeading = source
                return
            }
            sections.append(
                Section(name: AsciiText.string(line.dropFirst().dropLast()), entries: [], source: source))
            return
        }
        guard !sections.isEmpty, let (key, value) = AsciiText.split(line, at: 0x3D) else {
            ignored.append(source)
            return
        }
        let last = sections.count - 1
        sections[last].entries.append(
            Entry(
                section: sections[last].name, key: AsciiText.string(AsciiText.trimmed(key)),
                value: AsciiText.string(AsciiText.trimmed(value)), source: source))
    }

    /// The unit as it is after its drop-ins, which systemd reads in the order of their file names.
    package func merging(_ dropIns: [UnitFile]) -> UnitFile {
        var merged = self
        for dropIn in dropIns {
            merged.sections += dropIn.sections
            merged.ignored += dropIn.ignored
        }
        return merged
    }

    /// Every entry in order.
    package var entries: [Entry] { sections.flatMap(\.entries) }

    /// Every value of `key` in sections named `section`, after the last reset by an empty value.
    package func values(_ section: String, _ key: String) -> [Entry] {
        Self.afterResets(entries.filter { $0.section == section && $0.key == key })
    }

    /// The last value; nil when it is absent or reset.
    package func last(_ section: String, _ key: String) -> Entry? { values(section, key).last }

    /// The words of a list setting with systemd's quotes, over all its lines.
    package func words(_ section: String, _ key: String) -> [(word: String, source: SourceLine)] {
        values(section, key).flatMap { entry in
            UnitFile.words(entry.value).map { (word: $0, source: entry.source) }
        }
    }

    /// Whether a section of this name is there.
    package func hasSection(_ name: String) -> Bool { sections.contains { $0.name == name } }

    static func afterResets(_ entries: [Entry]) -> [Entry] {
        guard let reset = entries.lastIndex(where: { $0.value.isEmpty }) else { return entries }
        return Array(entries[(reset + 1)...])
    }

    /// Words as `extract_first_word` with unquoting gives them.
    package static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word: [UInt8]?
        var quote: UInt8?
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                word?.append(byte)
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
                word = word ?? []
            } else if let open = quote {
                if byte == open { quote = nil } else { word?.append(byte) }
            } else if byte == 0x22 || byte == 0x27 {
                quote = byte
                word = word ?? []
            } else if AsciiText.isSpace(byte) {
                if let finished = word { words.append(AsciiText.string(finished[...])) }
                word = nil
            } else if word == nil {
                word = [byte]
            } else {
                word?.append(byte)
            }
        }
        if let finished = word { words.append(AsciiText.string(finished[...])) }
        return words
    }
}
