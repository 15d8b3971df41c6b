import BlockIO
import ByteReading

/// RAID 0 of MD: stripes over all devices as far as the smallest reaches, then over those that are larger, and so
/// on (Linux, drivers/md/raid0.c, `create_strip_zones`, `map_sector`).
struct ZonedStripesSource: MappedSource {
    /// A part of the array with the same devices all through; in bytes.
    private struct Zone {
        var start: UInt64
        var end: UInt64
        var deviceStart: UInt64
        var columns: [any BlockSource]
    }

    private let zones: [Zone]
    private let chunkSize: UInt64
    /// Whether the first device of each zone is that of chunk 0 of the array and not of the zone: the mapping of
    /// kernels before 3.14.
    private let isOriginal: Bool
    let size: UInt64

    /// `layout` is 1 for the original mapping, 2 for that of newer kernels; it matters with several zones only.
    init(
        _ columns: [any BlockSource], sizes: [UInt64], chunkSize: UInt64, layout: UInt32?
    ) throws(ImageFault) {
        guard chunkSize > 0, columns.count == sizes.count else {
            throw ImageFault(.corrupt, "RAID 0 of \(columns.count) devices with chunks of \(chunkSize) bytes")
        }
        let whole = sizes.map { $0 / chunkSize * chunkSize }
        var zones: [Zone] = []
        var end: UInt64 = 0
        var deviceStart: UInt64 = 0
        for level in Set(whole).sorted() where level > 0 {
            let inside = whole.indices.filter { whole[$0] >= level }
            let start = end
            end = try end.adding(try (level - deviceStart).multiplied(by: UInt64(inside.count)))
            zones.append(
                Zone(start: start, end: end, deviceStart: deviceStart, columns: inside.map { columns[$0] }))
            deviceStart = level
        }
        // With one device in the second zone both mappings are the same.
        if zones.count > 1, zones[1].columns.count > 1 {
            guard layout == 1 || layout == 2 else {
                throw ImageFault(
                    .unsupported,
                    "RAID 0 of devices of several sizes without a layout, which the kernel does not start")
            }
        }
        self.zones = zones
        self.chunkSize = chunkSize
        isOriginal = layout == 1
        size = end
    }

    func run(at offset: UInt64) throws(ImageFault) -> MappedRun {
        guard let zone = zones.first(where: { offset < $0.end }) else {
            throw ImageFault(.truncated, "offset \(offset) lies past the end (\(size) bytes)", at: offset)
        }
        let inside = offset % chunkSize
        let chunk = (offset - zone.start) / chunkSize
        let count = UInt64(zone.columns.count)
        let turn = isOriginal ? offset / chunkSize : chunk
        return MappedRun(
            zone.columns[Int(turn % count)], at: zone.deviceStart + chunk / count * chunkSize + inside,
            length: chunkSize - inside)
    }
}
