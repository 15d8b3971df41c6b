import ByteReading

/// The entries of one directory, long names put together.
struct FATDirectory: Sendable {
    /// Everything but ".", ".." and the volume label, in the order of the disk.
    private(set) var entries: [FATEntry] = []
    /// The volume label; only a root directory has one.
    private(set) var label: String?

    /// The pieces of a long name, the last piece first as they are stored.
    private struct LongName {
        var checksum: UInt8
        var nextOrder: UInt8
        /// In the order of the name.
        var units: [UInt16]
    }

    private var pending: LongName?
    /// Whether an entry said that no more follow.
    private(set) var isFinished = false

    /// Reads entries from `bytes`, whose origin is their place on the volume. Called for each run of a directory.
    mutating func append(_ bytes: Bytes, isFAT32: Bool) throws(ImageFault) {
        for index in 0..<(bytes.count / 32) where !isFinished {
            let entry = try bytes.slice(at: index * 32, count: 32)
            let first = try entry.byte(at: 0)
            if first == 0 {
                isFinished = true
                return
            }
            if first == 0xE5 {
                pending = nil
                continue
            }
            let attributes = FATEntry.Attributes(rawValue: try entry.byte(at: 11))
            if attributes.rawValue & 0x3F == FATEntry.Attributes.longName.rawValue {
                try appendPiece(entry)
                continue
            }
            let longName = takeName(for: entry.prefix(11).array)
            if attributes.contains(.volumeID) {
                try readLabel(entry, attributes: attributes)
                continue
            }
            // "." and ".." are short names of a directory only.
            if first == UInt8(ascii: "."), attributes.contains(.directory) { continue }
            entries.append(try FATEntry(parsing: entry, longName: longName, isFAT32: isFAT32))
        }
    }

    /// As blkid takes it: the first entry with the volume attribute, without clusters.
    private mutating func readLabel(_ entry: Bytes, attributes: FATEntry.Attributes) throws(ImageFault) {
        guard label == nil, !attributes.contains(.directory), try entry.little(UInt16.self, at: 20) == 0,
            try entry.little(UInt16.self, at: 26) == 0
        else { return }
        var name = entry.prefix(11).array
        if name.first == 0x05 { name[0] = 0xE5 }
        while let last = name.last, last == 0x20 || last == 0 { name.removeLast() }
        if !name.isEmpty { label = String(decoding: name, as: UTF8.self) }
    }

    /// `LDIR_Ord` counts down to 1 and has bit 6 set on the piece that comes first on disk.
    private mutating func appendPiece(_ entry: Bytes) throws(ImageFault) {
        let order = try entry.byte(at: 0)
        let checksum = try entry.byte(at: 13)
        var units: [UInt16] = []
        for offset in [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] {
            units.append(try entry.little(at: offset))
        }
        let number = order & 0x3F
        if order & 0x40 != 0, (1...20).contains(number) {
            pending = LongName(checksum: checksum, nextOrder: number - 1, units: units)
        } else if var name = pending, number != 0, number == name.nextOrder, name.checksum == checksum {
            name.units = units + name.units
            name.nextOrder -= 1
            pending = name
        } else {
            pending = nil
        }
    }

    /// The long name if it is complete and belongs to this short name.
    private mutating func takeName(for shortName: [UInt8]) -> String? {
        defer { pending = nil }
        guard let name = pending, name.nextOrder == 0, name.checksum == FATEntry.checksum(shortName) else {
            return nil
        }
        let units = name.units.prefix { $0 != 0 }
        return units.isEmpty ? nil : String(decoding: units, as: UTF16.self)
    }
}
