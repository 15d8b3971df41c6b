import BlockIO
import ByteReading

/// The log of a VHDX file: a ring of entries, of which the newest whole sequence has to be written again
/// ([MS-VHDX] 2.3, "Log").
struct VHDXLog {
    /// An entry whose fields, descriptors, data sectors and checksum hold ([MS-VHDX] 2.3.1, "Log Entry").
    struct Entry: Sendable, Hashable {
        /// Bytes from the start of the log.
        let position: UInt64
        /// `EntryLength`, byte 8: whole sectors.
        let length: UInt64
        /// `Tail`, byte 12: the position of the first entry of the sequence that this one ends.
        let tail: UInt64
        /// `SequenceNumber`, byte 16.
        let sequenceNumber: UInt64
        /// `DescriptorCount`, byte 24.
        let descriptorCount: Int
        /// `FlushedFileOffset`, byte 48: the file was at least this large when the entry was written.
        let flushedFileOffset: UInt64
        /// `LastFileOffset`, byte 56: the size that holds all that is allocated.
        let lastFileOffset: UInt64

        /// Sectors of header and descriptors; the header takes the place of two descriptors.
        var descriptorSectors: UInt64 { (UInt64(descriptorCount) + 2 + 127) / 128 }
    }

    /// What a descriptor asks for ([MS-VHDX] 2.3.1.2 and 2.3.1.3).
    enum Write: Sendable, Hashable {
        /// 4096 bytes at `offset`: `leading`, the middle of the data sector at `sector` of the file, `trailing`.
        case data(at: UInt64, sector: UInt64, leading: UInt64, trailing: UInt32)
        case zeros(Range<UInt64>)
    }

    static let sectorSize: UInt64 = 4 << 10
    private static let descriptorsPerSector: UInt64 = 128

    private let log: Range<UInt64>
    private let identity: GUID
    private let source: CachedSource
    private var checked: [UInt64: Entry?] = [:]
    /// 2 GiB of log, or a small log whose entries overlap many times.
    private var budget = Budget(1 << 19, of: "sectors of log")

    private var length: UInt64 { log.upperBound - log.lowerBound }

    /// The log at `log` of `file`, whose entries carry `identity`.
    init(_ file: any BlockSource, at log: Range<UInt64>, identity: GUID) {
        self.log = log
        self.identity = identity
        source = CachedSource(file, blockSize: 64 << 10, capacity: 32)
    }

    /// The entries to replay, oldest first; empty when there is no valid sequence ([MS-VHDX] 2.3.3, "Log
    /// Replay").
    ///
    /// Throws `limit` when the log takes too long to search.
    mutating func activeSequence() throws(ImageFault) -> [Entry] {
        var candidate: [Entry] = []
        var tail: UInt64 = 0
        while true {
            let (sequence, head) = try sequence(from: tail)
            var isValid = false
            if let last = sequence.last,
                let first = sequence.firstIndex(where: { $0.position == last.tail })
            {
                isValid = true
                if last.sequenceNumber > candidate.last?.sequenceNumber ?? 0 {
                    // What stands before the tail was written to its place before.
                    candidate = Array(sequence[first...])
                }
            }
            let next = isValid ? head : try afterHoles(tail)
            guard next > tail, next < length else { return candidate }
            tail = next
        }
    }

    /// The entries from `tail` on whose numbers follow each other, and where the next one would be.
    private mutating func sequence(from tail: UInt64) throws(ImageFault) -> (entries: [Entry], head: UInt64) {
        var entries: [Entry] = []
        var head = tail
        var covered: UInt64 = 0
        while let entry = try entry(at: head), covered + entry.length <= length {
            if let last = entries.last, last.sequenceNumber &+ 1 != entry.sequenceNumber { break }
            entries.append(entry)
            covered += entry.length
            head = (head + entry.length) % length
        }
        return (entries, head)
    }

    /// The next position that may hold an entry: a log that was hardly used is mostly a hole.
    private func afterHoles(_ position: UInt64) throws(ImageFault) -> UInt64 {
        let next = position + VHDXLog.sectorSize
        guard next < length else { return next }
        let extent = try source.extent(at: log.lowerBound + next)
        guard extent.kind == .hole else { return next }
        return next + Swift.min(extent.length, length) / VHDXLog.sectorSize * VHDXLog.sectorSize
    }

    // MARK: Entries

    /// The entry at `position`, nil when there is no valid one.
    private mutating func entry(at position: UInt64) throws(ImageFault) -> Entry? {
        try budget.spend()
        if let known = checked[position] { return known }
        let entry = try checkedEntry(at: position)
        checked[position] = .some(entry)
        return entry
    }

    /// A sector of the log; the ring closes behind the last.
    private func sector(_ index: UInt64, of position: UInt64) throws(ImageFault) -> Bytes {
        try source.read(at: place(of: index, in: position), count: Int(VHDXLog.sectorSize))
    }

    private func place(of index: UInt64, in position: UInt64) -> UInt64 {
        log.lowerBound + (position + index * VHDXLog.sectorSize) % length
    }

    private mutating func checkedEntry(at position: UInt64) throws(ImageFault) -> Entry? {
        guard let entry = try header(at: position) else { return nil }
        let stored = try sector(0, of: position).little(UInt32.self, at: 4)
        let sectors = entry.length / VHDXLog.sectorSize
        var register: UInt32 = ~0
        var dataSectors: UInt64 = 0
        for index in 0..<sectors {
            try budget.spend()
            var bytes = try sector(index, of: position)
            if index < entry.descriptorSectors {
                guard let data = try dataDescriptors(in: bytes, at: index, of: entry) else { return nil }
                dataSectors += data
                // There are as many data sectors as descriptors that need one.
                let isLast = index + 1 == entry.descriptorSectors
                if isLast, entry.descriptorSectors + dataSectors != sectors { return nil }
            } else {
                let high = UInt64(try bytes.little(UInt32.self, at: 4))
                let low = UInt64(try bytes.little(UInt32.self, at: 4092))
                guard bytes.starts(with: "data"), high << 32 | low == entry.sequenceNumber else { return nil }
            }
            if index == 0 {
                register = CRC32.castagnoli.update(register, bytes.prefix(4))
                register = CRC32.castagnoli.update(register, Bytes([0, 0, 0, 0]))
                bytes = bytes.dropFirst(8)
            }
            register = CRC32.castagnoli.update(register, bytes)
        }
        return ~register == stored ? entry : nil
    }

    /// The header at `position` as far as it can be judged alone ([MS-VHDX] 2.3.1.1).
    private func header(at position: UInt64) throws(ImageFault) -> Entry? {
        let bytes = try sector(0, of: position)
        guard bytes.starts(with: "loge") else { return nil }
        let entry = Entry(
            position: position, length: UInt64(try bytes.little(UInt32.self, at: 8)),
            tail: UInt64(try bytes.little(UInt32.self, at: 12)), sequenceNumber: try bytes.little(at: 16),
            descriptorCount: Int(try bytes.little(UInt32.self, at: 24)),
            flushedFileOffset: try bytes.little(at: 48), lastFileOffset: try bytes.little(at: 56))
        guard entry.length > 0, entry.length % VHDXLog.sectorSize == 0, entry.length <= length,
            entry.tail % VHDXLog.sectorSize == 0, entry.tail < length, entry.sequenceNumber > 0,
            entry.descriptorSectors <= entry.length / VHDXLog.sectorSize,
            try GUID(mixedEndian: bytes, at: 32) == identity
        else { return nil }
        return entry
    }

    /// The descriptors in a sector of `entry`, by where they start in it.
    private func descriptors(at index: UInt64, of entry: Entry) -> [Int] {
        let first = index == 0 ? 2 : 0
        let before = index * VHDXLog.descriptorsPerSector
        let end = Swift.min(UInt64(entry.descriptorCount) + 2 - before, VHDXLog.descriptorsPerSector)
        return (first..<Swift.max(first, Int(end))).map { $0 * 32 }
    }

    /// How many of the descriptors in a sector have data; nil when one of them is not valid.
    private func dataDescriptors(
        in bytes: Bytes, at index: UInt64, of entry: Entry
    ) throws(ImageFault) -> UInt64? {
        var count: UInt64 = 0
        for start in descriptors(at: index, of: entry) {
            let offset = try bytes.little(UInt64.self, at: start + 16)
            guard try bytes.little(UInt64.self, at: start + 24) == entry.sequenceNumber,
                offset % VHDXLog.sectorSize == 0
            else { return nil }
            if bytes.starts(with: "desc", at: start) {
                count += 1
            } else {
                let length = try bytes.little(UInt64.self, at: start + 8)
                guard bytes.starts(with: "zero", at: start), length % VHDXLog.sectorSize == 0 else {
                    return nil
                }
            }
        }
        return count
    }

    /// What `entry` asks for, in order.
    func forEachWrite(
        of entry: Entry, _ body: (Write) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        var nextData = entry.descriptorSectors
        for index in 0..<entry.descriptorSectors {
            let bytes = try sector(index, of: entry.position)
            for start in descriptors(at: index, of: entry) {
                let offset = try bytes.little(UInt64.self, at: start + 16)
                if bytes.starts(with: "desc", at: start) {
                    try body(
                        .data(
                            at: offset, sector: place(of: nextData, in: entry.position),
                            leading: bytes.little(at: start + 8), trailing: bytes.little(at: start + 4)))
                    nextData += 1
                } else {
                    let length = try bytes.little(UInt64.self, at: start + 8)
                    try body(.zeros(offset..<offset.adding(length)))
                }
            }
        }
    }
}
