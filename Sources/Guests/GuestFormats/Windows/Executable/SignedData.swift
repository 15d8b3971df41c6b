package import ByteReading

/// PKCS #7 signed data (RFC 2315 §9), as far as what was signed and with which digests goes. Nothing is verified.
package struct SignedData: Sendable {
    /// A digest that a signature is made over.
    package enum Digest: Sendable, Hashable {
        case md5
        case sha1
        case sha256
        case sha384
        case sha512
        case other(String)

        init(identifier: String) {
            self =
                switch identifier {
                case "1.2.840.113549.2.5": .md5
                case "1.3.14.3.2.26": .sha1
                case "2.16.840.1.101.3.4.2.1": .sha256
                case "2.16.840.1.101.3.4.2.2": .sha384
                case "2.16.840.1.101.3.4.2.3": .sha512
                default: .other(identifier)
                }
        }

        /// `sha256`; of one that is not known the object identifier.
        package var name: String {
            switch self {
            case .md5: "md5"
            case .sha1: "sha1"
            case .sha256: "sha256"
            case .sha384: "sha384"
            case .sha512: "sha512"
            case .other(let identifier): identifier
            }
        }

        /// Whether Windows 7 and Server 2008 R2 know it without an update.
        package var isLegacy: Bool { self == .sha1 || self == .md5 }
    }

    /// The digests, one for each signature: the outer one first, then those nested in it, which newer systems
    /// look at (`1.3.6.1.4.1.311.2.4.1`).
    package private(set) var digests: [Digest] = []
    /// The kind of what was signed, such as `1.3.6.1.4.1.311.2.1.4` for a program.
    package private(set) var contentType = ""
    /// What was signed.
    package private(set) var content: DERElement?

    private static let signedData = "1.2.840.113549.1.7.2"
    private static let nestedSignature = "1.3.6.1.4.1.311.2.4.1"
    /// Signatures in signatures that are looked at.
    private static let mostNested = 4

    /// Reads a `ContentInfo`. `corrupt` if it is no signed data.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        var budget = Budget(8192, of: "DER elements")
        try self.init(parsing: bytes, depth: 0, &budget)
    }

    private init(parsing bytes: Bytes, depth: Int, _ budget: inout Budget) throws(ImageFault) {
        let outer = try DERElement(parsing: bytes).children(&budget)
        guard outer.count >= 2, outer[0].identifier == Self.signedData,
            let inner = try outer[1].children(&budget).first
        else { throw ImageFault(.corrupt, "no PKCS #7 signed data", at: bytes.origin) }
        // version, digestAlgorithms, contentInfo, [0] certificates, [1] revocation lists, signerInfos
        let fields = try inner.children(&budget)
        guard fields.count >= 4, let signers = fields.last, signers.tag == DERElement.set else {
            throw ImageFault(.corrupt, "PKCS #7 signed data without signers", at: inner.content.origin)
        }
        let info = try fields[2].children(&budget)
        contentType = info.first?.identifier ?? ""
        if info.count >= 2 { content = try info[1].children(&budget).first }
        for signer in try signers.children(&budget) {
            try read(signer: signer, depth: depth, &budget)
        }
    }

    /// `SignerInfo`: version, issuer and serial number, digest algorithm, [0] attributes, algorithm, signature,
    /// [1] attributes that are not signed.
    private mutating func read(
        signer: DERElement, depth: Int, _ budget: inout Budget
    ) throws(ImageFault) {
        let fields = try signer.children(&budget)
        guard fields.count >= 5, let identifier = try fields[2].children(&budget).first?.identifier else {
            throw ImageFault(.corrupt, "a PKCS #7 signer without a digest", at: signer.content.origin)
        }
        digests.append(Digest(identifier: identifier))
        guard depth < Self.mostNested, let unsigned = fields.last, unsigned.tag == 0xA1 else { return }
        for attribute in try unsigned.children(&budget) {
            let parts = try attribute.children(&budget)
            guard parts.count >= 2, parts[0].identifier == Self.nestedSignature else { continue }
            var rest = parts[1].content
            while !rest.isEmpty {
                try budget.spend()
                let size = try DERElement(parsing: rest).size
                digests += try SignedData(parsing: rest.prefix(size), depth: depth + 1, &budget).digests
                rest = rest.dropFirst(size)
            }
        }
    }
}
