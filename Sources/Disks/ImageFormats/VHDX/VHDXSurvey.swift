import BlockIO
import ByteReading

/// Looks through the block allocation table for what QEMU refuses before it opens an image: blocks beyond the
/// end of the file, and blocks that overlap other structures (block/vhdx.c, `vhdx_check_bat_entries`).
struct VHDXSurvey {
    private let image: VHDXImage
    private let taken: [Range<UInt64>]
    /// 32 TiB in blocks of 32 MiB.
    private var budget = Budget(1 << 20, of: "entries of the block allocation table")

    init(_ image: VHDXImage, of container: VHDXContainer) {
        self.image = image
        taken = [
            VHDXContainer.headerSection, container.header.log, container.regions.table,
            container.regions.metadata,
        ].filter { !$0.isEmpty }
    }

    /// What is wrong with the blocks, at most one finding of a kind.
    mutating func findings() throws(ImageFault) -> [ContainerFinding] {
        var beyond: (count: Int, first: UInt64)?
        var overlapping: (count: Int, first: UInt64)?
        let ratio = image.metadata.chunkRatio
        let last = image.blockCount == 0 ? 0 : image.blockCount + (image.blockCount - 1) / ratio
        var index: UInt64 = 0
        while index < last, budget.remaining > 0 {
            let start = image.table.lowerBound + index * 8
            let extent = try image.file.extent(at: start)
            let entriesInHole = extent.kind == .hole ? extent.length / 8 : 0
            if entriesInHole > 0 {
                index += Swift.min(entriesInHole, last - index)
                try budget.spend()
                continue
            }
            let count = Int(Swift.min(last - index, 8 << 10, UInt64(budget.remaining)))
            try budget.spend(count)
            let window = try image.file.read(at: start, count: count * 8)
            for position in 0..<count {
                let entry = try window.little(UInt64.self, at: position * 8)
                let number = index + UInt64(position)
                guard entry & 7 >= 6, number % (ratio + 1) != ratio else { continue }
                let offset = (number - number / (ratio + 1)) * image.metadata.blockSize
                let place = entry & ~0xF_FFFF
                // QEMU once wrote last blocks that end with the disk.
                let length = Swift.min(image.metadata.blockSize, image.size - offset)
                guard place <= image.file.size, length <= image.file.size - place else {
                    beyond = ((beyond?.count ?? 0) + 1, beyond?.first ?? offset)
                    continue
                }
                if taken.contains(where: { $0.overlaps(place..<place + length) }) {
                    overlapping = ((overlapping?.count ?? 0) + 1, overlapping?.first ?? offset)
                }
            }
            index += UInt64(count)
        }
        var findings: [ContainerFinding] = []
        if let beyond {
            findings.append(
                ContainerFinding(
                    .truncated,
                    "\(beyond.count) blocks of the disk, the first at \(beyond.first), are stored beyond the end of the file (\(image.file.size) bytes)",
                    at: image.file.size))
        }
        if let overlapping {
            findings.append(
                ContainerFinding(
                    .corruptMetadata,
                    "\(overlapping.count) blocks of the disk, the first at \(overlapping.first), overlap the metadata",
                    at: image.table.lowerBound))
        }
        return findings
    }
}
