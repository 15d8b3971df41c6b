/// The parts of a unit name: `serial-getty@ttyS0.service`.
package struct UnitName: Hashable, Sendable, CustomStringConvertible {
    /// `serial-getty`.
    package let prefix: String
    /// `ttyS0`, empty for a template, nil for a plain unit.
    package let instance: String?
    /// `service`.
    package let type: String

    /// The types that units have.
    package static let types: Set<String> = [
        "service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice",
        "scope",
    ]

    /// Parses a name; nil when it has no known type.
    package init?(_ name: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name.utf8.count <= 255,
            !name.contains("/")
        else { return nil }
        type = String(name[name.index(after: dot)...])
        guard Self.types.contains(type) else { return nil }
        let stem = name[..<dot]
        if let at = stem.firstIndex(of: "@") {
            prefix = String(stem[..<at])
            instance = String(stem[stem.index(after: at)...])
        } else {
            prefix = String(stem)
            instance = nil
        }
    }

    /// The name.
    package var description: String { instance.map { "\(prefix)@\($0).\(type)" } ?? "\(prefix).\(type)" }
    /// Whether the name is that of a template.
    package var isTemplate: Bool { instance?.isEmpty == true }
    /// The name of the template an instance is made from.
    package var template: String? { instance.map { $0.isEmpty ? nil : "\(prefix)@.\(type)" } ?? nil }

    /// The name of the mount unit for `path` (`unit_name_path_escape`): `/boot/efi` is `boot-efi`.
    package static func escaped(path: String) -> String {
        let parts = path.split(separator: "/")
        if parts.isEmpty { return "-" }
        return parts.map { escaped(component: String($0), isFirst: false) }.joined(separator: "-")
    }

    private static func escaped(component: String, isFirst: Bool) -> String {
        var result = ""
        for (index, byte) in component.utf8.enumerated() {
            let isPlain = AsciiText.isAlphanumeric(byte) || byte == 0x5F || byte == 0x3A
            if isPlain || (byte == 0x2E && index > 0) {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result
    }

    /// Fills in the specifiers that install information uses: `%i`, `%I`, `%p`, `%n`, `%%`; nil with any other.
    package func expanded(_ text: String) -> String? {
        var result = ""
        var isSpecifier = false
        for character in text {
            if isSpecifier {
                isSpecifier = false
                switch character {
                case "%": result.append("%")
                case "i", "I": result += instance ?? ""
                case "p", "P": result += prefix
                case "n": result += description
                case "N": result += description.dropLast(type.count + 1)
                case "j": result += prefix.split(separator: "-").last.map(String.init) ?? prefix
                default: return nil
                }
            } else if character == "%" {
                isSpecifier = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
