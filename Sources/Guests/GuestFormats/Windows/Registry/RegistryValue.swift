package import ByteReading

/// A value of a key: a name, a type and bytes, which need not fit the type.
package struct RegistryValue: Sendable {
    /// The name; empty for the default value.
    package var name: String
    package var type: RegistryValueType
    package var data: Bytes

    package init(name: String, type: RegistryValueType, data: Bytes) {
        self.name = name
        self.type = type
        self.data = data
    }

    /// The text of REG_SZ, REG_EXPAND_SZ and REG_LINK up to the first NUL; nil for other types.
    package var string: String? {
        switch type {
        case .string, .expandableString, .link:
            data.utf16Text()
        default: nil
        }
    }

    /// The texts of REG_MULTI_SZ up to the empty one that ends the list, or the one text of REG_SZ and
    /// REG_EXPAND_SZ; nil for other types.
    package var strings: [String]? {
        guard type == .multipleStrings else { return string.map { [$0] } }
        var strings: [String] = []
        for units in data.utf16Units().split(separator: 0, omittingEmptySubsequences: false) {
            if units.isEmpty { break }
            strings.append(String(decoding: units, as: UTF16.self))
        }
        return strings
    }

    /// The number of REG_DWORD, REG_DWORD_BIG_ENDIAN and REG_QWORD; nil for other types and for data that is
    /// too short.
    package var integer: UInt64? {
        switch type {
        case .dword: (try? data.little(UInt32.self, at: 0)).map(UInt64.init)
        case .dwordBigEndian: (try? data.big(UInt32.self, at: 0)).map(UInt64.init)
        case .qword: try? data.little(UInt64.self, at: 0)
        default: nil
        }
    }
}
