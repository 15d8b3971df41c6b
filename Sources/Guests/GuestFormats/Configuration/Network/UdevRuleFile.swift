package import ByteReading

/// A rules file of udev (udev(7)) as lines of `KEY op "value"`; what they do is up to who reads them.
package struct UdevRuleFile: Sendable {
    /// One `KEY op "value"`.
    package struct Item: Hashable, Sendable {
        /// `SUBSYSTEM`, `ATTR{address}`, `GOTO` …
        package let key: String
        /// `==`, `!=`, `=`, `+=`, `:=` …
        package let operation: String
        /// What stands between the quotes.
        package let value: String
    }

    /// One rule: a line, continuations joined.
    package struct Rule: Sendable {
        /// Its parts in order.
        package let items: [Item]
        /// The rule's first line.
        package let source: SourceLine

        /// The value that `key` is given with `operation`.
        package func value(_ key: String, _ operation: String) -> String? {
            items.last { $0.key == key && $0.operation == operation }?.value
        }
    }

    /// The rules in order.
    package let rules: [Rule]

    /// Reads a rules file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var rules: [Rule] = []
        var joined: [UInt8] = []
        var start: ConfigurationText.Line?
        for line in text.lines {
            let content = AsciiText.trimmed(line.bytes)
            if start == nil, content.isEmpty || content.first == 0x23 { continue }
            start = start ?? line
            if content.last == 0x5C {
                joined.append(contentsOf: content.dropLast())
                joined.append(AsciiText.space)
                continue
            }
            joined.append(contentsOf: content)
            if let first = start {
                rules.append(Rule(items: Self.items(joined[...]), source: text.source(first)))
            }
            joined = []
            start = nil
        }
        self.rules = rules
    }

    private static func items(_ line: AsciiText.Piece) -> [Item] {
        var result: [Item] = []
        var index = line.startIndex
        while index < line.endIndex {
            let key = line[index...].prefix {
                $0 != 0x3D && $0 != 0x21 && $0 != 0x2B && $0 != 0x3A && $0 != 0x2D
            }
            index = key.endIndex
            let operation = line[index...].prefix { $0 != 0x22 }
            index = operation.endIndex
            guard index < line.endIndex else { break }
            let value = line[(index + 1)...].prefix { $0 != 0x22 }
            index = min(value.endIndex + 1, line.endIndex)
            result.append(
                Item(
                    key: AsciiText.string(AsciiText.trimmed(key) { AsciiText.isSpace($0) || $0 == 0x2C }),
                    operation: AsciiText.string(AsciiText.trimmed(operation)),
                    value: AsciiText.string(value)))
        }
        return result
    }

    /// Whether udev's pattern (`a|b*`) matches `text`.
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        pattern.split(separator: "|", omittingEmptySubsequences: false)
            .contains { FileNamePattern(String($0)).matches(text) }
    }
}
