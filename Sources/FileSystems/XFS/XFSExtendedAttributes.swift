import BlockIO
import ByteReading

/// The extended attributes of an inode: in the inode, in a leaf, or in leaves below a hash tree
/// (XFS Algorithms & Data Structures, "Extended Attributes").
struct XFSExtendedAttributes {
    /// `XFS_XATTR_SIZE_MAX` of the kernel: no value is larger.
    private static let largestValue = 65536
    /// Leaves that are read, and the bytes that all values may have.
    private static let leaves = 1024
    private static let allValues = 8 << 20

    let volume: XFSVolume
    let inode: XFSInode

    /// `flags` of an entry.
    private struct Flags: OptionSet {
        let rawValue: UInt8
        static let local = Flags(rawValue: 0x01)
        static let root = Flags(rawValue: 0x02)
        static let secure = Flags(rawValue: 0x04)
        /// A pointer to the parent directory, which userland is not shown.
        static let parent = Flags(rawValue: 0x08)
        /// Being written or removed when the system stopped.
        static let incomplete = Flags(rawValue: 0x80)
    }

    private var name: String { "inode \(inode.number), attributes" }

    /// All attributes under their full names, with the values that getxattr(2) gives.
    func all() throws(ImageFault) -> [String: [UInt8]] {
        guard let fork = inode.attributes else { return [:] }
        var attributes: [String: [UInt8]] = [:]
        var budget = Budget(XFSExtendedAttributes.allValues, of: "bytes of attributes")
        switch fork.format {
        case .local:
            try shortForm(fork.area, &attributes)
        case .extents where fork.extentCount == 0:
            break
        case .extents, .tree:
            try leaves(of: fork, &attributes, &budget)
        default:
            throw ImageFault(
                .corrupt, "\(name): fork of format \(fork.format)", at: fork.area.origin)
        }
        return attributes
    }

    /// Total size, count; then name length, value length, flags, name and value of each.
    private func shortForm(_ area: Bytes, _ attributes: inout [String: [UInt8]]) throws(ImageFault) {
        var cursor = ByteCursor(area.prefix(Int(try area.big(UInt16.self, at: 0))))
        try cursor.skip(2)
        let count = Int(try cursor.bytes(1).byte(at: 0))
        try cursor.skip(1)
        for _ in 0..<count {
            let header = try cursor.bytes(3)
            let name = try cursor.bytes(Int(try header.byte(at: 0)))
            let value = try cursor.bytes(Int(try header.byte(at: 1)))
            try add(name, Flags(rawValue: try header.byte(at: 2)), value, to: &attributes)
        }
    }

    private func leaves(
        of fork: XFSInode.Fork, _ attributes: inout [String: [UInt8]], _ budget: inout Budget
    ) throws(ImageFault) {
        var node = try treeNode(of: fork, at: 0)
        while node.kind == .node {
            guard node.count > 0 else {
                throw ImageFault(.corrupt, "\(name): node without children", at: node.bytes.origin)
            }
            let child = try treeNode(of: fork, at: try node.entry(0).value)
            guard child.level == node.level - 1 else {
                throw ImageFault(
                    .corrupt, "\(name): level \(child.level) below \(node.level)", at: child.bytes.origin)
            }
            node = child
        }
        var visited: Set<UInt32> = []
        while true {
            guard node.kind == .attributes else {
                throw ImageFault(.corrupt, "\(name): directory block", at: node.bytes.origin)
            }
            for index in 0..<node.count { try entry(index, of: node, fork, &attributes, &budget) }
            guard node.next != 0 else { return }
            guard visited.insert(node.next).inserted, visited.count < XFSExtendedAttributes.leaves else {
                throw ImageFault(.corrupt, "\(name): leaves without an end", at: node.bytes.origin)
            }
            node = try treeNode(of: fork, at: node.next)
        }
    }

    private func treeNode(of fork: XFSInode.Fork, at index: UInt32) throws(ImageFault) -> XFSTreeNode {
        let range = UInt64(index)..<UInt64(index) + 1
        guard let extent = try XFSExtentTree(volume: volume, fork: fork).extents(in: range).first,
            extent.isWritten
        else { throw ImageFault(.corrupt, "\(name): block \(index) is a hole") }
        return try XFSTreeNode(
            try volume.block(extent.physical, name), isChanged: false, volume: volume, name: name)
    }

    private func entry(
        _ index: Int, of leaf: XFSTreeNode, _ fork: XFSInode.Fork, _ attributes: inout [String: [UInt8]],
        _ budget: inout Budget
    ) throws(ImageFault) {
        let place = leaf.header + 8 * index
        let start = Int(try leaf.bytes.big(UInt16.self, at: place + 4))
        let flags = Flags(rawValue: try leaf.bytes.byte(at: place + 6))
        guard !flags.contains(.incomplete), !flags.contains(.parent) else { return }
        if flags.contains(.local) {
            let length = Int(try leaf.bytes.big(UInt16.self, at: start))
            let nameLength = Int(try leaf.bytes.byte(at: start + 2))
            try budget.spend(length)
            try add(
                try leaf.bytes.slice(at: start + 3, count: nameLength), flags,
                try leaf.bytes.slice(at: start + 3 + nameLength, count: length), to: &attributes)
        } else {
            let block: UInt32 = try leaf.bytes.big(at: start)
            let length = try leaf.bytes.big(UInt32.self, at: start + 4).bounded(
                to: XFSExtendedAttributes.largestValue, "a value of \(name)")
            let nameLength = Int(try leaf.bytes.byte(at: start + 8))
            try budget.spend(length)
            try add(
                try leaf.bytes.slice(at: start + 9, count: nameLength), flags,
                try remoteValue(of: fork, at: block, count: length), to: &attributes)
        }
    }

    /// A value in blocks of its own; in version 5 each block has a header ("Remote Attribute Values").
    private func remoteValue(
        of fork: XFSInode.Fork, at block: UInt32, count: Int
    ) throws(ImageFault) -> Bytes {
        let width = volume.blockSize
        guard volume.superblock.isV5 else {
            return try volume.forkBytes(fork, at: UInt64(block) * UInt64(width), count: count)
        }
        var value: [UInt8] = []
        let blocks = UInt64((count + width - 57) / (width - 56))
        let range = UInt64(block)..<UInt64(block) + blocks
        for extent in try XFSExtentTree(volume: volume, fork: fork).extents(in: range) {
            let start = try volume.offset(of: extent.physical, count: extent.count, name)
            for index in 0..<extent.count where value.count < count {
                let buffer = try volume.source.read(
                    at: start + index * UInt64(width), count: width)
                let length = Swift.min(width - 56, count - value.count)
                // "XARM".
                guard try buffer.big(UInt32.self, at: 0) == 0x5841_524D,
                    try buffer.big(UInt32.self, at: 4) == UInt32(value.count),
                    try buffer.big(UInt32.self, at: 8) == UInt32(length),
                    try buffer.big(UInt64.self, at: 32) == inode.number.rawValue
                else { throw ImageFault(.corrupt, "\(name): value without its header", at: buffer.origin) }
                try volume.checkHeader(buffer, checksum: 12, address: 40, uuid: 16, "\(name), value")
                value += try buffer.slice(at: 56, count: length).array
            }
        }
        guard value.count == count else {
            throw ImageFault(.corrupt, "\(name): value of \(value.count) of \(count) bytes")
        }
        return Bytes(value)
    }

    /// Puts an attribute under the names by which the kernel lists it (`xfs_xattr_put_listent`).
    private func add(
        _ name: Bytes, _ flags: Flags, _ value: Bytes, to attributes: inout [String: [UInt8]]
    ) throws(ImageFault) {
        guard !flags.contains(.parent) else { return }
        let text = name.text
        guard flags.contains(.root) else {
            attributes[(flags.contains(.secure) ? "security." : "user.") + text] = value.array
            return
        }
        attributes["trusted." + text] = value.array
        switch text {
        case "SGI_ACL_FILE": attributes["system.posix_acl_access"] = try accessList(value)
        case "SGI_ACL_DEFAULT": attributes["system.posix_acl_default"] = try accessList(value)
        default: break
        }
    }

    /// A stored access control list (`struct xfs_acl`) in the form of `system.posix_acl_access` (version 2,
    /// `struct posix_acl_xattr_entry`).
    private func accessList(_ stored: Bytes) throws(ImageFault) -> [UInt8] {
        var cursor = ByteCursor(stored)
        let count = try cursor.big(UInt32.self).bounded(to: stored.count / 12, "the length of an access list")
        var list: [UInt8] = [2, 0, 0, 0]
        for _ in 0..<count {
            let tag = UInt16(truncatingIfNeeded: try cursor.big(UInt32.self))
            let stored: UInt32 = try cursor.big()
            let permissions: UInt16 = try cursor.big()
            try cursor.skip(2)
            // ACL_USER (0x02) and ACL_GROUP (0x08) name somebody.
            let id: UInt32 = tag == 0x02 || tag == 0x08 ? stored : ~0
            for half in [tag, permissions, UInt16(truncatingIfNeeded: id), UInt16(id >> 16)] {
                list += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)]
            }
        }
        return list
    }
}
