package import ByteReading

/// A security identifier: who an account or a group is ([MS-DTYP] 2.4.2.2).
package struct SecurityIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// Who gave it out, 48 bits: 5 for NT, 1 for Everyone.
    package let authority: UInt64
    /// The machine or domain, and at the end the relative identifier.
    package let subauthorities: [UInt32]

    package init(authority: UInt64, subauthorities: [UInt32]) {
        self.authority = authority
        self.subauthorities = subauthorities
    }

    /// Reads the one that starts at `offset`. `corrupt` for a revision other than 1 or more than 15 parts.
    package init(parsing bytes: Bytes, at offset: Int = 0) throws(ImageFault) {
        let revision = try bytes.byte(at: offset)
        let count = Int(try bytes.byte(at: offset.adding(1)))
        guard revision == 1, count <= 15 else {
            throw ImageFault(
                .corrupt, "SID of revision \(revision) with \(count) parts",
                at: bytes.origin.addingReportingOverflow(UInt64(clamping: offset)).partialValue)
        }
        let head = try bytes.slice(at: offset, count: 8 + 4 * count)
        authority = UInt64(try head.big(UInt16.self, at: 2)) << 32 | UInt64(try head.big(UInt32.self, at: 4))
        var parts: [UInt32] = []
        for index in 0..<count { parts.append(try head.little(UInt32.self, at: 8 + 4 * index)) }
        subauthorities = parts
    }

    /// Bytes it takes.
    package var size: Int { 8 + 4 * subauthorities.count }

    /// The part that tells accounts of one machine or domain apart.
    package var relative: UInt32? { subauthorities.last }

    /// Whether it is an account or group of the machine or domain `other`.
    package func isMember(of other: SecurityIdentifier) -> Bool {
        authority == other.authority && subauthorities.dropLast().elementsEqual(other.subauthorities)
    }

    /// `S-1-5-21-…`
    package var description: String {
        "S-1-\(authority)" + subauthorities.map { "-\($0)" }.joined()
    }
}
