package import ByteReading

/// `ldlinux.sys`, as the boot record of its volume loads it: by the sectors that were written into it when it was
/// installed (libinstaller/syslxint.h, core/diskstart.inc).
package struct SyslinuxCore: Sendable {
    /// `6.04`: from the banner.
    package let version: String
    /// The directory it was installed into; empty when none is recorded.
    package let directory: String
    /// The btrfs subvolume it was installed into; empty when none is recorded.
    package let subvolume: String

    /// `LDLINUX_MAGIC`, at the end of the boot record and at the head of the file's patch area.
    static let magic: UInt32 = 0x3EB2_02FE
    private static let sectorSize: UInt64 = 512
    private static let mostSectors = 4096

    /// Whether the sector is the boot record that extlinux and syslinux write.
    package static func isBootRecord(_ sector: Bytes) -> Bool {
        let named = sector.starts(with: "SYSLINUX", at: 3) || sector.starts(with: "EXTLINUX", at: 3)
        // On FAT and NTFS the name of the system that made the volume stays.
        return named || (try? sector.little(UInt32.self, at: 0x1F8)) == magic
    }

    /// Follows the boot record of a volume that starts at `offset`. `corrupt` and `truncated` faults mean that it
    /// prints "Boot error" or a checksum error and stops.
    package init(
        reading disk: ContentSource, volumeAt offset: UInt64, bootRecord: Bytes
    ) throws(ImageFault) {
        let first = try Self.firstSector(bootRecord)
        func position(_ sector: UInt64) throws(ImageFault) -> UInt64 {
            try sector.multiplied(by: Self.sectorSize).adding(offset)
        }
        let head = try disk.read(at: try position(first), count: 512)
        guard let area = (0..<480).first(where: { (try? head.little(UInt32.self, at: $0)) == Self.magic })
        else {
            throw ImageFault(
                .corrupt, "ldlinux.sys is not where the boot record looks for it", at: head.origin)
        }
        // The boot record knows which build it belongs to: `cmp dword [ldlinux_magic+4], value`.
        if let place = bootRecord.firstIndex(of: [0x66, 0x81, 0x3E, 0x1C, 0x80]),
            try bootRecord.little(UInt32.self, at: place + 5) != (try head.little(UInt32.self, at: 0x1C))
        {
            throw ImageFault(
                .corrupt, "ldlinux.sys is of another build than the boot record", at: head.origin)
        }
        version = Self.version(head)
        let sectors = Int(try head.little(UInt16.self, at: area + 8))
        guard sectors >= 2, sectors <= Self.mostSectors else {
            throw ImageFault(.corrupt, "ldlinux.sys of \(sectors) sectors", at: head.origin)
        }
        var image = head.array
        // The list may go on in the second sector of the file, which its first entry names.
        var entry = try Self.sectorList(head)
        while image.count < sectors * 512 {
            let bytes = Bytes(image, origin: head.origin)
            let sector: UInt64 = try bytes.little(at: entry)
            let count = Int(try bytes.little(UInt16.self, at: entry + 8))
            guard count > 0 else { break }
            image += try disk.read(
                at: try position(sector), count: Swift.min(count, sectors - image.count / 512) * 512
            ).array
            entry += 10
        }
        let whole = Bytes(image, origin: head.origin)
        guard whole.count >= sectors * 512 else {
            throw ImageFault(.corrupt, "ldlinux.sys names too few sectors", at: head.origin)
        }
        try Self.verify(whole, dwords: try head.little(UInt32.self, at: area + 12))
        let extended = Int(try head.little(UInt16.self, at: area + 22))
        func text(_ field: Int) throws(ImageFault) -> String {
            let start = Int(try whole.little(UInt16.self, at: extended + field))
            let length = Int(try whole.little(UInt16.self, at: extended + field + 2))
            return length == 0 ? "" : try whole.slice(at: start, count: length).textToNUL
        }
        directory = try text(2)
        subvolume = try text(6)
    }

    /// `mov eax, low; mov edx, high`: the number of the file's first sector, in the code of the boot record.
    private static func firstSector(_ record: Bytes) throws(ImageFault) -> UInt64 {
        for place in 0x3E..<(510 - 12) {
            guard try record.byte(at: place) == 0x66, try record.byte(at: place + 1) == 0xB8,
                try record.byte(at: place + 6) == 0x66, try record.byte(at: place + 7) == 0xBA
            else { continue }
            let low: UInt32 = try record.little(at: place + 2)
            let high: UInt32 = try record.little(at: place + 8)
            return UInt64(high) << 32 | UInt64(low)
        }
        throw ImageFault(
            .unsupported, "a boot record of Syslinux in a form that is not known", at: record.origin)
    }

    /// `lea esi, [SectorPtrs]`: where the list of sectors lies in the file, which is loaded to 0x8000.
    private static func sectorList(_ head: Bytes) throws(ImageFault) -> Int {
        guard let place = head.firstIndex(of: [0x66, 0x8D, 0x36]) else {
            throw ImageFault(.unsupported, "a ldlinux.sys in a form that is not known", at: head.origin)
        }
        let address = Int(try head.little(UInt16.self, at: place + 3))
        guard address >= 0x8000, address <= 0x8000 + 512 - 10 else {
            throw ImageFault(.corrupt, "ldlinux.sys has its sectors nowhere", at: head.origin)
        }
        return address - 0x8000
    }

    /// The number in `\r\nSYSLINUX 6.04 …`.
    private static func version(_ head: Bytes) -> String {
        guard let name = head.firstIndex(of: Array("LINUX ".utf8)) else { return "" }
        let text = head.dropFirst(name + 6).prefix(16).textToNUL
        return String(text.prefix { $0.isNumber || $0 == "." })
    }

    /// All words together and the magic make zero.
    private static func verify(_ whole: Bytes, dwords: UInt32) throws(ImageFault) {
        let count = try dwords.bounded(to: whole.count / 4, "the length of ldlinux.sys")
        var sum = 0 &- magic
        for index in 0..<count { sum &+= try whole.little(UInt32.self, at: index * 4) }
        guard sum == 0 else {
            throw ImageFault(.corrupt, "ldlinux.sys fails its checksum", at: whole.origin)
        }
    }
}
