import ByteReading

/// Where bytes of a hive are replaced by those of its logs; the bytes stay in the logs until they are read.
struct HiveOverlay: Sendable {
    private struct Place: Sendable {
        /// Which log.
        var log: UInt8
        /// The byte in it.
        var offset: UInt32
    }

    /// The unit of the logs.
    static let sectorSize = 512
    /// 256 MiB, far more than Windows lets logs grow.
    private static let sectorLimit = 1 << 19
    /// How much of one log is looked at.
    static let logLimit: UInt64 = 256 << 20

    private let logs: [ContentSource]
    /// By the sector of the file.
    private var sectors: [UInt32: Place] = [:]

    /// `logs` are at most 255.
    init(logs: [ContentSource] = []) {
        self.logs = logs
    }

    var isEmpty: Bool { sectors.isEmpty }
    /// How many bytes are replaced.
    var byteCount: UInt64 { UInt64(sectors.count) * UInt64(Self.sectorSize) }

    /// Replaces the `count` bytes of the hive bins data from `offset`, whole sectors, by those of a log.
    mutating func replace(
        at offset: UInt32, count: UInt32, by log: Int, at logOffset: UInt64
    ) throws(ImageFault) {
        let unit = UInt32(Self.sectorSize)
        let first = UInt32(HiveHeader.size) / unit + offset / unit
        for index in 0..<count / unit {
            guard sectors.count < Self.sectorLimit || sectors[first + index] != nil else {
                throw ImageFault(.limit, "more than \(Self.sectorLimit) sectors in the logs", at: logOffset)
            }
            sectors[first + index] = Place(
                log: try log.converted(), offset: try (logOffset + UInt64(index * unit)).converted())
        }
    }

    /// Writes what is replaced into `bytes`, which begin at `offset` of the file, a sector's beginning.
    func apply(to bytes: inout [UInt8], at offset: UInt64) throws(ImageFault) {
        let unit = Self.sectorSize
        let first = offset / UInt64(unit)
        var index = 0
        let count = (bytes.count + unit - 1) / unit
        while index < count {
            guard let place = place(first + UInt64(index)) else {
                index += 1
                continue
            }
            // Sectors that lie one after another in the log are one read.
            var length = 1
            while index + length < count, let next = self.place(first + UInt64(index + length)),
                next.log == place.log, UInt64(next.offset) == UInt64(place.offset) + UInt64(length * unit)
            {
                length += 1
            }
            let start = index * unit
            let wanted = min(length * unit, bytes.count - start)
            let new = try inLayer("log") { () throws(ImageFault) in
                try logs[Int(place.log)].read(at: UInt64(place.offset), count: wanted)
            }
            bytes.replaceSubrange(start..<start + wanted, with: new.array)
            index += length
        }
    }

    private func place(_ sector: UInt64) -> Place? {
        UInt32(exactly: sector).flatMap { sectors[$0] }
    }
}
