import ByteReading

/// A canonical Huffman code of at most 16 bits a word, most significant bit first, as XPRESS and LZX use it.
struct HuffmanDecoder {
    /// Words of up to this many bits are found in one step.
    private static let directBits = 9

    /// Symbol and length (in the low five bits) by the next nine bits; zero where the word is longer.
    private var direct = [UInt32](repeating: 0, count: 1 << directBits)
    /// For each length the first word after those of that length, shifted to 16 bits.
    private var ends = [UInt32](repeating: 0, count: 17)
    /// For each length what has to be added to a word to have its place in `symbols`.
    private var places = [Int](repeating: 0, count: 17)
    /// Symbols by length, then by number.
    private var symbols: [UInt16] = []

    /// Makes the code in which symbol `i` has a word of `lengths[i]` bits; zero is a symbol that is not used.
    ///
    /// Throws `corrupt` when there are more words than bits allow. Words that no symbol has are found when
    /// they are met.
    init(lengths: some Collection<UInt8>) throws(ImageFault) {
        var counts = [Int](repeating: 0, count: 17)
        for length in lengths { counts[Int(Swift.min(length, 16))] += 1 }
        counts[0] = 0
        var starts = [Int](repeating: 0, count: 18)
        var word: UInt32 = 0
        for length in 1...16 {
            places[length] = starts[length] - Int(word)
            starts[length + 1] = starts[length] + counts[length]
            word += UInt32(counts[length])
            guard word <= 1 << length else {
                throw ImageFault(.corrupt, "a Huffman code with too many words")
            }
            ends[length] = word << (16 - length)
            word <<= 1
        }
        symbols = [UInt16](repeating: 0, count: starts[17])
        var next = starts
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let length = Int(Swift.min(length, 16))
            let place = next[length]
            next[length] += 1
            symbols[place] = UInt16(truncatingIfNeeded: symbol)
            guard length <= HuffmanDecoder.directBits else { continue }
            let shift = HuffmanDecoder.directBits - length
            let first = (place - places[length]) << shift
            for index in first..<(first + 1 << shift) {
                direct[index] = UInt32(symbol) << 5 | UInt32(length)
            }
        }
    }

    /// The symbol whose word the next 16 bits start with, and the length of the word. Throws `corrupt` when
    /// there is none.
    @inline(__always)
    func decode(_ bits: UInt32) throws(ImageFault) -> (symbol: Int, length: Int) {
        let entry = direct[Int(bits >> UInt32(16 - HuffmanDecoder.directBits))]
        if entry != 0 { return (Int(entry >> 5), Int(entry & 31)) }
        for length in 1...16 where bits < ends[length] {
            return (Int(symbols[Int(bits >> UInt32(16 - length)) + places[length]]), length)
        }
        throw ImageFault(.corrupt, "a word that the Huffman code does not have")
    }
}
