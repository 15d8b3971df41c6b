import ByteReading

/// The description of changes to an inode (`struct xfs_inode_log_format`) and what they make of it.
struct XFSLogInode {
    /// `ilf_fields`: what follows the fields of the inode.
    private struct Fields: OptionSet {
        let rawValue: UInt32
        static let core = Fields(rawValue: 0x001)
        static let localData = Fields(rawValue: 0x002)
        static let dataExtents = Fields(rawValue: 0x004)
        static let dataRoot = Fields(rawValue: 0x008)
        static let device = Fields(rawValue: 0x010)
        static let localAttributes = Fields(rawValue: 0x040)
        static let attributeExtents = Fields(rawValue: 0x080)
        static let attributeRoot = Fields(rawValue: 0x100)

        static let data: Fields = [.localData, .dataExtents, .dataRoot]
        static let attributes: Fields = [.localAttributes, .attributeExtents, .attributeRoot]
    }

    private let item: XFSLogItem
    private let fields: Fields
    private let device: UInt32
    let number: XFSInodeNumber
    /// The buffer that holds it on the disk.
    let buffer: XFSLogBufferItem.Place
    /// Its place in the buffer, in bytes.
    let bufferOffset: Int

    init(_ item: XFSLogItem) throws(ImageFault) {
        self.item = item
        let bytes = item.description
        fields = Fields(rawValue: try bytes.little(at: 4))
        // 32-bit systems do not align the number to eight bytes.
        let isWide = bytes.count >= 56
        let start = isWide ? 16 : 12
        number = XFSInodeNumber(try bytes.little(at: start))
        device = try bytes.little(at: start + 8)
        buffer = XFSLogBufferItem.Place(
            sector: try bytes.little(at: start + 24),
            count: try bytes.little(UInt32.self, at: start + 32))
        bufferOffset = try bytes.little(UInt32.self, at: start + 36).bounded(
            to: 1 << 20, "the place of an inode in its buffer")
        guard buffer.count <= 2048 else {
            throw ImageFault(.corrupt, "buffer of \(buffer.count) sectors of inodes", at: bytes.origin)
        }
    }

    /// The bytes of `value`, most significant first.
    static func big(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    }

    /// The inode after the change; nil when what is on the disk is newer
    /// (`xlog_recover_inode_commit_pass2`).
    func apply(
        to current: Bytes, at position: XFSLogPosition, _ superblock: XFSSuperblock
    ) throws(ImageFault) -> [UInt8]? {
        func fault(_ message: String) -> ImageFault {
            ImageFault(.corrupt, "log item for inode \(number): \(message)", at: item.description.origin)
        }
        guard try current.big(UInt16.self, at: 0) == 0x494E else { throw fault("no inode there") }
        guard fields.contains(.core) else { throw fault("no fields") }
        let core = try item.region(1)
        guard try core.little(UInt16.self, at: 0) == 0x494E, core.count <= 176 else {
            throw fault("no inode in the log")
        }
        if superblock.isV5 {
            let known = XFSLogPosition(try current.big(at: 112))
            if known.isKnown, known > position { return nil }
            guard try core.little(UInt64.self, at: 152) == number.rawValue else {
                throw fault("the inode in the log is another")
            }
        } else if try isOlder(core, than: current) {
            return nil
        }
        var inode = current.array
        try copyCore(core, to: &inode, position, isV5: superblock.isV5)
        let coreSize = superblock.inodeCoreSize
        let forkOffset = Int(try core.byte(at: 82)) * 8
        let room = inode.count - coreSize
        guard forkOffset < room else { throw fault("attributes at \(forkOffset)") }
        func put(_ bytes: [UInt8], at start: Int, limit: Int) throws(ImageFault) {
            guard bytes.count <= limit else {
                throw fault("\(bytes.count) bytes in a fork of \(limit)")
            }
            inode.replaceSubrange(start..<start + bytes.count, with: bytes)
        }
        let dataRoom = forkOffset == 0 ? room : forkOffset
        if fields.contains(.device) {
            try put(XFSLogInode.big(UInt64(device), count: 4), at: coreSize, limit: dataRoom)
        }
        guard item.total > 2 else { return inode }
        var index = 2
        let header = superblock.isV5 ? 72 : 24
        if !fields.isDisjoint(with: .data) {
            let region = try item.region(index)
            index += 1
            let bytes =
                fields.contains(.dataRoot)
                ? try XFSLogInode.root(region, header: header, room: dataRoom) : region.array
            try put(bytes, at: coreSize, limit: dataRoom)
        }
        if !fields.isDisjoint(with: .attributes) {
            guard forkOffset > 0 else { throw fault("attributes without a place") }
            let region = try item.region(index)
            let attributeRoom = room - forkOffset
            let bytes =
                fields.contains(.attributeRoot)
                ? try XFSLogInode.root(region, header: header, room: attributeRoom) : region.array
            try put(bytes, at: coreSize + forkOffset, limit: attributeRoom)
        }
        return inode
    }

    /// Version 4 counts how often an inode was written (`di_flushiter`, 0x1E); the count wraps at 0xFFFF.
    private func isOlder(_ core: Bytes, than current: Bytes) throws(ImageFault) -> Bool {
        let logged: UInt16 = try core.little(at: 30)
        let stored: UInt16 = try current.big(at: 30)
        return logged < stored && !(stored == 0xFFFF && logged < 0x7FFF)
    }

    /// Widths of the fields of `struct xfs_log_dinode` in their order, the same places as on the disk.
    private static let widths: [(field: Int, width: Int)] = [
        (0, 2), (2, 2), (4, 1), (5, 1), (8, 4), (12, 4), (16, 4), (20, 2), (22, 2), (56, 8), (64, 8), (72, 4),
        (82, 1), (83, 1), (84, 4), (88, 2), (90, 2), (92, 4),
    ]
    private static let widthsV5: [(field: Int, width: Int)] = [(104, 8), (120, 8), (128, 4), (152, 8)]

    /// Turns the fields from the order of the system into that of the disk (`xfs_log_dinode_to_disk`). The link
    /// to the next unlinked inode stays as it is.
    private func copyCore(
        _ core: Bytes, to inode: inout [UInt8], _ position: XFSLogPosition, isV5: Bool
    ) throws(ImageFault) {
        func swap(_ field: Int, _ width: Int) throws(ImageFault) {
            let bytes = try core.slice(at: field, count: width).array
            inode.replaceSubrange(field..<field + width, with: bytes.reversed())
        }
        let flags2: UInt64 = isV5 ? try core.little(at: 120) : 0
        for (field, width) in XFSLogInode.widths { try swap(field, width) }
        inode.replaceSubrange(6..<8, with: [0, 0])
        // Times: one number, or two halves.
        for field in [32, 40, 48] + (isV5 ? [144] : []) {
            let source = field == 144 ? 144 : field
            if flags2 & 8 != 0 {
                try swap(source, 8)
            } else {
                try swap(source, 4)
                try swap(source + 4, 4)
            }
        }
        if isV5 {
            for (field, width) in XFSLogInode.widthsV5 { try swap(field, width) }
            inode.replaceSubrange(112..<120, with: XFSLogInode.big(position.rawValue, count: 8))
            inode.replaceSubrange(132..<144, with: repeatElement(0, count: 12))
            inode.replaceSubrange(160..<176, with: try core.slice(at: 160, count: 16).array)
        }
        if flags2 & 0x10 != 0 {
            try swap(24, 8)
            try swap(76, 4)
            try swap(80, 2)
        } else {
            inode.replaceSubrange(24..<32, with: repeatElement(0, count: 8))
            try swap(76, 4)
            try swap(80, 2)
        }
    }

    /// The root of an extent tree as an inode holds it, from the block that the system had in memory
    /// (`xfs_bmbt_to_bmdr`).
    private static func root(_ block: Bytes, header: Int, room: Int) throws(ImageFault) -> [UInt8] {
        let count = Int(try block.big(UInt16.self, at: 6))
        let places = (room - 4) / 16
        let stored = Swift.max(0, block.count - header) / 16
        guard count > 0, count <= places, count <= stored else {
            throw ImageFault(
                .corrupt, "tree root of \(count) children for \(places)", at: block.origin)
        }
        var root = try block.slice(at: 4, count: 4).array
        root += try block.slice(at: header, count: 8 * count).array
        root.append(contentsOf: repeatElement(0, count: 8 * (places - count)))
        root += try block.slice(at: header + 8 * stored, count: 8 * count).array
        return root
    }
}
