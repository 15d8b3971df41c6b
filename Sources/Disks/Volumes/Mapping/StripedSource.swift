package import BlockIO
package import ByteReading

/// Chunks taken from several sources in turn: striped volumes, RAID 0.
package struct StripedSource: MappedSource {
    private let columns: [any BlockSource]
    private let chunkSize: UInt64
    package let size: UInt64

    /// `size` bytes; `chunkSize` is in bytes, too.
    package init(_ columns: [any BlockSource], chunkSize: UInt64, size: UInt64) throws(ImageFault) {
        guard chunkSize > 0, !columns.isEmpty else {
            throw ImageFault(.corrupt, "\(columns.count) stripes of \(chunkSize) bytes")
        }
        self.columns = columns
        self.chunkSize = chunkSize
        self.size = size
    }

    package func run(at offset: UInt64) throws(ImageFault) -> MappedRun {
        let chunk = offset / chunkSize
        let inside = offset % chunkSize
        let count = UInt64(columns.count)
        return MappedRun(
            columns[Int(chunk % count)], at: chunk / count * chunkSize + inside, length: chunkSize - inside)
    }
}
