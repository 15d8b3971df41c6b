import ByteReading
import FileSystemCore

/// An inode of a subvolume, as a ``NodeID`` names it: the subvolume in the upper bits, the inode in the lower forty.
///
/// Both numbers are 64 bits wide on disk and given out in order, so that what does not fit is no real file system.
struct BtrfsNodeNumber: Hashable, Sendable {
    private static let inodeBits: UInt64 = 40
    private static let placeholderBit: UInt64 = 1 << 63

    let subvolume: UInt64
    let inode: UInt64
    /// Whether this is the empty directory that stands where a subvolume does not belong; the inode then is that
    /// of the directory around it.
    let isPlaceholder: Bool

    init(subvolume: UInt64, inode: UInt64, isPlaceholder: Bool = false) throws(ImageFault) {
        guard inode < 1 << BtrfsNodeNumber.inodeBits, subvolume < 1 << (63 - BtrfsNodeNumber.inodeBits) else {
            throw ImageFault(.limit, "inode \(inode) of subvolume \(subvolume)")
        }
        self.subvolume = subvolume
        self.inode = inode
        self.isPlaceholder = isPlaceholder
    }

    init(_ id: NodeID) {
        isPlaceholder = id.rawValue & BtrfsNodeNumber.placeholderBit != 0
        subvolume = (id.rawValue & ~BtrfsNodeNumber.placeholderBit) >> BtrfsNodeNumber.inodeBits
        inode = id.rawValue & (1 << BtrfsNodeNumber.inodeBits - 1)
    }

    var id: NodeID {
        NodeID(
            (isPlaceholder ? BtrfsNodeNumber.placeholderBit : 0)
                | subvolume << BtrfsNodeNumber.inodeBits | inode)
    }
}
