package import ByteReading

/// An INF file: sections of lines that describe how to install something (Windows drivers, "General syntax rules
/// for INF files").
package struct SetupInformation: Sendable {
    /// One line of a section.
    package struct Line: Sendable, Hashable {
        /// What stands before `=`, with texts put in; nil for a line that only lists values.
        package let key: String?
        /// The values between commas, with texts put in. Those left out are empty.
        package let values: [String]
        /// The line in the file, from 1.
        package let number: Int
    }

    /// A line before texts are put in.
    private struct RawLine {
        let key: [UInt8]?
        let values: [[UInt8]]
        let number: Int
    }

    private var sections: [String: [RawLine]] = [:]
    private var texts: [String: [UInt8]] = [:]
    /// The names of the sections in lower case, in the order in which they first occur.
    package private(set) var sectionNames: [String] = []

    private static let mostBytes = 8 << 20
    /// Several times what the largest files of Windows have.
    private static let mostLines = 1 << 17

    /// Reads a file in UTF-16, UTF-8 or a code page. Lines that make no sense are left out, as Windows does.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        guard bytes.count <= Self.mostBytes else {
            throw ImageFault(.limit, "an INF file of \(bytes.count) bytes")
        }
        let text = WindowsText.utf8(bytes)
        var budget = Budget(Self.mostLines, of: "lines of an INF file")
        var current: String?
        var position = text.startIndex
        var number = 0
        while position < text.endIndex {
            let first = number + 1
            let line = Self.logicalLine(text, &position, &number)
            guard !line.isEmpty else { continue }
            try budget.spend()
            if line.first == UInt8(ascii: "["), let end = line.lastIndex(of: UInt8(ascii: "]")) {
                let name = AsciiText.string(AsciiText.trimmed(line[1..<end])).lowercased()
                current = name
                if sections[name] == nil {
                    sections[name] = []
                    sectionNames.append(name)
                }
            } else if let name = current {
                sections[name]?.append(Self.parsed(line, number: first))
            }
        }
        readTexts()
    }

    /// The lines of all sections of this name, whatever its case; nil if there is none.
    package func lines(of section: String) -> [Line]? {
        sections[section.lowercased()].map { lines in
            lines.map {
                Line(key: $0.key.map(expanded), values: $0.values.map(expanded), number: $0.number)
            }
        }
    }

    /// The first value of the first line with this key in a section.
    package func value(_ key: String, in section: String) -> String? {
        values(key, in: section)?.first
    }

    /// The values of the first line with this key in a section.
    package func values(_ key: String, in section: String) -> [String]? {
        let key = key.lowercased()
        return lines(of: section)?.first { $0.key?.lowercased() == key }?.values
    }

    // MARK: - Lines

    /// The next line without its comment, with those appended that a backslash at its end asks for.
    private static func logicalLine(
        _ text: [UInt8], _ position: inout Int, _ number: inout Int
    ) -> [UInt8] {
        var line: [UInt8] = []
        while position < text.endIndex {
            let end = text[position...].firstIndex(of: 0x0A) ?? text.endIndex
            number += 1
            var piece = AsciiText.trimmed(withoutComment(text[position..<end]))
            position = end == text.endIndex ? end : end + 1
            guard piece.last == UInt8(ascii: "\\"), isOpen(piece) else {
                line += piece
                break
            }
            piece = piece.dropLast()
            line += piece
        }
        return line
    }

    /// Whether a backslash at the end continues the line: not when it ends a path such as `%12%\`, which stands
    /// in the key's value alone. Windows takes every backslash at the end for a continuation, and so does this
    /// unless it lies within quotes.
    private static func isOpen(_ piece: ArraySlice<UInt8>) -> Bool {
        piece.count { $0 == UInt8(ascii: "\"") } % 2 == 0
    }

    private static func withoutComment(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var isQuoted = false
        for index in line.indices {
            if line[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if line[index] == UInt8(ascii: ";"), !isQuoted { return line[..<index] }
        }
        return line
    }

    /// `key = value, value`: quotes keep commas and blanks, two of them stand for one.
    private static func parsed(_ line: [UInt8], number: Int) -> RawLine {
        var fields: [[UInt8]] = []
        var key: [UInt8]?
        var field: [UInt8] = []
        /// How much of the field was quoted and must not lose blanks at its end.
        var kept = 0
        var isQuoted = false
        var index = 0
        func finished() -> [UInt8] {
            while field.count > kept, let last = field.last, AsciiText.isSpace(last) { field.removeLast() }
            defer {
                field = []
                kept = 0
            }
            return field
        }
        while index < line.count {
            let byte = line[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                if isQuoted, index < line.count, line[index] == byte {
                    field.append(byte)
                    index += 1
                } else {
                    isQuoted.toggle()
                }
                kept = field.count
            } else if isQuoted {
                field.append(byte)
                kept = field.count
            } else if byte == UInt8(ascii: "="), key == nil, fields.isEmpty {
                key = finished()
            } else if byte == UInt8(ascii: ",") {
                fields.append(finished())
            } else if !(field.isEmpty && AsciiText.isSpace(byte)) {
                field.append(byte)
            }
        }
        fields.append(finished())
        return RawLine(key: key, values: fields, number: number)
    }

    // MARK: - Texts

    /// `[Strings]`, and for what is missing there the sections for one language.
    private mutating func readTexts() {
        let names = sectionNames.filter { $0 == "strings" } + sectionNames.filter { $0.hasPrefix("strings.") }
        for name in names {
            for line in sections[name] ?? [] {
                guard let key = line.key, let value = line.values.first else { continue }
                let name = String(decoding: key, as: UTF8.self).lowercased()
                if texts[name] == nil { texts[name] = value }
            }
        }
    }

    /// `%name%` replaced by its text, `%%` by a percent sign. Names without a text stay, as the numbers of
    /// directories do (`%12%`). A text is not looked at again.
    private func expanded(_ value: [UInt8]) -> String {
        let percent = UInt8(ascii: "%")
        guard value.contains(percent) else { return String(decoding: value, as: UTF8.self) }
        var result: [UInt8] = []
        var index = 0
        while index < value.count {
            guard value[index] == percent, let end = value[(index + 1)...].firstIndex(of: percent) else {
                result.append(value[index])
                index += 1
                continue
            }
            let name = value[(index + 1)..<end]
            if name.isEmpty {
                result.append(percent)
            } else if let text = texts[String(decoding: name, as: UTF8.self).lowercased()] {
                result += text
            } else {
                result += value[index...end]
            }
            index = end + 1
        }
        return String(decoding: result, as: UTF8.self)
    }
}
