import ByteReading
import Compression

extension BtrfsCompression {
    /// Unpacks an extent to exactly `length` bytes. What the packed bytes do not give is zero, as in the kernel.
    func unpack(_ packed: Bytes, length: Int, sectorSize: Int) throws(ImageFault) -> Bytes {
        var unpacked: Bytes
        switch self {
        case .none: unpacked = packed.prefix(length)
        // RFC 1950: two bytes of header; the checksum behind the deflate stream is not looked at.
        case .zlib: unpacked = try Inflate.raw(packed.dropFirst(2), maximumOutput: length)
        case .zstd: unpacked = try ZstdFrame.decompress(packed, maximumOutput: length)
        case .lzo:
            unpacked = try BtrfsCompression.unpackLZO(packed, length: length, sectorSize: sectorSize)
        }
        if unpacked.count < length {
            unpacked = Bytes(
                unpacked.array + [UInt8](repeating: 0, count: length - unpacked.count),
                origin: packed.origin)
        }
        return unpacked
    }

    /// Segments of one sector each: the length of everything, then each segment with its length, which never lies
    /// across the end of a sector (fs/btrfs/lzo.c, "Btrfs LZO compression format").
    private static func unpackLZO(
        _ packed: Bytes, length: Int, sectorSize: Int
    ) throws(ImageFault) -> Bytes {
        let total = try packed.little(UInt32.self, at: 0).bounded(to: packed.count, "length of LZO segments")
        var position = 4
        var unpacked: [UInt8] = []
        unpacked.reserveCapacity(length)
        while position < total, unpacked.count < length {
            let left = sectorSize - position % sectorSize
            if left < 4 { position += left }
            guard position + 4 <= total else { break }
            let size = try packed.little(UInt32.self, at: position).bounded(
                to: 2 * sectorSize, "length of an LZO segment")
            let segment = try packed.slice(at: position + 4, count: size)
            // The kernel's buffers hold a sector; a segment that unpacks to more is refused there, too.
            unpacked += try LZOBlock.decompress(segment, maximumOutput: sectorSize).array
            position += 4 + size
        }
        return Bytes(unpacked, origin: packed.origin).prefix(length)
    }
}
