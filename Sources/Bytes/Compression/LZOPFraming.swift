import ByteReading
import CLZO
import CZlib

/// The container of `lzop`: a header with flags, then blocks with lengths and checksums, ended by a length of
/// zero. Fields are big-endian (`lib/decompress_unlzo.c`, `lzop`'s `conf.h`).
struct LZOPFraming: BlockFraming {
    /// The kernel takes no more than 256 KiB; `lzop` itself knows no more than 64 MiB.
    private static let largestBlock = 8 << 20

    private enum Flag {
        static let adler32OfContent: UInt32 = 0x1
        static let adler32OfBlock: UInt32 = 0x2
        static let extraField: UInt32 = 0x40
        static let crc32OfContent: UInt32 = 0x100
        static let crc32OfBlock: UInt32 = 0x200
        static let filter: UInt32 = 0x800
    }

    private enum Expected { case start, middle(newer: Bool), name, extraLength, extra, length, block }
    private var expected = Expected.start
    private var flags: UInt32 = 0
    private var contentSize = 0
    private var blockSize = 0
    private var checksumSize = 0

    let format = CompressionFormat.lzop
    /// Magic (9), version, library version (2 each).
    let firstPiece = 13
    let mayEndHere = false

    mutating func take(_ piece: [UInt8], output: inout [UInt8]) throws(ImageFault) -> FramingRequest {
        var cursor = ByteCursor(Bytes(piece))
        switch expected {
        case .start:
            guard CompressionFormat.detect(cursor.bytes) == .lzop else {
                throw corruptStream(format, "no magic number")
            }
            let newer = try cursor.bytes.big(UInt16.self, at: 9) >= 0x0940
            expected = .middle(newer: newer)
            // version needed (2), method, level (newer only), flags, mode, mtime, mtime high (newer only),
            // length of the name; the filter, where there is one, shifts the name, which nobody writes.
            return .piece(newer ? 2 + 1 + 1 + 4 + 4 + 4 + 4 + 1 : 1 + 4 + 4 + 4 + 1)
        case .middle(let newer):
            flags = try cursor.bytes.big(UInt32.self, at: newer ? 4 : 1)
            guard flags & Flag.filter == 0 else { throw ImageFault(.unsupported, "lzop with a filter") }
            let nameLength = try cursor.bytes.byte(at: piece.count - 1)
            expected = .name
            return .piece(Int(nameLength) + 4)
        case .name:
            expected = flags & Flag.extraField != 0 ? .extraLength : .length
            return .piece(4)
        case .extraLength:
            let length = try cursor.big(UInt32.self).bounded(to: 1 << 20, "lzop extra field")
            expected = .extra
            return .piece(length + 4)
        case .extra:
            expected = .length
            return .piece(4)
        case .length:
            let value = try cursor.big(UInt32.self)
            if value == 0 { return .end }
            contentSize = try value.bounded(to: Self.largestBlock, "content of an lzop block")
            return try beginBlock()
        case .block:
            return try takeBlock(cursor, output: &output)
        }
    }

    private mutating func beginBlock() throws(ImageFault) -> FramingRequest {
        checksumSize = 0
        if flags & Flag.adler32OfContent != 0 { checksumSize += 4 }
        if flags & Flag.crc32OfContent != 0 { checksumSize += 4 }
        blockSize = -1
        expected = .block
        return .piece(4 + checksumSize)
    }

    private mutating func takeBlock(
        _ start: ByteCursor, output: inout [UInt8]
    ) throws(ImageFault) -> FramingRequest {
        var cursor = start
        if blockSize < 0 {
            blockSize = try cursor.big(UInt32.self).bounded(to: contentSize, "lzop block")
            guard blockSize > 0 else { throw corruptStream(format, "an empty block") }
            contentChecksums = try cursor.bytes.slice(at: 4, count: checksumSize)
            var extra = 0
            if blockSize < contentSize {
                if flags & Flag.adler32OfBlock != 0 { extra += 4 }
                if flags & Flag.crc32OfBlock != 0 { extra += 4 }
            }
            blockChecksumSize = extra
            return .piece(extra + blockSize)
        }
        let block = try cursor.bytes.slice(at: blockChecksumSize, count: blockSize)
        output = blockSize == contentSize ? block.array : try decode(block.array)
        try verify(output)
        expected = .length
        return .output(thenPiece: 4)
    }

    private var contentChecksums = Bytes([])
    private var blockChecksumSize = 0

    private func decode(_ block: [UInt8]) throws(ImageFault) -> [UInt8] {
        var status: Int32 = -1
        let output = unsafe [UInt8](unsafeUninitializedCapacity: contentSize) { buffer, count in
            var length = lzo_uint(contentSize)
            status = unsafe block.withUnsafeBufferPointer { source in
                unsafe lzo1x_decompress_safe(
                    source.baseAddress, lzo_uint(source.count), buffer.baseAddress, &length, nil)
            }
            count = status == LZO_E_OK ? min(Int(length), contentSize) : 0
        }
        guard status == LZO_E_OK, output.count == contentSize else {
            throw corruptStream(format, "a block does not unpack (status \(status))")
        }
        return output
    }

    /// The Adler-32 comes before the CRC-32 where both are there.
    private func verify(_ content: [UInt8]) throws(ImageFault) {
        var offset = 0
        if flags & Flag.adler32OfContent != 0 {
            let actual = unsafe content.withUnsafeBufferPointer { buffer in
                unsafe adler32(1, buffer.baseAddress, UInt32(buffer.count))
            }
            guard try UInt32(truncatingIfNeeded: actual) == contentChecksums.big(UInt32.self, at: 0) else {
                throw corruptStream(format, "checksum of a block")
            }
            offset = 4
        }
        if flags & Flag.crc32OfContent != 0 {
            let expected = try contentChecksums.big(UInt32.self, at: offset)
            guard CRC32.ieee.checksum(Bytes(content)) == expected else {
                throw corruptStream(format, "checksum of a block")
            }
        }
    }
}
