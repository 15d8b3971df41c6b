import BlockIO
import ByteReading

/// What a VHDX file says of itself, its log replayed: everything but the blocks.
struct VHDXContainer {
    let header: VHDXHeader
    let regions: VHDXRegions
    let metadata: VHDXMetadata
    /// The file as it is with its log written: what all but the header is read from.
    let file: any BlockSource
    private(set) var findings: [ContainerFinding]

    /// The first MiB holds the headers and region tables ([MS-VHDX] 2.2).
    static let headerSection: Range<UInt64> = 0..<1 << 20

    /// Whether the file starts like a VHDX.
    static func isPresent(in file: any BlockSource) throws(ImageFault) -> Bool {
        try file.readUpTo(at: 0, count: 8).array == VHDXHeader.fileSignature
    }

    /// Reads the headers, the log, the region tables and the metadata, in this order.
    init(_ base: any BlockSource) throws(ImageFault) {
        guard try VHDXContainer.isPresent(in: base) else {
            throw ImageFault(.corrupt, "does not start with the signature of VHDX (vhdxfile)", at: 0)
        }
        let current = try VHDXHeader.current(in: base)
        header = current.header
        findings = current.findings
        file = try VHDXContainer.replayed(base, header, &findings)
        let found = try VHDXRegions.read(from: file)
        regions = found.regions
        findings += found.findings
        metadata = try VHDXMetadata(file, in: regions.metadata)
        describe()
    }

    private mutating func describe() {
        if regions.table.overlaps(regions.metadata) || regions.table.overlaps(header.log)
            || regions.metadata.overlaps(header.log)
        {
            findings.append(
                ContainerFinding(
                    .corruptMetadata, "the log, the block allocation table and the metadata overlap",
                    at: regions.table.lowerBound))
        }
        if metadata.logicalSectorSize != 512 {
            findings.append(
                ContainerFinding(
                    .largeSectors,
                    "the disk has sectors of \(metadata.logicalSectorSize) bytes; QEMU does not open the image",
                    at: regions.metadata.lowerBound))
        }
    }

    /// The file with its log replayed in memory; the file itself when the log is empty.
    private static func replayed(
        _ file: any BlockSource, _ header: VHDXHeader, _ findings: inout [ContainerFinding]
    ) throws(ImageFault) -> any BlockSource {
        guard !header.logIdentity.isZero else { return file }
        guard header.logVersion == 0 else {
            throw ImageFault(.unsupported, "log version \(header.logVersion); 0 is read")
        }
        let log = header.log
        guard log.lowerBound >= headerSection.upperBound, log.lowerBound % (1 << 20) == 0,
            log.upperBound % (1 << 20) == 0
        else {
            throw ImageFault(.corrupt, "the log at \(log) is misplaced")
        }
        guard log.upperBound <= file.size else {
            throw ImageFault(
                .truncated, "the log ends at \(log.upperBound), the file at \(file.size)", at: log.lowerBound)
        }
        var entries: [VHDXLog.Entry] = []
        var reader = VHDXLog(file, at: log, identity: header.logIdentity)
        if !log.isEmpty { entries = try reader.activeSequence() }
        guard let last = entries.last else {
            // Hyper-V refuses this, QEMU takes the log for empty. There is nothing to replay.
            findings.append(
                ContainerFinding(
                    .logNotReplayed,
                    "the image was not closed cleanly and its log has no valid entries; it is read as it is",
                    at: log.lowerBound))
            return file
        }
        findings.append(
            ContainerFinding(
                .logReplayed,
                "the image was not closed cleanly: \(entries.count) log entries (up to number \(last.sequenceNumber)) were replayed in memory; QEMU opens it only after qemu-img check -r all",
                at: log.lowerBound))
        return try VHDXReplayedFile(file, replaying: entries, of: reader)
    }
}
