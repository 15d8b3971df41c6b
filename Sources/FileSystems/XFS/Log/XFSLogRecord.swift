import ByteReading

/// The header of a record of the log (`struct xlog_rec_header`), big-endian but the checksum.
struct XFSLogRecord: Sendable {
    /// `h_magicno`.
    static let magic: UInt32 = 0xFEED_BABE
    /// What one block of header has cycle words for (`XLOG_HEADER_CYCLE_SIZE`), in bytes.
    private static let bytesPerHeader = 32 << 10
    /// `XLOG_MAX_RECORD_BSIZE`.
    private static let largest = 256 << 10

    /// Where it starts, in blocks of the log.
    let block: Int
    /// `h_len`, 0x0C: bytes of data behind the headers.
    let length: Int
    /// `h_lsn`, 0x10.
    let position: XFSLogPosition
    /// `h_tail_lsn`, 0x18: where recovery has to start.
    let tail: XFSLogPosition
    /// `h_crc`, 0x20; zero in what mkfs writes.
    let checksum: UInt32
    /// `h_num_logops`, 0x28.
    let operationCount: Int
    /// `h_fmt`, 0x12C: 1 is little-endian Linux.
    let format: UInt32
    /// `h_fs_uuid`, 0x130.
    let uuid: GUID
    /// `h_size`, 0x140: the buffer of the system that wrote it, in bytes.
    let bufferSize: Int
    /// Blocks that headers take.
    let headerCount: Int

    /// Reads a header. Throws `corrupt` as `xlog_valid_rec_header` does.
    init(parsing bytes: Bytes, block: Int, isV2: Bool) throws(ImageFault) {
        func fault(_ message: String) -> ImageFault {
            ImageFault(.corrupt, "log record at block \(block): \(message)", at: bytes.origin)
        }
        guard try bytes.big(UInt32.self, at: 0) == XFSLogRecord.magic else { throw fault("no magic") }
        let version: UInt32 = try bytes.big(at: 8)
        guard version != 0, version & ~3 == 0 else { throw fault("version \(version)") }
        self.block = block
        let size: UInt32 = try bytes.big(at: 0x140)
        // Version 1 knows records of one size; zero is what old systems left there.
        bufferSize =
            !isV2 || size == 0
            ? XFSLogRecord.bytesPerHeader : try size.bounded(to: XFSLogRecord.largest, "h_size")
        headerCount =
            isV2 && version & 2 != 0
            ? Swift.max(
                1, (bufferSize + XFSLogRecord.bytesPerHeader - 1) / XFSLogRecord.bytesPerHeader) : 1
        length = try bytes.big(UInt32.self, at: 0x0C).bounded(to: XFSLogRecord.largest, "h_len")
        operationCount = try bytes.big(UInt32.self, at: 0x28).bounded(
            to: XFSLogRecord.largest / 12, "h_num_logops")
        position = XFSLogPosition(try bytes.big(at: 0x10))
        tail = XFSLogPosition(try bytes.big(at: 0x18))
        checksum = try bytes.little(at: 0x20)
        format = try bytes.big(at: 0x12C)
        uuid = try GUID(bigEndian: bytes, at: 0x130)
    }

    /// Blocks of data behind the headers.
    var dataCount: Int { (length + XFSLogArea.blockSize - 1) / XFSLogArea.blockSize }
    /// Blocks of the whole record.
    var blockCount: Int { headerCount + dataCount }

    /// Throws for what recovery cannot use: no data, or more than the buffer that it was written from. mkfs
    /// writes one operation in a record as long as a stripe.
    func requireRecoverable(in area: XFSLogArea) throws(ImageFault) {
        guard length > 0, length <= bufferSize || operationCount == 1, headerCount * 64 >= dataCount else {
            throw ImageFault(
                .corrupt, "log record at block \(block): \(length) bytes from a buffer of \(bufferSize)",
                at: area.offset(of: block))
        }
        guard blockCount <= area.blockCount else {
            throw ImageFault(
                .corrupt, "log record at block \(block) is longer than the log", at: area.offset(of: block))
        }
        guard format == 1 else {
            throw ImageFault(
                .unsupported, "the log was written by another kind of system (format \(format))",
                at: area.offset(of: block) + 0x12C)
        }
        guard uuid == area.uuid else {
            throw ImageFault(
                .corrupt, "the log belongs to volume \(uuid)", at: area.offset(of: block) + 0x130)
        }
    }

    /// Whether the checksum fits: the header without the field, further headers, the data as it is stored
    /// (`xlog_cksum`). `whole` holds the record's blocks.
    func checksumHolds(_ whole: Bytes) throws(ImageFault) -> Bool {
        let crc = CRC32.castagnoli
        let data = try whole.slice(at: headerCount * XFSLogArea.blockSize, count: length)
        // The header ends at 328, or at 324 where a 32-bit system wrote it.
        for size in [328, 324] {
            var register = crc.update(~0, try whole.slice(at: 0, count: 0x20))
            register = crc.update(register, Bytes([0, 0, 0, 0]))
            register = crc.update(register, try whole.slice(at: 0x24, count: size - 0x24))
            if headerCount > 1 {
                let used = (length + XFSLogRecord.bytesPerHeader - 1) / XFSLogRecord.bytesPerHeader
                for index in 1..<Swift.max(1, Swift.min(used, headerCount)) {
                    register = crc.update(
                        register, try whole.slice(at: index * XFSLogArea.blockSize, count: 260))
                }
            }
            register = ~crc.update(register, data)
            if register == checksum { return true }
        }
        return false
    }

    /// The data with the words back in place that the cycle numbers stand for (`xlog_unpack_data`).
    func unpack(_ whole: Bytes) throws(ImageFault) -> Bytes {
        let data = try whole.slice(at: headerCount * XFSLogArea.blockSize, count: length)
        var array = data.array
        for index in 0..<dataCount {
            let header = index / 64
            let field =
                header == 0 ? 0x2C + 4 * index : header * XFSLogArea.blockSize + 4 + 4 * (index % 64)
            let start = index * XFSLogArea.blockSize
            let word = try whole.slice(at: field, count: 4)
            guard start + 4 <= array.count else { break }
            array.replaceSubrange(start..<start + 4, with: word.array)
        }
        return Bytes(array, origin: data.origin)
    }
}
