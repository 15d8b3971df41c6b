import BlockIO
import ByteReading

/// Numbers of the tables of a file: read 16 KiB at a time, 2 MiB of them kept.
struct TableWindow: Sendable {
    private let source: CachedSource

    init(_ file: any BlockSource) {
        source = CachedSource(file, blockSize: 16 << 10, capacity: 128)
    }

    /// The little-endian number with this index in the table at `table`.
    func little<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type, of table: UInt64, at index: UInt64
    ) throws(ImageFault) -> T {
        try bytes(of: table, at: index, size: T.bitWidth / 8).little(T.self, at: 0)
    }

    /// The big-endian number with this index in the table at `table`.
    func big<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type, of table: UInt64, at index: UInt64
    ) throws(ImageFault) -> T {
        try bytes(of: table, at: index, size: T.bitWidth / 8).big(T.self, at: 0)
    }

    private func bytes(of table: UInt64, at index: UInt64, size: Int) throws(ImageFault) -> Bytes {
        try source.read(at: table.adding(index.multiplied(by: UInt64(size))), count: size)
    }
}
