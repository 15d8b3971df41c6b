import ByteReading

/// One change of a transaction: a description and the bytes it speaks of. Numbers of the description are in the
/// order of the system that wrote it; only little-endian ones are read.
struct XFSLogItem {
    /// `XFS_LI_...`, the first two bytes of the description.
    enum Kind: UInt16 {
        case freeIntent = 0x1236
        case freeDone = 0x1237
        case unlinked = 0x1238
        case inode = 0x123B
        case buffer = 0x123C
        case quota = 0x123D
        case quotaOff = 0x123E
        case inodeCreate = 0x123F
        case reverseMapIntent = 0x1240
        case reverseMapDone = 0x1241
        case referenceCountIntent = 0x1242
        case referenceCountDone = 0x1243
        case mappingIntent = 0x1244
        case mappingDone = 0x1245
        case attributeIntent = 0x1246
        case attributeDone = 0x1247
        case exchangeIntent = 0x1248
        case exchangeDone = 0x1249
        case realtimeFreeIntent = 0x124A
        case realtimeFreeDone = 0x124B
        case realtimeReverseMapIntent = 0x124C
        case realtimeReverseMapDone = 0x124D
        case realtimeReferenceCountIntent = 0x124E
        case realtimeReferenceCountDone = 0x124F
    }

    /// The most regions of an item: a bitmap of 64 KiB in chunks of 128 bytes, every other one
    /// (`XLOG_MAX_REGIONS_IN_ITEM`).
    private static let mostRegions = 257

    /// How many regions there have to be.
    let total: Int
    /// The description first.
    private(set) var regions: [Bytes] = []

    /// Starts an item with its first region.
    init(_ first: Bytes) throws(ImageFault) {
        total = try first.little(UInt16.self, at: 2).bounded(
            to: XFSLogItem.mostRegions, "the regions of a log item")
        guard total > 0 else { throw ImageFault(.corrupt, "log item without regions", at: first.origin) }
        regions = [first]
    }

    var isComplete: Bool { regions.count >= total }
    var description: Bytes { regions[0] }

    mutating func append(_ region: Bytes) { regions.append(region) }

    /// Puts the rest of a region that did not fit the record before (`xlog_recover_add_to_cont_trans`).
    mutating func extendLast(_ rest: Bytes) {
        let last = regions[regions.count - 1]
        regions[regions.count - 1] = Bytes(last.array + rest.array, origin: last.origin)
    }

    /// Throws `unsupported` for a kind that is not known.
    func kind() throws(ImageFault) -> Kind {
        let code: UInt16 = try description.little(at: 0)
        guard let kind = Kind(rawValue: code) else {
            throw ImageFault(
                .unsupported, "log item of unknown type 0x\(Hexadecimal.lower(code, width: 4))",
                at: description.origin)
        }
        return kind
    }

    /// Region `index`. Throws `corrupt` when it is missing.
    func region(_ index: Int) throws(ImageFault) -> Bytes {
        guard index < regions.count else {
            throw ImageFault(
                .corrupt, "log item with \(regions.count) regions lacks region \(index)",
                at: description.origin)
        }
        return regions[index]
    }
}

/// The description of changes to a buffer (`struct xfs_buf_log_format`).
struct XFSLogBufferItem {
    /// Sectors of the volume and their number: what identifies a buffer.
    struct Place: Hashable {
        let sector: UInt64
        let count: UInt32
    }

    private static let chunk = 128

    let place: Place
    /// Everything before about this buffer is void (`XFS_BLF_CANCEL`).
    let isCancelled: Bool
    /// Only links of unlinked inodes are changed (`XFS_BLF_INODE_BUF`).
    let isInodeLinks: Bool
    /// `XFS_BLF_UDQUOT_BUF` and its like.
    let isQuota: Bool
    private let item: XFSLogItem

    init(_ item: XFSLogItem) throws(ImageFault) {
        self.item = item
        let bytes = item.description
        let flags: UInt16 = try bytes.little(at: 4)
        isInodeLinks = flags & 0x01 != 0
        isCancelled = flags & 0x02 != 0
        isQuota = flags & 0x1C != 0
        place = Place(
            sector: try bytes.little(at: 8), count: UInt32(try bytes.little(UInt16.self, at: 6)))
    }

    /// Calls `body` with each run of bytes and its place in the buffer (`xlog_recover_do_reg_buffer`).
    func forEachChange(_ body: (Int, Bytes) throws(ImageFault) -> Void) throws(ImageFault) {
        let bytes = item.description
        let words = try bytes.little(UInt32.self, at: 16).bounded(to: 1024, "the bitmap of a buffer item")
        let map = try bytes.slice(at: 20, count: words * 4)
        func isSet(_ bit: Int) throws(ImageFault) -> Bool {
            try map.byte(at: bit / 8) & 1 << UInt8(bit % 8) != 0
        }
        var bit = 0
        var index = 1
        while bit < words * 32 {
            guard try isSet(bit) else {
                bit += 1
                continue
            }
            var count = 1
            while bit + count < words * 32, try isSet(bit + count) { count += 1 }
            let region = try item.region(index)
            // A region may hold less than the bits say; the bits behind it belong to the next.
            count = Swift.min(count, region.count / XFSLogBufferItem.chunk)
            guard count > 0 else {
                throw ImageFault(.corrupt, "empty region of a buffer item", at: bytes.origin)
            }
            try body(bit * XFSLogBufferItem.chunk, region.prefix(count * XFSLogBufferItem.chunk))
            bit += count
            index += 1
        }
    }
}
