package import ByteReading

/// XPRESS with Huffman codes ([MS-XCA] 2.1, 2.2): one block, as the chunks of WIM archives and of files
/// compressed by the Windows overlay filter are.
package enum XpressHuffman {
    /// Unpacks exactly `size` bytes, at most 65536. Throws `corrupt` when the bytes are no XPRESS.
    package static func decode(_ input: Bytes, size: Int) throws(ImageFault) -> Bytes {
        guard (0...65536).contains(size) else {
            throw ImageFault(.corrupt, "XPRESS: a block of \(size) bytes", at: input.origin)
        }
        // Lengths of the words of 512 symbols, four bits each.
        var lengths: [UInt8] = []
        lengths.reserveCapacity(512)
        for byte in try input.slice(at: 0, count: 256) {
            lengths.append(byte & 0x0F)
            lengths.append(byte >> 4)
        }
        let code = try HuffmanDecoder(lengths: lengths)
        var reader = WordBitReader(input, at: 256)
        var output: [UInt8] = []
        output.reserveCapacity(size)
        while output.count < size {
            let symbol = try reader.symbol(code)
            if symbol < 256 {
                output.append(UInt8(truncatingIfNeeded: symbol))
                continue
            }
            // The longer lengths are bytes between the words of bits: behind the word that holds the bits of
            // the distance, which are taken after them.
            _ = reader.peek16()
            var length = symbol & 0x0F
            if length == 0x0F {
                length += Int(try reader.bytes(1).byte(at: 0))
                if length == 0x0F + 0xFF { length = Int(try reader.bytes(2).little(UInt16.self, at: 0)) }
            }
            length += 3
            let distanceBits = symbol >> 4 & 0x0F
            let distance = 1 << distanceBits | reader.take(distanceBits)
            guard distance <= output.count else {
                throw ImageFault(
                    .corrupt, "XPRESS: a match \(distance) bytes back after \(output.count)", at: input.origin
                )
            }
            for _ in 0..<Swift.min(length, size - output.count) {
                output.append(output[output.count - distance])
            }
        }
        return Bytes(output, origin: input.origin)
    }
}
