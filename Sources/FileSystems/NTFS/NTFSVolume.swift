import BlockIO
import ByteReading

/// The records of a volume: the MFT, found by way of itself.
struct NTFSVolume: Sendable {
    let geometry: NTFSBootSector
    let streams: NTFSStreamReader
    /// The MFT's own content.
    let table: NTFSStream
    /// Why the first record of the MFT could not be read and its copy was; nil when it was not needed.
    let tableDamage: ImageFault?

    /// Opens the MFT of a volume whose blocks come from `source`.
    init(_ geometry: NTFSBootSector, on source: any BlockSource) throws(ImageFault) {
        self.geometry = geometry
        let streams = NTFSStreamReader(geometry, on: source)
        self.streams = streams
        let place = geometry.tableCluster * geometry.clusterSize
        let own: NTFSRecord
        do throws(ImageFault) {
            own = try NTFSVolume.tableRecord(at: place, geometry, source)
            tableDamage = nil
        } catch let damage {
            guard geometry.mirrorCluster < geometry.clusterCount,
                let copy = try? NTFSVolume.tableRecord(
                    at: geometry.mirrorCluster * geometry.clusterSize, geometry, source)
            else { throw damage.inLayer("$MFT") }
            own = copy
            tableDamage = damage
        }
        table = try inLayer("$MFT") { () throws(ImageFault) in
            try NTFSVolume.table(own, geometry, streams)
        }
    }

    /// Record 0, wherever it lies; it has to be in use and hold content.
    private static func tableRecord(
        at place: UInt64, _ geometry: NTFSBootSector, _ source: any BlockSource
    ) throws(ImageFault) -> NTFSRecord {
        let record = try NTFSRecord(
            parsing: source.read(at: place, count: geometry.recordSize), number: NTFSRecord.Number.table)
        guard record.isInUse, record.base.number == 0,
            record.attributes.contains(where: { $0.kind == NTFSAttribute.Kind.data.rawValue })
        else { throw ImageFault(.corrupt, "the first record is not that of the MFT", at: place) }
        return record
    }

    /// The MFT's content. A fragmented MFT says in its first part where its next records lie, so the pieces
    /// are added one by one, each found with those before it.
    private static func table(
        _ own: NTFSRecord, _ geometry: NTFSBootSector, _ streams: NTFSStreamReader
    ) throws(ImageFault) -> NTFSStream {
        var pieces = own.attributes.filter { $0.kind == NTFSAttribute.Kind.data.rawValue && $0.name.isEmpty }
        var table = try NTFSStream(pieces, geometry)
        guard case .mapped = table.storage else {
            throw ImageFault(.corrupt, "the MFT inside its own record", at: own.place)
        }
        guard let list = try NTFSAttributeList(of: own, geometry, streams) else { return table }
        let parts = list.entries.filter { $0.kind == NTFSAttribute.Kind.data.rawValue && $0.name.isEmpty }
            .sorted { $0.firstCluster < $1.firstCluster }
        for part in parts where part.reference.number != own.number {
            let record = try NTFSVolume.record(part.reference, in: table, geometry, streams)
            guard let piece = record.attributes.first(where: part.describes) else {
                throw ImageFault(
                    .corrupt, "a part of the MFT is not in record \(record.number)", at: record.place)
            }
            pieces.append(piece)
            table = try NTFSStream(pieces, geometry)
        }
        return table
    }

    /// How many records there are.
    var recordCount: UInt64 { table.size / UInt64(geometry.recordSize) }

    /// A record in use. Throws `corrupt` when it is torn, free, or not the one the reference was made for.
    func record(_ reference: NTFSReference) throws(ImageFault) -> NTFSRecord {
        try NTFSVolume.record(reference, in: table, geometry, streams)
    }

    private static func record(
        _ reference: NTFSReference, in table: NTFSStream, _ geometry: NTFSBootSector,
        _ streams: NTFSStreamReader
    ) throws(ImageFault) -> NTFSRecord {
        let count = table.size / UInt64(geometry.recordSize)
        guard reference.number < count else {
            throw ImageFault(.corrupt, "MFT record \(reference.number) of \(count)")
        }
        let offset = reference.number * UInt64(geometry.recordSize)
        let place = streams.location(of: table, at: offset) ?? 0
        let raw = try streams.read(table, at: offset, count: geometry.recordSize)
        let record = try NTFSRecord(parsing: raw.rebased(to: place), number: reference.number)
        guard record.isInUse else {
            throw ImageFault(.corrupt, "MFT record \(reference.number) is not in use", at: place)
        }
        guard reference.sequence == 0 || reference.sequence == record.sequence else {
            throw ImageFault(
                .corrupt,
                "MFT record \(reference.number) was used anew (sequence \(record.sequence), not \(reference.sequence))",
                at: place)
        }
        return record
    }

    /// A file: its base record and all its attributes. Throws what ``record(_:)`` throws, and `corrupt` for the
    /// record of a part of a file.
    func file(_ reference: NTFSReference) throws(ImageFault) -> NTFSFile {
        let record = try record(reference)
        guard record.base.number == 0 else {
            throw ImageFault(
                .corrupt, "MFT record \(record.number) is a part of \(record.base.number)", at: record.place)
        }
        return NTFSFile(record: record, list: try NTFSAttributeList(of: record, geometry, streams))
    }

    /// The attribute of that kind and name; nil when the file has none.
    func stream(
        _ kind: NTFSAttribute.Kind, named name: [UInt16] = [], of file: NTFSFile
    ) throws(ImageFault) -> NTFSStream? {
        let pieces = try self.pieces(of: file) { $0 == kind.rawValue && $1 == name }
        return pieces.isEmpty ? nil : try NTFSStream(pieces, geometry)
    }

    /// The pieces of all attributes whose kind and name pass, wherever they are.
    func pieces(
        of file: NTFSFile, where passes: (UInt32, [UInt16]) -> Bool
    ) throws(ImageFault) -> [NTFSAttribute] {
        guard let list = file.list else {
            return file.record.attributes.filter { passes($0.kind, $0.name) }
        }
        var pieces: [NTFSAttribute] = []
        var records = [file.record.number: file.record]
        for entry in list.entries where passes(entry.kind, entry.name) {
            let record: NTFSRecord
            if let known = records[entry.reference.number] {
                record = known
            } else {
                record = try self.record(entry.reference)
                guard record.base.number == file.record.number else {
                    throw ImageFault(
                        .corrupt, "MFT record \(record.number) is no part of \(file.record.number)",
                        at: record.place)
                }
                // Pieces come in the order of records; old ones are not asked for again.
                if records.count >= 64 { records = [file.record.number: file.record] }
                records[record.number] = record
            }
            guard let piece = record.attributes.first(where: entry.describes) else {
                throw ImageFault(
                    .corrupt,
                    "an attribute of file \(file.record.number) is not in record \(record.number), where its list says",
                    at: record.place)
            }
            pieces.append(piece)
        }
        return pieces
    }

    /// The value of a small attribute; nil when the file has none. Throws `limit` above `limit` bytes.
    func value(
        _ kind: NTFSAttribute.Kind, named name: [UInt16] = [], of file: NTFSFile, limit: Int = 64 << 10
    ) throws(ImageFault) -> Bytes? {
        guard let stream = try stream(kind, named: name, of: file) else { return nil }
        guard stream.size <= UInt64(limit) else {
            throw ImageFault(.limit, "an attribute of \(stream.size) bytes", at: stream.place)
        }
        if case .resident(let bytes) = stream.storage { return bytes }
        return try streams.read(stream, at: 0, count: Int(stream.size))
    }
}

/// A file as its records describe it.
struct NTFSFile: Sendable {
    let record: NTFSRecord
    /// Nil for a file whose attributes fit into its one record.
    let list: NTFSAttributeList?
}
