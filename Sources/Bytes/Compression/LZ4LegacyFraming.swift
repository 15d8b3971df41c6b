import ByteReading
import CLZ4

/// The legacy LZ4 frame (`lz4 -l`): magic, then blocks of at most 8 MiB, each after its compressed length.
/// It has no end mark and no checksum; `lib/decompress_unlz4.c` ends at a length of zero or where the data ends.
struct LZ4LegacyFraming: BlockFraming {
    private static let blockSize = 8 << 20
    private static let magic: UInt32 = 0x184C_2102

    private enum Expected { case magic, length, block }
    private var expected = Expected.magic

    let format = CompressionFormat.lz4Legacy
    let firstPiece = 4
    var mayEndHere: Bool { expected == .length }

    mutating func take(_ piece: [UInt8], output: inout [UInt8]) throws(ImageFault) -> FramingRequest {
        switch expected {
        case .magic:
            guard try Bytes(piece).little(UInt32.self, at: 0) == Self.magic else {
                throw corruptStream(format, "no magic number")
            }
            expected = .length
            return .piece(4)
        case .length:
            let length = try Bytes(piece).little(UInt32.self, at: 0)
            if length == 0 { return .end }
            if length == Self.magic { return .piece(4) }
            let bound = Int(LZ4_compressBound(Int32(Self.blockSize)))
            let count = try length.bounded(to: bound, "length of an lz4 block")
            expected = .block
            return .piece(count)
        case .block:
            expected = .length
            let count = decode(piece, into: &output)
            guard count >= 0 else { throw corruptStream(format, "a block does not unpack") }
            // A block without content would look like no progress; it changes nothing, so go on.
            return count == 0 ? .piece(4) : .output(thenPiece: 4)
        }
    }

    private func decode(_ piece: [UInt8], into output: inout [UInt8]) -> Int {
        var result = -1
        output = unsafe [UInt8](unsafeUninitializedCapacity: Self.blockSize) { buffer, count in
            let decoded = unsafe piece.withUnsafeBytes { source -> Int32 in
                unsafe UnsafeMutableRawBufferPointer(buffer).withMemoryRebound(to: CChar.self) { target in
                    unsafe source.withMemoryRebound(to: CChar.self) { source in
                        guard let from = source.baseAddress, let to = target.baseAddress else { return -1 }
                        return unsafe LZ4_decompress_safe(from, to, Int32(source.count), Int32(target.count))
                    }
                }
            }
            result = Int(decoded)
            count = max(0, result)
        }
        return result
    }
}
