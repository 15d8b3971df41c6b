package import ByteReading

/// `70-persistent-net.rules` and others in udev's rule syntax, as far as they name network interfaces.
package struct PersistentNetRules: Sendable {
    /// A rule that gives a NIC a name.
    package struct Rule: Sendable {
        /// The name it gives.
        package let name: String
        /// The MAC address it is for, in lower case; nil when it goes by something else.
        package let address: String?
        /// The driver it is for, if it says.
        package let driver: String?
        /// The kernel's name it is for, a pattern.
        package let kernel: String?
        /// Where it stands.
        package let source: SourceLine
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
            if let first = start, let rule = Self.rule(joined[...], source: text.source(first)) {
                rules.append(rule)
            }
            joined = []
            start = nil
        }
        self.rules = rules
    }

    private static func rule(_ line: AsciiText.Piece, source: SourceLine) -> Rule? {
        var name: String?
        var address: String?
        var driver: String?
        var kernel: String?
        for (key, operation, value) in pairs(line) {
            switch (key, operation) {
            case ("NAME", "="), ("NAME", ":="): name = value
            case ("ATTR{address}", "=="), ("ATTRS{address}", "=="), ("SYSFS{address}", "=="):
                address = InterfaceMatch.normalized(value)
            case ("DRIVERS", "=="), ("ENV{ID_NET_DRIVER}", "=="): driver = value == "?*" ? nil : value
            case ("KERNEL", "=="): kernel = value
            default: break
            }
        }
        guard let name, !name.isEmpty else { return nil }
        return Rule(name: name, address: address, driver: driver, kernel: kernel, source: source)
    }

    /// `KEY op "value"` triples, separated by commas.
    private static func pairs(_ line: AsciiText.Piece) -> [(String, String, String)] {
        var result: [(String, String, String)] = []
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
            index = value.endIndex + 1
            result.append(
                (
                    AsciiText.string(AsciiText.trimmed(key) { AsciiText.isSpace($0) || $0 == 0x2C }),
                    AsciiText.string(AsciiText.trimmed(operation)), AsciiText.string(value)
                ))
        }
        return result
    }
}
