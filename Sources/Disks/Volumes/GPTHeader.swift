import BlockIO
import ByteReading

/// One copy of a GUID partition table (UEFI Specification 2.10, 5.3.2 and 5.3.3).
struct GPTHeader {
    /// `EFI PART`
    static let signature: [UInt8] = Array("EFI PART".utf8)
    /// More entries than this are counted and not read: 4096 of 128 bytes are half a MiB.
    static let mostEntries = 4096

    /// `MyLBA`, 24
    let ownLBA: UInt64
    /// `AlternateLBA`, 32
    let alternateLBA: UInt64
    /// `FirstUsableLBA`, 40
    let firstUsableLBA: UInt64
    /// `LastUsableLBA`, 48
    let lastUsableLBA: UInt64
    /// `DiskGUID`, 56
    let diskGUID: GUID
    /// `NumberOfPartitionEntries`, 80
    let entryCount: Int
    /// `SizeOfPartitionEntry`, 84
    let entrySize: Int
    /// The entries that are read.
    let entries: Bytes

    /// Reads the header at `lba` and its entries. Throws `corrupt` for anything that makes Linux and firmware
    /// refuse this copy: signature, size, either checksum, the place it says it is at.
    init(on disk: any BlockSource, at lba: UInt64, sectorSize: Int) throws(ImageFault) {
        let place = try lba.multiplied(by: UInt64(sectorSize))
        let sector = try disk.read(at: place, count: sectorSize)
        guard sector.prefix(8).array == GPTHeader.signature else {
            throw ImageFault(.corrupt, "no GPT signature", at: place)
        }
        let size = try sector.little(UInt32.self, at: 12)
        guard size >= 92, size <= sectorSize else {
            throw ImageFault(.corrupt, "GPT header of \(size) bytes", at: place + 12)
        }
        let stored = try sector.little(UInt32.self, at: 16)
        var blanked = sector.prefix(Int(size)).array
        blanked.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        guard CRC32.ieee.checksum(Bytes(blanked)) == stored else {
            throw ImageFault(.corrupt, "GPT header checksum does not match", at: place + 16)
        }
        ownLBA = try sector.little(at: 24)
        guard ownLBA == lba else {
            throw ImageFault(
                .corrupt, "GPT header says it is at LBA \(ownLBA), it is at \(lba)", at: place + 24)
        }
        alternateLBA = try sector.little(at: 32)
        firstUsableLBA = try sector.little(at: 40)
        lastUsableLBA = try sector.little(at: 48)
        diskGUID = try GUID(mixedEndian: sector, at: 56)
        let count = try sector.little(UInt32.self, at: 80)
        let width = try sector.little(UInt32.self, at: 84)
        guard width >= 128, width % 8 == 0, width <= 4096 else {
            throw ImageFault(.corrupt, "GPT entries of \(width) bytes", at: place + 84)
        }
        guard count > 0, UInt64(count) * UInt64(width) <= 64 << 20 else {
            throw ImageFault(.corrupt, "GPT of \(count) entries", at: place + 80)
        }
        entrySize = Int(width)
        entryCount = Int(count)
        let start = try sector.little(UInt64.self, at: 72).multiplied(by: UInt64(sectorSize))
        let checksum = try sector.little(UInt32.self, at: 88)
        let length = entryCount * entrySize
        let table = try disk.read(at: start, count: length)
        guard CRC32.ieee.checksum(table) == checksum else {
            throw ImageFault(.corrupt, "GPT entries' checksum does not match", at: start)
        }
        entries = table.prefix(Swift.min(entryCount, GPTHeader.mostEntries) * entrySize)
    }

    /// Whether the primary header, no checksum looked at, leads to the entries of this backup.
    func isPrimaryAlike(on disk: any BlockSource, _ sectorSize: Int) -> Bool {
        do {
            let header = try disk.read(at: UInt64(sectorSize), count: 92)
            guard header.prefix(8).array == GPTHeader.signature,
                Int(try header.little(UInt32.self, at: 80)) == entryCount,
                Int(try header.little(UInt32.self, at: 84)) == entrySize
            else { return false }
            let start = try header.little(UInt64.self, at: 72).multiplied(by: UInt64(sectorSize))
            return try disk.read(at: start, count: entries.count).array == entries.array
        } catch { return false }
    }

    /// The partitions this copy lists.
    func partitions(sectorSize: Int, findings: inout [PartitionFinding]) throws(ImageFault) -> [Partition] {
        var result: [Partition] = []
        for index in 0..<(entries.count / entrySize) {
            let entry = try entries.slice(at: index * entrySize, count: entrySize)
            let type = try GUID(mixedEndian: entry, at: 0)
            guard !type.isZero else { continue }
            let first = try entry.little(UInt64.self, at: 32)
            let last = try entry.little(UInt64.self, at: 40)
            let width = UInt64(sectorSize)
            // A sector number past 2^63 bytes names no place on any disk.
            let most = UInt64(Int64.max) / width
            guard first <= last, last < most else {
                findings.append(
                    PartitionFinding(
                        .irregular, "entry \(index + 1) runs from sector \(first) to \(last)",
                        at: entry.origin + 32, partitions: [index + 1]))
                continue
            }
            if first < firstUsableLBA || last > lastUsableLBA {
                findings.append(
                    PartitionFinding(
                        .irregular,
                        "partition \(index + 1) (sectors \(first) to \(last)) leaves the usable sectors \(firstUsableLBA) to \(lastUsableLBA)",
                        at: entry.origin + 32, partitions: [index + 1]))
            }
            let attributes = try entry.little(UInt64.self, at: 48)
            result.append(
                Partition(
                    number: index + 1, start: first * width, size: (last - first + 1) * width,
                    kind: .gpt(type),
                    name: try GPTHeader.name(entry),
                    partUUID: try GUID(mixedEndian: entry, at: 16).description,
                    isActive: attributes >> 2 & 1 == 1, attributes: attributes, isExtended: false,
                    isLogical: false))
        }
        return result
    }

    /// `PartitionName`, 56: 36 UTF-16 units, ended by a zero; a lone surrogate becomes U+FFFD.
    private static func name(_ entry: Bytes) throws(ImageFault) -> String? {
        let name = try entry.slice(at: 56, count: 72).utf16Text()
        return name.isEmpty ? nil : name
    }
}
