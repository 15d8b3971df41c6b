import ByteReading

/// SQLite's write-ahead log: pages that are newer than those of the file beside it (SQLite's "WAL-mode File Format"). Frames
/// count up to the last one that ends a transaction, while salts and checksums are right.
struct SQLiteLog: Sendable {
    let pageSize: Int
    /// The number of pages of the database after the last transaction.
    let lastPage: UInt32
    private let file: ContentSource
    private let frames: [UInt32: UInt64]

    /// A log is written back when it has a thousand pages; this is far more.
    private static let sizeLimit: UInt64 = 256 << 20

    /// Reads the frames; nil when the log holds no finished transaction.
    init?(_ file: ContentSource) throws(ImageFault) {
        guard file.size >= 32 else { return nil }
        guard file.size <= Self.sizeLimit else {
            throw ImageFault(.limit, "a write-ahead log of \(file.size) bytes")
        }
        let head = try file.read(at: 0, count: 32)
        let magic: UInt32 = try head.big(at: 0)
        guard magic & ~1 == 0x377F_0682 else { return nil }
        let isBigEndian = magic & 1 == 1
        let size = try head.big(UInt32.self, at: 8).bounded(to: 65536, "page size of the log")
        guard size >= 512, size & (size - 1) == 0 else { return nil }
        var sum = try Self.checksum(head.slice(0..<24), (0, 0), isBigEndian)
        guard try sum == (head.big(at: 24), head.big(at: 28)) else { return nil }
        var frames: [UInt32: UInt64] = [:]
        var pending: [UInt32: UInt64] = [:]
        var last: UInt32 = 0
        var offset: UInt64 = 32
        while file.size - offset >= UInt64(24 + size) {
            let frame = try file.read(at: offset, count: 24 + size)
            guard try frame.slice(8..<16) == head.slice(16..<24) else { break }
            sum = try Self.checksum(frame.slice(0..<8), sum, isBigEndian)
            sum = try Self.checksum(frame.dropFirst(24), sum, isBigEndian)
            guard try sum == (frame.big(at: 16), frame.big(at: 20)) else { break }
            pending[try frame.big(at: 0)] = offset + 24
            let pages: UInt32 = try frame.big(at: 4)
            if pages != 0 {
                frames.merge(pending) { $1 }
                pending = [:]
                last = pages
            }
            offset += UInt64(24 + size)
        }
        guard !frames.isEmpty else { return nil }
        self.file = file
        self.frames = frames
        pageSize = size
        lastPage = last
    }

    /// The newest content of a page; nil when the log does not have it.
    func page(_ number: UInt32) throws(ImageFault) -> Bytes? {
        guard let offset = frames[number] else { return nil }
        return try file.read(at: offset, count: pageSize)
    }

    /// Two running sums over pairs of words, in the byte order the magic tells.
    private static func checksum(
        _ bytes: Bytes, _ start: (UInt32, UInt32), _ isBigEndian: Bool
    ) throws(ImageFault) -> (UInt32, UInt32) {
        var (first, second) = start
        for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
            let a: UInt32 = isBigEndian ? try bytes.big(at: offset) : try bytes.little(at: offset)
            let b: UInt32 = isBigEndian ? try bytes.big(at: offset + 4) : try bytes.little(at: offset + 4)
            first = first &+ a &+ second
            second = second &+ b &+ first
        }
        return (first, second)
    }
}
