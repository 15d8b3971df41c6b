package import ByteReading

/// LZNT1, the compression of NTFS files ([MS-XCA] 2.5): chunks that unpack to 4096 bytes each.
package enum LZNT1 {
    private static let chunkSize = 4096

    /// Unpacks exactly `size` bytes. What follows the last chunk, and what a chunk leaves open of its 4096
    /// bytes, is zero. Throws `corrupt` when the bytes are no LZNT1.
    package static func decode(_ input: Bytes, size: Int) throws(ImageFault) -> Bytes {
        guard size >= 0 else { throw ImageFault(.corrupt, "LZNT1: \(size) bytes", at: input.origin) }
        var output: [UInt8] = []
        output.reserveCapacity(size)
        var position = 0
        while output.count < size, position + 2 <= input.count {
            let header: UInt16 = try input.little(at: position)
            if header == 0 { break }
            let length = Int(header & 0x0FFF) + 1
            guard position + 2 + length <= input.count else {
                throw ImageFault(
                    .corrupt, "LZNT1: a chunk of \(length) bytes reaches past the end",
                    at: input.origin &+ UInt64(position))
            }
            let chunk = try input.slice(at: position + 2, count: length)
            let start = output.count
            let limit = Swift.min(chunkSize, size - start)
            if header & 0x8000 == 0 {
                output += chunk.prefix(limit).array
            } else {
                try decodeChunk(chunk, into: &output, limit: limit)
            }
            // Chunks stand for 4096 bytes each, however few they hold.
            output += repeatElement(0, count: limit - (output.count - start))
            position += 2 + length
        }
        output += repeatElement(0, count: size - output.count)
        return Bytes(output, origin: input.origin)
    }

    /// Groups of eight literals and matches behind a byte of flags. The sixteen bits of a match are shared by
    /// distance and length as the place in the chunk needs it.
    private static func decodeChunk(
        _ chunk: Bytes, into output: inout [UInt8], limit: Int
    ) throws(ImageFault) {
        let start = output.count
        let end = start + limit
        var position = 0
        while position < chunk.count, output.count < end {
            var flags = try chunk.byte(at: position)
            position += 1
            for _ in 0..<8 {
                guard position < chunk.count, output.count < end else { return }
                if flags & 1 == 0 {
                    output.append(try chunk.byte(at: position))
                    position += 1
                } else {
                    let token = Int(try chunk.little(UInt16.self, at: position))
                    position += 2
                    let done = output.count - start
                    var distanceBits = 4
                    while 1 << distanceBits < done { distanceBits += 1 }
                    let distance = token >> (16 - distanceBits) + 1
                    let length = token & (0xFFFF >> distanceBits) + 3
                    guard distance <= done else {
                        throw ImageFault(
                            .corrupt, "LZNT1: a match \(distance) bytes back after \(done)",
                            at: chunk.origin &+ UInt64(position - 2))
                    }
                    for _ in 0..<Swift.min(length, end - output.count) {
                        output.append(output[output.count - distance])
                    }
                }
                flags >>= 1
            }
        }
    }
}
