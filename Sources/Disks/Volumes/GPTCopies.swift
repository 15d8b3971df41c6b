import BlockIO
import ByteReading

/// Both copies of a GUID partition table, wherever they are, in sectors of 512 or 4096 bytes.
struct GPTCopies {
    /// Sectors at the end of the disk in which a lost backup header is looked for.
    private static let scannedSectors = 64

    private(set) var sectorSize = 512
    private(set) var primary: GPTHeader?
    private(set) var backup: GPTHeader?
    /// Why a copy was not read; meaningless where it was.
    private(set) var primaryFault = ImageFault(.notFound, "no GPT signature")
    private(set) var backupFault = ImageFault(.notFound, "no GPT signature")
    /// The last sector of the disk, in sectors of the size found.
    private var lastLBA: UInt64

    /// The copy to go by.
    var best: GPTHeader? { primary ?? backup }

    init(on disk: any BlockSource) {
        lastLBA = disk.size / 512 - 1
        // A primary of either size goes before any backup: an old backup of the other size may have survived.
        for size in [512, 4096] where primary == nil {
            do {
                primary = try GPTHeader(on: disk, at: 1, sectorSize: size)
                sectorSize = size
            } catch {
                if size == 512 || error.message != "no GPT signature" { primaryFault = error }
            }
        }
        if let primary {
            lastLBA = disk.size / UInt64(sectorSize) - 1
            do {
                backup = try GPTHeader(on: disk, at: primary.alternateLBA, sectorSize: sectorSize)
            } catch {
                backupFault = error
            }
            return
        }
        for size in [512, 4096] where backup == nil && disk.size >= UInt64(size) * 2 {
            findBackup(on: disk, sectorSize: size)
        }
    }

    private mutating func findBackup(on disk: any BlockSource, sectorSize size: Int) {
        let last = disk.size / UInt64(size) - 1
        var places = [last]
        // The damaged primary may still say where its twin is.
        if let header = try? disk.readUpTo(at: UInt64(size), count: 40), header.count == 40,
            header.prefix(8).array == GPTHeader.signature, let twin = try? header.little(UInt64.self, at: 32)
        {
            places.append(twin)
        }
        let count = Swift.min(UInt64(GPTCopies.scannedSectors), last)
        if let tail = try? disk.read(at: (last + 1 - count) * UInt64(size), count: Int(count) * size) {
            for index in 0..<Int(count)
            where (try? tail.slice(at: index * size, count: 8))?.array == GPTHeader.signature {
                places.append(last + 1 - count + UInt64(index))
            }
        }
        for (index, place) in places.enumerated() where place > 1 {
            do {
                backup = try GPTHeader(on: disk, at: place, sectorSize: size)
                sectorSize = size
                lastLBA = last
                return
            } catch {
                if index == 0, size == 512 { backupFault = error }
            }
        }
    }

    /// What is wrong with the copies, and what Linux makes of it (block/partitions/efi.c).
    func findings() -> [PartitionFinding] {
        var result: [PartitionFinding] = []
        guard let best else { return result }
        let place = best.ownLBA * UInt64(sectorSize)
        func add(_ code: PartitionFinding.Code, _ message: String, at offset: UInt64?) {
            result.append(PartitionFinding(code, message, at: offset))
        }
        if sectorSize != 512 {
            add(.largeSectors, "the GPT is written for sectors of \(sectorSize) bytes", at: place)
        }
        if best.entrySize != 128 {
            add(.irregular, "entries of \(best.entrySize) bytes; Linux reads none but 128", at: place + 84)
        }
        if best.entryCount > GPTHeader.mostEntries {
            add(
                .irregular, "\(best.entryCount) entries, of which \(GPTHeader.mostEntries) are read",
                at: place + 80)
        }
        if best.lastUsableLBA > lastLBA || best.firstUsableLBA > best.lastUsableLBA {
            add(
                .beyondEnd,
                "usable sectors \(best.firstUsableLBA) to \(best.lastUsableLBA), the last sector is \(lastLBA): Linux ignores the whole table",
                at: place + 40)
        }
        guard let primary else {
            add(
                .backupUsed,
                "primary GPT: \(primaryFault.message). The backup at sector \(best.ownLBA) was read; Linux reads it only with gpt on its command line",
                at: primaryFault.offset ?? UInt64(sectorSize))
            if best.ownLBA != lastLBA {
                add(.backupNotAtEnd, "backup GPT at sector \(best.ownLBA), the last is \(lastLBA)", at: place)
            }
            return result
        }
        if let backup {
            let isSame = primary.entries.array == backup.entries.array && primary.diskGUID == backup.diskGUID
            if !isSame { add(.copiesDiffer, "primary and backup GPT differ; the primary is used", at: place) }
        } else {
            add(
                .backupDamaged, "backup GPT at sector \(primary.alternateLBA): \(backupFault.message)",
                at: backupFault.offset)
        }
        if primary.alternateLBA != lastLBA {
            add(
                .backupNotAtEnd, "backup GPT is at sector \(primary.alternateLBA), the last is \(lastLBA)",
                at: place + 32)
        }
        return result
    }
}
