package import BlockIO
package import ByteReading
package import FileSystemCore
import Synchronization

/// XFS of versions 4 and 5, read-only.
///
/// Metadata of version 5 is believed as far as the kernel believes it: a structure whose checksum, address or
/// volume is wrong is a `corrupt` fault, and a wrong checksum a condition besides. A dirty log is replayed in
/// memory when the volume is opened; the image is never written. Contents on a realtime device are
/// `unsupported`, as are features that change the layout in ways not known here.
package final class XFSFileSystem: FileSystemReader {
    private static let rememberedInodes = 512

    let volume: XFSVolume
    private let inodes = Mutex<[XFSInodeNumber: XFSInode]>([:])
    package let usage: FileSystemUsage
    /// The volume as it was before the replay; nil when there was none.
    private let unreplayed: Result<XFSFileSystem, ImageFault>?

    /// Opens a volume: reads the superblock, finds the ends of its log and, when it is dirty, replays it.
    ///
    /// Throws `corrupt` when neither the superblock nor a copy of it can be used, `unsupported` with the names
    /// of features that are not read.
    package convenience init(_ source: any BlockSource) throws(ImageFault) {
        try self.init(source, replaying: true)
    }

    private init(_ source: any BlockSource, replaying: Bool) throws(ImageFault) {
        volume = try XFSVolume(opening: source, replaying: replaying)
        usage = volume.usage()
        unreplayed =
            volume.log.conditions.contains { $0.code == .journalReplayed }
            ? Result { () throws(ImageFault) in try XFSFileSystem(source, replaying: false) } : nil
    }

    package func stored() throws(ImageFault) -> any FileSystemReader { try unreplayed?.get() ?? self }

    /// Whether the volume says it is XFS: the magic in its first four bytes.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try source.readUpTo(at: 0, count: 4).starts(with: "XFSB")
    }

    /// Whether a usable copy of a superblock stands where mkfs.xfs puts one: for volumes whose primary superblock
    /// is gone. Costs a few sectors.
    package static func probeBackups(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try XFSVolume.firstCopy(on: source, as: nil) != nil
    }

    package var kind: String { "xfs" }
    package var uuid: String? { volume.superblock.uuid.isZero ? nil : volume.superblock.uuid.description }
    package var label: String? { volume.superblock.label.isEmpty ? nil : volume.superblock.label }
    package var features: [String] { volume.superblock.featureNames }
    package var conditions: [FileSystemCondition] { volume.log.conditions }
    package var root: NodeID { NodeID(volume.superblock.rootInode.rawValue) }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo { try inode(node).info }

    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard name != ".", name != ".." else { return name == "." ? directory : nil }
        return try self.directory(directory).lookup(name).map { NodeID($0.rawValue) }
    }

    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        try self.directory(directory).entries()
    }

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let inode = try inode(node)
        guard inode.type == .regular else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a regular file")
        }
        return try volume.contents(of: inode, at: offset, count: count)
    }

    package func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] {
        let inode = try inode(node)
        guard inode.type == .symlink else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a symbolic link")
        }
        return try volume.linkTarget(of: inode)
    }

    package func extendedAttributes(_ node: NodeID) throws(ImageFault) -> [String: [UInt8]] {
        try XFSExtendedAttributes(volume: volume, inode: try inode(node)).all()
    }

    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? {
        let inode = try inode(node)
        guard offset < inode.size, inode.data.format == .extents || inode.data.format == .tree,
            !inode.isRealtime
        else { return nil }
        let width = UInt64(volume.blockSize)
        let logical = offset / width
        let tree = XFSExtentTree(volume: volume, fork: inode.data)
        guard let extent = try tree.extents(in: logical..<logical + 1).first, extent.isWritten else {
            return nil
        }
        return try volume.offset(of: extent.physical, "inode \(inode.number)") + offset % width
    }
}

extension XFSFileSystem {
    private func directory(_ node: NodeID) throws(ImageFault) -> XFSDirectory {
        let inode = try inode(node)
        guard inode.type == .directory else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a directory")
        }
        return XFSDirectory(volume: volume, inode: inode)
    }

    private func inode(_ node: NodeID) throws(ImageFault) -> XFSInode {
        let number = XFSInodeNumber(node.rawValue)
        if let known = inodes.withLock({ $0[number] }) { return known }
        let inode = try volume.inode(number)
        inodes.withLock { inodes in
            if inodes.count >= XFSFileSystem.rememberedInodes { inodes.removeAll(keepingCapacity: true) }
            inodes[number] = inode
        }
        return inode
    }
}
