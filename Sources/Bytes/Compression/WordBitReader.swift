import ByteReading

/// Bits as XPRESS and LZX store them: little-endian words of 16 bits, the most significant bit of a word first.
/// Past the end there are zeros.
struct WordBitReader {
    private let bytes: Bytes
    /// The next byte that is not among the bits.
    private(set) var position: Int
    private var bits: UInt64 = 0
    private var count = 0

    init(_ bytes: Bytes, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// Takes words until there are at least `needed` bits (at most 32).
    @inline(__always)
    private mutating func fill(_ needed: Int) {
        while count < needed {
            let word = (try? bytes.little(UInt16.self, at: position)) ?? 0
            position += 2
            bits = bits << 16 | UInt64(word)
            count += 16
        }
    }

    /// The next 16 bits, which stay.
    @inline(__always)
    mutating func peek16() -> UInt32 {
        fill(16)
        return UInt32(truncatingIfNeeded: bits >> UInt64(count - 16)) & 0xFFFF
    }

    /// Drops bits that were looked at.
    @inline(__always)
    mutating func drop(_ number: Int) { count -= number }

    /// The next `number` bits, at most 24.
    @inline(__always)
    mutating func take(_ number: Int) -> Int {
        guard number > 0 else { return 0 }
        fill(number)
        count -= number
        return Int(truncatingIfNeeded: bits >> UInt64(count)) & (1 << number - 1)
    }

    /// A symbol of a code.
    @inline(__always)
    mutating func symbol(_ code: borrowing HuffmanDecoder) throws(ImageFault) -> Int {
        let (symbol, length) = try code.decode(peek16())
        drop(length)
        return symbol
    }

    /// Whole bytes that lie behind the words taken so far.
    mutating func bytes(_ number: Int) throws(ImageFault) -> Bytes {
        let result = try bytes.slice(at: position, count: number)
        position += number
        return result
    }

    /// Takes a word if need be and drops what is left of the last one: one to sixteen bits.
    mutating func alignDroppingAtLeastOneBit() {
        fill(1)
        count = 0
    }
}
