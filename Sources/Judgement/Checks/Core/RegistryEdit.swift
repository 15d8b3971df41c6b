/// A change of the registry of an offline Windows, in the form that `regedit`, `reg import`, `hivexregedit` and
/// `virt-win-reg` take: the text of a `.reg` file, with the control set and the values of this image.
public struct RegistryEdit: Sendable, Hashable, Codable {
    /// The hive it changes, by the name of its file: `SYSTEM`, `SOFTWARE`, `BCD`.
    public var hive: String
    /// The whole `.reg` file.
    public var text: String

    /// Makes an edit of a text that is complete.
    public init(hive: String, text: String) {
        self.hive = hive
        self.text = text
    }

    /// Writes the changes down in the order given; keys follow each other as often as they are named.
    package init(hive: String, _ changes: [Change]) {
        var lines = ["Windows Registry Editor Version 5.00"]
        var open: String?
        // A name with a line break in it would be read as lines of its own.
        for change in changes where change.isOneLine {
            let head = change.head
            if head != open || change.isWhole {
                lines += ["", head]
                open = head
            }
            if let line = change.line { lines.append(line) }
        }
        self.init(hive: hive, text: lines.joined(separator: "\r\n") + "\r\n")
    }

    /// One change.
    package enum Change: Sendable, Hashable {
        /// Gives a value (`""` for the default one) new data; the key is made if it is not there.
        case set(key: String, name: String, Datum)
        case removeValue(key: String, name: String)
        /// Makes a key.
        case make(key: String)
        /// Removes a key with all below it.
        case remove(key: String)

        fileprivate var isWhole: Bool {
            switch self {
            case .remove, .make: true
            case .set, .removeValue: false
            }
        }

        fileprivate var isOneLine: Bool {
            let names =
                switch self {
                case .set(let key, let name, _), .removeValue(let key, let name): [key, name]
                case .make(let key), .remove(let key): [key]
                }
            return names.allSatisfy { name in !name.utf8.contains { $0 < 0x20 } }
        }

        fileprivate var head: String {
            switch self {
            case .set(let key, _, _), .removeValue(let key, _), .make(let key): "[\(Change.long(key))]"
            case .remove(let key): "[-\(Change.long(key))]"
            }
        }

        fileprivate var line: String? {
            switch self {
            case .set(_, let name, let datum): "\(Change.name(name))=\(datum.text)"
            case .removeValue(_, let name): "\(Change.name(name))=-"
            case .make, .remove: nil
            }
        }

        /// `.reg` files know the long names of the root keys only.
        private static func long(_ key: String) -> String {
            key.hasPrefix("HKLM\\") ? "HKEY_LOCAL_MACHINE" + key.dropFirst(4) : key
        }

        private static func name(_ name: String) -> String { name.isEmpty ? "@" : regQuoted(name) }
    }

    /// Data of a value.
    package enum Datum: Sendable, Hashable {
        case dword(UInt32)
        case string(String)
        case expandString(String)
        case multiString([String])
        case binary([UInt8])
        /// Bytes of any other type, by its number.
        case other(type: UInt32, [UInt8])

        fileprivate var text: String {
            switch self {
            case .dword(let number): return "dword:" + hex(number)
            // A line of the file cannot hold a line break; as bytes it can.
            case .string(let text) where text.utf8.contains(where: { $0 < 0x20 }):
                return "hex(1):" + list(utf16(text) + [0, 0])
            case .string(let text): return regQuoted(text)
            case .expandString(let text): return "hex(2):" + list(utf16(text) + [0, 0])
            case .multiString(let texts):
                return "hex(7):" + list(texts.flatMap { utf16($0) + [0, 0] } + [0, 0])
            case .binary(let bytes): return "hex:" + list(bytes)
            case .other(let type, let bytes):
                return "hex(\(String(type, radix: 16))):" + list(bytes)
            }
        }

        private func hex(_ number: UInt32) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }

        private func utf16(_ text: String) -> [UInt8] {
            text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        }

        private func list(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ",")
        }
    }
}

private func regQuoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}

extension Fix {
    /// Changes the registry of the image. Before anything is written the hive has to be clean: a hive whose
    /// logs still hold changes takes them back over whatever was written.
    package static func registry(
        _ title: String, hive: String = "SYSTEM", risk: Risk = .low, _ changes: [RegistryEdit.Change]
    ) -> Fix {
        let edit = RegistryEdit(hive: hive, changes)
        let commands =
            hive == "BCD"
            ? ["hivexregedit --merge --prefix 'HKEY_LOCAL_MACHINE\\BCD00000000' BCD fix.reg"]
            : ["virt-win-reg --merge IMAGE fix.reg"]
        return Fix(title, kind: .autoHive, risk: risk, commands: commands, registry: edit)
    }
}
