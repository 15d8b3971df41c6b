import BlockIO
import ByteReading

/// Replays a dirty log into memory, as `xlog_recover` writes it to the disk: first the buffers that are void
/// are noted, then every committed transaction is applied in order.
struct XFSLogRecovery {
    /// The most bytes of log that are replayed; the size of the largest log of a volume below 1 TiB.
    private static let longest = 512 << 20

    let volume: XFSVolume
    private let area: XFSLogArea
    private(set) var ends: XFSLogEnds
    private(set) var overlay: XFSLogOverlay
    private(set) var transactionCount = 0
    private(set) var itemCount = 0
    /// How often a buffer is declared void from here on.
    private var cancelled: [XFSLogBufferItem.Place: Int] = [:]
    /// Intents that have not been seen through, by their number, and how they are called.
    private var intents: [UInt64: XFSLogItem.Kind] = [:]

    init(_ volume: XFSVolume, area: XFSLogArea, ends: XFSLogEnds) {
        self.volume = volume
        self.area = area
        self.ends = ends
        overlay = XFSLogOverlay(volume.source)
    }

    /// Replays everything. Throws when that is not possible; what was replayed until then is not to be used.
    mutating func run() throws(ImageFault) {
        try ends.moveTailToRecord()
        let length = area.distance(from: ends.tail, to: ends.head) * XFSLogArea.blockSize
        guard length <= XFSLogRecovery.longest else {
            throw ImageFault(.limit, "\(length) bytes of log, more than \(XFSLogRecovery.longest)")
        }
        try noteCancelled()
        var transactions = XFSLogTransactions()
        var block = ends.tail
        let reader = XFSLogReader(area: area, head: ends.head)
        while block != ends.head {
            let record = try reader.record(at: block)
            var done: [XFSLogTransactions.Transaction] = []
            try transactions.process(record) { (transaction) throws(ImageFault) in
                done.append(transaction)
            }
            for transaction in done { try apply(transaction) }
            block = area.block(block, plus: record.header.blockCount)
        }
    }

    /// Names of intents whose effects on files are missing: the kernel finishes them before it mounts.
    var unfinishedChanges: [String] {
        var names: Set<String> = []
        for kind in intents.values {
            switch kind {
            case .mappingIntent: names.insert("block mappings")
            case .attributeIntent: names.insert("extended attributes")
            case .exchangeIntent: names.insert("an exchange of contents")
            default: break
            }
        }
        return names.sorted()
    }

    /// The first pass: checksums of all records, and what is void. Records that later ones overwrote at the tail
    /// are passed over, as in `xlog_verify_tail`.
    private mutating func noteCancelled() throws(ImageFault) {
        let reader = XFSLogReader(area: area, head: ends.head)
        var block = ends.tail
        var transactions = XFSLogTransactions()
        while block != ends.head {
            let record: XFSLogReader.Record
            do throws(ImageFault) {
                record = try reader.record(at: block)
            } catch  where error.kind == .corrupt {
                guard try ends.moveTail(past: block) else { throw error }
                block = ends.tail
                transactions = XFSLogTransactions()
                cancelled = [:]
                continue
            }
            var done: [XFSLogTransactions.Transaction] = []
            try transactions.process(record) { (transaction) throws(ImageFault) in
                done.append(transaction)
            }
            for item in done.flatMap(\.items) where try item.kind() == .buffer {
                let buffer = try XFSLogBufferItem(item)
                if buffer.isCancelled { cancelled[buffer.place, default: 0] += 1 }
            }
            block = area.block(block, plus: record.header.blockCount)
        }
    }

    /// Applies a transaction in the kernel's order: new inodes and buffers, other items, links of unlinked
    /// inodes, and last what is void (`xlog_recover_reorder_trans`).
    private mutating func apply(_ transaction: XFSLogTransactions.Transaction) throws(ImageFault) {
        var early: [XFSLogItem] = []
        var others: [XFSLogItem] = []
        var late: [XFSLogItem] = []
        for item in transaction.items {
            guard item.isComplete else {
                throw ImageFault(
                    .corrupt, "log item with \(item.regions.count) of \(item.total) regions",
                    at: item.description.origin)
            }
            switch try item.kind() {
            case .inodeCreate: early.append(item)
            case .buffer:
                if try XFSLogBufferItem(item).isCancelled { late.append(item) } else { early.append(item) }
            default: others.append(item)
            }
        }
        for item in early + others + late { try apply(item, at: transaction.position) }
        transactionCount += 1
        itemCount += transaction.items.count
    }

    private mutating func apply(_ item: XFSLogItem, at position: XFSLogPosition) throws(ImageFault) {
        let kind = try item.kind()
        switch kind {
        case .buffer: try applyBuffer(XFSLogBufferItem(item), at: position)
        case .inode: try applyInode(item, at: position)
        case .inodeCreate: try applyInodeCreate(item)
        // Quotas are not read here, and links of unlinked inodes lead to no file.
        case .quota, .quotaOff, .unlinked: break
        case .freeIntent, .reverseMapIntent, .referenceCountIntent, .mappingIntent, .attributeIntent,
            .exchangeIntent, .realtimeFreeIntent, .realtimeReverseMapIntent, .realtimeReferenceCountIntent:
            intents[try item.description.little(at: 8)] = kind
        case .freeDone, .reverseMapDone, .referenceCountDone, .mappingDone, .attributeDone, .exchangeDone,
            .realtimeFreeDone, .realtimeReverseMapDone, .realtimeReferenceCountDone:
            intents[try item.description.little(at: 8)] = nil
        }
    }

    private func isCancelled(_ place: XFSLogBufferItem.Place) -> Bool { cancelled[place] != nil }

    /// Where a buffer is, in bytes. Throws `corrupt` unless it lies in the volume and is no larger than any.
    private func range(of place: XFSLogBufferItem.Place) throws(ImageFault) -> (offset: UInt64, count: Int) {
        let end = try place.sector.adding(UInt64(place.count))
        guard place.count > 0, end <= volume.superblock.blockCount * UInt64(volume.blockSize) / 512 else {
            throw ImageFault(
                .corrupt, "the log changes sector \(place.sector), \(place.count), outside the volume")
        }
        return (place.sector * 512, Int(place.count) * 512)
    }

    private mutating func applyBuffer(
        _ buffer: XFSLogBufferItem, at position: XFSLogPosition
    ) throws(ImageFault) {
        if buffer.isCancelled {
            if let count = cancelled[buffer.place] { cancelled[buffer.place] = count > 1 ? count - 1 : nil }
            return
        }
        guard !isCancelled(buffer.place), !buffer.isInodeLinks, !buffer.isQuota else { return }
        let (offset, count) = try range(of: buffer.place)
        let current = try overlay.read(at: offset, count: count)
        if volume.superblock.isV5, let known = try XFSLogStamp.position(of: current, volume.superblock),
            known.isKnown, known >= position
        {
            return
        }
        var changes: [(Int, Bytes)] = []
        try buffer.forEachChange { (start, bytes) throws(ImageFault) in changes.append((start, bytes)) }
        for (start, bytes) in changes {
            guard start <= count, bytes.count <= count - start else {
                throw ImageFault(
                    .corrupt, "change of \(bytes.count) bytes at \(start) of a buffer of \(count)",
                    at: bytes.origin)
            }
            try overlay.write(bytes.array, at: offset + UInt64(start))
        }
    }

    /// Writes the inodes of a new chunk: free, with number and volume
    /// (`struct xfs_icreate_log`, `xfs_ialloc_inode_init`).
    private mutating func applyInodeCreate(_ item: XFSLogItem) throws(ImageFault) {
        let bytes = item.description
        let superblock = volume.superblock
        let group: UInt32 = try bytes.big(at: 4)
        let block: UInt32 = try bytes.big(at: 8)
        let count: UInt32 = try bytes.big(at: 12)
        let inodeSize: UInt32 = try bytes.big(at: 16)
        let length: UInt32 = try bytes.big(at: 20)
        let generation = try bytes.slice(at: 24, count: 4).array
        guard superblock.isV5, inodeSize == UInt32(superblock.inodeSize), count > 0, count <= 4096,
            UInt64(count) * UInt64(inodeSize) == UInt64(length) * UInt64(superblock.blockSize),
            block < superblock.blocksPerGroup
        else {
            throw ImageFault(.corrupt, "log item for \(count) inodes of \(inodeSize) bytes", at: bytes.origin)
        }
        let first = XFSBlockNumber(UInt64(group) << UInt64(superblock.groupBlockLog) | UInt64(block))
        let offset = try volume.offset(of: first, count: UInt64(length), "a chunk of new inodes")
        guard !hasCancelledPart(offset, count: Int(count) * superblock.inodeSize) else { return }
        let firstNumber = first.rawValue << UInt64(superblock.inodesPerBlockLog)
        for index in 0..<UInt64(count) {
            var inode = [UInt8](repeating: 0, count: superblock.inodeSize)
            func put(_ value: [UInt8], at field: Int) {
                inode.replaceSubrange(field..<field + value.count, with: value)
            }
            put([0x49, 0x4E, 0, 0, 3], at: 0)
            put(generation, at: 92)
            put([0xFF, 0xFF, 0xFF, 0xFF], at: 96)
            put(XFSLogInode.big(firstNumber + index, count: 8), at: 152)
            put(superblock.metadataUUID.bytes, at: 160)
            try overlay.write(inode, at: offset + index * UInt64(superblock.inodeSize))
        }
    }

    /// Whether a buffer in a range is void: the chunk was given back later.
    private func hasCancelledPart(_ offset: UInt64, count: Int) -> Bool {
        let sectors = offset / 512..<offset / 512 + UInt64(count) / 512
        return cancelled.keys.contains { sectors.contains($0.sector) }
    }

    private mutating func applyInode(_ item: XFSLogItem, at position: XFSLogPosition) throws(ImageFault) {
        let change = try XFSLogInode(item)
        guard !isCancelled(change.buffer) else { return }
        let (offset, count) = try range(of: change.buffer)
        guard change.bufferOffset <= count - volume.superblock.inodeSize else {
            throw ImageFault(
                .corrupt, "log item for an inode outside its buffer", at: item.description.origin)
        }
        let place = offset + UInt64(change.bufferOffset)
        let current = try overlay.read(at: place, count: volume.superblock.inodeSize)
        if let changed = try change.apply(to: current, at: position, volume.superblock) {
            try overlay.write(changed, at: place)
        }
    }
}

/// Where structures of version 5 say up to which change they are written (`xlog_recover_get_buf_lsn`).
enum XFSLogStamp {
    /// Nil where the structure has none, or belongs to another volume: then the change is made.
    static func position(
        of bytes: Bytes, _ superblock: XFSSuperblock
    ) throws(ImageFault) -> XFSLogPosition? {
        let magic: UInt32 = try bytes.big(at: 0)
        let fields: (position: Int, uuid: Int)
        switch magic {
        // "AB3B", "AB3C", "IAB3", "FIB3", "RMB3", "R3FC".
        case 0x4142_3342, 0x4142_3343, 0x4941_4233, 0x4649_4233, 0x524D_4233, 0x5233_4643: fields = (24, 32)
        // "BMA3".
        case 0x424D_4133: fields = (32, 40)
        // "XAGF", "XAFL", "XAGI".
        case 0x5841_4746: fields = (208, 64)
        case 0x5841_464C: fields = (24, 8)
        case 0x5841_4749: fields = (320, 296)
        // "XSLM".
        case 0x5853_4C4D: fields = (48, 16)
        // "XDB3", "XDD3", "XDF3".
        case 0x5844_4233, 0x5844_4433, 0x5844_4633: fields = (16, 24)
        case XFSSuperblock.magic:
            fields = (240, superblock.incompatible.contains(.metadataUUID) ? 248 : 32)
        default:
            switch try bytes.big(UInt16.self, at: 8) {
            case 0x3DF1, 0x3DFF, 0x3BEE, 0x3EBE: fields = (24, 32)
            default: return nil
            }
        }
        guard try GUID(bigEndian: bytes, at: fields.uuid) == superblock.metadataUUID else { return nil }
        return XFSLogPosition(try bytes.big(at: fields.position))
    }
}
