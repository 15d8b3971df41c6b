import ByteReading

/// A log of a hive: a copy of the header, then the sectors that were to be written (Suhanov, "Format of
/// transaction log files").
struct HiveLog: Sendable {
    /// Which of the logs given.
    let index: Int
    let source: ContentSource
    let header: HiveHeader

    /// A log; `corrupt` when its header is not one of a log, or says that writing the log had not ended.
    init(_ source: ContentSource, index: Int) throws(ImageFault) {
        self.source = source
        self.index = index
        header = try HiveHeader(parsing: source.read(at: 0, count: HiveHeader.checkedSize))
        guard header.isChecksumValid else {
            throw ImageFault(.corrupt, "the checksum of the header is wrong", at: 508)
        }
        try header.check()
        guard header.type != nil, header.type != .primary else {
            throw ImageFault(.corrupt, "file type \(header.fileType), no log", at: 28)
        }
        guard !header.isInterrupted else {
            throw ImageFault(
                .corrupt,
                "writing the log had not ended: \(header.primarySequence), \(header.secondarySequence)", at: 4
            )
        }
    }

    /// Whether it is one of entries, as since Windows 8.1.
    var hasEntries: Bool { header.type == .newLog }
}

/// One write to a hive in a log of Windows 8.1 and later (`HvLE`).
struct HiveLogEntry: Sendable {
    /// The bytes before the references.
    static let headerSize = 40

    /// Where it begins in the log.
    let offset: UInt64
    let size: UInt32
    /// What becomes the sequence number of the hive (12).
    let sequence: UInt32
    /// The size of the hive bins data from then on (16).
    let binsSize: UInt32
    let pageCount: UInt32
}

extension HiveLog {
    /// The entry at `offset` if it is number `sequence`. Nil where the log ends: there is no entry, or one of
    /// an earlier use of the file. `corrupt` when the entry is the right one and damaged, as when writing it
    /// was cut short.
    func entry(at offset: UInt64, sequence: UInt32) throws(ImageFault) -> HiveLogEntry? {
        let headerSize = HiveLogEntry.headerSize
        guard offset < HiveOverlay.logLimit, offset <= source.size,
            source.size - offset >= UInt64(headerSize)
        else { return nil }
        let head = try source.read(at: offset, count: headerSize).rebased(to: offset)
        guard head.starts(with: "HvLE"), try head.little(UInt32.self, at: 12) == sequence else { return nil }
        let entry = HiveLogEntry(
            offset: offset, size: try head.little(at: 4), sequence: sequence,
            binsSize: try head.little(at: 16), pageCount: try head.little(at: 20))
        var hash = Marvin32()
        hash.update(head.prefix(32))
        guard hash.finish() == (try head.little(UInt64.self, at: 32)) else {
            throw ImageFault(.corrupt, "the second hash of entry \(sequence) is wrong", at: offset)
        }
        guard entry.size >= UInt32(HiveOverlay.sectorSize),
            entry.size.isMultiple(of: UInt32(HiveOverlay.sectorSize)),
            UInt64(entry.size) <= source.size - offset, entry.binsSize >= HiveHeader.binUnit,
            entry.binsSize <= UInt32(Int32.max), entry.binsSize.isMultiple(of: HiveHeader.binUnit)
        else { throw ImageFault(.corrupt, "entry \(sequence) of \(entry.size) bytes", at: offset) }
        guard try contentHash(of: entry) == head.little(at: 24) else {
            throw ImageFault(.corrupt, "the first hash of entry \(sequence) is wrong", at: offset)
        }
        try forEachPage(of: entry) { (_, _, _) throws(ImageFault) in }
        return entry
    }

    private func contentHash(of entry: HiveLogEntry) throws(ImageFault) -> UInt64 {
        var hash = Marvin32()
        var done = UInt64(HiveLogEntry.headerSize)
        while done < UInt64(entry.size) {
            let count = min(64 << 10, UInt64(entry.size) - done)
            hash.update(try source.read(at: entry.offset + done, count: Int(count)))
            done += count
        }
        return hash.finish()
    }

    /// The parts of the hive bins data that an entry replaces: offset, size, and where their bytes are.
    func forEachPage(
        of entry: HiveLogEntry, _ body: (UInt32, UInt32, UInt64) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        let references = UInt64(entry.pageCount) * 8
        let end = entry.offset + UInt64(entry.size)
        var data = entry.offset + UInt64(HiveLogEntry.headerSize) + references
        let unit = UInt32(HiveOverlay.sectorSize)
        for index in 0..<UInt64(entry.pageCount) {
            let place = entry.offset + UInt64(HiveLogEntry.headerSize) + index * 8
            guard data <= end else {
                throw ImageFault(.corrupt, "the pages of entry \(entry.sequence) reach past it", at: place)
            }
            let reference = try source.read(at: place, count: 8)
            let offset: UInt32 = try reference.little(at: 0)
            let size: UInt32 = try reference.little(at: 4)
            guard size > 0, offset.isMultiple(of: unit), size.isMultiple(of: unit), offset < entry.binsSize,
                size <= entry.binsSize - offset, UInt64(size) <= end - data
            else {
                throw ImageFault(
                    .corrupt, "a page of \(size) bytes at \(offset) in entry \(entry.sequence)", at: place)
            }
            try body(offset, size, data)
            data += UInt64(size)
        }
    }

    /// The parts that a log of before Windows 8.1 replaces, from its bitmap of dirty sectors (`DIRT`).
    func forEachDirtyRun(_ body: (UInt32, UInt32, UInt64) throws(ImageFault) -> Void) throws(ImageFault) {
        let unit = UInt32(HiveOverlay.sectorSize)
        let start = UInt64(unit)
        guard try source.read(at: start, count: 4).starts(with: "DIRT") else {
            throw ImageFault(.corrupt, "no bitmap of dirty sectors", at: start)
        }
        // A bit for each sector of the hive bins data, so a byte for each 4096 bytes.
        let bitmapSize = header.binsSize / HiveHeader.binUnit
        let bitmap = try source.read(at: start + 4, count: Int(bitmapSize))
        var data = start + UInt64((4 + bitmapSize + unit - 1) / unit * unit)
        for index in 0..<bitmapSize {
            let byte = try bitmap.byte(at: Int(index))
            for bit in 0..<UInt32(8) where byte >> bit & 1 != 0 {
                guard data <= source.size, source.size - data >= UInt64(unit) else {
                    throw ImageFault(.truncated, "the log ends before its dirty sectors do", at: data)
                }
                try body((index * 8 + bit) * unit, unit, data)
                data += UInt64(unit)
            }
        }
    }
}
