import ByteReading
import Compression
import Synchronization

/// A file compressed by the Windows overlay filter ("compact OS"): its content lies in chunks in the stream
/// `WofCompressedData`, behind a table of where each ends ([MS-FSCC] 2.1.2.9; wimlib, `src/resource.c`).
struct NTFSOverlayFile: Sendable {
    static let streamName: [UInt16] = Array("WofCompressedData".utf16)

    /// `FILE_PROVIDER_COMPRESSION_*`.
    enum Method: UInt32, Sendable {
        case xpress4K = 0
        case lzx = 1
        case xpress8K = 2
        case xpress16K = 3

        var chunkSize: Int {
            switch self {
            case .xpress4K: 4096
            case .xpress8K: 8192
            case .xpress16K: 16384
            case .lzx: 32768
            }
        }
    }

    let method: Method
    /// The packed content.
    let packed: NTFSStream
    /// Of the content, in bytes.
    let size: UInt64

    /// Reads the data of the reparse point; `size` is that of the content.
    ///
    /// Throws `unsupported` for a file whose content is in an archive elsewhere (WIMBoot).
    init(_ point: NTFSReparsePoint, packed: NTFSStream?, size: UInt64) throws(ImageFault) {
        let data = point.data
        let version: UInt32 = try data.little(at: 0)
        let provider: UInt32 = try data.little(at: 4)
        guard version == 1, provider == 2 else {
            throw ImageFault(
                .unsupported,
                provider == 1
                    ? "its content is in a WIM archive (WIMBoot)"
                    : "an overlay of version \(version), provider \(provider)", at: data.origin)
        }
        let own: UInt32 = try data.little(at: 8)
        let number: UInt32 = try data.little(at: 12)
        guard own == 1, let method = Method(rawValue: number) else {
            throw ImageFault(
                .unsupported, "an overlay file of version \(own), compression \(number)", at: data.origin)
        }
        guard let packed else {
            throw ImageFault(.corrupt, "an overlay file without WofCompressedData", at: data.origin)
        }
        self.method = method
        self.packed = packed
        self.size = size
    }

    /// Up to `count` bytes; fewer at the end.
    func read(
        at offset: UInt64, count: Int, _ reader: NTFSStreamReader, _ cache: NTFSUnitCache
    ) throws(ImageFault) -> Bytes {
        guard count > 0, offset < size else { return Bytes([], origin: offset) }
        let end = offset + Swift.min(UInt64(count), size - offset)
        let chunkSize = UInt64(method.chunkSize)
        var array: [UInt8] = []
        array.reserveCapacity(Int(end - offset))
        var position = offset
        while position < end {
            let number = position / chunkSize
            let plain = try chunk(number, reader, cache)
            let skipped = Int(position - number * chunkSize)
            let length = Swift.min(plain.count - skipped, Int(Swift.min(chunkSize, end - position)))
            array += try plain.slice(at: skipped, count: length).array
            position += UInt64(length)
        }
        return Bytes(array, origin: offset)
    }

    /// The chunk unpacked; one that is as long packed as plain is stored as it is.
    private func chunk(
        _ number: UInt64, _ reader: NTFSStreamReader, _ cache: NTFSUnitCache
    ) throws(ImageFault) -> Bytes {
        if let known = cache.unit(number, of: packed.place) { return known }
        let chunkSize = UInt64(method.chunkSize)
        let last = (size - 1) / chunkSize
        let plainSize = Int(Swift.min(chunkSize, size - number * chunkSize))
        // One number for each chunk but the first: how many bytes come before it behind the table.
        let width: UInt64 = size > UInt64(UInt32.max) ? 8 : 4
        let table = last * width
        func start(_ index: UInt64) throws(ImageFault) -> UInt64 {
            guard index > 0 else { return table }
            let bytes = try reader.read(packed, at: (index - 1) * width, count: Int(width))
            let value: UInt64 =
                width == 8 ? try bytes.little(at: 0) : UInt64(try bytes.little(UInt32.self, at: 0))
            return try table.adding(value)
        }
        let from = try start(number)
        let to = number == last ? packed.size : try start(number + 1)
        guard from < to, to <= packed.size, to - from <= UInt64(plainSize) else {
            throw ImageFault(
                .corrupt,
                "chunk \(number) of \(plainSize) bytes at \(from) to \(to) in \(packed.size) packed bytes",
                at: packed.place)
        }
        let stored = try reader.read(packed, at: from, count: Int(to - from))
        let plain: Bytes
        if stored.count == plainSize {
            plain = stored
        } else if method == .lzx {
            plain = try LZX.decode(stored, size: plainSize)
        } else {
            plain = try XpressHuffman.decode(stored, size: plainSize)
        }
        cache.keep(plain, number, of: packed.place)
        return plain
    }
}
