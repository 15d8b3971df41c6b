import ByteReading

/// Writes VHDX files byte by byte from [MS-VHDX]: what qemu-img cannot make.
///
/// 1 MiB of headers, 1 MiB of log, 1 MiB of metadata, 1 MiB of block allocation table, then blocks.
struct VHDXBuilder {
    enum Block {
        case state(UInt64)
        case stored(state: UInt64, data: [UInt8])
    }

    static let mebibyte = 1 << 20
    static let logPlace = 1 << 20
    static let metadataPlace = 2 << 20
    static let tablePlace = 3 << 20

    var size: UInt64 = 16 << 20
    var blockSize: UInt32 = 1 << 20
    var sectorSize: UInt32 = 512
    /// Bit 0 fixed, bit 1 with a parent.
    var flags: UInt32 = 0
    var blocks: [Int: Block] = [:]
    /// Sector bitmaps by chunk, each in its own MiB.
    var bitmaps: [Int: [UInt8]] = [:]
    var locator: [(key: String, value: String)] = []
    var locatorKind = "B04AEFB7-D19E-4A81-B789-25B8E9445913"
    var dataWriteIdentity = [UInt8](repeating: 0x21, count: 16)
    var logIdentity = [UInt8](repeating: 0, count: 16)
    var logVersion: UInt16 = 0
    /// The log, up to 1 MiB.
    var log: [UInt8] = []
    var sequenceNumbers: (first: UInt64, second: UInt64) = (7, 8)
    /// Further entries of the region table: GUID and `Required`.
    var regions: [(identity: String, isRequired: Bool)] = []
    /// Further metadata items: GUID and flags.
    var items: [(identity: String, flags: UInt32)] = []

    var chunkRatio: Int { Int(UInt64(sectorSize) << 23 / UInt64(blockSize)) }

    /// Where the entry of a payload block is in the file.
    func entryPlace(_ block: Int) -> Int { Self.tablePlace + (block + block / chunkRatio) * 8 }

    static func identity(_ text: String) -> [UInt8] {
        guard let raw = GUID(text)?.bytes else { return [] }
        return [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { raw[$0] }
    }

    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
        bytes.replaceSubrange(4..<8, with: little(CRC32.castagnoli.checksum(Bytes(bytes))))
        return bytes
    }

    private static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }

    func header(_ sequenceNumber: UInt64) -> [UInt8] {
        var bytes = Array("head".utf8) + little(UInt32(0)) + little(sequenceNumber)
        bytes += [UInt8](repeating: 0x20, count: 16) + dataWriteIdentity + logIdentity
        bytes += little(logVersion) + little(UInt16(1)) + little(UInt32(Self.mebibyte))
        bytes += little(UInt64(Self.logPlace))
        return Self.sealed(Self.padded(bytes, to: 4096))
    }

    func regionTable() -> [UInt8] {
        let known: [(String, Int, UInt32)] = [
            ("2DC27766-F623-4200-9D64-115E9BFD4A08", Self.tablePlace, 1),
            ("8B7CA206-4790-4B9A-B8FE-575F050F886E", Self.metadataPlace, 1),
        ]
        let others = regions.map { ($0.identity, 1 << 40, $0.isRequired ? UInt32(1) : 0) }
        var bytes = Array("regi".utf8) + little(UInt32(0)) + little(UInt32(known.count + others.count))
        bytes += little(UInt32(0))
        for (identity, place, required) in known + others {
            bytes += Self.identity(identity) + little(UInt64(place)) + little(UInt32(Self.mebibyte))
            bytes += little(required)
        }
        return Self.sealed(Self.padded(bytes, to: 64 << 10))
    }

    private func parentLocator() -> [UInt8] {
        var table: [UInt8] = []
        var text: [UInt8] = []
        for (key, value) in locator {
            let start = 20 + 12 * locator.count + text.count
            let (first, second) = (utf16(key), utf16(value))
            table += little(UInt32(start)) + little(UInt32(start + first.count))
            table += little(UInt16(first.count)) + little(UInt16(second.count))
            text += first + second
        }
        return Self.identity(locatorKind) + [0, 0] + little(UInt16(locator.count)) + table + text
    }

    func metadata() -> [UInt8] {
        var entries: [(String, UInt32, [UInt8])] = [
            ("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", 4, little(blockSize) + little(flags)),
            ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", 6, little(size)),
            ("BECA12AB-B2E6-4523-93EF-C309E000C746", 6, [UInt8](repeating: 0x83, count: 16)),
            ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", 6, little(sectorSize)),
            ("CDA348C7-445D-4471-9CC9-E9885251C556", 6, little(UInt32(4096))),
        ]
        if flags & 2 != 0 { entries.append(("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C", 4, parentLocator())) }
        entries += items.map { ($0.identity, $0.flags, [1, 2, 3, 4]) }
        var table = Array("metadata".utf8) + [0, 0] + little(UInt16(entries.count))
        table += [UInt8](repeating: 0, count: 20)
        var data: [UInt8] = []
        for (identity, flags, item) in entries {
            table += Self.identity(identity) + little(UInt32((64 << 10) + data.count))
            table += little(UInt32(item.count)) + little(flags) + little(UInt32(0))
            data += item
        }
        return Self.padded(Self.padded(table, to: 64 << 10) + data, to: Self.mebibyte)
    }

    func build() -> [UInt8] {
        var file = Self.padded(Array("vhdxfile".utf8), to: 64 << 10)
        file += Self.padded(header(sequenceNumbers.first), to: 64 << 10)
        file += Self.padded(header(sequenceNumbers.second), to: 64 << 10)
        file += regionTable() + regionTable()
        file = Self.padded(file, to: Self.mebibyte) + Self.padded(log, to: Self.mebibyte) + metadata()
        var table = [UInt8](repeating: 0, count: Self.mebibyte)
        var data: [UInt8] = []
        func place() -> UInt64 { UInt64((4 << 20) + data.count) }
        for (chunk, bitmap) in bitmaps.sorted(by: { $0.key < $1.key }) {
            let entry = (chunk * (chunkRatio + 1) + chunkRatio) * 8
            table.replaceSubrange(entry..<entry + 8, with: little(place() | 6))
            data += Self.padded(bitmap, to: Self.mebibyte)
        }
        for (number, block) in blocks.sorted(by: { $0.key < $1.key }) {
            let entry = entryPlace(number) - Self.tablePlace
            switch block {
            case .state(let state): table.replaceSubrange(entry..<entry + 8, with: little(state))
            case .stored(let state, let bytes):
                table.replaceSubrange(entry..<entry + 8, with: little(place() | state))
                data += Self.padded(bytes, to: Int(blockSize))
            }
        }
        return file + table + data
    }

    // MARK: Log

    enum Write {
        case data(at: Int, [UInt8])
        case zeros(at: Int, count: Int)
    }

    /// An entry of the log ([MS-VHDX] 2.3.1).
    func logEntry(
        _ sequenceNumber: UInt64, tail: Int, flushed: Int, last: Int, _ writes: [Write]
    ) -> [UInt8] {
        var descriptors: [UInt8] = []
        var sectors: [UInt8] = []
        for write in writes {
            switch write {
            case .data(let offset, let bytes):
                descriptors += Array("desc".utf8) + bytes[4092...] + bytes[..<8] + little(UInt64(offset))
                sectors += Array("data".utf8) + little(UInt32(sequenceNumber >> 32)) + bytes[8..<4092]
                sectors += little(UInt32(truncatingIfNeeded: sequenceNumber))
            case .zeros(let offset, let count):
                descriptors += Array("zero".utf8) + little(UInt32(0)) + little(UInt64(count))
                descriptors += little(UInt64(offset))
            }
            descriptors += little(sequenceNumber)
        }
        let descriptorBytes = (64 + descriptors.count + 4095) / 4096 * 4096
        var bytes = Array("loge".utf8) + little(UInt32(0)) + little(UInt32(descriptorBytes + sectors.count))
        bytes += little(UInt32(tail)) + little(sequenceNumber) + little(UInt32(writes.count))
        bytes += little(UInt32(0)) + logIdentity + little(UInt64(flushed)) + little(UInt64(last))
        return Self.sealed(Self.padded(bytes + descriptors, to: descriptorBytes) + sectors)
    }
}
