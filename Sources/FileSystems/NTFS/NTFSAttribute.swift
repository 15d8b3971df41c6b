import ByteReading

/// An attribute of a file, or a piece of one: a header and either its value or where the value lies.
struct NTFSAttribute: Sendable {
    /// What an attribute holds.
    enum Kind: UInt32, Sendable {
        case standardInformation = 0x10
        case attributeList = 0x20
        case fileName = 0x30
        case volumeName = 0x60
        case volumeInformation = 0x70
        case data = 0x80
        case indexRoot = 0x90
        case indexAllocation = 0xA0
        case bitmap = 0xB0
        case reparsePoint = 0xC0
    }

    /// Comes after the last attribute.
    static let endMark: UInt32 = 0xFFFF_FFFF

    /// The header of a value that lies outside the record.
    struct Mapping: Sendable {
        /// The first cluster of the value that this piece maps, 0x10.
        var firstCluster: UInt64
        /// Clusters of a compression unit as a power of two, 0x22.
        var compressionUnit: UInt8
        /// Bytes of the value, 0x30; only the first piece says it.
        var size: UInt64
        /// Bytes that were ever written, 0x38; what comes after reads as zeros.
        var initializedSize: UInt64
        /// The runs, 0x20.
        var pairs: Bytes
    }

    enum Value: Sendable {
        case resident(Bytes)
        case mapped(Mapping)
    }

    let kind: UInt32
    /// UTF-16.
    let name: [UInt16]
    let flags: UInt16
    let instance: UInt16
    let value: Value
    /// Bytes into the volume.
    let place: UInt64

    var isCompressed: Bool { flags & 0x00FF != 0 }
    var isEncrypted: Bool { flags & 0x4000 != 0 }

    /// Reads an attribute from exactly its bytes.
    init(parsing bytes: Bytes) throws(ImageFault) {
        place = bytes.origin
        kind = try bytes.little(at: 0)
        let isMapped = try bytes.byte(at: 8) != 0
        let nameLength = Int(try bytes.byte(at: 9))
        flags = try bytes.little(at: 0x0C)
        instance = try bytes.little(at: 0x0E)
        name =
            nameLength == 0
            ? []
            : try NTFSName.units(
                bytes.slice(at: Int(try bytes.little(UInt16.self, at: 0x0A)), count: nameLength * 2))
        if isMapped {
            let first: UInt64 = try bytes.little(at: 0x10)
            let pairs = Int(try bytes.little(UInt16.self, at: 0x20))
            guard pairs >= 0x40 else {
                throw ImageFault(.corrupt, "an attribute with its runs at \(pairs)", at: place &+ 0x20)
            }
            var mapping = Mapping(
                firstCluster: first, compressionUnit: try bytes.byte(at: 0x22), size: 0, initializedSize: 0,
                pairs: try bytes.slice(at: pairs, count: bytes.count - Swift.min(pairs, bytes.count)))
            if first == 0 {
                mapping.size = try bytes.little(at: 0x30)
                mapping.initializedSize = try bytes.little(at: 0x38)
                guard mapping.size <= UInt64(Int64.max) else {
                    throw ImageFault(.corrupt, "an attribute of \(mapping.size) bytes", at: place &+ 0x30)
                }
            }
            value = .mapped(mapping)
        } else {
            let count = try bytes.little(UInt32.self, at: 0x10).bounded(to: bytes.count, "a resident value")
            value = .resident(
                try bytes.slice(at: Int(try bytes.little(UInt16.self, at: 0x14)), count: count))
        }
    }
}
