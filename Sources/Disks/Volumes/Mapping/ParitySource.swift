package import BlockIO
package import ByteReading

/// RAID 4, 5 and 6: data chunks between parity chunks. One missing device is made up for by exclusive or; the
/// second syndrome of RAID 6 is not used (Linux, drivers/md/raid5.c, `raid5_compute_sector`).
package struct ParitySource: BlockSource {
    /// Where parity goes: md's `ALGORITHM_…` numbers for the level.
    package struct Layout: Sendable, Hashable {
        package var level: Int
        package var algorithm: UInt32

        package init(level: Int, algorithm: UInt32) {
            self.level = level
            self.algorithm = algorithm
        }

        fileprivate var parityCount: UInt64 { level == 6 ? 2 : 1 }
    }

    private let columns: [(any BlockSource)?]
    private let chunkSize: UInt64
    private let layout: Layout
    package let size: UInt64

    package init(
        _ columns: [(any BlockSource)?], chunkSize: UInt64, layout: Layout, deviceSize: UInt64
    ) throws(ImageFault) {
        let count = UInt64(columns.count)
        guard chunkSize > 0, count > layout.parityCount else {
            throw ImageFault(.corrupt, "\(count) devices with chunks of \(chunkSize) bytes")
        }
        self.columns = columns
        self.chunkSize = chunkSize
        self.layout = layout
        size = try (deviceSize / chunkSize * chunkSize).multiplied(by: count - layout.parityCount)
        _ = try ParitySource.place(of: 0, row: 0, devices: count, layout)
        guard columns.filter({ $0 == nil }).count <= 1 else {
            throw ImageFault(
                .notFound, "\(columns.filter { $0 == nil }.count) of \(count) devices are missing")
        }
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        var array: [UInt8] = []
        array.reserveCapacity(count)
        while array.count < count {
            let position = offset + UInt64(array.count)
            let inside = position % chunkSize
            let length = Int(Swift.min(UInt64(count - array.count), chunkSize - inside))
            let place = try place(of: position)
            if let column = columns[Int(place.data)] {
                array += try column.read(at: place.offset, count: length).array
            } else {
                array += try rebuilt(place, count: length)
            }
        }
        return Bytes(array, origin: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let rest = Swift.min(chunkSize - offset % chunkSize, size - offset)
        let place = try place(of: offset)
        guard let column = columns[Int(place.data)] else { return BlockExtent(kind: .data, length: rest) }
        var extent = try column.extent(at: place.offset)
        extent.length = Swift.min(extent.length, rest)
        return extent
    }

    private func rebuilt(_ place: Place, count: Int) throws(ImageFault) -> [UInt8] {
        var sum = [UInt8](repeating: 0, count: count)
        for (index, column) in columns.enumerated()
        where UInt64(index) != place.data && UInt64(index) != place.syndrome {
            guard let column else { throw ImageFault(.notFound, "more than one device is missing") }
            let bytes = try column.read(at: place.offset, count: count)
            bytes.withSpan { span in
                for position in 0..<count { sum[position] ^= span[position] }
            }
        }
        return sum
    }

    /// Roles of the devices in one row of chunks.
    private struct Place {
        var data: UInt64
        /// The second parity, nil but in RAID 6.
        var syndrome: UInt64?
        var offset: UInt64 = 0
    }

    private func place(of offset: UInt64) throws(ImageFault) -> Place {
        let chunk = offset / chunkSize
        let count = UInt64(columns.count)
        let dataCount = count - layout.parityCount
        var place = try ParitySource.place(
            of: chunk % dataCount, row: chunk / dataCount, devices: count, layout)
        place.offset = chunk / dataCount * chunkSize + offset % chunkSize
        return place
    }

    private static func place(
        of data: UInt64, row: UInt64, devices count: UInt64, _ layout: Layout
    ) throws(ImageFault) -> Place {
        let last = count - 1
        switch (layout.level, layout.algorithm) {
        case (4, _), (5, 5): return Place(data: data)
        case (5, 0), (5, 1):
            let parity = layout.algorithm == 0 ? last - row % count : row % count
            return Place(data: data >= parity ? data + 1 : data)
        case (5, 2), (5, 3):
            let parity = layout.algorithm == 2 ? last - row % count : row % count
            return Place(data: (parity + 1 + data) % count)
        case (5, 4): return Place(data: data + 1)
        case (6, 0), (6, 1), (6, 8), (6, 9):
            let parity: UInt64 =
                switch layout.algorithm {
                case 0: last - row % count
                case 9: last - (row + 1) % count
                default: row % count
                }
            if parity == last { return Place(data: data + 1, syndrome: 0) }
            return Place(data: data >= parity ? data + 2 : data, syndrome: parity + 1)
        case (6, 2), (6, 3):
            let parity = layout.algorithm == 2 ? last - row % count : row % count
            return Place(data: (parity + 2 + data) % count, syndrome: (parity + 1) % count)
        case (6, 4): return Place(data: data + 2, syndrome: 1)
        case (6, 5): return Place(data: data, syndrome: last)
        case (6, 10):
            let parity = last - row % count
            return Place(data: (parity + 1 + data) % count, syndrome: (parity + last) % count)
        case (6, 16), (6, 17), (6, 18), (6, 19), (6, 20):
            // RAID 5 on all devices but the last, which holds the second syndrome.
            let algorithm = layout.algorithm - 16
            let inner = try place(
                of: data, row: row, devices: last, Layout(level: 5, algorithm: algorithm))
            return Place(data: inner.data, syndrome: last)
        default:
            throw ImageFault(.unsupported, "RAID \(layout.level) with layout \(layout.algorithm)")
        }
    }
}
