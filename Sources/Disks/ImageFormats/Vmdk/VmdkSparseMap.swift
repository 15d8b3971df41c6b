import BlockIO
import ByteReading
import Compression

/// The grain directory and grain tables of a sparse extent.
struct VmdkSparseMap: ClusterMap {
    /// Sectors of a grain; VMware writes 128, and no one more than this.
    static let largestGrain: UInt64 = 32 << 10

    let file: any BlockSource
    let tables: TableWindow
    let clusterSize: UInt64
    let entriesPerTable: UInt64
    /// Where the directory stands in the file.
    let directory: UInt64
    /// Where its copy stands, which has its own tables.
    let redundantDirectory: UInt64?
    /// Whether an entry of 1 means zeros.
    let hasZeroedGrains: Bool
    let isCompressed: Bool
    /// Whether a grain's length stands before it.
    let hasMarkers: Bool

    func place(of cluster: UInt64) throws(ImageFault) -> ClusterPlace {
        do throws(ImageFault) {
            return try place(of: cluster, by: directory)
        } catch {
            guard let redundantDirectory else { throw error }
            // What the copy cannot tell either is as damaged as the first fault said.
            guard let place = try? place(of: cluster, by: redundantDirectory) else { throw error }
            return place
        }
    }

    /// What one of the directories says.
    func place(of cluster: UInt64, by directory: UInt64) throws(ImageFault) -> ClusterPlace {
        let (tableIndex, index) = cluster.quotientAndRemainder(dividingBy: entriesPerTable)
        let table = UInt64(try tables.little(UInt32.self, of: directory, at: tableIndex)) * 512
        guard table != 0 else {
            return ClusterPlace(content: .unallocated, count: entriesPerTable - index)
        }
        let entry = UInt64(try tables.little(UInt32.self, of: table, at: index))
        if entry == 0 { return ClusterPlace(content: .unallocated) }
        if entry == 1, hasZeroedGrains { return ClusterPlace(content: .zeros) }
        let offset = entry * 512
        guard offset < file.size else {
            throw ImageFault(
                .truncated, "grain \(cluster) is stored at \(offset), the file ends at \(file.size)",
                at: table + index * 4)
        }
        return ClusterPlace(content: isCompressed ? .compressed(offset) : .stored(offset))
    }

    /// Decodes a grain: a marker of its first sector (8 bytes) and its length (4 bytes), then a zlib stream
    /// (Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents").
    func inflate(_ offset: UInt64) throws(ImageFault) -> Bytes {
        let grain = Int(clusterSize)
        let longest = grain + grain / 1000 + 4096
        let stream: Bytes
        if hasMarkers {
            let length = try file.read(at: offset, count: 12).little(UInt32.self, at: 8)
            guard length > 6, length <= longest else {
                throw ImageFault(.corrupt, "a compressed grain of \(length) bytes", at: offset + 8)
            }
            stream = try file.read(at: offset + 12, count: Int(length))
        } else {
            stream = try file.readUpTo(at: offset, count: longest)
        }
        let start = try stream.big(UInt16.self, at: 0)
        // CM 8, no preset dictionary, and the check of RFC 1950.
        guard start >> 8 & 0xF == 8, start % 31 == 0, start & 0x20 == 0 else {
            throw ImageFault(.corrupt, "a compressed grain is no zlib stream", at: stream.origin)
        }
        let output = try Inflate.raw(stream.dropFirst(2), maximumOutput: grain)
        if hasMarkers {
            let stored = try stream.big(UInt32.self, at: stream.count - 4)
            guard output.adler32 == stored else {
                throw ImageFault(.corrupt, "the checksum of a compressed grain is wrong", at: stream.origin)
            }
        }
        return output
    }
}

extension Bytes {
    /// The Adler-32 checksum of RFC 1950.
    fileprivate var adler32: UInt32 {
        withSpan { span in
            var first: UInt32 = 1
            var second: UInt32 = 0
            var index = 0
            let count = span.count
            while index < count {
                // So many bytes can be summed before the sums have to be reduced (zlib's NMAX).
                let end = Swift.min(count, index + 5552)
                while index < end {
                    first &+= UInt32(span[index])
                    second &+= first
                    index += 1
                }
                first %= 65521
                second %= 65521
            }
            return second << 16 | first
        }
    }
}
