package import ByteReading

/// The domain of a machine's own accounts (`SAM\Domains\Account`, values `F` and `V`): who the machine is, and how
/// old a password may be. The fields are those of [MS-SAMR] 2.2.3 as sam.h of chntpw and mimikatz place them.
package struct SAMDomain: Sendable {
    /// The identifier that those of all accounts start with; nil when none was found.
    package let identifier: SecurityIdentifier?
    /// After how long a password is too old, in units of 100 ns; nil for never.
    package let maximumPasswordAge: UInt64?

    package init(fixed: Bytes, variable: Bytes) throws(ImageFault) {
        let age = try fixed.little(Int64.self, at: 0x18)
        maximumPasswordAge = age == 0 || age == Int64.min ? nil : age.magnitude
        identifier = SAMDomain.identifier(in: variable)
    }

    /// Where it stands differs between the versions; what it starts with does not: revision 1, four parts,
    /// authority 5, and 21 as the first part. Identifiers in the security descriptor before it are of accounts
    /// and have five.
    private static func identifier(in bytes: Bytes) -> SecurityIdentifier? {
        let head: [UInt8] = [1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0]
        var found: SecurityIdentifier?
        var from = 0
        while let place = bytes.firstIndex(of: head, from: from) {
            found = (try? SecurityIdentifier(parsing: bytes, at: place)) ?? found
            from = place + head.count
        }
        return found
    }
}
