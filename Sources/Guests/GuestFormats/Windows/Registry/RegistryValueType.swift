/// What the bytes of a value are said to be (`REG_…` in winnt.h). Any number is possible.
package struct RegistryValueType: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let none = RegistryValueType(rawValue: 0)
    package static let string = RegistryValueType(rawValue: 1)
    package static let expandableString = RegistryValueType(rawValue: 2)
    package static let binary = RegistryValueType(rawValue: 3)
    package static let dword = RegistryValueType(rawValue: 4)
    package static let dwordBigEndian = RegistryValueType(rawValue: 5)
    package static let link = RegistryValueType(rawValue: 6)
    package static let multipleStrings = RegistryValueType(rawValue: 7)
    package static let resourceList = RegistryValueType(rawValue: 8)
    package static let fullResourceDescriptor = RegistryValueType(rawValue: 9)
    package static let resourceRequirementsList = RegistryValueType(rawValue: 10)
    package static let qword = RegistryValueType(rawValue: 11)

    private static let names = [
        "REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
        "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD",
    ]

    /// The name in winnt.h, or the number in hexadecimal (`0xffff0012`: device properties have such types).
    package var name: String {
        guard rawValue < UInt32(Self.names.count) else { return "0x" + String(rawValue, radix: 16) }
        return Self.names[Int(rawValue)]
    }
}
