package import ByteReading

/// A catalog (`.cat`): a signed list of digests that vouches for the files of a package. The list is a certificate
/// trust list (MS-CAESO §4.4.5.1) inside PKCS #7 signed data.
package struct SecurityCatalog: Sendable {
    /// A file that it vouches for.
    package struct Member: Sendable, Hashable {
        /// The digest of the file in lower-case hexadecimal digits.
        package let digest: String
        /// The file's name, where the catalog says it.
        package let fileName: String?
    }

    /// The digests its signatures are made with.
    package let signatureDigests: [SignedData.Digest]
    /// The files in order.
    package private(set) var members: [Member] = []

    private static let trustList = "1.3.6.1.4.1.311.10.1"
    private static let nameValue = "1.3.6.1.4.1.311.12.2.1"

    /// Reads a whole catalog. `corrupt` if it is none.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        let signed = try SignedData(parsing: bytes)
        signatureDigests = signed.digests
        guard signed.contentType == Self.trustList, let list = signed.content else {
            throw ImageFault(.corrupt, "signed data that is no catalog", at: bytes.origin)
        }
        // Catalogs of a whole Windows have tens of thousands of members.
        var budget = Budget(1 << 20, of: "DER elements of a catalog")
        // usage, identifier of the list, [sequence number], date, [next date], algorithm, members, [0] more:
        // the members are the only sequence of sequences that start with an octet string.
        for field in try list.children(&budget).dropFirst(2) where field.tag == DERElement.sequence {
            let entries = try field.children(&budget)
            guard entries.allSatisfy({ $0.tag == DERElement.sequence }) else { continue }
            for entry in entries { try read(member: entry, &budget) }
        }
    }

    /// A member: its digest, as bytes or as text in UTF-16, and attributes.
    private mutating func read(member: DERElement, _ budget: inout Budget) throws(ImageFault) {
        let parts = try member.children(&budget)
        guard let tag = parts.first, tag.tag == DERElement.octetString else { return }
        var fileName: String?
        if parts.count > 1 {
            for attribute in try parts[1].children(&budget) {
                let fields = try attribute.children(&budget)
                guard fields.count > 1, fields[0].identifier == Self.nameValue else { continue }
                for pair in try fields[1].children(&budget) {
                    let parts = try pair.children(&budget)
                    guard parts.count > 2, parts[0].wideText?.lowercased() == "file" else { continue }
                    fileName = parts[2].content.utf16Text()
                }
            }
        }
        members.append(Member(digest: Self.digest(tag.content), fileName: fileName))
    }

    /// Old catalogs name a member by forty digits in UTF-16 with a NUL, new ones by the bytes of its digest.
    private static func digest(_ tag: Bytes) -> String {
        tag.count > 64 ? tag.utf16Text().lowercased() : Hexadecimal.lower(tag)
    }
}
