import ByteReading

/// The header of a hosted sparse extent, `SparseExtentHeader` of VMware, Virtual Disk Format 5.0; little-endian,
/// counts in sectors of 512 bytes. The footer of a stream-optimised extent has the same form.
struct VmdkHeader: Sendable {
    static let length = 512
    static let magic: [UInt8] = Array("KDMV".utf8)
    /// `gdOffset` of an extent whose directory only the footer can place.
    static let directoryAtEnd: UInt64 = .max

    /// `version`, byte 4: 1 to 3. Version 3 adds changed block tracking, which readers may ignore.
    let version: UInt32
    /// `flags`, byte 8.
    let flags: Flags
    /// `capacity`, byte 12, in sectors.
    let capacity: UInt64
    /// `grainSize`, byte 20, in bytes.
    let grainSize: UInt64
    /// `descriptorOffset` and `descriptorSize`, bytes 28 and 36, in bytes of the file; nil when there is none.
    let descriptor: Range<UInt64>?
    /// `numGTEsPerGT`, byte 44.
    let entriesPerTable: UInt64
    /// `rgdOffset`, byte 48, in bytes; nil when there is no second directory.
    let redundantDirectory: UInt64?
    /// `gdOffset`, byte 56, in bytes; nil when the footer tells.
    let directory: UInt64?
    /// `uncleanShutdown`, byte 72.
    let isUnclean: Bool
    /// Whether `\n \r\n` of bytes 73–76 came through as they were written.
    let hasLineEndings: Bool
    /// `compressAlgorithm`, byte 77, is deflate.
    let isCompressed: Bool

    /// Bits of `flags`.
    struct Flags: OptionSet, Sendable, Hashable {
        let rawValue: UInt32
        static let lineEndings = Flags(rawValue: 1)
        static let redundantDirectory = Flags(rawValue: 2)
        /// Entries of 1 mean zeros.
        static let zeroedGrains = Flags(rawValue: 4)
        static let compressed = Flags(rawValue: 1 << 16)
        static let markers = Flags(rawValue: 1 << 17)
    }

    init(parsing block: Bytes) throws(ImageFault) {
        guard block.count >= VmdkHeader.length else {
            throw ImageFault(.truncated, "the file ends inside the header", at: UInt64(block.count))
        }
        guard block.starts(with: VmdkHeader.magic) else {
            throw ImageFault(.corrupt, "does not start with the VMDK magic KDMV", at: block.origin)
        }
        version = try block.little(at: 4)
        guard (1...3).contains(version) else {
            throw ImageFault(.unsupported, "VMDK version \(version)", at: block.origin + 4)
        }
        flags = Flags(rawValue: try block.little(at: 8))
        capacity = try block.little(at: 12)
        let grain = try block.little(UInt64.self, at: 20)
        guard capacity == 0 || (1...VmdkSparseMap.largestGrain).contains(grain) else {
            throw ImageFault(.corrupt, "grains of \(grain) sectors", at: block.origin + 20)
        }
        grainSize = try grain.multiplied(by: 512)
        let start = try block.little(UInt64.self, at: 28).multiplied(by: 512)
        let length = try block.little(UInt64.self, at: 36).multiplied(by: 512)
        descriptor = start == 0 || length == 0 ? nil : try start..<start.adding(length)
        let entries = UInt64(try block.little(UInt32.self, at: 44))
        guard capacity == 0 || (1...512).contains(entries) else {
            throw ImageFault(.corrupt, "grain tables of \(entries) entries", at: block.origin + 44)
        }
        entriesPerTable = entries
        let redundant = try block.little(UInt64.self, at: 48)
        redundantDirectory =
            flags.contains(.redundantDirectory) && redundant != 0 ? try redundant.multiplied(by: 512) : nil
        let primary = try block.little(UInt64.self, at: 56)
        directory = primary == VmdkHeader.directoryAtEnd ? nil : try primary.multiplied(by: 512)
        isUnclean = try block.byte(at: 72) != 0
        hasLineEndings = try block.slice(at: 73, count: 4).array == [0x0A, 0x20, 0x0D, 0x0A]
        let method = try block.little(UInt16.self, at: 77)
        guard method <= 1 else {
            throw ImageFault(.unsupported, "compression \(method) of grains", at: block.origin + 77)
        }
        isCompressed = method == 1
    }
}

/// The header of an ESX copy-on-write extent, `COWDisk_Header` of VMware, Virtual Disk Format 5.0.
struct VmdkCowHeader: Sendable {
    static let magic: [UInt8] = Array("COWD".utf8)
    /// Entries of a grain table; the header does not tell.
    static let entriesPerTable: UInt64 = 4096

    /// `numSectors`, byte 12.
    let capacity: UInt64
    /// `grainSize`, byte 16, in bytes.
    let grainSize: UInt64
    /// `gdOffset`, byte 20, in bytes.
    let directory: UInt64

    init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: VmdkCowHeader.magic) else {
            throw ImageFault(.corrupt, "does not start with the magic COWD", at: block.origin)
        }
        let version = try block.little(UInt32.self, at: 4)
        guard version == 1 else { throw ImageFault(.unsupported, "COWD version \(version)", at: 4) }
        capacity = UInt64(try block.little(UInt32.self, at: 12))
        let grain = UInt64(try block.little(UInt32.self, at: 16))
        guard (1...VmdkSparseMap.largestGrain).contains(grain) else {
            throw ImageFault(.corrupt, "grains of \(grain) sectors", at: 16)
        }
        grainSize = grain * 512
        directory = UInt64(try block.little(UInt32.self, at: 20)) * 512
    }
}
