import ByteReading

/// Where the clusters of a value lie (the "mapping pairs" of its pieces).
struct NTFSRuns: Sendable {
    /// Clusters that lie together; a hole where they lie nowhere.
    struct Run: Sendable, Hashable {
        /// First cluster of the value.
        var start: UInt64
        /// First cluster of the volume, nil for a hole.
        var place: UInt64?
        var count: UInt64

        var end: UInt64 { start + count }
    }

    /// More are not kept: 1 048 576 of them take 32 MiB.
    static let limit = 1 << 20

    /// In order, without gaps, from cluster 0 on.
    private(set) var runs: [Run] = []

    /// The cluster after the last one.
    var end: UInt64 { runs.last?.end ?? 0 }

    /// Adds the runs of the next piece. Each run is a byte with the widths of two numbers, a length and a
    /// signed distance from the last place; without a distance it is a hole.
    ///
    /// Throws `corrupt` when the piece does not continue the last one or a run lies outside the volume.
    mutating func append(_ mapping: NTFSAttribute.Mapping, clusterCount: UInt64) throws(ImageFault) {
        let pairs = mapping.pairs
        guard mapping.firstCluster == end else {
            throw ImageFault(
                .corrupt, "runs that continue at cluster \(mapping.firstCluster) of a value, not at \(end)",
                at: pairs.origin)
        }
        var position = 0
        var place: Int64 = 0
        while position < pairs.count {
            let header = try pairs.byte(at: position)
            if header == 0 { return }
            let lengthWidth = Int(header & 0x0F)
            let placeWidth = Int(header >> 4)
            let length = try NTFSRuns.number(pairs, at: position + 1, width: lengthWidth)
            guard length > 0 else {
                throw ImageFault(
                    .corrupt, "a run of \(length) clusters", at: pairs.origin &+ UInt64(position))
            }
            let count = UInt64(length)
            guard end <= UInt64(Int64.max) - count, runs.count < NTFSRuns.limit else {
                throw ImageFault(.limit, "more runs than are read", at: pairs.origin &+ UInt64(position))
            }
            if placeWidth == 0 {
                runs.append(Run(start: end, place: nil, count: count))
            } else {
                place = try place.adding(
                    NTFSRuns.number(pairs, at: position + 1 + lengthWidth, width: placeWidth))
                // Windows NT 3 wrote holes as a place of -1.
                if place == -1 {
                    runs.append(Run(start: end, place: nil, count: count))
                } else {
                    guard place >= 0, UInt64(place) < clusterCount, count <= clusterCount - UInt64(place)
                    else {
                        throw ImageFault(
                            .corrupt,
                            "a run of \(count) clusters at \(place) reaches past the volume's \(clusterCount)",
                            at: pairs.origin &+ UInt64(position))
                    }
                    runs.append(Run(start: end, place: UInt64(place), count: count))
                }
            }
            position += 1 + lengthWidth + placeWidth
        }
    }

    /// A signed little-endian number of up to eight bytes.
    private static func number(_ bytes: Bytes, at offset: Int, width: Int) throws(ImageFault) -> Int64 {
        guard width <= 8 else {
            throw ImageFault(
                .corrupt, "a number of \(width) bytes in a run", at: bytes.origin &+ UInt64(offset))
        }
        guard width > 0 else { return 0 }
        var value: Int64 = try bytes.byte(at: offset + width - 1) & 0x80 != 0 ? -1 : 0
        for index in stride(from: width - 1, through: 0, by: -1) {
            value = value << 8 | Int64(try bytes.byte(at: offset + index))
        }
        return value
    }

    /// The index of the run that holds a cluster of the value; nil past the last one.
    func index(of cluster: UInt64) -> Int? {
        guard cluster < end else { return nil }
        var low = 0
        var high = runs.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle].start <= cluster { low = middle } else { high = middle }
        }
        return low
    }
}
