import ByteReading
import FileSystemCore

extension BtrfsVolume {
    private static let mostSubvolumes = 1 << 16
    private static let deepestPath = 1024

    /// The subvolume that a mount without options shows (`get_default_subvol_objectid`): what the entry "default"
    /// of the tree of roots leads to.
    func defaultSubvolume() throws(ImageFault) -> UInt64 {
        let name = Array("default".utf8)
        let key = BtrfsKey(superblock.rootDirectory, .directoryItem, BtrfsChecksum.nameHash(name))
        guard let item = try rootTree.item(key),
            let entry = try BtrfsDirectoryEntry.all(in: item.data).first(where: { $0.name == name })
        else { return BtrfsObject.topSubvolume }
        return entry.location.objectID
    }

    /// All subvolumes that are not deleted, the topmost first, then by id.
    func subvolumes() throws(ImageFault) -> [Subvolume] {
        let standard = try defaultSubvolume()
        var places: [UInt64: (parent: UInt64, reference: BtrfsRootReference)] = [:]
        var roots: [UInt64: BtrfsRootItem] = [:]
        var budget = Budget(BtrfsVolume.mostSubvolumes * 4, of: "items of subvolumes")
        let range =
            BtrfsKey(BtrfsObject.topSubvolume, .root, 0)...BtrfsKey(BtrfsObject.last, .rootReference, .max)
        try rootTree.scan(range) { item throws(ImageFault) in
            try budget.spend()
            guard BtrfsObject.isSubvolume(item.key.objectID) else { return true }
            if item.key.type == .root {
                roots[item.key.objectID] = try BtrfsRootItem(parsing: item)
            } else if item.key.type == .rootBackReference, places[item.key.objectID] == nil {
                places[item.key.objectID] = (item.key.offset, try BtrfsRootReference(parsing: item.data))
            }
            return true
        }
        var paths: [UInt64: String] = [BtrfsObject.topSubvolume: ""]
        var subvolumes: [Subvolume] = []
        for (id, root) in roots.sorted(by: { $0.key < $1.key }) where !root.isDead {
            let top = try BtrfsNodeNumber(subvolume: id, inode: BtrfsObject.first).id
            subvolumes.append(
                Subvolume(
                    id: id, path: path(of: id, places, &paths), parent: places[id]?.parent,
                    uuid: root.uuid.flatMap { $0.isZero ? nil : $0.description },
                    snapshotOf: root.parentID.flatMap { $0.isZero ? nil : $0.description },
                    isReadOnly: root.isReadOnly, isDefault: id == standard, top: top))
        }
        return subvolumes
    }

    /// The path from the topmost subvolume; nil when it does not lead there.
    private func path(
        of id: UInt64, _ places: [UInt64: (parent: UInt64, reference: BtrfsRootReference)],
        _ paths: inout [UInt64: String]
    ) -> String? {
        var chain: [UInt64] = []
        var current = id
        while paths[current] == nil {
            guard chain.count < BtrfsVolume.deepestPath, !chain.contains(current), let place = places[current]
            else { return nil }
            chain.append(current)
            current = place.parent
        }
        for child in chain.reversed() {
            guard let place = places[child], let above = paths[place.parent],
                let inside = try? path(ofDirectory: place.reference.directory, in: place.parent)
            else { return nil }
            let name = String(decoding: place.reference.name, as: UTF8.self)
            paths[child] = ([above] + inside + [name]).filter { !$0.isEmpty }.joined(separator: "/")
        }
        return paths[id]
    }

    /// The names from the top of a subvolume to one of its directories.
    private func path(ofDirectory directory: UInt64, in subvolume: UInt64) throws(ImageFault) -> [String] {
        let tree = try self.subvolume(subvolume)
        var names: [String] = []
        var current = directory
        while current != BtrfsObject.first {
            guard names.count < BtrfsVolume.deepestPath else {
                throw ImageFault(.limit, "directory \(directory) lies too deep")
            }
            var reference: BtrfsInodeReference?
            for type in [BtrfsItemType.inodeReference, .extendedInodeReference] where reference == nil {
                try tree.scan(current, type) { item throws(ImageFault) in
                    reference = try BtrfsInodeReference.all(in: item).first
                    return reference == nil
                }
            }
            guard let reference else {
                throw ImageFault(.corrupt, "directory \(current) of subvolume \(subvolume) has no name")
            }
            names.append(String(decoding: reference.name, as: UTF8.self))
            current = reference.parent
        }
        return names.reversed()
    }
}
