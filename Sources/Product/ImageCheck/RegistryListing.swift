import ByteReading
import GuestFormats

/// One key of a registry hive with its values and the names of the keys under it.
public struct RegistryListing: Sendable, Hashable, Encodable {
    /// One value.
    public struct Value: Sendable, Hashable, Encodable {
        /// The name; empty for the default value.
        public var name: String
        /// `REG_SZ`, `REG_DWORD` …, or the number of an unknown type in hexadecimal.
        public var type: String
        /// The data as `reg query` shows it.
        public var text: String
        /// The number of REG_DWORD, REG_DWORD_BIG_ENDIAN and REG_QWORD.
        public var number: UInt64?
        /// The texts of REG_MULTI_SZ.
        public var strings: [String]?
        /// The bytes, in hexadecimal.
        public var bytes: String
    }

    /// The names from below the root of the hive, parted by backslashes; empty for the root.
    public var path: String
    /// The class of the key, which few have.
    public var className: String?
    /// When it was last written: 100 ns since 1601.
    public var lastWritten: UInt64
    /// In the order of the hive.
    public var values: [Value]
    /// The names of the keys directly under it.
    public var subkeys: [String]
}

extension RegistryListing.Value {
    init(_ value: RegistryValue) {
        name = value.name
        type = value.type.name
        number = value.integer
        strings = value.type == .multipleStrings ? value.strings : nil
        bytes = Hexadecimal.lower(value.data)
        text =
            if let number {
                "0x" + String(number, radix: 16)
            } else if let strings {
                strings.joined(separator: "\\0")
            } else {
                value.string ?? bytes.uppercased()
            }
    }
}
