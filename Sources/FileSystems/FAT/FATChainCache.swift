import ByteReading
import Synchronization

/// The chains of the files read last, so that reading a file in pieces follows its chain once.
final class FATChainCache: Sendable {
    private static let capacity = 8

    private let table: FATTable
    private let chains = Mutex<[(place: UInt64, runs: [FATTable.Run])]>([])

    init(_ table: FATTable) { self.table = table }

    /// The clusters of a file, as many as its size asks for; fewer where the chain ends first.
    func runs(of file: FATEntry) throws(ImageFault) -> [FATTable.Run] {
        let known = chains.withLock { chains in chains.first { $0.place == file.place }?.runs }
        if let known { return known }
        let clusterSize = table.geometry.clusterSize
        let runs = try table.chain(
            from: file.firstCluster, limit: (UInt64(file.size) + clusterSize - 1) / clusterSize)
        chains.withLock { chains in
            if chains.count >= FATChainCache.capacity { chains.removeFirst() }
            chains.append((file.place, runs))
        }
        return runs
    }
}
