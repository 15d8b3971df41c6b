import ByteReading

/// Where the attributes of a file are whose record is too small for them (`$ATTRIBUTE_LIST`).
struct NTFSAttributeList: Sendable {
    struct Entry: Sendable {
        var kind: UInt32
        var name: [UInt16]
        var firstCluster: UInt64
        var reference: NTFSReference
        var instance: UInt16

        /// Whether this is the attribute that the entry is about.
        func describes(_ attribute: NTFSAttribute) -> Bool {
            attribute.kind == kind && attribute.instance == instance && attribute.name == name
        }
    }

    /// Windows makes no larger list.
    private static let largest: UInt64 = 256 << 10

    private(set) var entries: [Entry] = []

    /// The list of a base record; nil when it has none.
    init?(
        of record: NTFSRecord, _ geometry: NTFSBootSector, _ streams: NTFSStreamReader
    ) throws(ImageFault) {
        let pieces = record.attributes.filter { $0.kind == NTFSAttribute.Kind.attributeList.rawValue }
        guard !pieces.isEmpty else { return nil }
        let stream = try NTFSStream(pieces, geometry)
        guard stream.size <= NTFSAttributeList.largest else {
            throw ImageFault(.limit, "an attribute list of \(stream.size) bytes", at: stream.place)
        }
        let bytes: Bytes
        if case .resident(let value) = stream.storage {
            bytes = value
        } else {
            bytes = try streams.read(stream, at: 0, count: Int(stream.size))
        }
        var position = 0
        while position + 0x1A <= bytes.count {
            let length = Int(try bytes.little(UInt16.self, at: position + 4))
            guard length >= 0x1A, position + length <= bytes.count else {
                throw ImageFault(
                    .corrupt, "an entry of \(length) bytes in an attribute list",
                    at: bytes.origin &+ UInt64(position))
            }
            let entry = try bytes.slice(at: position, count: length)
            let nameLength = Int(try entry.byte(at: 6))
            let name =
                nameLength == 0
                ? [] : try NTFSName.units(entry.slice(at: Int(entry.byte(at: 7)), count: nameLength * 2))
            entries.append(
                Entry(
                    kind: try entry.little(at: 0), name: name, firstCluster: try entry.little(at: 8),
                    reference: NTFSReference(try entry.little(at: 0x10)),
                    instance: try entry.little(at: 0x18)))
            position += length
        }
    }
}
