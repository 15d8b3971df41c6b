import ByteReading

/// The four entries and the signature of a first sector (UEFI Specification 2.10, 5.2.1).
struct MasterBootRecord {
    /// One 16-byte entry.
    struct Entry: Hashable {
        /// 0x80 active, 0x00 not.
        var status: UInt8
        var type: UInt8
        /// In sectors; for EBR entries relative to something.
        var start: UInt32
        var count: UInt32

        var isEmpty: Bool { type == 0 || count == 0 }
        /// Extended: CHS, LBA and Linux.
        var isExtended: Bool { type == 0x05 || type == 0x0F || type == 0x85 }
    }

    var entries: [Entry]
    /// Byte 0x1B8, little-endian.
    var signature: UInt32

    /// Reads `sector`; nil without the mark 0x55AA.
    init?(parsing sector: Bytes) throws(ImageFault) {
        guard sector.count >= 512, try sector.little(UInt16.self, at: 510) == 0xAA55 else { return nil }
        try self.init(unmarked: sector)
    }

    /// Reads a sector of at least 512 bytes, with the mark or without.
    init(unmarked sector: Bytes) throws(ImageFault) {
        signature = try sector.little(at: 0x1B8)
        entries = []
        for index in 0..<4 {
            let entry = try sector.slice(at: 0x1BE + index * 16, count: 16)
            entries.append(
                Entry(
                    status: try entry.byte(at: 0), type: try entry.byte(at: 4),
                    start: try entry.little(at: 8), count: try entry.little(at: 12)))
        }
    }

    /// Whether this is a table: status bytes are 0x00 or 0x80, something is listed. A FAT or NTFS boot sector
    /// ends in 0x55AA too and holds code where the table would be.
    var isPlausible: Bool {
        entries.allSatisfy { $0.status & 0x7F == 0 } && entries.contains { !$0.isEmpty }
    }

    /// Whether an entry covers the disk on behalf of a GPT.
    var hasProtectiveEntry: Bool { entries.contains { $0.type == 0xEE } }

    /// Whether such an entry is where the kernel and firmware want it.
    var isProtective: Bool { entries.contains { $0.type == 0xEE && $0.start == 1 } }
}
