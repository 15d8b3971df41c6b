import ByteReading

/// The extended attributes of an inode: behind its fields and in a block of their own (kernel documentation,
/// filesystems/ext4/attributes.rst).
struct Ext4ExtendedAttributes {
    /// `h_magic`, in the inode as in a block.
    static let magic: UInt32 = 0xEA02_0000
    /// `XATTR_SIZE_MAX` of the kernel: no value is larger.
    static let largestValue = 65536

    let volume: Ext4Volume
    let inode: Ext4Inode

    private struct Entry {
        let nameIndex: UInt8
        let name: Bytes
        let valueOffset: Int
        let valueInode: Ext4InodeNumber
        let valueSize: UInt32
    }

    /// All attributes under their full names, with the values that getxattr(2) gives.
    func all() throws(ImageFault) -> [String: [UInt8]] {
        var attributes: [String: [UInt8]] = [:]
        for region in [try inodeRegion(), try blockRegion()] {
            guard let region else { continue }
            for entry in try entries(region.entries) {
                guard let name = Ext4ExtendedAttributes.fullName(entry.nameIndex, entry.name) else {
                    continue
                }
                let value = try value(of: entry, in: region.values)
                let isACL = entry.nameIndex == 2 || entry.nameIndex == 3
                attributes[name] = isACL ? try Ext4ExtendedAttributes.accessList(value) : value.array
            }
        }
        return attributes
    }

    /// The value of `system.data`, the part of inline data that does not fit `i_block`; nil when there is none.
    func inlineData() throws(ImageFault) -> Bytes? {
        guard let region = try inodeRegion() else { return nil }
        for entry in try entries(region.entries)
        where entry.nameIndex == 7 && entry.name == Bytes(Array("data".utf8)) {
            return try value(of: entry, in: region.values)
        }
        return nil
    }

    /// The prefix for an `e_name_index`; nil for what userland is not shown (encryption contexts, inline data).
    private static func fullName(_ index: UInt8, _ name: Bytes) -> String? {
        switch index {
        case 1: "user." + name.text
        case 2: "system.posix_acl_access"
        case 3: "system.posix_acl_default"
        case 4: "trusted." + name.text
        case 6: "security." + name.text
        case 7: name.text == "data" ? nil : "system." + name.text
        case 8: "system.richacl"
        case 10: "gnu." + name.text
        default: nil
        }
    }

    /// Where entries start, and the window that value offsets count from.
    private typealias Region = (entries: Bytes, values: Bytes)

    private func inodeRegion() throws(ImageFault) -> Region? {
        guard inode.extraSize > 0, 128 + inode.extraSize + 4 <= inode.raw.count else { return nil }
        let area = inode.raw.dropFirst(128 + inode.extraSize)
        guard try area.little(UInt32.self, at: 0) == Ext4ExtendedAttributes.magic else { return nil }
        return (area.dropFirst(4), area.dropFirst(4))
    }

    private func blockRegion() throws(ImageFault) -> Region? {
        guard inode.attributeBlock.rawValue != 0 else { return nil }
        let block = try volume.block(inode.attributeBlock, "the attributes of inode \(inode.number)")
        let count: UInt32 = try block.little(at: 8)
        guard try block.little(UInt32.self, at: 0) == Ext4ExtendedAttributes.magic, count == 1 else {
            throw ImageFault(
                .corrupt, "attribute block of inode \(inode.number) has no header", at: block.origin)
        }
        if volume.checksums.isEnabled {
            guard
                try block.little(UInt32.self, at: 0x10)
                    == volume.checksums.attributes(block, at: inode.attributeBlock)
            else {
                throw volume.checksumFault("the attribute block of inode \(inode.number)", at: block.origin)
            }
        }
        return (block.dropFirst(32), block)
    }

    private func entries(_ bytes: Bytes) throws(ImageFault) -> [Entry] {
        var entries: [Entry] = []
        var position = 0
        // The list ends with four zero bytes; every entry takes sixteen or more.
        while position + 4 <= bytes.count, try bytes.little(UInt32.self, at: position) != 0 {
            let nameLength = Int(try bytes.byte(at: position))
            entries.append(
                Entry(
                    nameIndex: try bytes.byte(at: position + 1),
                    name: try bytes.slice(at: position + 16, count: nameLength),
                    valueOffset: Int(try bytes.little(UInt16.self, at: position + 2)),
                    valueInode: Ext4InodeNumber(try bytes.little(at: position + 4)),
                    valueSize: try bytes.little(at: position + 8)))
            position += (16 + nameLength + 3) & ~3
        }
        return entries
    }

    private func value(of entry: Entry, in values: Bytes) throws(ImageFault) -> Bytes {
        let size = try entry.valueSize.bounded(
            to: Ext4ExtendedAttributes.largestValue, "an attribute value of inode \(inode.number)")
        guard entry.valueInode.rawValue != 0 else {
            return size == 0 ? Bytes([]) : try values.slice(at: entry.valueOffset, count: size)
        }
        let holder = try volume.inode(entry.valueInode)
        try holder.check()
        guard holder.flags.contains(.attributeInode), holder.size == UInt64(size) else {
            throw ImageFault(
                .corrupt, "inode \(holder.number) is not the attribute value of inode \(inode.number)",
                at: holder.raw.origin)
        }
        return try volume.contents(of: holder, count: size)
    }

    /// A stored access control list (version 1, ids only where they mean something) in the form of
    /// `system.posix_acl_access` (version 2, `struct posix_acl_xattr_entry`).
    private static func accessList(_ stored: Bytes) throws(ImageFault) -> [UInt8] {
        var cursor = ByteCursor(stored)
        let version: UInt32 = try cursor.little()
        guard version == 1 else { throw ImageFault(.corrupt, "access control list of version \(version)") }
        var list: [UInt8] = [2, 0, 0, 0]
        while !cursor.isAtEnd {
            let tag: UInt16 = try cursor.little()
            let permissions: UInt16 = try cursor.little()
            // ACL_USER (0x02) and ACL_GROUP (0x08) name somebody.
            let id: UInt32 = tag == 0x02 || tag == 0x08 ? try cursor.little() : ~0
            for half in [tag, permissions, UInt16(truncatingIfNeeded: id), UInt16(id >> 16)] {
                list += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)]
            }
        }
        return list
    }
}
