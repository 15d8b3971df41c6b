package import ByteReading

/// Signatures inside a program (PE Format, "The Attribute Certificate Table").
extension PEImage {
    /// `WIN_CERT_TYPE_PKCS_SIGNED_DATA`.
    private static let signedDataType: UInt16 = 2
    /// Certificates of drivers have ten to thirty KiB.
    private static let largestCertificate: UInt32 = 1 << 20

    /// The digests of all its signatures, the outer one first; empty if it is not signed inside: a catalog may
    /// vouch for it then. Whether a signature is valid is not looked at.
    package func signatureDigests() throws(ImageFault) -> [SignedData.Digest] {
        guard let certificates else { return [] }
        var digests: [SignedData.Digest] = []
        var offset = certificates.lowerBound
        for _ in 0..<16 where certificates.upperBound - offset >= 8 {
            let head = try source.read(at: offset, count: 8)
            let length: UInt32 = try head.little(at: 0)
            guard length > 8, length <= Self.largestCertificate else {
                throw ImageFault(.corrupt, "a certificate of \(length) bytes", at: offset)
            }
            if try head.little(UInt16.self, at: 6) == Self.signedDataType {
                digests += try SignedData(parsing: try source.read(at: offset + 8, count: Int(length) - 8))
                    .digests
            }
            // Each starts at a multiple of eight bytes.
            let next = offset + (UInt64(length) + 7) & ~7
            guard next < certificates.upperBound else { break }
            offset = next
        }
        return digests
    }
}
