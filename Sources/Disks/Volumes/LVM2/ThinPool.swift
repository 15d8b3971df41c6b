import BlockIO
import ByteReading
import Synchronization

/// The metadata of a thin pool (Linux, drivers/md/dm-thin-metadata.c, `struct thin_disk_superblock`).
final class ThinPool: Sendable {
    /// `THIN_METADATA_BLOCK_SIZE`.
    static let metadataBlockSize = 4096
    private static let magic: UInt64 = 27_022_010
    /// `SUPERBLOCK_CSUM_XOR`.
    private static let checksumMask: UInt32 = 160_774
    private static let cachedNodes = 256

    let data: any BlockSource
    /// Bytes per block of data.
    let blockSize: UInt64
    let transaction: UInt64
    /// Set by the kernel when it met damage: nothing is changed until `thin_check` cleared it.
    let needsCheck: Bool
    private let mappingRoot: UInt64
    private let metadata: any BlockSource
    private let nodes = Mutex<[UInt64: PersistentTreeNode]>([:])

    init(metadata: any BlockSource, data: any BlockSource) throws(ImageFault) {
        self.metadata = metadata
        self.data = data
        let block = try metadata.read(at: 0, count: ThinPool.metadataBlockSize)
        guard try block.little(UInt64.self, at: 32) == ThinPool.magic else {
            throw ImageFault(.corrupt, "no superblock of a thin pool", at: 32)
        }
        let sum = CRC32.castagnoli.update(~0, block.dropFirst(4)) ^ ThinPool.checksumMask
        guard sum == (try block.little(UInt32.self, at: 0)) else {
            throw ImageFault(.corrupt, "checksum of the thin pool's superblock does not match", at: 0)
        }
        let version: UInt32 = try block.little(at: 40)
        let incompatible: UInt32 = try block.little(at: 360)
        guard version == 1 || version == 2, incompatible == 0 else {
            throw ImageFault(
                .unsupported,
                "thin pool of version \(version), features 0x\(String(incompatible, radix: 16))",
                at: 40)
        }
        needsCheck = try block.little(UInt32.self, at: 4) & 1 != 0
        transaction = try block.little(at: 48)
        mappingRoot = try block.little(at: 320)
        let sectors: UInt32 = try block.little(at: 336)
        // 64 KiB to 1 GiB in steps of 64 KiB.
        guard sectors >= 128, sectors <= 2 << 20, sectors % 128 == 0 else {
            throw ImageFault(.corrupt, "thin pool with blocks of \(sectors) sectors", at: 336)
        }
        blockSize = UInt64(sectors) * 512
    }

    /// The tree that maps the blocks of a device.
    func root(of device: UInt64) throws(ImageFault) -> UInt64 {
        let found = try find(device, from: mappingRoot)
        guard let root = found.value else {
            throw ImageFault(.notFound, "the pool has no device \(device)")
        }
        return root
    }

    /// Where a block of a device is stored.
    struct Mapping {
        /// The block of data; nil where nothing was written.
        var block: UInt64?
        /// How many blocks from there on continue likewise; at least one.
        var count: UInt64
    }

    func mapping(of block: UInt64, root: UInt64) throws(ImageFault) -> Mapping {
        let found = try find(block, from: root)
        guard let value = found.value else {
            return Mapping(block: nil, count: found.nextKey.map { $0 > block ? $0 - block : 1 } ?? .max)
        }
        // The low 24 bits are a time.
        let first = value >> 24
        var count: UInt64 = 1
        var index = found.index + 1
        while let key = found.leaf.key(index), let next = found.leaf.value(index), key == block &+ count,
            next >> 24 == first &+ count
        {
            count += 1
            index += 1
        }
        return Mapping(block: first, count: count)
    }

    private struct Found {
        var value: UInt64?
        /// The next key that is there, or at which another node begins.
        var nextKey: UInt64?
        var leaf: PersistentTreeNode
        var index: Int
    }

    private func find(_ key: UInt64, from root: UInt64) throws(ImageFault) -> Found {
        var block = root
        var limit: UInt64?
        for _ in 0..<16 {
            let node = try node(block)
            let index = node.lastIndex(upTo: key)
            if let next = node.key((index ?? -1) + 1) { limit = next }
            if node.isLeaf {
                let isExact = index.map { node.key($0) == key } ?? false
                return Found(
                    value: isExact ? index.flatMap { node.value($0) } : nil, nextKey: limit, leaf: node,
                    index: index ?? 0)
            }
            guard let index, let child = node.value(index) else {
                return Found(value: nil, nextKey: limit, leaf: node, index: 0)
            }
            block = child
        }
        throw ImageFault(.limit, "the tree of a thin pool is more than 16 levels deep")
    }

    private func node(_ block: UInt64) throws(ImageFault) -> PersistentTreeNode {
        if let known = nodes.withLock({ $0[block] }) { return known }
        let offset = try block.multiplied(by: UInt64(ThinPool.metadataBlockSize))
        let bytes = try metadata.read(at: offset, count: ThinPool.metadataBlockSize)
        let node = try PersistentTreeNode(parsing: bytes, block: block)
        nodes.withLock { nodes in
            if nodes.count >= ThinPool.cachedNodes { nodes.removeAll() }
            nodes[block] = node
        }
        return node
    }
}

/// A node of a tree from numbers to numbers (Linux, drivers/md/persistent-data/dm-btree-internal.h,
/// `struct node_header`).
struct PersistentTreeNode: Sendable {
    /// `BTREE_CSUM_XOR`.
    private static let checksumMask: UInt32 = 121_107
    private static let headerSize = 32

    let isLeaf: Bool
    let count: Int
    private let capacity: Int
    private let bytes: Bytes

    init(parsing bytes: Bytes, block: UInt64) throws(ImageFault) {
        let sum = CRC32.castagnoli.update(~0, bytes.dropFirst(4)) ^ PersistentTreeNode.checksumMask
        guard sum == (try bytes.little(UInt32.self, at: 0)) else {
            throw ImageFault(.corrupt, "checksum of a tree node does not match", at: bytes.origin)
        }
        let flags: UInt32 = try bytes.little(at: 4)
        guard try bytes.little(UInt64.self, at: 8) == block, flags & 3 == 1 || flags & 3 == 2 else {
            throw ImageFault(.corrupt, "a tree node is not where it says it is", at: bytes.origin)
        }
        isLeaf = flags & 2 != 0
        let width: UInt32 = try bytes.little(at: 24)
        guard width == 8 else {
            throw ImageFault(.corrupt, "a tree node with values of \(width) bytes", at: bytes.origin + 24)
        }
        capacity = try bytes.little(UInt32.self, at: 20).bounded(
            to: (bytes.count - PersistentTreeNode.headerSize) / 16, "capacity of a tree node")
        count = try bytes.little(UInt32.self, at: 16).bounded(to: capacity, "size of a tree node")
        self.bytes = bytes
    }

    /// Nil past the end.
    func key(_ index: Int) -> UInt64? {
        guard index >= 0, index < count else { return nil }
        return try? bytes.little(UInt64.self, at: PersistentTreeNode.headerSize + 8 * index)
    }

    /// Nil past the end.
    func value(_ index: Int) -> UInt64? {
        guard index >= 0, index < count else { return nil }
        return try? bytes.little(UInt64.self, at: PersistentTreeNode.headerSize + 8 * (capacity + index))
    }

    /// The last key that is not greater; nil when all are.
    func lastIndex(upTo key: UInt64) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if let other = self.key(middle), other <= key { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}
