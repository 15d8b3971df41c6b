import ByteReading
import FileSystemCore

extension BtrfsLogReplayer {
    /// `replay_dir_deletes`: within the ranges of the index that the log holds whole, a name that it does not hold
    /// was removed.
    mutating func removeEntries(notLoggedOf directory: UInt64) throws(ImageFault) {
        guard try inode(directory) != nil else { return }
        var ranges: [ClosedRange<UInt64>] = []
        let keys =
            BtrfsKey(directory, .directoryLogIndex, 0)...BtrfsKey(directory, .directoryLogIndex, .max)
        try log.scan(keys) { item throws(ImageFault) in
            let end: UInt64 = try item.data.little(at: 0)
            if item.key.offset <= end { ranges.append(item.key.offset...end) }
            return true
        }
        for range in ranges {
            for item in try items(directory, .directoryIndex, range) {
                for entry in try BtrfsDirectoryEntry.all(in: item.data) where entry.location.type == .inode {
                    if try loggedEntry(entry.name, at: item.key) != nil { continue }
                    try unlink(entry.name, from: directory, to: entry.location.objectID)
                    try removeEntry(entry.name, from: item.key)
                }
            }
        }
    }

    /// `replay_one_dir_item`: a name of a directory that was logged whole. Names that a reference in the log will
    /// add are left to it.
    mutating func replayEntries(_ item: BtrfsItem) throws(ImageFault) {
        let directory = item.key.objectID
        for entry in try BtrfsDirectoryEntry.all(in: item.data) where entry.location.type == .inode {
            guard try inode(directory) != nil else {
                throw ImageFault(.corrupt, "the log has names of directory \(directory), which is not there")
            }
            let target = entry.location.objectID
            let exists = try inode(target) != nil
            let named = try self.entry(entry.name, in: directory)
            let indexed = try self.entry(entry.name, at: item.key)
            if named?.location == entry.location, indexed?.location == entry.location { continue }
            if exists {
                for known in [named, indexed].compactMap({ $0 }) where known.location != entry.location {
                    try unlink(entry.name, from: directory, to: known.location.objectID)
                }
            }
            guard exists else { continue }
            if try isLogged(entry.name, of: target, in: directory) { continue }
            let reference = BtrfsInodeReference(
                parent: directory, index: item.key.offset, name: entry.name)
            try link(reference, to: target)
            try addReference(reference, of: target)
            touched.insert(target)
        }
    }

    /// `add_inode_ref`: the names of an inode in one directory are what the log says.
    mutating func replayReferences(_ item: BtrfsItem) throws(ImageFault) {
        let number = item.key.objectID
        guard try inode(number) != nil else {
            throw ImageFault(.corrupt, "the log has names of inode \(number), which is not there")
        }
        let references = try BtrfsInodeReference.all(in: item)
        for reference in references {
            guard try inode(reference.parent) != nil else {
                if item.key.type == .inodeReference { return }
                continue
            }
            let indexKey = BtrfsKey(reference.parent, .directoryIndex, reference.index)
            let named = try entry(reference.name, in: reference.parent)
            let indexed = try entry(reference.name, at: indexKey)
            if named?.location.objectID == number, indexed?.location.objectID == number { continue }
            try unlinkOldNames(of: number, in: reference)
            let conflicting = try entry(reference.name, in: reference.parent)
            for known in [indexed, conflicting].compactMap({ $0 }) {
                try unlink(reference.name, from: reference.parent, to: known.location.objectID)
            }
            try link(reference, to: number)
        }
        // `unlink_old_inode_refs`: names under this key that the log does not have.
        if let stored = try tree.item(item.key) {
            for old in try BtrfsInodeReference.all(in: stored)
            where !references.contains(where: { $0.name == old.name && $0.parent == old.parent }) {
                try unlink(old.name, from: old.parent, to: number)
            }
        }
        tree.overlay.set(item.key, item.data)
        touched.insert(number)
    }

    /// The first part of `__add_inode_ref`: other names of the inode in the directory, unless the log has them.
    private mutating func unlinkOldNames(
        of inode: UInt64, in reference: BtrfsInodeReference
    ) throws(ImageFault) {
        let hash = BtrfsChecksum.extendedReferenceHash(parent: reference.parent, name: reference.name)
        for key in [
            BtrfsKey(inode, .inodeReference, reference.parent),
            BtrfsKey(inode, .extendedInodeReference, hash),
        ] {
            guard let stored = try tree.item(key) else { continue }
            for old in try BtrfsInodeReference.all(in: stored) where old.parent == reference.parent {
                if try isLogged(old.name, of: inode, in: old.parent) { continue }
                try unlink(old.name, from: old.parent, to: inode)
            }
        }
    }
}

// MARK: - Primitives

extension BtrfsLogReplayer {
    private func entry(_ name: [UInt8], in directory: UInt64) throws(ImageFault) -> BtrfsDirectoryEntry? {
        try entry(name, at: BtrfsKey(directory, .directoryItem, BtrfsChecksum.nameHash(name)))
    }

    private func entry(_ name: [UInt8], at key: BtrfsKey) throws(ImageFault) -> BtrfsDirectoryEntry? {
        guard let item = try tree.item(key) else { return nil }
        return try BtrfsDirectoryEntry.all(in: item.data).first { $0.name == name }
    }

    /// The entry of this name in the log's item.
    func loggedEntry(_ name: [UInt8], at key: BtrfsKey) throws(ImageFault) -> BtrfsDirectoryEntry? {
        guard let item = try log.item(key) else { return nil }
        return try BtrfsDirectoryEntry.all(in: item.data).first { $0.name == name }
    }

    /// Whether the log has this name of the inode (`backref_in_log`).
    private func isLogged(
        _ name: [UInt8], of inode: UInt64, in directory: UInt64
    ) throws(ImageFault) -> Bool {
        let hash = BtrfsChecksum.extendedReferenceHash(parent: directory, name: name)
        for key in [
            BtrfsKey(inode, .inodeReference, directory), BtrfsKey(inode, .extendedInodeReference, hash),
        ] {
            guard let item = try log.item(key) else { continue }
            let references = try BtrfsInodeReference.all(in: item)
            if references.contains(where: { $0.parent == directory && $0.name == name }) { return true }
        }
        return false
    }

    /// Takes a name out of an item of entries; the item goes with its last.
    mutating func removeEntry(_ name: [UInt8], from key: BtrfsKey) throws(ImageFault) {
        guard let item = try tree.item(key) else { return }
        let kept = try BtrfsDirectoryEntry.all(in: item.data).filter { $0.name != name }
        let bytes = kept.flatMap(\.raw.array)
        tree.overlay.set(key, bytes.isEmpty ? nil : Bytes(bytes, origin: item.data.origin))
    }

    /// Removes a name: from the directory, from its index, and from the inode it led to (`btrfs_unlink_inode`).
    private mutating func unlink(
        _ name: [UInt8], from directory: UInt64, to inode: UInt64
    ) throws(ImageFault) {
        if try entry(name, in: directory) != nil {
            try removeEntry(name, from: BtrfsKey(directory, .directoryItem, BtrfsChecksum.nameHash(name)))
            try resize(directory) { $0 - Swift.min($0, UInt64(name.count) * 2) }
        }
        let hash = BtrfsChecksum.extendedReferenceHash(parent: directory, name: name)
        for key in [
            BtrfsKey(inode, .inodeReference, directory), BtrfsKey(inode, .extendedInodeReference, hash),
        ] {
            guard let item = try tree.item(key) else { continue }
            let references = try BtrfsInodeReference.all(in: item)
            let kept = references.filter { $0.parent != directory || $0.name != name }
            guard kept.count < references.count else { continue }
            for reference in references where reference.parent == directory && reference.name == name {
                try removeEntry(name, from: BtrfsKey(directory, .directoryIndex, reference.index))
            }
            let bytes = kept.flatMap { $0.encoded(as: key.type) }
            tree.overlay.set(key, bytes.isEmpty ? nil : Bytes(bytes, origin: item.data.origin))
        }
        touched.insert(inode)
    }

    /// Adds a name to a directory and its index (`btrfs_add_link`).
    private mutating func link(
        _ reference: BtrfsInodeReference, to inode: UInt64
    ) throws(ImageFault) {
        guard let target = try self.inode(inode) else { return }
        let raw = BtrfsDirectoryEntry.encoded(reference.name, inode: inode, type: target.type)
        let hash = BtrfsChecksum.nameHash(reference.name)
        try append(raw, reference.name, to: BtrfsKey(reference.parent, .directoryItem, hash))
        try append(raw, reference.name, to: BtrfsKey(reference.parent, .directoryIndex, reference.index))
        try resize(reference.parent) { $0 &+ UInt64(reference.name.count) * 2 }
    }

    private mutating func append(
        _ raw: [UInt8], _ name: [UInt8], to key: BtrfsKey
    ) throws(ImageFault) {
        try removeEntry(name, from: key)
        let known = try tree.item(key)?.data.array ?? []
        tree.overlay.set(key, Bytes(known + raw))
    }

    private mutating func addReference(
        _ reference: BtrfsInodeReference, of inode: UInt64
    ) throws(ImageFault) {
        let key = BtrfsKey(inode, .inodeReference, reference.parent)
        let known = try tree.item(key)?.data.array ?? []
        tree.overlay.set(key, Bytes(known + reference.encoded(as: .inodeReference)))
    }

    private mutating func resize(
        _ directory: UInt64, _ change: (UInt64) -> UInt64
    ) throws(ImageFault) {
        let key = BtrfsKey(directory, .inode, 0)
        guard let item = try tree.item(key) else { return }
        let size: UInt64 = try item.data.little(at: BtrfsInode.sizePlace)
        tree.overlay.set(key, item.data.replacing(change(size), at: BtrfsInode.sizePlace))
    }
}
