import ByteReading

/// A block of the hash tree that directories and attributes share (XFS Algorithms & Data Structures,
/// "Directory/Attribute Internal Node" and "Leaf"): links to its neighbours, a kind, a checksum.
struct XFSTreeNode {
    enum Kind {
        /// Hashes and the blocks below.
        case node
        /// The only leaf of a directory.
        case singleLeaf
        /// A leaf of a directory below nodes.
        case leaf
        /// A leaf of attributes.
        case attributes
    }

    let bytes: Bytes
    let kind: Kind
    /// The block of the fork with the next higher hashes; zero at the end.
    let next: UInt32
    /// Entries in use.
    let count: Int
    /// How far a node is above the leaves.
    let level: Int
    /// Where entries start.
    let header: Int

    init(_ bytes: Bytes, isChanged: Bool, volume: XFSVolume, name: String) throws(ImageFault) {
        self.bytes = bytes
        let isV5 = volume.superblock.isV5
        let magic: UInt16 = try bytes.big(at: 8)
        // The same numbers, but for the high byte: 0x3E.. and 0x3D.. in version 5.
        switch (magic, isV5) {
        case (0xFEBE, false), (0x3EBE, true): kind = .node
        case (0xD2F1, false), (0x3DF1, true): kind = .singleLeaf
        case (0xD2FF, false), (0x3DFF, true): kind = .leaf
        case (0xFBEE, false), (0x3BEE, true): kind = .attributes
        default:
            throw ImageFault(
                .corrupt, "\(name): hash tree block with magic 0x\(Hexadecimal.lower(magic, width: 4))",
                at: bytes.origin)
        }
        try volume.checkHeader(
            bytes, checksum: 12, address: 16, uuid: 32, isChanged: isChanged, "\(name), hash tree")
        next = try bytes.big(at: 0)
        let fields = isV5 ? 56 : 12
        let isAttributes = kind == .attributes
        header = isAttributes ? (isV5 ? 80 : 32) : (isV5 ? 64 : 16)
        count = Int(try bytes.big(UInt16.self, at: fields))
        level = kind == .node ? Int(try bytes.big(UInt16.self, at: fields + 2)) : 0
        guard count <= (bytes.count - header) / 8 else {
            throw ImageFault(.corrupt, "\(name): \(count) entries in a hash tree block", at: bytes.origin)
        }
        // `XFS_DA_NODE_MAXDEPTH`.
        guard kind != .node || level >= 1 && level <= 5 else {
            throw ImageFault(.corrupt, "\(name): hash tree of level \(level)", at: bytes.origin)
        }
    }

    /// The hash of an entry and the four bytes behind it: a block of the fork or the address of a name.
    func entry(_ index: Int) throws(ImageFault) -> (hash: UInt32, value: UInt32) {
        (try bytes.big(at: header + 8 * index), try bytes.big(at: header + 8 * index + 4))
    }

    /// The first entry whose hash is `hash` or higher; ``count`` when there is none.
    func firstIndex(of hash: UInt32) throws(ImageFault) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try entry(middle).hash < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
