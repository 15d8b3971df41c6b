import BlockIO
import ByteReading

/// Looks for clusters beyond the end of the file without reading every table of a healthy image.
///
/// The reference counts tell the last host cluster in use in two reads. Only when they point past the end are
/// the L2 tables walked, because a cluster that is counted but not referred to is merely leaked.
struct Qcow2Survey {
    private let image: Qcow2Image
    private var budget = Budget(1 << 20, of: "runs of clusters")

    init(_ image: Qcow2Image) { self.image = image }

    /// What refers to bytes beyond the end of the file; nil when nothing does.
    mutating func beyondEnd() throws(ImageFault) -> ContainerFinding? {
        guard case .none = image.dataFile else { return nil }
        if !image.header.incompatible.contains(.dirty), let last = try lastCountedCluster(),
            last < image.file.size
        {
            return nil
        }
        return try walk()
    }

    /// The offset of the last host cluster with a reference, nil when the table cannot tell.
    private func lastCountedCluster() throws(ImageFault) -> UInt64? {
        let header = image.header
        let clusterSize = UInt64(header.clusterSize)
        let tableSize = UInt64(header.refcountTableClusters) * clusterSize
        guard header.refcountTableOffset % clusterSize == 0, tableSize <= 8 << 20,
            let end = header.refcountTableOffset.addingChecked(tableSize), end <= image.file.size
        else { return nil }
        let table = try image.file.read(at: header.refcountTableOffset, count: Int(tableSize))
        var index = table.count / 8 - 1
        while index >= 0, try table.big(UInt64.self, at: index * 8) & ~511 == 0 { index -= 1 }
        guard index >= 0 else { return nil }
        let block = try table.big(UInt64.self, at: index * 8) & ~511
        guard block < image.file.size else { return block }
        let counts = try image.file.readUpTo(at: block, count: header.clusterSize)
        var last = counts.count - 1
        while last >= 0, try counts.byte(at: last) == 0 { last -= 1 }
        guard last >= 0 else { return nil }
        let bits = UInt64(1) << UInt64(header.refcountOrder)
        let countsPerBlock = clusterSize * 8 / bits
        // Counts narrower than a byte start at its low bits.
        var inBlock = UInt64(last) * 8 / bits
        if bits < 8 {
            inBlock += UInt64(7 - (try counts.byte(at: last)).leadingZeroBitCount) / bits
        }
        let (base, overflow) = UInt64(index).multipliedReportingOverflow(by: countsPerBlock * clusterSize)
        return overflow ? nil : base.addingChecked(inBlock * clusterSize)
    }

    private mutating func walk() throws(ImageFault) -> ContainerFinding? {
        var offset: UInt64 = 0
        var bytes: UInt64 = 0
        var first: UInt64?
        while offset < image.size {
            guard budget.remaining > 0 else { break }
            try budget.spend()
            let run = try image.run(at: offset, limit: image.size - offset)
            let length = Swift.min(run.length, image.size - offset)
            if case .stored(let host) = run.content, let end = host.addingChecked(length),
                end > image.file.size
            {
                // A cluster of which a part is there was cut where its data end.
                let whole = UInt64(image.header.clusterSize)
                let present =
                    image.file.size > host ? (image.file.size - host + whole - 1) / whole * whole : 0
                if present < length {
                    bytes += length - present
                    first = first ?? offset + present
                }
            }
            offset += length
        }
        guard let first else {
            guard offset < image.size else { return nil }
            return ContainerFinding(
                .corruptMetadata,
                "reference counts may point beyond the end of the file; tables were followed up to \(offset)")
        }
        return ContainerFinding(
            .truncated,
            "\(bytes) bytes of the disk, the first at \(first), are stored beyond the end of the file (\(image.file.size) bytes)",
            at: image.file.size)
    }
}

extension UInt64 {
    /// The sum, nil when it does not fit.
    fileprivate func addingChecked(_ other: UInt64) -> UInt64? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }
}
