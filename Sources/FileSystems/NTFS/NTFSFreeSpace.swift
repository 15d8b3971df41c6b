package import ByteReading
package import FileSystemCore
import Synchronization

/// Free clusters by `$Bitmap`, counted when they are asked for first.
final class NTFSFreeSpace: Sendable {
    /// Bitmaps up to this size are read for ``NTFSFileSystem/usage``: 32 GiB in clusters of 4 KiB.
    static let largestCounted: UInt64 = 1 << 20

    private enum Count {
        case unknown
        case known(UInt64?)
    }

    private let volume: NTFSVolume
    private let counted = Mutex(Count.unknown)

    init(_ volume: NTFSVolume) { self.volume = volume }

    /// Free clusters, nil where the bitmap is too large to be read in passing or cannot be read.
    var clustersIfCheap: UInt64? {
        if case .known(let count) = counted.withLock({ $0 }) { return count }
        let isSmall = volume.geometry.clusterCount / 8 <= NTFSFreeSpace.largestCounted
        let count = isSmall ? try? countClusters() : nil
        counted.withLock { $0 = .known(count) }
        return count
    }

    /// Reads the whole bitmap; a bit that is clear is a free cluster.
    func countClusters() throws(ImageFault) -> UInt64 {
        let file = try volume.file(NTFSReference(NTFSRecord.Number.bitmap))
        guard let bitmap = try volume.stream(.data, of: file) else {
            throw ImageFault(.corrupt, "$Bitmap has no content", at: file.record.place)
        }
        let clusters = volume.geometry.clusterCount
        guard bitmap.size >= (clusters + 7) / 8 else {
            throw ImageFault(
                .corrupt, "$Bitmap of \(bitmap.size) bytes for \(clusters) clusters", at: bitmap.place)
        }
        var free: UInt64 = 0
        var cluster: UInt64 = 0
        while cluster < clusters {
            let bytes = try volume.streams.read(bitmap, at: cluster / 8, count: 256 << 10)
            bytes.withSpan { span in
                for index in span.indices where cluster < clusters {
                    let count = Swift.min(8, clusters - cluster)
                    let mask = UInt8(truncatingIfNeeded: (1 << count) - 1)
                    free += UInt64((~span[index] & mask).nonzeroBitCount)
                    cluster += count
                }
            }
        }
        return free
    }
}

extension NTFSFileSystem {
    /// How full the volume is. A bitmap of more than 1 MiB is not read for it: such a volume has a
    /// `totalBytes` of zero here, which says that its usage is unknown; ``countFreeBytes()`` counts it.
    package var usage: FileSystemUsage {
        let size = volume.geometry.clusterSize
        guard let free = freeSpace.clustersIfCheap else {
            return FileSystemUsage(blockSize: size, totalBytes: 0, freeBytes: 0, availableBytes: 0)
        }
        return FileSystemUsage(
            blockSize: size, totalBytes: volume.geometry.clusterCount * size, freeBytes: free * size,
            availableBytes: free * size)
    }

    /// Free bytes of a volume of any size, by reading its whole bitmap.
    package func countFreeBytes() throws(ImageFault) -> UInt64 {
        try freeSpace.countClusters() * volume.geometry.clusterSize
    }
}
