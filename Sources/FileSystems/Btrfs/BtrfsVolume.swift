import BlockIO
import ByteReading
import FileSystemCore
import Synchronization

/// The trees of an opened file system.
final class BtrfsVolume: Sendable {
    private static let rememberedTrees = 256
    private static let rememberedExtents = 8

    private struct State {
        var trees: [UInt64: BtrfsSubvolumeTree] = [:]
        /// Unpacked extents by address.
        var unpacked: [UInt64: Bytes] = [:]
    }

    let pool: BtrfsPool
    let rootTree: BtrfsTree
    /// Nil when it cannot be opened; why is a condition then, and data is not checked.
    let checksumTree: BtrfsTree?
    /// What the logs of subvolumes change.
    let replayed: BtrfsReplay
    private let state = Mutex(State())

    var superblock: BtrfsSuperblock { pool.superblock }
    var log: ConditionLog { pool.log }

    init(_ pool: BtrfsPool, replaying: Bool = true) throws(ImageFault) {
        self.pool = pool
        rootTree = BtrfsTree(pool: pool, root: pool.superblock.root)
        _ = try pool.node(rootTree.root)
        do throws(ImageFault) {
            let root = try BtrfsVolume.rootItem(BtrfsObject.checksumTree, in: rootTree)
            checksumTree = root.map { BtrfsTree(pool: pool, root: $0.pointer) }
        } catch {
            checksumTree = nil
            pool.log.record(.inconsistent, "checksum tree: \(error.message)", at: error.offset)
        }
        replayed = replaying ? BtrfsReplay(pool: pool, rootTree: rootTree) : BtrfsReplay()
    }

    /// What the tree of roots says of tree `id`: the item with the greatest offset, which in snapshots is the
    /// generation they were made in (`btrfs_find_root`). Nil when there is none.
    static func rootItem(_ id: UInt64, in rootTree: BtrfsTree) throws(ImageFault) -> BtrfsRootItem? {
        let item = try rootTree.last(notAfter: BtrfsKey(id, .root, .max))
        guard let item, item.key.objectID == id, item.key.type == .root else { return nil }
        return try BtrfsRootItem(parsing: item)
    }

    /// The tree of a subvolume that exists.
    func subvolume(_ id: UInt64) throws(ImageFault) -> BtrfsSubvolumeTree {
        if let known = state.withLock({ $0.trees[id] }) { return known }
        guard BtrfsObject.isSubvolume(id), let root = try BtrfsVolume.rootItem(id, in: rootTree), !root.isDead
        else { throw ImageFault(.corrupt, "there is no subvolume \(id)") }
        var tree = BtrfsSubvolumeTree(id: id, tree: BtrfsTree(pool: pool, root: root.pointer))
        if let overlay = replayed.overlays[id] { tree.overlay = overlay }
        state.withLock { state in
            if state.trees.count >= BtrfsVolume.rememberedTrees { state.trees.removeAll() }
            state.trees[id] = tree
        }
        return tree
    }

    /// The unpacked bytes of a compressed extent, remembered because files are read in pieces.
    func unpacked(
        at address: UInt64, _ make: () throws(ImageFault) -> Bytes
    ) throws(ImageFault) -> Bytes {
        if let known = state.withLock({ $0.unpacked[address] }) { return known }
        let bytes = try make()
        state.withLock { state in
            if state.unpacked.count >= BtrfsVolume.rememberedExtents { state.unpacked.removeAll() }
            state.unpacked[address] = bytes
        }
        return bytes
    }
}
