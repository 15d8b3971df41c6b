package import BlockIO
package import ByteReading
package import FileSystemCore

/// SquashFS 4.0, read-only as the format is: what live media, dracut's payload and snaps are made of.
///
/// Basic and extended inodes, fragments, sparse files, indexed directories; blocks of gzip, xz, zstd, lz4 and lzo.
/// Extended attributes and the export table are not read. There are no checksums but those of the compressors, so
/// damage shows as a block that does not unpack.
///
/// Specification: fs/squashfs/squashfs_fs.h and Documentation/filesystems/squashfs.rst of Linux.
package final class SquashFileSystem: FileSystemReader {
    private let superblock: SquashSuperblock
    private let metadata: SquashMetadata
    private let data: SquashData
    package let conditions: [FileSystemCondition]

    /// Whether the magic number of SquashFS stands at the start.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try source.readUpTo(at: 0, count: 4).starts(with: "hsqs")
    }

    /// Opens a volume: reads its superblock and its root.
    ///
    /// Throws `corrupt` when they cannot be used, `unsupported` for other versions and compressors.
    package init(_ source: any BlockSource) throws(ImageFault) {
        superblock = try SquashSuperblock(
            parsing: try source.readUpTo(at: 0, count: SquashSuperblock.byteCount))
        metadata = SquashMetadata(source, compressor: superblock.compressor)
        data = SquashData(source, superblock: superblock, metadata: metadata)
        conditions =
            superblock.bytesUsed <= source.size
            ? []
            : [
                FileSystemCondition(
                    .largerThanDevice,
                    "\(superblock.bytesUsed) bytes, and the device has \(source.size)", at: 40)
            ]
        guard try info(root).type == .directory else {
            throw ImageFault(.corrupt, "the root is no directory", at: 32)
        }
    }

    package var kind: String { "squashfs" }
    package var uuid: String? { nil }
    package var label: String? { nil }
    package var features: [String] { [superblock.compressor.name] }
    package var root: NodeID { NodeID(superblock.root.rawValue) }

    /// Always full: nothing can be added.
    package var usage: FileSystemUsage {
        FileSystemUsage(
            blockSize: UInt64(superblock.blockSize), totalBytes: superblock.bytesUsed, freeBytes: 0,
            availableBytes: 0, totalInodes: UInt64(superblock.inodeCount), freeInodes: 0)
    }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo {
        let inode = try inode(node)
        return FileInfo(
            type: inode.type, permissions: inode.permissions, owner: try identity(inode.ownerIndex),
            group: try identity(inode.groupIndex), size: inode.size, linkCount: inode.linkCount,
            modified: Int64(inode.modified))
    }

    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard name != ".", name != ".." else { return name == "." ? directory : nil }
        return try self.directory(directory).entry(name)?.node
    }

    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        try self.directory(directory).entries()
    }

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let inode = try inode(node)
        guard case .file(let content) = inode.body else {
            throw ImageFault(.unsupported, "no regular file")
        }
        return try data.read(node, inode, content, at: offset, count: count)
    }

    package func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] {
        let inode = try inode(node)
        guard case .link = inode.body else { throw ImageFault(.unsupported, "no symbolic link") }
        let length = try inode.size.bounded(to: 4096, "length of a symbolic link")
        var cursor = inode.rest
        return try cursor.read(length).array
    }
}

extension SquashFileSystem {
    private func inode(_ node: NodeID) throws(ImageFault) -> SquashInode {
        let reference = SquashInodeReference(rawValue: node.rawValue)
        let block = try superblock.inodeTableStart.adding(reference.block)
        guard block < superblock.directoryTableStart else {
            throw ImageFault(.corrupt, "inode behind the inode table", at: block)
        }
        return try SquashInode(
            SquashCursor(metadata, block: block, offset: reference.offset), blockSize: superblock.blockSize)
    }

    private func directory(_ node: NodeID) throws(ImageFault) -> SquashDirectory {
        let inode = try inode(node)
        guard case .directory(let listing) = inode.body else {
            throw ImageFault(.unsupported, "no directory")
        }
        return SquashDirectory(
            inode: inode, listing: listing, metadata: metadata, tableStart: superblock.directoryTableStart)
    }

    private func identity(_ index: UInt16) throws(ImageFault) -> UInt32 {
        guard Int(index) < superblock.idCount else {
            throw ImageFault(.corrupt, "owner \(index) of \(superblock.idCount)")
        }
        return try metadata.entry(UInt64(index), width: 4, tableAt: superblock.idTableStart).little(at: 0)
    }
}
