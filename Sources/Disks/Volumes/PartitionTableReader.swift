package import BlockIO
package import ByteReading

extension PartitionTable {
    /// Reads the partition table of a disk.
    ///
    /// A disk without a table is a result (`none`), and so is one whose GPT cannot be read (`protective`).
    /// Throws only what reading the first sectors throws.
    package init(of disk: any BlockSource) throws(ImageFault) {
        var reader = PartitionTableReader(disk)
        self = try reader.read()
    }
}

/// Finds out which table a disk has, the way Linux decides it (block/partitions/efi.c and msdos.c).
struct PartitionTableReader {
    let disk: any BlockSource
    private(set) var findings: [PartitionFinding] = []

    init(_ disk: any BlockSource) { self.disk = disk }

    mutating func read() throws(ImageFault) -> PartitionTable {
        let boot = try disk.readUpTo(at: 0, count: 512)
        guard boot.count == 512 else { return table(.none, boot: Bytes([])) }
        var record = try MasterBootRecord(parsing: boot)
        let isVolumeStart = try PartitionTableReader.isVolumeBootRecord(boot)
        if let found = record, isVolumeStart || !found.isPlausible { record = nil }
        var result: PartitionTable
        if let record, !record.hasProtectiveEntry {
            result = try readMBR(record, boot: boot)
            if try hasGPTSignature() {
                findings.append(
                    PartitionFinding(
                        .staleGPT,
                        "a GPT signature beside an MBR without a protective entry; the MBR is used", at: 512))
            }
        } else if let record {
            result = try readGPT(record, boot: boot)
        } else {
            result = try readGPT(nil, boot: boot)
        }
        checkGeometry(of: result)
        result.findings = findings
        return result
    }

    private func table(
        _ scheme: PartitionTable.Scheme, boot: Bytes, sectorSize: Int = 512, partitions: [Partition] = [],
        signature: UInt32? = nil
    ) -> PartitionTable {
        PartitionTable(
            scheme: scheme, sectorSize: sectorSize, partitions: partitions, diskSignature: signature,
            diskGUID: nil, hybridPartitions: [], findings: [], bootSector: boot, gptSource: nil)
    }

    /// A FAT, exFAT or NTFS boot sector ends in 0x55AA too, and its code can look like entries.
    private static func isVolumeBootRecord(_ sector: Bytes) throws(ImageFault) -> Bool {
        let jump = try sector.byte(at: 0)
        guard jump == 0xEB || jump == 0xE9 else { return false }
        let system = try sector.slice(at: 3, count: 8).array
        if system == Array("NTFS    ".utf8) || system == Array("EXFAT   ".utf8) { return true }
        let small = try sector.slice(at: 0x36, count: 3).array == Array("FAT".utf8)
        let large = try sector.slice(at: 0x52, count: 5).array == Array("FAT32".utf8)
        return small || large
    }

    private func hasGPTSignature() throws(ImageFault) -> Bool {
        try disk.readUpTo(at: 512, count: 8).array == GPTHeader.signature
    }

    // MARK: MBR

    private mutating func readMBR(_ record: MasterBootRecord, boot: Bytes) throws(ImageFault)
        -> PartitionTable
    {
        var partitions = primaryPartitions(record)
        for extended in partitions where extended.isExtended {
            partitions += try logicalPartitions(
                in: extended, from: (partitions.filter(\.isLogical).map(\.number).max() ?? 4) + 1,
                signature: record.signature)
        }
        let active = partitions.filter { $0.isActive && !$0.isLogical }
        if active.count > 1 {
            findings.append(
                PartitionFinding(
                    .multipleActive, "\(active.count) active partitions", at: 0x1BE,
                    partitions: active.map(\.number)))
        }
        return table(.mbr, boot: boot, partitions: partitions, signature: record.signature)
    }

    private func primaryPartitions(_ record: MasterBootRecord) -> [Partition] {
        // As the kernel, which goes by the size and does not look at the type.
        record.entries.enumerated().compactMap { index, entry in
            entry.count == 0
                ? nil
                : partition(entry, number: index + 1, base: 0, signature: record.signature, isLogical: false)
        }
    }

    private func partition(
        _ entry: MasterBootRecord.Entry, number: Int, base: UInt64, signature: UInt32, isLogical: Bool
    ) -> Partition {
        // At most 2^33 sectors of 512 bytes: this fits.
        let identity = Hexadecimal.lower(signature, width: 8) + "-" + Hexadecimal.lower(number, width: 2)
        return Partition(
            number: number, start: (base + UInt64(entry.start)) * 512, size: UInt64(entry.count) * 512,
            kind: .mbr(entry.type), name: nil, partUUID: signature == 0 ? nil : identity,
            isActive: entry.status == 0x80, attributes: 0, isExtended: !isLogical && entry.isExtended,
            isLogical: isLogical)
    }

    /// Follows the chain of extended boot records. Each lists a partition relative to itself and the next
    /// record relative to the start of the extended partition.
    private mutating func logicalPartitions(
        in extended: Partition, from firstNumber: Int, signature: UInt32
    ) throws(ImageFault) -> [Partition] {
        let base = extended.start / 512
        var result: [Partition] = []
        var visited: Set<UInt64> = []
        var sector = base
        while true {
            guard visited.count < 256 else {
                report("more than 256 extended boot records", at: sector)
                return result
            }
            guard visited.insert(sector).inserted else {
                report("the chain of extended boot records comes back to sector \(sector)", at: sector)
                return result
            }
            let bytes: Bytes
            do {
                bytes = try disk.read(at: sector * 512, count: 512)
            } catch {
                report("extended boot record at sector \(sector): \(error.message)", at: sector)
                return result
            }
            guard let record = try MasterBootRecord(parsing: bytes) else {
                report("extended boot record at sector \(sector) has no signature 0x55AA", at: sector)
                return result
            }
            for (slot, entry) in record.entries.enumerated() where entry.count != 0 && !entry.isExtended {
                let found = partition(
                    entry, number: firstNumber + result.count, base: sector, signature: signature,
                    isLogical: true)
                // The third and fourth entries sometimes hold garbage; the kernel ignores what does not fit.
                if slot >= 2, found.end > extended.end { continue }
                result.append(found)
            }
            guard let link = record.entries.first(where: { $0.count != 0 && $0.isExtended }) else {
                return result
            }
            sector = base + UInt64(link.start)
        }
    }

    private mutating func report(_ message: String, at sector: UInt64) {
        findings.append(PartitionFinding(.extendedChain, message, at: sector * 512))
    }

    // MARK: GPT

    private mutating func readGPT(_ record: MasterBootRecord?, boot: Bytes) throws(ImageFault)
        -> PartitionTable
    {
        let copies = GPTCopies(on: disk)
        guard let best = copies.best else {
            // Sectors that cannot be read are not a disk without a table.
            if [.io, .notAllowed, .unsupported, .limit].contains(copies.primaryFault.kind) {
                throw copies.primaryFault
            }
            guard record != nil else { return table(.none, boot: boot) }
            findings.append(
                PartitionFinding(
                    .gptUnreadable,
                    "protective MBR, but no GPT: primary: \(copies.primaryFault.message); backup: \(copies.backupFault.message)",
                    at: 512))
            return table(.protective, boot: boot, signature: record?.signature)
        }
        var result = table(.gpt, boot: boot, sectorSize: copies.sectorSize, signature: record?.signature)
        result.diskGUID = best.diskGUID
        result.gptSource = copies.primary == nil ? .backup : .primary
        result.primaryIsThereUnchecked =
            copies.primary == nil && best.isPrimaryAlike(on: disk, copies.sectorSize)
        result.partitions = try best.partitions(sectorSize: copies.sectorSize, findings: &findings)
        findings += copies.findings()
        try checkProtection(record, of: &result)
        return result
    }

    /// What Linux asks of the MBR before it looks for a GPT (efi.c, `is_pmbr_valid`): the mark 0x55AA, and one entry of
    /// type 0xEE that starts at sector 1. The rest of the sector may be what it will. OVMF asks for the entry too, and
    /// takes one that is marked as active; it ends in its shell where the entry starts at sector 2 or is missing, and
    /// boots where only the mark is.
    private mutating func checkProtection(
        _ record: MasterBootRecord?, of table: inout PartitionTable
    ) throws(ImageFault) {
        let marked = try MasterBootRecord(parsing: table.bootSector)
        table.hasProtectiveEntry = marked?.hasProtectiveEntry ?? false
        if marked == nil, table.bootSector.count >= 512,
            try MasterBootRecord(unmarked: table.bootSector).isProtective
        {
            findings.append(
                PartitionFinding(
                    .protectiveUnmarked, "the protective MBR lacks the mark of one, 0x55AA", at: 510))
        } else if let protective = marked?.entries.first(where: { $0.type == 0xEE }) {
            if marked?.isProtective != true {
                findings.append(
                    PartitionFinding(
                        .protectiveMissing,
                        "the protective MBR entry starts at sector \(protective.start), not 1", at: 0x1BE))
            }
        } else {
            findings.append(
                PartitionFinding(
                    .protectiveMissing, "a GPT without a protective MBR", at: 0))
        }
        guard let record else { return }
        let others = primaryPartitions(record).filter { $0.kind != .mbr(0xEE) && $0.kind != .mbr(0) }
        guard !others.isEmpty else { return }
        table.scheme = .hybrid
        table.hybridPartitions = others
        findings.append(
            PartitionFinding(
                .hybrid, "the MBR lists \(others.count) partitions beside the protective one", at: 0x1BE,
                partitions: others.map(\.number)))
    }

    // MARK: Geometry

    private mutating func checkGeometry(of table: PartitionTable) {
        for partition in table.partitions {
            if partition.end > disk.size {
                let place =
                    partition.start >= disk.size
                    ? "starts at \(partition.start)" : "ends at \(partition.end)"
                findings.append(
                    PartitionFinding(
                        .beyondEnd, "partition \(partition.number) \(place), the disk at \(disk.size)",
                        at: partition.start, partitions: [partition.number]))
            }
            if partition.start % 4096 != 0, !partition.isExtended, !partition.kind.isBIOSBoot {
                findings.append(
                    PartitionFinding(
                        .unaligned,
                        "partition \(partition.number) starts at \(partition.start), not a multiple of 4096",
                        at: partition.start, partitions: [partition.number]))
            }
        }
        checkOverlaps(among: table.partitions.filter { !$0.isLogical })
        checkOverlaps(among: table.partitions.filter(\.isLogical))
        guard let container = table.partitions.first(where: \.isExtended) else { return }
        for logical in table.partitions where logical.isLogical {
            if logical.start < container.start || logical.end > container.end {
                findings.append(
                    PartitionFinding(
                        .extendedChain, "logical partition \(logical.number) leaves the extended partition",
                        at: logical.start, partitions: [logical.number]))
            }
        }
    }

    private mutating func checkOverlaps(among partitions: [Partition]) {
        var widest: Partition?
        for partition in partitions.sorted(by: { ($0.start, $0.number) < ($1.start, $1.number) }) {
            if let before = widest, before.end > partition.start {
                findings.append(
                    PartitionFinding(
                        .overlap,
                        "partitions \(before.number) and \(partition.number) share \(Swift.min(before.end, partition.end) - partition.start) bytes",
                        at: partition.start, partitions: [before.number, partition.number]))
            }
            if partition.end > (widest?.end ?? 0) { widest = partition }
        }
    }
}
