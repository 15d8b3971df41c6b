import ByteReading

/// XXH64 with seed 0 (xxHash fast digest algorithm, XXH64, version 0.1.1).
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    static func hash(_ bytes: Bytes) -> UInt64 {
        bytes.withSpan { span in
            var position = 0
            var hash: UInt64
            if span.count >= 32 {
                var lane1 = prime1 &+ prime2
                var lane2 = prime2
                var lane3: UInt64 = 0
                var lane4 = 0 &- prime1
                while position + 32 <= span.count {
                    lane1 = round(lane1, word(span, position))
                    lane2 = round(lane2, word(span, position + 8))
                    lane3 = round(lane3, word(span, position + 16))
                    lane4 = round(lane4, word(span, position + 24))
                    position += 32
                }
                hash = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
                for lane in [lane1, lane2, lane3, lane4] {
                    hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
                }
            } else {
                hash = prime5
            }
            hash &+= UInt64(span.count)
            while position + 8 <= span.count {
                hash = rotate(hash ^ round(0, word(span, position)), 27) &* prime1 &+ prime4
                position += 8
            }
            if position + 4 <= span.count {
                hash = rotate(hash ^ (half(span, position) &* prime1), 23) &* prime2 &+ prime3
                position += 4
            }
            while position < span.count {
                hash = rotate(hash ^ (UInt64(span[position]) &* prime5), 11) &* prime1
                position += 1
            }
            hash = (hash ^ (hash >> 33)) &* prime2
            hash = (hash ^ (hash >> 29)) &* prime3
            return hash ^ (hash >> 32)
        }
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func half(_ span: Span<UInt8>, _ position: Int) -> UInt64 {
        UInt64(span[position]) | UInt64(span[position + 1]) << 8 | UInt64(span[position + 2]) << 16
            | UInt64(span[position + 3]) << 24
    }

    private static func word(_ span: Span<UInt8>, _ position: Int) -> UInt64 {
        half(span, position) | half(span, position + 4) << 32
    }
}
