package import BlockIO
package import ByteReading
package import FileSystemCore
import Synchronization

/// ext2, ext3 and ext4, read-only.
///
/// Metadata is believed as far as the kernel believes it: an inode, extent node, directory block or attribute
/// block whose checksum is wrong is a `corrupt` fault, and a condition besides. A dirty journal is replayed in
/// memory when the volume is opened; the image is never written. Encrypted names and contents are
/// `unsupported`, as are features that change the layout in ways not known here.
package final class Ext4FileSystem: FileSystemReader {
    private static let rememberedInodes = 512

    let volume: Ext4Volume
    private let inodes = Mutex<[Ext4InodeNumber: Ext4Inode]>([:])
    package let usage: FileSystemUsage
    /// The volume as it was before the replay; nil when there was none.
    private let unreplayed: Result<Ext4FileSystem, ImageFault>?

    /// Opens a volume: reads the superblock, the group descriptors and, when it is dirty, the journal.
    ///
    /// Throws `corrupt` when neither the superblock nor a copy of it can be used, `unsupported` with the names
    /// of features that are not read.
    package convenience init(_ source: any BlockSource) throws(ImageFault) {
        try self.init(source, replaying: true)
    }

    private init(_ source: any BlockSource, replaying: Bool) throws(ImageFault) {
        volume = try Ext4Volume(opening: source, replaying: replaying)
        usage = volume.usage()
        unreplayed =
            volume.log.conditions.contains { $0.code == .journalReplayed }
            ? Result { () throws(ImageFault) in try Ext4FileSystem(source, replaying: false) } : nil
    }

    package func stored() throws(ImageFault) -> any FileSystemReader { try unreplayed?.get() ?? self }

    package var kind: String { volume.superblock.kind }
    package var uuid: String? { volume.superblock.uuid.isZero ? nil : volume.superblock.uuid.description }
    package var label: String? { volume.superblock.label.isEmpty ? nil : volume.superblock.label }
    package var features: [String] { volume.superblock.featureNames }
    package var conditions: [FileSystemCondition] { volume.log.conditions }
    package var root: NodeID { NodeID(UInt64(Ext4InodeNumber.root.rawValue)) }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo { try inode(node).info }

    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard name != ".", name != ".." else { return name == "." ? directory : nil }
        let found = try self.directory(directory).lookup(name)
        return found.map { NodeID(UInt64($0.rawValue)) }
    }

    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        try self.directory(directory).entries()
    }

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let inode = try inode(node)
        guard inode.type == .regular else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a regular file")
        }
        guard !inode.flags.contains(.encrypted) else {
            throw ImageFault(.unsupported, "the file is encrypted")
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
        try Ext4ExtendedAttributes(volume: volume, inode: try inode(node)).all()
    }

    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? {
        let inode = try inode(node)
        guard offset < inode.size else { return nil }
        let width = UInt64(volume.blockSize)
        let logical = offset / width
        guard let extent = try volume.extents(of: inode, in: logical..<(logical + 1)).first, extent.isWritten
        else { return nil }
        return volume.offset(of: extent.physical) + (offset - extent.logical * width)
    }
}

extension Ext4FileSystem {
    private func directory(_ node: NodeID) throws(ImageFault) -> Ext4Directory {
        let inode = try inode(node)
        guard inode.type == .directory else {
            throw ImageFault(.unsupported, "inode \(inode.number) is not a directory")
        }
        return Ext4Directory(volume: volume, inode: inode)
    }

    private func inode(_ node: NodeID) throws(ImageFault) -> Ext4Inode {
        let number = Ext4InodeNumber(try node.rawValue.converted())
        if let known = inodes.withLock({ $0[number] }) { return known }
        // What a directory may lead to (`EXT4_IGET_NORMAL`): the root and what is not reserved.
        guard number == .root || number.rawValue >= volume.superblock.firstInode else {
            throw ImageFault(.corrupt, "inode \(number) is reserved")
        }
        let inode = try volume.inode(number)
        try inode.check()
        guard !inode.flags.contains(.attributeInode) else {
            throw ImageFault(.corrupt, "inode \(number) holds an attribute", at: inode.raw.origin)
        }
        inodes.withLock { inodes in
            if inodes.count >= Ext4FileSystem.rememberedInodes { inodes.removeAll(keepingCapacity: true) }
            inodes[number] = inode
        }
        return inode
    }
}
