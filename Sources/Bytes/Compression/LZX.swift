package import ByteReading

/// LZX with a window of 32 KiB, one chunk at a time, as WIM archives and the Windows overlay filter have it
/// ([MS-PATCH] describes LZX; wimlib, `src/lzx_decompress.c`, how those differ: each chunk stands alone, block
/// sizes have their own coding, and calls of x86 are always translated, for a file of 12 000 000 bytes).
package enum LZX {
    private static let windowSize = 32768
    /// Position slots of a window of 32 KiB.
    private static let slotCount = 30
    private static let lengthSymbols = 249
    private static let translatedSize: Int32 = 12_000_000

    /// The first distance of each slot, and how many bits choose among its distances.
    private static let slots: [(base: Int, bits: Int)] = {
        var slots: [(base: Int, bits: Int)] = []
        var base = 0
        for slot in 0..<slotCount {
            let bits = slot < 4 ? 0 : slot / 2 - 1
            slots.append((base, bits))
            base += 1 << bits
        }
        return slots
    }()

    /// The lengths of words, each block's told as differences from those of the block before.
    private struct Lengths {
        var main = [UInt8](repeating: 0, count: 256 + slotCount * 8)
        var length = [UInt8](repeating: 0, count: lengthSymbols)
    }

    private enum Block: Int {
        case verbatim = 1
        case aligned = 2
        case uncompressed = 3
    }

    /// Unpacks exactly `size` bytes, at most 32768. Throws `corrupt` when the bytes are no LZX.
    package static func decode(_ input: Bytes, size: Int) throws(ImageFault) -> Bytes {
        guard (0...windowSize).contains(size) else {
            throw ImageFault(.corrupt, "LZX: a chunk of \(size) bytes", at: input.origin)
        }
        var reader = WordBitReader(input)
        var output: [UInt8] = []
        output.reserveCapacity(size)
        var lengths = Lengths()
        var recent = [1, 1, 1]
        do throws(ImageFault) {
            while output.count < size {
                let kind = reader.take(3)
                let count = reader.take(1) == 1 ? windowSize : reader.take(16)
                guard count > 0, count <= size - output.count else {
                    throw ImageFault(.corrupt, "a block of \(count) bytes after \(output.count) of \(size)")
                }
                switch Block(rawValue: kind) {
                case .verbatim, .aligned:
                    try decodeBlock(
                        &reader, isAligned: kind == Block.aligned.rawValue, count: count, &lengths, &recent,
                        &output)
                case .uncompressed:
                    reader.alignDroppingAtLeastOneBit()
                    for index in 0..<3 {
                        recent[index] = Int(try reader.bytes(4).little(UInt32.self, at: 0))
                    }
                    output += try reader.bytes(count).array
                    if count & 1 == 1, output.count < size { _ = try reader.bytes(1) }
                case nil: throw ImageFault(.corrupt, "a block of kind \(kind)")
                }
            }
        } catch {
            throw ImageFault(error.kind, "LZX: \(error.message)", at: input.origin)
        }
        restoreCalls(&output)
        return Bytes(output, origin: input.origin)
    }

    private static func decodeBlock(
        _ reader: inout WordBitReader, isAligned: Bool, count: Int, _ lengths: inout Lengths,
        _ recent: inout [Int], _ output: inout [UInt8]
    ) throws(ImageFault) {
        let alignedCode =
            isAligned ? try HuffmanDecoder(lengths: (0..<8).map { _ in UInt8(reader.take(3)) }) : nil
        try readLengths(&lengths.main, 0..<256, &reader)
        try readLengths(&lengths.main, 256..<lengths.main.count, &reader)
        try readLengths(&lengths.length, 0..<lengthSymbols, &reader)
        let mainCode = try HuffmanDecoder(lengths: lengths.main)
        let lengthCode = try HuffmanDecoder(lengths: lengths.length)
        let end = output.count + count
        while output.count < end {
            let symbol = try reader.symbol(mainCode)
            if symbol < 256 {
                output.append(UInt8(truncatingIfNeeded: symbol))
                continue
            }
            var length = (symbol - 256) & 7 + 2
            if length == 9 { length += try reader.symbol(lengthCode) }
            let slot = (symbol - 256) >> 3
            let distance: Int
            if slot < 3 {
                distance = recent[slot]
                recent[slot] = recent[0]
                recent[0] = distance
            } else {
                var extra = 0
                let (base, bits) = slots[slot]
                if bits >= 3, let alignedCode {
                    extra = reader.take(bits - 3) << 3
                    extra |= try reader.symbol(alignedCode)
                } else {
                    extra = reader.take(bits)
                }
                distance = base + extra - 2
                recent[2] = recent[1]
                recent[1] = recent[0]
                recent[0] = distance
            }
            guard distance > 0, distance <= output.count, length <= end - output.count else {
                throw ImageFault(
                    .corrupt, "\(length) bytes from \(distance) back after \(output.count) of \(end)")
            }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    /// Lengths of words, coded by a code of their own: differences modulo 17, runs of zeros, runs of the same.
    private static func readLengths(
        _ lengths: inout [UInt8], _ range: Range<Int>, _ reader: inout WordBitReader
    ) throws(ImageFault) {
        let code = try HuffmanDecoder(lengths: (0..<20).map { _ in UInt8(reader.take(4)) })
        var index = range.lowerBound
        func difference(_ symbol: Int, _ old: UInt8) throws(ImageFault) -> UInt8 {
            guard symbol <= 16 else { throw ImageFault(.corrupt, "a run within a run of lengths") }
            return UInt8((Int(old) + 17 - symbol) % 17)
        }
        while index < range.upperBound {
            let symbol = try reader.symbol(code)
            var run = 1
            let value: UInt8
            switch symbol {
            case 17:
                run = 4 + reader.take(4)
                value = 0
            case 18:
                run = 20 + reader.take(5)
                value = 0
            case 19:
                run = 4 + reader.take(1)
                value = try difference(reader.symbol(code), lengths[index])
            default: value = try difference(symbol, lengths[index])
            }
            // wimlib lets the last run reach past the end, too.
            for place in index..<Swift.min(index + run, range.upperBound) { lengths[place] = value }
            index += run
        }
    }

    /// Undoes the translation of relative x86 calls (0xE8) into absolute ones.
    private static func restoreCalls(_ bytes: inout [UInt8]) {
        var position = 0
        let end = bytes.count - 10
        while position < end {
            guard bytes[position] == 0xE8 else {
                position += 1
                continue
            }
            var raw: UInt32 = 0
            for index in 0..<4 { raw |= UInt32(bytes[position + 1 + index]) << UInt32(index * 8) }
            let absolute = Int32(bitPattern: raw)
            let here = Int32(truncatingIfNeeded: position)
            var relative: Int32?
            if absolute >= 0 {
                if absolute < translatedSize { relative = absolute - here }
            } else if absolute >= -here {
                relative = absolute + translatedSize
            }
            if let relative {
                let value = UInt32(bitPattern: relative)
                for index in 0..<4 {
                    bytes[position + 1 + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
                }
            }
            position += 5
        }
    }
}
