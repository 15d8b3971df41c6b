import ByteReading

/// BLAKE2b with a digest of 256 bits and no key (RFC 7693).
enum BLAKE2b {
    private static let initial: [UInt64] = [
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
    ]

    /// RFC 7693 §2.7.
    private static let permutations: [[Int]] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ]

    /// The thirty-two bytes of the digest.
    static func digest(_ bytes: Bytes) -> [UInt8] {
        var state = initial
        // Parameter block: digest of 32 bytes, no key, fan-out 1, depth 1.
        state[0] ^= 0x0101_0020
        // The last block is compressed apart, even when it is a whole one.
        let whole = Swift.max(0, bytes.count - 1) / 128 * 128
        var work = [UInt64](repeating: 0, count: 32)
        bytes.withSpan { span in
            var position = 0
            while position < whole {
                compress(&state, &work, span, at: position, counter: UInt64(position + 128), isLast: false)
                position += 128
            }
        }
        var tail = bytes.dropFirst(whole).array
        tail.append(contentsOf: repeatElement(0, count: 128 - tail.count))
        compress(&state, &work, tail.span, at: 0, counter: UInt64(bytes.count), isLast: true)
        return state.prefix(4).flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
        }
    }

    /// `work` holds the sixteen words that are mixed, then the sixteen of the message.
    private static func compress(
        _ state: inout [UInt64], _ work: inout [UInt64], _ span: Span<UInt8>, at start: Int,
        counter: UInt64, isLast: Bool
    ) {
        for index in 0..<8 {
            work[index] = state[index]
            work[index + 8] = initial[index]
        }
        work[12] ^= counter
        if isLast { work[14] = ~work[14] }
        for index in 0..<16 {
            var word: UInt64 = 0
            for byte in 0..<8 { word |= UInt64(span[start + index * 8 + byte]) << UInt64(byte * 8) }
            work[16 + index] = word
        }
        for round in 0..<12 {
            let order = permutations[round % 10]
            mix(&work, 0, 4, 8, 12, order[0], order[1])
            mix(&work, 1, 5, 9, 13, order[2], order[3])
            mix(&work, 2, 6, 10, 14, order[4], order[5])
            mix(&work, 3, 7, 11, 15, order[6], order[7])
            mix(&work, 0, 5, 10, 15, order[8], order[9])
            mix(&work, 1, 6, 11, 12, order[10], order[11])
            mix(&work, 2, 7, 8, 13, order[12], order[13])
            mix(&work, 3, 4, 9, 14, order[14], order[15])
        }
        for index in 0..<8 { state[index] ^= work[index] ^ work[index + 8] }
    }

    private static func mix(
        _ work: inout [UInt64], _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: Int, _ y: Int
    ) {
        work[a] = work[a] &+ work[b] &+ work[16 + x]
        work[d] = rotate(work[d] ^ work[a], 32)
        work[c] = work[c] &+ work[d]
        work[b] = rotate(work[b] ^ work[c], 24)
        work[a] = work[a] &+ work[b] &+ work[16 + y]
        work[d] = rotate(work[d] ^ work[a], 16)
        work[c] = work[c] &+ work[d]
        work[b] = rotate(work[b] ^ work[c], 63)
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value >> count | value << (64 - count)
    }
}
