/// Cyclic redundancy checks with reflected polynomials, eight bytes a step.
///
/// `ieee` is the CRC of GPT headers, gzip and xz; `castagnoli` (CRC-32C) that of ext4 metadata, jbd2, XFS v5
/// and btrfs.
public struct CRC32: Sendable {
    private let tables: [[UInt32]]

    private init(reflectedPolynomial polynomial: UInt32) {
        var first = [UInt32](repeating: 0, count: 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1 }
            first[index] = value
        }
        var tables = [first]
        for _ in 1..<8 {
            let previous = tables[tables.count - 1]
            tables.append((0..<256).map { (previous[$0] >> 8) ^ first[Int(previous[$0] & 0xFF)] })
        }
        self.tables = tables
    }

    /// The CRC of Ethernet, gzip and GPT (polynomial 0xEDB88320).
    public static let ieee = CRC32(reflectedPolynomial: 0xEDB8_8320)
    /// CRC-32C (polynomial 0x82F63B78).
    public static let castagnoli = CRC32(reflectedPolynomial: 0x82F6_3B78)

    /// Feeds `bytes` into the running register `seed`, without initial or final inversion.
    public func update(_ seed: UInt32, _ bytes: Bytes) -> UInt32 {
        bytes.withSpan { span in
            var crc = seed
            var index = 0
            while index + 8 <= span.count {
                let low =
                    crc
                    ^ (UInt32(span[index]) | UInt32(span[index + 1]) << 8 | UInt32(span[index + 2]) << 16
                        | UInt32(span[index + 3]) << 24)
                crc =
                    tables[7][Int(low & 0xFF)] ^ tables[6][Int(low >> 8 & 0xFF)]
                    ^ tables[5][Int(low >> 16 & 0xFF)] ^ tables[4][Int(low >> 24)]
                    ^ tables[3][Int(span[index + 4])] ^ tables[2][Int(span[index + 5])]
                    ^ tables[1][Int(span[index + 6])] ^ tables[0][Int(span[index + 7])]
                index += 8
            }
            while index < span.count {
                crc = (crc >> 8) ^ tables[0][Int((crc ^ UInt32(span[index])) & 0xFF)]
                index += 1
            }
            return crc
        }
    }

    /// The usual checksum: register starts at all ones and is inverted at the end.
    public func checksum(_ bytes: Bytes) -> UInt32 { ~update(~0, bytes) }
}
