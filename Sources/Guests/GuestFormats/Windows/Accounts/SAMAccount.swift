package import ByteReading

/// An account of the SAM hive (`SAM\Domains\Account\Users\000001F4`, values `F` and `V`). The layout is not
/// published; it is described by chntpw's sam.h and by winreg-kb ("Security Accounts Manager keys").
///
/// Of the password only the number of bytes stored is looked at; nothing is decrypted or kept.
package struct SAMAccount: Sendable {
    /// Bits of `UserAccountControl` ([MS-SAMR] 2.2.1.12).
    package enum Flag {
        static let disabled: UInt32 = 0x0001
        static let normal: UInt32 = 0x0010
        static let passwordNeverExpires: UInt32 = 0x0200
        static let locked: UInt32 = 0x0400
    }

    /// Where the fixed part (`F`) keeps what is read of it.
    private enum Fixed {
        static let passwordLastSet = 0x18
        static let accountExpires = 0x20
        static let relative = 0x30
        static let control = 0x38
    }

    /// The variable part (`V`) starts with 17 entries of 12 bytes: offset behind the entries, size, and a number
    /// that is 0.
    private enum Variable {
        static let entries = 17
        static let entrySize = 12
        static let name = 1
        static let lanManagerHash = 13
        static let hash = 14
    }

    package let relative: UInt32
    package let name: String
    package let control: UInt32
    /// When the password was set, 100 ns since 1601; 0 makes its owner choose a new one.
    package let passwordLastSet: UInt64
    /// When the account ends, 100 ns since 1601; nil for never.
    package let expires: UInt64?
    /// Something is stored as password; of an empty password that was set as one, that is true too.
    package let hasPassword: Bool

    /// Reads the two values of an account.
    package init(fixed: Bytes, variable: Bytes) throws(ImageFault) {
        relative = try fixed.little(at: Fixed.relative)
        control = try fixed.little(at: Fixed.control)
        passwordLastSet = try fixed.little(at: Fixed.passwordLastSet)
        let end = try fixed.little(UInt64.self, at: Fixed.accountExpires)
        expires = end == 0 || end >= UInt64(Int64.max) ? nil : end
        name = try RegistryName.text(utf16: SAMAccount.entry(Variable.name, of: variable))
        let hashes = [
            try SAMAccount.entry(Variable.hash, of: variable),
            try SAMAccount.entry(Variable.lanManagerHash, of: variable),
        ]
        var hasPassword = false
        for hash in hashes where try SAMAccount.holdsHash(hash) { hasPassword = true }
        self.hasPassword = hasPassword
    }

    package var isDisabled: Bool { control & Flag.disabled != 0 }
    package var isLocked: Bool { control & Flag.locked != 0 }
    package var passwordNeverExpires: Bool { control & Flag.passwordNeverExpires != 0 }
    /// An account that people log in with, not one of a machine or a trust.
    package var isNormal: Bool { control & Flag.normal != 0 }
    package var mustChangePassword: Bool { passwordLastSet == 0 && !passwordNeverExpires }

    private static func entry(_ index: Int, of bytes: Bytes) throws(ImageFault) -> Bytes {
        let place = index * Variable.entrySize
        let offset = try bytes.little(UInt32.self, at: place).converted(to: Int.self)
        let size = try bytes.little(UInt32.self, at: place + 4).converted(to: Int.self)
        return try bytes.slice(at: offset.adding(Variable.entries * Variable.entrySize), count: size)
    }

    /// Before Windows 2000 a hash is its 16 bytes. Later a head of 4 bytes stands before it, whose second half
    /// is 1 for RC4: 4 bytes without a hash, 20 with one; or 2 for AES (since Windows 10 1607): 24 bytes
    /// without, 56 with.
    private static func holdsHash(_ bytes: Bytes) throws(ImageFault) -> Bool {
        switch bytes.count {
        case ..<16: return false
        case 24: return try bytes.little(UInt16.self, at: 2) != 2
        default: return true
        }
    }
}
