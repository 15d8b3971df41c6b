package import BlockIO
package import ByteReading
import Compression

/// The disk inside a qcow2 image: its active state, over its backing file if there is one.
package final class Qcow2Image: BlockSource {
    package let header: Qcow2Header
    package let size: UInt64
    let file: any BlockSource
    let dataFile: ReferencedFile
    let backing: ReferencedFile
    /// The file again, for tables: L1 and L2 are read 16 KiB at a time and 2 MiB of them kept.
    let tables: CachedSource
    private let inflated: ClusterCache

    /// Bytes of a table that are read at once; all clusters of a smaller size fit.
    static let tableWindow = 16 << 10

    /// A disk over `file`, whose first bytes are `header`.
    ///
    /// - Parameters:
    ///   - dataFile: the external data file, when the header says that there is one.
    ///   - backing: the disk that is read where nothing is allocated.
    package init(
        _ file: any BlockSource, header: Qcow2Header, dataFile: ReferencedFile, backing: ReferencedFile
    ) throws(ImageFault) {
        self.header = header
        self.file = file
        self.dataFile = dataFile
        self.backing = backing
        size = header.virtualSize
        tables = CachedSource(file, blockSize: Qcow2Image.tableWindow, capacity: 128)
        inflated = ClusterCache(capacity: Swift.max(2, Swift.min(32, (2 << 20) / header.clusterSize)))
        let tableEnd = try header.l1TableOffset.adding(UInt64(header.l1EntryCount) * 8)
        guard header.l1EntryCount == 0 || tableEnd <= file.size else {
            throw ImageFault(
                .truncated, "the L1 table ends at \(tableEnd), the file at \(file.size)",
                at: header.l1TableOffset)
        }
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try gather(at: offset, count: count) { (position, rest) throws(ImageFault) in
            let run = try run(at: position, limit: UInt64(rest))
            return try bytes(of: run, at: position, count: Int(Swift.min(run.length, UInt64(rest))))
        }
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let run = try run(at: offset, limit: size - offset)
        let length = Swift.min(run.length, size - offset)
        switch run.content {
        case .zeros: return BlockExtent(kind: .hole, length: length)
        case .compressed: return BlockExtent(kind: .data, length: length)
        case .stored(let host): return try storedExtent(host, length: length)
        case .unallocated: return try backing.extent(at: offset, length: length)
        }
    }

    private func storedExtent(_ host: UInt64, length: UInt64) throws(ImageFault) -> BlockExtent {
        let holder: any BlockSource
        switch dataFile {
        case .none: holder = file
        case .opened(let source): holder = source
        case .refused: return BlockExtent(kind: .missing, length: length)
        }
        guard host < holder.size else { return BlockExtent(kind: .missing, length: length) }
        return BlockExtent(kind: .data, length: Swift.min(length, holder.size - host))
    }

    private func bytes(of run: Run, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        switch run.content {
        case .zeros: return zeros(count)
        case .stored(let host): return try stored(at: host, count: count)
        case .compressed(let descriptor):
            let cluster = try inflated.cluster(descriptor) { () throws(ImageFault) in
                try self.inflate(descriptor)
            }
            return try cluster.slice(at: Int(offset % UInt64(header.clusterSize)), count: count)
        case .unallocated: return try backing.read(at: offset, count: count)
        }
    }

    private func stored(at host: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let holder: any BlockSource
        switch dataFile {
        case .none: holder = file
        case .opened(let source): holder = source
        case .refused(let fault): throw fault
        }
        guard host < holder.size else {
            throw ImageFault(
                .truncated, "a cluster is stored at \(host), the file ends at \(holder.size)", at: host)
        }
        // The last cluster of a file may be cut where its data end; what is not there reads as zeros.
        return try holder.readPadded(at: host, count: count)
    }

    private func zeros(_ count: Int) -> Bytes { Bytes([UInt8](repeating: 0, count: count)) }

    /// Decodes a compressed cluster (docs/interop/qcow2.txt, "Compressed Clusters Descriptor").
    private func inflate(_ descriptor: UInt64) throws(ImageFault) -> Bytes {
        let offsetBits = UInt64(62 - (header.clusterBits - 8))
        let host = descriptor & (1 << offsetBits - 1)
        let sectors = (descriptor & (1 << 62 - 1)) >> offsetBits
        // At most 2^13 further sectors, as there are cluster_bits - 8 bits for them.
        let length = Int((sectors + 1) * 512 - host % 512)
        guard host < file.size else {
            throw ImageFault(
                .truncated, "a compressed cluster is stored at \(host), the file ends at \(file.size)",
                at: host)
        }
        let input = try file.readUpTo(at: host, count: length)
        let output: Bytes
        switch header.compression {
        case .zlib: output = try Inflate.raw(input, maximumOutput: header.clusterSize)
        case .zstd: output = try ZstdFrame.decompress(input, maximumOutput: header.clusterSize)
        }
        guard output.count == header.clusterSize else {
            throw ImageFault(
                .corrupt, "compressed cluster gives \(output.count) of \(header.clusterSize) bytes", at: host)
        }
        return output
    }
}
