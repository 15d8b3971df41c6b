import BlockIO
import ByteReading

/// A thin volume: blocks of a pool where something was written, else zeros or what lies below.
struct ThinSource: MappedSource {
    private let pool: ThinPool
    private let root: UInt64
    /// Read where nothing was written: the external origin.
    private let below: (any BlockSource)?
    let size: UInt64

    init(_ pool: ThinPool, device: UInt64, size: UInt64, below: (any BlockSource)?) throws(ImageFault) {
        self.pool = pool
        self.size = size
        self.below = below
        root = try pool.root(of: device)
    }

    func run(at offset: UInt64) throws(ImageFault) -> MappedRun {
        let block = offset / pool.blockSize
        let inside = offset % pool.blockSize
        let mapping = try pool.mapping(of: block, root: root)
        let (whole, overflow) = mapping.count.multipliedReportingOverflow(by: pool.blockSize)
        let length = Swift.min(overflow ? .max : whole - inside, size - offset)
        if let stored = mapping.block {
            let place = try (try stored.multiplied(by: pool.blockSize)).adding(inside)
            return MappedRun(pool.data, at: place, length: length)
        }
        guard let below, offset < below.size else { return MappedRun(nil, at: 0, length: length) }
        return MappedRun(below, at: offset, length: Swift.min(length, below.size - offset))
    }
}
