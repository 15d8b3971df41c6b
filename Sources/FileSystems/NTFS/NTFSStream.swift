import BlockIO
import ByteReading
import Compression

/// The value of an attribute, read by position: a file's content, a stream of it, an index, the MFT itself.
struct NTFSStream: Sendable {
    enum Storage: Sendable {
        case resident(Bytes)
        case mapped(NTFSRuns)
    }

    /// How the value is stored.
    let storage: Storage
    /// In bytes.
    let size: UInt64
    /// Bytes that were ever written; the rest reads as zeros.
    let initializedSize: UInt64
    /// Clusters of a compression unit, nil for a value that is not compressed.
    let unitClusters: UInt64?
    let isEncrypted: Bool
    /// Bytes into the volume of the first piece's header.
    let place: UInt64

    /// Puts the pieces of an attribute together; they may come in any order.
    init(_ pieces: [NTFSAttribute], _ geometry: NTFSBootSector) throws(ImageFault) {
        func start(_ piece: NTFSAttribute) -> UInt64 {
            if case .mapped(let mapping) = piece.value { mapping.firstCluster } else { 0 }
        }
        let sorted = pieces.sorted { start($0) < start($1) }
        guard let first = sorted.first else { throw ImageFault(.corrupt, "an attribute without pieces") }
        place = first.place
        isEncrypted = first.isEncrypted
        switch first.value {
        case .resident(let bytes):
            storage = .resident(bytes)
            size = UInt64(bytes.count)
            initializedSize = size
            unitClusters = nil
        case .mapped(let head):
            var runs = NTFSRuns()
            for piece in sorted {
                guard case .mapped(let mapping) = piece.value else {
                    throw ImageFault(
                        .corrupt, "an attribute both inside and outside its record", at: piece.place)
                }
                try runs.append(mapping, clusterCount: geometry.clusterCount)
            }
            storage = .mapped(runs)
            size = head.size
            initializedSize = Swift.min(head.initializedSize, head.size)
            if first.isCompressed, head.compressionUnit > 0 {
                guard first.flags & 0xFF == 1 else {
                    throw ImageFault(
                        .unsupported, "compression method \(first.flags & 0xFF)", at: first.place &+ 0x0C)
                }
                let clusters = try powerOfTwo(
                    head.compressionUnit, in: 1...16, "clusters of a compression unit")
                // Windows: 16 clusters of at most 4 KiB.
                guard UInt64(clusters) * geometry.clusterSize <= 1 << 20 else {
                    throw ImageFault(
                        .corrupt, "a compression unit of \(clusters) clusters", at: first.place &+ 0x22)
                }
                unitClusters = UInt64(clusters)
            } else {
                unitClusters = nil
            }
        }
    }

    /// How many runs it is made of, for those who keep it.
    var cost: Int {
        if case .mapped(let runs) = storage { runs.runs.count } else { 1 }
    }
}

/// Reads streams of one volume.
struct NTFSStreamReader: Sendable {
    let geometry: NTFSBootSector
    let source: any BlockSource
    private let units = NTFSUnitCache()

    init(_ geometry: NTFSBootSector, on source: any BlockSource) {
        self.geometry = geometry
        self.source = source
    }

    /// Up to `count` bytes; fewer at the end of the stream. Throws `unsupported` for an encrypted one.
    func read(_ stream: NTFSStream, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard count > 0, offset < stream.size else { return Bytes([], origin: offset) }
        guard !stream.isEncrypted else {
            throw ImageFault(.unsupported, "encrypted (EFS)", at: stream.place)
        }
        let wanted = Int(Swift.min(UInt64(count), stream.size - offset))
        let written = stream.initializedSize > offset ? stream.initializedSize - offset : 0
        let stored = Int(Swift.min(UInt64(wanted), written))
        var array: [UInt8] = []
        array.reserveCapacity(wanted)
        switch stream.storage {
        case .resident(let bytes):
            array += try bytes.slice(at: Int(offset), count: stored).array
        case .mapped(let runs):
            if let unit = stream.unitClusters {
                try appendUnits(of: stream, runs, unit, at: offset, count: stored, to: &array)
            } else {
                try append(runs, at: offset, count: stored, of: stream, to: &array)
            }
        }
        array += repeatElement(0, count: wanted - array.count)
        return Bytes(array, origin: offset)
    }

    /// `count` bytes of the clusters as they are stored, zeros for holes.
    private func append(
        _ runs: NTFSRuns, at offset: UInt64, count: Int, of stream: NTFSStream, to array: inout [UInt8]
    ) throws(ImageFault) {
        var position = offset
        var left = UInt64(count)
        while left > 0 {
            guard let index = runs.index(of: position / geometry.clusterSize) else {
                throw ImageFault(
                    .corrupt,
                    "the runs of \(stream.size) bytes end after \(runs.end) clusters of \(geometry.clusterSize)",
                    at: stream.place)
            }
            let run = runs.runs[index]
            let inRun = position - run.start * geometry.clusterSize
            // A hole may be longer than any number of bytes.
            let rest = Swift.min(run.count, left / geometry.clusterSize + inRun / geometry.clusterSize + 2)
            let length = Swift.min(left, rest * geometry.clusterSize - inRun)
            if let place = run.place {
                array += try source.read(at: place * geometry.clusterSize + inRun, count: Int(length)).array
            } else {
                array += repeatElement(0, count: Int(length))
            }
            position += length
            left -= length
        }
    }

    /// Compressed content: each unit is a hole (zeros), all stored (plain), or stored in part (LZNT1).
    private func appendUnits(
        of stream: NTFSStream, _ runs: NTFSRuns, _ unit: UInt64, at offset: UInt64, count: Int,
        to array: inout [UInt8]
    ) throws(ImageFault) {
        let unitSize = unit * geometry.clusterSize
        var position = offset
        let end = offset + UInt64(count)
        while position < end {
            let number = position / unitSize
            let inUnit = position - number * unitSize
            let length = Swift.min(end - position, unitSize - inUnit)
            let (stored, isWhole) = try storedClusters(runs, from: number * unit, count: unit, of: stream)
            if stored == 0 {
                array += repeatElement(0, count: Int(length))
            } else if isWhole {
                try append(runs, at: position, count: Int(length), of: stream, to: &array)
            } else {
                let known = units.unit(number, of: stream.place)
                let plain: Bytes
                if let known {
                    plain = known
                } else {
                    var packed: [UInt8] = []
                    try append(
                        runs, at: number * unitSize, count: Int(stored * geometry.clusterSize), of: stream,
                        to: &packed)
                    plain = try LZNT1.decode(
                        Bytes(packed, origin: number * unitSize), size: Int(unitSize))
                    units.keep(plain, number, of: stream.place)
                }
                array += try plain.slice(at: Int(inUnit), count: Int(length)).array
            }
            position += length
        }
    }

    /// How many clusters at the start of a unit are stored, and whether all are. Clusters past the last run
    /// count as a hole.
    private func storedClusters(
        _ runs: NTFSRuns, from first: UInt64, count: UInt64, of stream: NTFSStream
    ) throws(ImageFault) -> (UInt64, isWhole: Bool) {
        guard first < runs.end else {
            throw ImageFault(
                .corrupt, "the runs of \(stream.size) bytes end after \(runs.end) clusters", at: stream.place)
        }
        var cluster = first
        while cluster < first + count, let index = runs.index(of: cluster), runs.runs[index].place != nil {
            cluster = runs.runs[index].end
        }
        let stored = Swift.min(cluster - first, count)
        return (stored, stored == count)
    }

    /// Where `offset` of a stream is stored, in bytes from the start of the volume. Nil for a hole, compressed
    /// content and a value inside its record's header.
    func location(of stream: NTFSStream, at offset: UInt64) -> UInt64? {
        guard offset < stream.size, offset < stream.initializedSize, stream.unitClusters == nil,
            case .mapped(let runs) = stream.storage,
            let index = runs.index(of: offset / geometry.clusterSize), let place = runs.runs[index].place
        else { return nil }
        return place * geometry.clusterSize + (offset - runs.runs[index].start * geometry.clusterSize)
    }
}
