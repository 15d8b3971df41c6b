package import ByteReading

/// What `/etc/lvm/lvm.conf` says about which devices LVM may use (lvm.conf(5)).
package struct LvmConfiguration: Sendable {
    /// A `filter` or `global_filter`.
    package struct Filter: Sendable {
        /// `filter` or `global_filter`.
        package let name: String
        /// The patterns: `a|^/dev/sd.*|`, `r|.*|`.
        package let patterns: [String]
        /// Where it stands.
        package let source: SourceLine
    }

    /// The filters; LVM takes the last of each name.
    package let filters: [Filter]
    /// Other settings by `section/key`, as written.
    package let settings: [String: (value: String, source: SourceLine)]

    /// Reads the file: sections in braces, `key = value`, lists in brackets over several lines, `#` comments.
    package init(_ bytes: Bytes, name: String = "/etc/lvm/lvm.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var filters: [Filter] = []
        var settings: [String: (value: String, source: SourceLine)] = [:]
        var sections: [String] = []
        var index = 0
        while index < text.lines.count {
            let line = text.lines[index]
            index += 1
            let content = AsciiText.trimmed(Self.withoutComment(line.bytes))
            guard let last = content.last else { continue }
            if last == 0x7B {
                if sections.count < 16 {
                    sections.append(AsciiText.string(AsciiText.trimmed(content.dropLast())))
                }
            } else if content.first == 0x7D {
                _ = sections.popLast()
            } else if let (key, first) = AsciiText.split(content, at: 0x3D) {
                let name = AsciiText.string(AsciiText.trimmed(key))
                var value = Array(AsciiText.trimmed(first))
                var isOpen = value.first == 0x5B && !value.contains(0x5D)
                while isOpen, index < text.lines.count, value.count < 65536 {
                    let more = AsciiText.trimmed(Self.withoutComment(text.lines[index].bytes))
                    isOpen = !more.contains(0x5D)
                    value.append(AsciiText.space)
                    value.append(contentsOf: more)
                    index += 1
                }
                let written = AsciiText.string(value[...])
                let section = sections.last ?? ""
                settings[section.isEmpty ? name : "\(section)/\(name)"] = (written, text.source(line))
                if name == "filter" || name == "global_filter" {
                    filters.append(
                        Filter(name: name, patterns: Self.strings(value[...]), source: text.source(line)))
                }
            }
        }
        self.filters = filters
        self.settings = settings
    }

    private static func withoutComment(_ line: AsciiText.Piece) -> AsciiText.Piece {
        var isQuoted = false
        for index in line.indices {
            if line[index] == 0x22 { isQuoted.toggle() }
            if line[index] == 0x23, !isQuoted { return line[..<index] }
        }
        return line
    }

    private static func strings(_ value: AsciiText.Piece) -> [String] {
        let parts = value.split(separator: 0x22, omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { AsciiText.string(parts[$0]) }
    }

    /// Whether the devices file (`/etc/lvm/devices/system.devices`) is used; nil when the default of the build
    /// holds (on from Red Hat 9 on).
    package var usesDevicesFile: Bool? {
        settings["devices/use_devicesfile"].flatMap { AsciiText.boolean(AsciiText.unquoted($0.value)) }
    }
}

extension LvmConfiguration.Filter {
    /// Whether the filter lets a device of this name through. Patterns are regular expressions; those made of
    /// letters, digits, `^`, `$`, `.*` and `/` are understood, others make the answer unknown.
    package func accepts(_ device: String) -> Ternary {
        for pattern in patterns {
            let bytes = Array(pattern.utf8)
            guard bytes.count >= 3, bytes[0] == 0x61 || bytes[0] == 0x72 else { return .unknown }
            // The character after `a` or `r` opens the expression and its partner closes it.
            let partners: [UInt8: UInt8] = [0x28: 0x29, 0x5B: 0x5D, 0x7B: 0x7D]
            let close = partners[bytes[1]] ?? bytes[1]
            guard bytes.last == close else { return .unknown }
            switch Self.matches(bytes[2..<(bytes.count - 1)], device) {
            case .yes: return Ternary(bytes[0] == 0x61)
            case .unknown: return .unknown
            case .no: continue
            }
        }
        return .yes
    }

    private static func matches(_ expression: ArraySlice<UInt8>, _ device: String) -> Ternary {
        var expression = expression
        var glob = "*"
        if expression.first == 0x5E {
            glob = ""
            expression = expression.dropFirst()
        }
        var isAnchored = false
        if expression.last == 0x24 {
            isAnchored = true
            expression = expression.dropLast()
        }
        var index = expression.startIndex
        while index < expression.endIndex {
            let byte = expression[index]
            let next = index + 1 < expression.endIndex ? expression[index + 1] : 0
            if byte == 0x2E {
                glob += next == 0x2A ? "*" : "?"
                index += next == 0x2A ? 2 : 1
            } else if AsciiText.isName(byte) || byte == 0x2F || byte == 0x2D, next != 0x2A, next != 0x2B,
                next != 0x3F
            {
                glob.unicodeScalars.append(UnicodeScalar(byte))
                index += 1
            } else if byte == 0x5B, let close = expression[index...].firstIndex(of: 0x5D),
                close + 1 == expression.endIndex
                    || (expression[close + 1] != 0x2A && expression[close + 1] != 0x2B
                        && expression[close + 1] != 0x3F)
            {
                glob += AsciiText.string(expression[index...close])
                index = close + 1
            } else {
                return .unknown
            }
        }
        return Ternary(FileNamePattern(isAnchored ? glob : glob + "*").matches(device))
    }
}

/// `/etc/mdadm.conf` or `/etc/mdadm/mdadm.conf`: its `ARRAY` lines (mdadm.conf(5)).
package struct MdadmConfiguration: Sendable {
    /// One array.
    package struct Array: Sendable {
        /// The device: `/dev/md/0`, or `<ignore>`.
        package let device: String
        /// `UUID=` as written (`1234abcd:…`).
        package let uuid: String?
        /// `name=`.
        package let name: String?
        /// Where it stands.
        package let source: SourceLine
    }

    /// The arrays in order.
    package let arrays: [Array]

    /// Reads the file; a line that starts with white space continues the one before.
    package init(_ bytes: Bytes, name: String = "/etc/mdadm/mdadm.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var arrays: [Array] = []
        var words: [String] = []
        var start: ConfigurationText.Line?
        func finish() {
            guard let first = words.first, let line = start else { return }
            if AsciiText.lowercased(first) == "array", words.count >= 2 {
                func value(_ key: String) -> String? {
                    words.first { AsciiText.lowercased($0).hasPrefix(key + "=") }.map {
                        String($0.dropFirst(key.utf8.count + 1))
                    }
                }
                arrays.append(
                    Array(
                        device: words[1], uuid: value("uuid"), name: value("name"), source: text.source(line))
                )
            }
            words = []
        }
        for line in text.lines {
            let content = line.bytes.prefix { $0 != 0x23 }
            let found = AsciiText.words(content).map(AsciiText.string)
            if found.isEmpty { continue }
            if let first = content.first, AsciiText.isBlank(first), !words.isEmpty {
                if words.count < 256 { words += found }
            } else {
                finish()
                words = found
                start = line
            }
        }
        finish()
        self.arrays = arrays
    }
}
