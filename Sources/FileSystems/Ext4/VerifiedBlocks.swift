import ByteReading
import Synchronization

/// Which directory blocks have had the right checksum once: each name that is looked up would sum them up again.
final class VerifiedBlocks: Sendable {
    /// A block as the block of one directory: another one would give it another checksum.
    struct Key: Hashable {
        var inode: Ext4InodeNumber
        var logical: UInt64
        /// Where its bytes stand in the volume.
        var origin: UInt64
    }

    private static let most = 4096

    private let keys = Mutex<Set<Key>>([])

    func contains(_ key: Key) -> Bool { keys.withLock { $0.contains(key) } }

    /// Remembers a block; of more than a few thousand none is remembered.
    func insert(_ key: Key) {
        keys.withLock { keys in
            if keys.count < VerifiedBlocks.most { keys.insert(key) }
        }
    }
}
