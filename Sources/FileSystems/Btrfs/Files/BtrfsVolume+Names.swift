import ByteReading
import FileSystemCore

extension BtrfsVolume {
    func inode(_ number: UInt64, in tree: BtrfsSubvolumeTree) throws(ImageFault) -> BtrfsInode {
        guard let item = try tree.item(BtrfsKey(number, .inode, 0)) else {
            throw ImageFault(.corrupt, "subvolume \(tree.id) has no inode \(number)")
        }
        return try BtrfsInode(parsing: item.data, number: number)
    }

    /// The entry of this name; several names may have one hash.
    func entry(
        _ name: [UInt8], in directory: UInt64, of tree: BtrfsSubvolumeTree
    ) throws(ImageFault) -> BtrfsDirectoryEntry? {
        let key = BtrfsKey(directory, .directoryItem, BtrfsChecksum.nameHash(name))
        guard let item = try tree.item(key) else { return nil }
        return try BtrfsDirectoryEntry.all(in: item.data).first { $0.name == name }
    }

    /// The entries of a directory by its index, in the order in which they were made, as the kernel lists them.
    func entries(
        of directory: UInt64, in tree: BtrfsSubvolumeTree
    ) throws(ImageFault) -> [BtrfsDirectoryEntry] {
        var found: [BtrfsDirectoryEntry] = []
        var budget = Budget(1 << 19, of: "directory entries")
        try tree.scan(directory, .directoryIndex) { item throws(ImageFault) in
            for entry in try BtrfsDirectoryEntry.all(in: item.data) {
                try budget.spend()
                found.append(entry)
            }
            return true
        }
        return found
    }

    /// What an entry leads to. A subvolume is entered when the tree of roots says that it belongs here; else, as
    /// in a snapshot of the directory, an empty directory stands in its place (`fixup_tree_root_location`).
    func node(
        of entry: BtrfsDirectoryEntry, in directory: UInt64, of tree: BtrfsSubvolumeTree
    ) throws(ImageFault) -> NodeID {
        guard entry.location.type == .root else {
            guard entry.location.type == .inode else {
                throw ImageFault(
                    .corrupt, "an entry of directory \(directory) leads to key \(entry.location)",
                    at: entry.raw.origin)
            }
            return try BtrfsNodeNumber(subvolume: tree.id, inode: entry.location.objectID).id
        }
        let child = entry.location.objectID
        if let item = try rootTree.item(BtrfsKey(tree.id, .rootReference, child)) {
            let reference = try BtrfsRootReference(parsing: item.data)
            if reference.directory == directory, reference.name == entry.name {
                return try BtrfsNodeNumber(subvolume: child, inode: BtrfsObject.first).id
            }
        }
        return try BtrfsNodeNumber(subvolume: tree.id, inode: directory, isPlaceholder: true).id
    }

    /// All extended attributes.
    func attributes(
        of inode: UInt64, in tree: BtrfsSubvolumeTree
    ) throws(ImageFault) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        var budget = Budget(1 << 14, of: "extended attributes")
        try tree.scan(inode, .extendedAttribute) { item throws(ImageFault) in
            for entry in try BtrfsDirectoryEntry.all(in: item.data) {
                try budget.spend()
                found[String(decoding: entry.name, as: UTF8.self)] = entry.data.array
            }
            return true
        }
        return found
    }
}
