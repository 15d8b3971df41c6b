package import ByteReading

/// A file in GLib's key file syntax, as NetworkManager uses it: groups, `key=value`, comments on lines of their
/// own that start with `#`.
package struct KeyFile: Sendable {
    /// One `key=value`.
    package struct Entry: Hashable, Sendable {
        /// The group's name without brackets.
        package let group: String
        /// The key; `+` or `-` at its end adds to a list or takes from it (NetworkManager.conf).
        package let key: String
        /// The value with escapes undone.
        package let value: String
        /// Where it stands.
        package let source: SourceLine
    }

    /// The entries in order.
    package let entries: [Entry]
    /// A line that makes GLib refuse the whole file.
    package let invalidLine: SourceLine?
    /// The path of the file.
    package let name: String

    /// Reads the file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name, strippingByteOrderMark: false)
        var entries: [Entry] = []
        var invalid: SourceLine?
        var group: String?
        for line in text.lines {
            // GLib drops white space at both ends, a carriage return with it.
            let content = AsciiText.trimmed(line.bytes)
            guard let first = content.first, first != 0x23 else { continue }
            if first == 0x5B, content.last == 0x5D {
                group = AsciiText.string(content.dropFirst().dropLast())
                continue
            }
            guard let group, let (key, value) = AsciiText.split(content, at: 0x3D),
                !AsciiText.trimmed(key).isEmpty
            else {
                invalid = invalid ?? text.source(line)
                continue
            }
            entries.append(
                Entry(
                    group: group, key: AsciiText.string(AsciiText.trimmed(key)),
                    value: AsciiText.string(Self.unescaped(AsciiText.trimmed(value))[...]),
                    source: text.source(line)))
        }
        self.entries = entries
        self.name = name
        invalidLine = invalid
    }

    private static func unescaped(_ value: AsciiText.Piece) -> [UInt8] {
        var result: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            guard value[index] == 0x5C, index + 1 < value.endIndex else {
                result.append(value[index])
                index += 1
                continue
            }
            switch value[index + 1] {
            case 0x73: result.append(0x20)
            case 0x6E: result.append(0x0A)
            case 0x74: result.append(0x09)
            case 0x72: result.append(0x0D)
            case 0x5C: result.append(0x5C)
            default: result.append(contentsOf: [0x5C, value[index + 1]])
            }
            index += 2
        }
        return result
    }

    /// The last value of a key.
    package func last(_ group: String, _ key: String) -> Entry? {
        entries.last { $0.group == group && $0.key == key }
    }

    /// The value of a key in the first of several groups that has it (groups have old names).
    package func last(_ groups: [String], _ key: String) -> Entry? {
        groups.lazy.compactMap { last($0, key) }.first
    }

    /// Whether a group has any entry.
    package func hasGroup(_ group: String) -> Bool { entries.contains { $0.group == group } }

    /// A list value: `;` or `,` separates.
    package static func list(_ value: String) -> [String] {
        value.split { $0 == ";" || $0 == "," }.map { AsciiText.trimmed(String($0)) }.filter { !$0.isEmpty }
    }
}
