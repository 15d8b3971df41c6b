import ByteReading

/// Marvin32, the checksum of the entries in hive logs.
struct Marvin32: Sendable {
    /// The two words of the seed of hive logs: 82 EF 4D 88 7A 4E 55 C5 (Suhanov, log entries), read as one
    /// big-endian number.
    private var low: UInt32 = 0x7A4E_55C5
    private var high: UInt32 = 0x82EF_4D88

    /// Feeds whole words; the last one or two bytes are left out.
    mutating func update(_ bytes: Bytes) {
        bytes.withSpan { span in
            for word in 0..<span.count / 4 {
                let at = word * 4
                mix(
                    UInt32(span[at]) | UInt32(span[at + 1]) << 8 | UInt32(span[at + 2]) << 16
                        | UInt32(span[at + 3]) << 24)
            }
        }
    }

    /// The hash of what was fed, which was a multiple of four bytes as all entries are.
    consuming func finish() -> UInt64 {
        mix(0x80)
        mix(0)
        return UInt64(high) << 32 | UInt64(low)
    }

    private mutating func mix(_ word: UInt32) {
        low = low &+ word
        high ^= low
        low = rotate(low, 20) &+ high
        high = rotate(high, 9) ^ low
        low = rotate(low, 27) &+ high
        high = rotate(high, 19)
    }

    private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
}
