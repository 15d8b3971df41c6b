import BlockIO
import ByteReading

extension Qcow2Image {
    /// Where the bytes of the disk are.
    enum Content: Equatable {
        /// Stored at this offset of the image or its external data file.
        case stored(UInt64)
        /// Compressed; the L2 entry.
        case compressed(UInt64)
        case zeros
        /// Not in this image: in the backing file, or zeros.
        case unallocated
    }

    /// Bytes of the disk that lie together.
    struct Run: Equatable {
        var content: Content
        /// In bytes; it may reach past the end of the disk, whose last cluster may be cut.
        var length: UInt64
    }

    /// Bits 9–55 of an L1 or L2 entry.
    private static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00

    /// The run that starts at `offset`. It is followed until `limit` bytes are found or the window of the
    /// table that was read ends.
    func run(at offset: UInt64, limit: UInt64) throws(ImageFault) -> Run {
        let reach = header.l2TableReach
        let index = offset / reach
        guard index < UInt64(header.l1EntryCount) else {
            throw ImageFault(.corrupt, "\(offset) has no L1 entry", at: header.l1TableOffset)
        }
        let l1 = try window(
            of: header.l1TableOffset, entry: index, size: 8, count: UInt64(header.l1EntryCount))
        let table = try l1.big(UInt64.self, at: 0) & Qcow2Image.offsetMask
        if table == 0 {
            var length = reach - offset % reach
            var next = 8
            while length < limit, next < l1.count,
                try l1.big(UInt64.self, at: next) & Qcow2Image.offsetMask == 0
            {
                length += reach
                next += 8
            }
            return Run(content: .unallocated, length: length)
        }
        guard table % UInt64(header.clusterSize) == 0 else {
            throw ImageFault(
                .corrupt, "L2 table at \(table) is not aligned to a cluster",
                at: header.l1TableOffset + index * 8)
        }
        return try run(inTable: table, at: offset, limit: limit)
    }

    /// The bytes of a table from one entry on, as far as they can be read at once.
    private func window(
        of table: UInt64, entry index: UInt64, size: Int, count: UInt64
    ) throws(ImageFault) -> Bytes {
        let start = try table.adding(index * UInt64(size))
        let end = try table.adding(count * UInt64(size))
        let blockEnd = (start / UInt64(Qcow2Image.tableWindow) + 1) * UInt64(Qcow2Image.tableWindow)
        return try tables.read(at: start, count: Int(Swift.min(end, blockEnd) - start))
    }

    private func run(inTable table: UInt64, at offset: UInt64, limit: UInt64) throws(ImageFault) -> Run {
        let clusterSize = UInt64(header.clusterSize)
        let entrySize = header.l2EntrySize
        let entryCount = clusterSize / UInt64(entrySize)
        let entries = try window(
            of: table, entry: offset / clusterSize % entryCount, size: entrySize, count: entryCount)
        let unitsPerCluster = header.usesExtendedL2 ? 32 : 1
        let unitSize = clusterSize / UInt64(unitsPerCluster)
        let skipped = offset % unitSize
        var unit = Int(offset % clusterSize / unitSize)
        var position = 0
        var guest = offset - offset % clusterSize
        var found: Run?
        while position < entries.count {
            let entry = Entry(
                word: try entries.big(at: position),
                bitmap: entrySize == 16 ? try entries.big(at: position + 8) : 0,
                place: entries.origin + UInt64(position))
            while unit < unitsPerCluster {
                let content = try content(of: entry, guest: guest, unit: unit, unitSize: unitSize)
                guard var run = found else {
                    found = start(
                        content, clusterSize: clusterSize, unit: unit, unitSize: unitSize, skipped: skipped)
                    if case .compressed = content { return found ?? Run(content: content, length: unitSize) }
                    unit += 1
                    continue
                }
                guard follows(content, run) else { return run }
                run.length += unitSize
                found = run
                if run.length >= limit { return run }
                unit += 1
            }
            unit = 0
            position += entrySize
            guest += clusterSize
        }
        guard let found else { throw ImageFault(.truncated, "L2 table ends early", at: table) }
        return found
    }

    /// One L2 entry; `bitmap` is its second half in images with extended entries.
    private struct Entry {
        var word: UInt64
        var bitmap: UInt64
        var place: UInt64
    }

    private func start(
        _ content: Content, clusterSize: UInt64, unit: Int, unitSize: UInt64, skipped: UInt64
    ) -> Run {
        switch content {
        case .stored(let host): Run(content: .stored(host + skipped), length: unitSize - skipped)
        // A compressed cluster is one piece, whatever the subcluster.
        case .compressed:
            Run(content: content, length: clusterSize - UInt64(unit) * unitSize - skipped)
        case .zeros, .unallocated: Run(content: content, length: unitSize - skipped)
        }
    }

    private func follows(_ content: Content, _ run: Run) -> Bool {
        switch (content, run.content) {
        case (.stored(let next), .stored(let first)): next == first &+ run.length
        case (.zeros, .zeros), (.unallocated, .unallocated): true
        default: false
        }
    }

    /// What an L2 entry says of one subcluster, or of the whole cluster where there are none
    /// (docs/interop/qcow2.txt, "Standard Cluster Descriptor", "Extended L2 Entries").
    private func content(
        of entry: Entry, guest: UInt64, unit: Int, unitSize: UInt64
    ) throws(ImageFault) -> Content {
        if entry.word >> 62 & 1 == 1 {
            guard case .none = dataFile else {
                throw ImageFault(
                    .corrupt, "compressed cluster in an image with an external data file", at: entry.place)
            }
            return .compressed(entry.word)
        }
        let host = entry.word & Qcow2Image.offsetMask
        var isStored = host != 0
        if case .none = dataFile {} else if host == 0 { isStored = entry.word >> 63 == 1 }
        if header.usesExtendedL2 {
            let isAllocated = entry.bitmap >> UInt64(unit) & 1 == 1
            let readsZeros = entry.bitmap >> UInt64(unit + 32) & 1 == 1
            guard !(isAllocated && (readsZeros || !isStored)) else {
                throw ImageFault(
                    .corrupt, "subcluster \(unit) is both allocated and not", at: entry.place + 8)
            }
            if readsZeros { return .zeros }
            if !isAllocated { return .unallocated }
        } else if entry.word & 1 == 1 {
            guard header.version >= 3 else {
                throw ImageFault(.corrupt, "zero cluster in a version 2 image", at: entry.place)
            }
            return .zeros
        } else if !isStored {
            return .unallocated
        }
        guard host % UInt64(header.clusterSize) == 0 else {
            throw ImageFault(.corrupt, "data cluster at \(host) is not aligned", at: entry.place)
        }
        if case .none = dataFile {
        } else if host != guest {
            throw ImageFault(
                .corrupt, "cluster \(guest) lies at \(host) of the external data file", at: entry.place)
        }
        return .stored(host + UInt64(unit) * unitSize)
    }
}
