package import BlockIO
package import ByteReading
package import FileSystemCore
import Synchronization

/// btrfs, read-only, on the devices that are here.
///
/// Tree blocks and file contents are held against their checksums; where there is another copy it is read instead
/// of a damaged one. The log of the last fsyncs is replayed in memory when the file system is opened; the image is
/// never written. ``root`` is the top of the default subvolume; directories of other subvolumes are entered as the
/// kernel enters them.
///
/// ``usage`` is near what `statfs` says, not equal: the size of all devices over the number of copies of data, less
/// the bytes in use; what is set aside for metadata is not known without reading every block group.
package final class BtrfsFileSystem: FileSystemReader {
    private static let rememberedInodes = 512

    let volume: BtrfsVolume
    private let inodes = Mutex<[NodeID: BtrfsInode]>([:])
    /// The device that was given first.
    private let firstDevice: UInt64
    package let root: NodeID
    package let usage: FileSystemUsage
    /// The file system as it was before the replay; nil when there was none.
    private let unreplayed: Result<BtrfsFileSystem, ImageFault>?

    /// Opens the file system on one or several of its devices, in any order.
    ///
    /// Throws `corrupt` when no superblock can be used or the trees cannot be opened, `unsupported` with the names
    /// of features that are not read. Devices that are not here are conditions.
    package convenience init(_ devices: [any BlockSource]) throws(ImageFault) {
        try self.init(devices, replaying: true)
    }

    private init(_ devices: [any BlockSource], replaying: Bool) throws(ImageFault) {
        let (pool, first) = try BtrfsPool.open(devices)
        volume = try BtrfsVolume(pool, replaying: replaying)
        firstDevice = first
        let subvolume = try volume.defaultSubvolume()
        _ = try volume.subvolume(subvolume)
        root = try BtrfsNodeNumber(subvolume: subvolume, inode: BtrfsObject.first).id
        volume.noteDeviceErrors()
        usage = volume.usage()
        unreplayed =
            volume.log.conditions.contains { $0.code == .journalReplayed }
            ? Result { () throws(ImageFault) in try BtrfsFileSystem(devices, replaying: false) } : nil
    }

    package func stored() throws(ImageFault) -> any FileSystemReader { try unreplayed?.get() ?? self }

    package var kind: String { "btrfs" }
    package var uuid: String? { volume.superblock.fsid.isZero ? nil : volume.superblock.fsid.description }
    package var label: String? { volume.superblock.label.isEmpty ? nil : volume.superblock.label }
    package var features: [String] { volume.superblock.featureNames }
    package var conditions: [FileSystemCondition] { volume.log.conditions }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo {
        var info = try inode(node).info
        guard BtrfsNodeNumber(node).isPlaceholder else { return info }
        // `new_simple_dir`: owner of the directory around it, rwxr-xr-x.
        info.permissions = 0o755
        info.size = 0
        info.linkCount = 1
        info.flags = []
        return info
    }

    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard name != ".", name != ".." else { return name == "." ? directory : nil }
        let (tree, inode) = try self.directory(directory)
        guard !BtrfsNodeNumber(directory).isPlaceholder,
            let entry = try volume.entry(name.bytes, in: inode.number, of: tree)
        else { return nil }
        return try volume.node(of: entry, in: inode.number, of: tree)
    }

    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        let (tree, inode) = try self.directory(directory)
        guard !BtrfsNodeNumber(directory).isPlaceholder else { return [] }
        var entries: [DirectoryEntry] = []
        for entry in try volume.entries(of: inode.number, in: tree) {
            let node = try volume.node(of: entry, in: inode.number, of: tree)
            entries.append(DirectoryEntry(name: FileName(entry.name), node: node, type: entry.type))
        }
        return entries
    }

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let (tree, inode) = try tree(and: node)
        guard inode.type == .regular else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a regular file")
        }
        return try volume.contents(of: inode, in: tree, at: offset, count: count)
    }

    package func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] {
        let (tree, inode) = try tree(and: node)
        guard inode.type == .symlink else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a symbolic link")
        }
        // A page less the end mark, as `page_get_link` has room for.
        let stored = try volume.contents(of: inode, in: tree, at: 0, count: 4095).array
        return Array(stored.prefix { $0 != 0 })
    }

    package func extendedAttributes(_ node: NodeID) throws(ImageFault) -> [String: [UInt8]] {
        guard !BtrfsNodeNumber(node).isPlaceholder else { return [:] }
        let (tree, inode) = try tree(and: node)
        return try volume.attributes(of: inode.number, in: tree)
    }

    /// Bytes into the device that was given first; nil also for compressed data and for what other devices hold.
    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? {
        let (tree, inode) = try tree(and: node)
        return try volume.location(of: inode, in: tree, at: offset, onDevice: firstDevice)
    }

    package func subvolumes() throws(ImageFault) -> [Subvolume] { try volume.subvolumes() }
}

extension BtrfsFileSystem {
    private func directory(_ node: NodeID) throws(ImageFault) -> (BtrfsSubvolumeTree, BtrfsInode) {
        let (tree, inode) = try tree(and: node)
        guard inode.type == .directory else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a directory")
        }
        return (tree, inode)
    }

    private func tree(and node: NodeID) throws(ImageFault) -> (BtrfsSubvolumeTree, BtrfsInode) {
        (try volume.subvolume(BtrfsNodeNumber(node).subvolume), try inode(node))
    }

    private func inode(_ node: NodeID) throws(ImageFault) -> BtrfsInode {
        if let known = inodes.withLock({ $0[node] }) { return known }
        let number = BtrfsNodeNumber(node)
        let inode = try volume.inode(number.inode, in: try volume.subvolume(number.subvolume))
        inodes.withLock { inodes in
            if inodes.count >= BtrfsFileSystem.rememberedInodes { inodes.removeAll(keepingCapacity: true) }
            inodes[node] = inode
        }
        return inode
    }
}
