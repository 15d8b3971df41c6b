import ByteReading

/// How the bytes of an extent are packed (`BTRFS_COMPRESS_*`).
enum BtrfsCompression: UInt8, Sendable {
    case none = 0
    case zlib = 1
    case lzo = 2
    case zstd = 3
}

/// A run of a file (`struct btrfs_file_extent_item`).
struct BtrfsExtent: Sendable {
    enum Content: Sendable {
        /// The bytes themselves, packed or not.
        case inline(Bytes)
        /// Bytes at an address; ``BtrfsExtent/offset`` into what they unpack to is where the run begins.
        case stored(address: UInt64, length: UInt64)
        /// Reads as zeros: a hole, or room that was allocated and not written.
        case zeros
    }

    /// Where the bytes of an inline extent begin in its item.
    static let inlinePlace = 21
    static let byteCount = 53
    /// `BTRFS_MAX_COMPRESSED` and `BTRFS_MAX_UNCOMPRESSED`.
    static let longestCompressed: UInt64 = 128 << 10

    let start: UInt64
    /// Bytes of the file.
    let length: UInt64
    let content: Content
    let compression: BtrfsCompression
    /// Bytes that the whole stored extent unpacks to.
    let unpackedLength: UInt64
    /// Bytes into the unpacked extent where the run begins.
    let offset: UInt64

    var end: UInt64 { start + length }

    init(parsing item: BtrfsItem, sectorSize: Int) throws(ImageFault) {
        let raw = item.data
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ImageFault) {
            guard condition else {
                throw ImageFault(
                    .corrupt, "extent at \(item.key.offset) of inode \(item.key.objectID): \(message())",
                    at: raw.origin)
            }
        }
        let start = item.key.offset
        let unpackedLength: UInt64 = try raw.little(at: 8)
        let packing = try raw.byte(at: 16)
        let encryption = try raw.byte(at: 17)
        let encoding: UInt16 = try raw.little(at: 18)
        guard let compression = BtrfsCompression(rawValue: packing) else {
            throw ImageFault(.unsupported, "compression \(packing)", at: raw.origin + 16)
        }
        guard encryption == 0, encoding == 0 else {
            throw ImageFault(
                .unsupported, "encryption \(encryption), encoding \(encoding)", at: raw.origin + 17)
        }
        self.start = start
        self.unpackedLength = unpackedLength
        self.compression = compression
        let kind = try raw.byte(at: 20)
        if kind == 0 {
            let bytes = raw.dropFirst(BtrfsExtent.inlinePlace)
            let size = compression == .none ? UInt64(bytes.count) : unpackedLength
            try require(start == 0 && size <= BtrfsExtent.longestCompressed, "\(size) inline bytes")
            length = size
            offset = 0
            content = .inline(bytes)
            return
        }
        let address: UInt64 = try raw.little(at: 21)
        let storedLength: UInt64 = try raw.little(at: 29)
        let offset: UInt64 = try raw.little(at: 37)
        let length: UInt64 = try raw.little(at: 45)
        self.offset = offset
        self.length = length
        try require(kind <= 2, "type \(kind)")
        // The last sector of the longest file may reach past what a size can be.
        try require(length > 0 && start <= 1 << 63 && length <= 1 << 62, "\(length) bytes")
        if address == 0 || kind == 2 {
            content = .zeros
            return
        }
        let sector = UInt64(sectorSize)
        try require(
            [address, storedLength, offset, length, start].allSatisfy { $0 % sector == 0 },
            "it is not aligned")
        let (end, isTooLong) = offset.addingReportingOverflow(length)
        try require(
            !isTooLong && end <= unpackedLength, "\(length) bytes from \(offset) of \(unpackedLength)")
        if compression == .none {
            try require(end <= storedLength, "\(length) bytes from \(offset) of \(storedLength)")
        } else {
            try require(
                storedLength > 0 && storedLength <= BtrfsExtent.longestCompressed
                    && unpackedLength <= BtrfsExtent.longestCompressed,
                "\(storedLength) bytes unpack to \(unpackedLength)")
        }
        content = .stored(address: address, length: storedLength)
    }
}
