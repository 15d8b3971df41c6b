package import ByteReading

/// How a file or a part of one is compressed.
package enum CompressionFormat: String, Sendable, Hashable, CaseIterable {
    /// Not compressed.
    case none
    /// RFC 1952.
    case gzip
    /// bzip2.
    case bzip2
    /// The .xz file format.
    case xz
    /// The older LZMA file ("lzma alone") without integrity check.
    case lzma
    /// The legacy LZ4 frame, the only one that the kernel unpacks.
    case lz4Legacy
    /// The LZ4 frame of today's `lz4` tool; the kernel does not know it.
    case lz4Frame
    /// The container of `lzop`.
    case lzop
    /// RFC 8878.
    case zstd

    /// The leading bytes by which each format is known.
    private static let magics: [(CompressionFormat, [UInt8])] = [
        (.gzip, [0x1F, 0x8B]),
        (.bzip2, [0x42, 0x5A, 0x68]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
        (.lzma, [0x5D, 0x00, 0x00]),
        (.lz4Legacy, [0x02, 0x21, 0x4C, 0x18]),
        (.lz4Frame, [0x04, 0x22, 0x4D, 0x18]),
        (.lzop, [0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D, 0x0A, 0x1A, 0x0A]),
        (.zstd, [0x28, 0xB5, 0x2F, 0xFD]),
    ]

    /// The format that the first bytes tell (nine are enough); `none` when they tell no format.
    package static func detect(_ head: Bytes) -> CompressionFormat {
        for (format, magic) in magics where head.starts(with: magic) { return format }
        return .none
    }
}
