import ByteReading
import Compression

/// How the blocks of an image are compressed (`ZLIB_COMPRESSION` … in fs/squashfs/squashfs_fs.h).
enum SquashCompressor: UInt16 {
    /// A zlib stream (RFC 1950).
    case gzip = 1
    /// One LZO1X block.
    case lzo = 3
    /// An .xz stream, for some machines with a filter for their code.
    case xz = 4
    /// One LZ4 block without a frame.
    case lz4 = 5
    /// A Zstandard frame.
    case zstd = 6

    init(identifier: UInt16) throws(ImageFault) {
        guard let known = SquashCompressor(rawValue: identifier) else {
            // The kernel knows the number of LZMA (2) and has no decoder for it (fs/squashfs/decompressor.c).
            throw ImageFault(
                .unsupported, "squashfs compressed with \(identifier == 2 ? "lzma" : "method \(identifier)")",
                at: 20)
        }
        self = known
    }

    var name: String {
        switch self {
        case .gzip: "gzip"
        case .lzo: "lzo"
        case .xz: "xz"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }

    /// Unpacks one block, which may not hold more than `maximumOutput` bytes.
    func decode(_ block: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        switch self {
        case .gzip: try Inflate.zlib(block, maximumOutput: maximumOutput)
        case .lzo: try LZOBlock.decompress(block, maximumOutput: maximumOutput)
        case .xz: try Decompression.all(block, format: .xz, maximumOutput: maximumOutput)
        case .lz4: try LZ4Block.decompress(block, maximumOutput: maximumOutput)
        case .zstd: try ZstdFrame.decompress(block, maximumOutput: maximumOutput)
        }
    }
}
