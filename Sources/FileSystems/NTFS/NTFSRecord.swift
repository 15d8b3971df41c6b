import ByteReading

/// A reference to a record of the MFT: its number in 48 bits, and a sequence number that changes when the
/// record is used anew. A sequence number of zero fits any.
struct NTFSReference: Hashable, Sendable {
    let rawValue: UInt64

    init(_ rawValue: UInt64) { self.rawValue = rawValue }

    var number: UInt64 { rawValue & 0xFFFF_FFFF_FFFF }
    var sequence: UInt16 { UInt16(rawValue >> 48) }
}

/// A record of the MFT ("FILE record"): a file, or a part of one.
struct NTFSRecord: Sendable {
    /// Records whose place is fixed.
    enum Number {
        static let table: UInt64 = 0
        static let logFile: UInt64 = 2
        static let volume: UInt64 = 3
        static let root: UInt64 = 5
        static let bitmap: UInt64 = 6
        static let upcase: UInt64 = 10
        /// The first that is not one of the system's own.
        static let firstUser: UInt64 = 16
        /// How many the copy of the MFT's start holds at least.
        static let mirrored: UInt64 = 4
    }

    let number: UInt64
    let sequence: UInt16
    /// Names that lead here, DOS names counted, 0x12.
    let linkCount: UInt16
    let isInUse: Bool
    let isDirectory: Bool
    /// The record this one extends; zero for a base record.
    let base: NTFSReference
    let attributes: [NTFSAttribute]
    /// Bytes into the volume.
    let place: UInt64

    /// Reads record `number` from its bytes, update sequence included.
    init(parsing raw: Bytes, number: UInt64) throws(ImageFault) {
        let bytes = try UpdateSequence.restore(raw, signature: "FILE")
        self.number = number
        place = raw.origin
        sequence = try bytes.little(at: 0x10)
        linkCount = try bytes.little(at: 0x12)
        let first = Int(try bytes.little(UInt16.self, at: 0x14))
        let flags: UInt16 = try bytes.little(at: 0x16)
        isInUse = flags & 1 != 0
        isDirectory = flags & 2 != 0
        let used = try bytes.little(UInt32.self, at: 0x18).bounded(
            to: bytes.count, "used bytes of a FILE record")
        base = NTFSReference(try bytes.little(at: 0x20))
        var found: [NTFSAttribute] = []
        let area = bytes.prefix(used)
        var position = first
        guard first >= 0x2A, first & 7 == 0 else {
            throw ImageFault(.corrupt, "FILE record: attributes at \(first)", at: bytes.origin &+ 0x14)
        }
        while try area.little(UInt32.self, at: position) != NTFSAttribute.endMark {
            let length = Int(try area.little(UInt32.self, at: position + 4))
            guard length >= 0x18, length & 7 == 0 else {
                throw ImageFault(
                    .corrupt, "FILE record \(number): an attribute of \(length) bytes",
                    at: bytes.origin &+ UInt64(position))
            }
            found.append(try NTFSAttribute(parsing: area.slice(at: position, count: length)))
            position += length
        }
        attributes = found
    }
}
