package import BlockIO
package import ByteReading

/// RAID 10: chunks of which each is stored several times on neighbouring devices, in far parts of them, or both
/// (Linux, drivers/md/raid10.c, `__raid10_find_phys`).
package struct CopiedStripesSource: MappedSource {
    /// How copies are placed, as md's `layout` says.
    package struct Layout: Sendable, Hashable {
        package var nearCopies: UInt64
        package var farCopies: UInt64
        /// Far copies follow in the next stripe instead of in another part of the device.
        package var isOffset: Bool
        /// Bits 17 and 18: far copies stay in sets of devices.
        package var usesFarSets: Bool

        package init(nearCopies: UInt64, farCopies: UInt64 = 1, isOffset: Bool = false) {
            self.nearCopies = nearCopies
            self.farCopies = farCopies
            self.isOffset = isOffset
            usesFarSets = false
        }

        /// From the number in the superblock: copies in the two low bytes, flags above.
        package init(_ layout: UInt32) throws(ImageFault) {
            nearCopies = UInt64(layout & 0xFF)
            farCopies = UInt64(layout >> 8 & 0xFF)
            isOffset = layout & 1 << 16 != 0
            usesFarSets = layout >> 17 != 0
            guard nearCopies > 0, farCopies > 0, layout >> 19 == 0 else {
                throw ImageFault(.corrupt, "RAID 10 layout 0x\(Hexadecimal.lower(layout, width: 1))")
            }
        }
    }

    private let columns: [(any BlockSource)?]
    private let chunkSize: UInt64
    private let layout: Layout
    /// From one far copy to the next, in bytes.
    private let stride: UInt64
    package let size: UInt64

    /// `columns` in the order of their roles, nil where one is missing; `deviceSize` bytes of each are used.
    package init(
        _ columns: [(any BlockSource)?], chunkSize: UInt64, layout: Layout, deviceSize: UInt64
    ) throws(ImageFault) {
        let count = UInt64(columns.count)
        guard chunkSize > 0, count > 0, layout.nearCopies * layout.farCopies <= count else {
            throw ImageFault(.corrupt, "\(columns.count) devices with chunks of \(chunkSize) bytes")
        }
        self.columns = columns
        self.chunkSize = chunkSize
        self.layout = layout
        let chunks = deviceSize / chunkSize / layout.farCopies
        stride = layout.isOffset ? chunkSize : chunks * chunkSize
        size = try (try chunks.multiplied(by: count) / layout.nearCopies).multiplied(by: chunkSize)
    }

    package func run(at offset: UInt64) throws(ImageFault) -> MappedRun {
        let count = UInt64(columns.count)
        let inside = offset % chunkSize
        let first = offset / chunkSize * layout.nearCopies
        for near in 0..<layout.nearCopies {
            var device = (first + near) % count
            var row = (first + near) / count
            if layout.isOffset { row *= layout.farCopies }
            var place = row * chunkSize + inside
            for far in 0..<layout.farCopies {
                if far > 0 {
                    // Where far copies go within sets is not worked out; the first copy is always plain.
                    if layout.usesFarSets { break }
                    device = (device + layout.nearCopies) % count
                    place += stride
                }
                if let column = columns[Int(device)] {
                    return MappedRun(column, at: place, length: chunkSize - inside)
                }
            }
        }
        throw ImageFault(.notFound, "every device with a copy of chunk \(offset / chunkSize) is missing")
    }
}
