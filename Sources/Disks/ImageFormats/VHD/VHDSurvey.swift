import BlockIO
import ByteReading

/// Looks through the block allocation table for blocks beyond the end of the file, as QEMU does before it opens
/// an image.
struct VHDSurvey {
    private let image: VHDImage
    /// 2 TiB in blocks of 2 MiB.
    private var budget = Budget(1 << 20, of: "entries of the block allocation table")

    init(_ image: VHDImage) { self.image = image }

    /// What lies beyond the end of the file; nil when nothing does.
    mutating func beyondEnd(dataEnd: UInt64) throws(ImageFault) -> ContainerFinding? {
        guard let header = image.header else {
            guard image.size > dataEnd else { return nil }
            return ContainerFinding(
                .truncated,
                "the disk has \(image.size) bytes, the file holds \(dataEnd) of them", at: dataEnd)
        }
        let blockSize = UInt64(header.blockSize)
        let needed = (image.size + blockSize - 1) / blockSize
        var index: UInt64 = 0
        var blocks: UInt64 = 0
        var first: UInt64?
        while index < needed, budget.remaining > 0 {
            let count = Int(Swift.min(needed - index, 16 << 10, UInt64(budget.remaining)))
            try budget.spend(count)
            let window = try image.file.read(at: header.tableOffset + index * 4, count: count * 4)
            for position in 0..<count {
                let entry = try window.big(UInt32.self, at: position * 4)
                guard entry != VHDImage.unallocated else { continue }
                let start = (index + UInt64(position)) * blockSize
                let length = Swift.min(blockSize, image.size - start)
                guard UInt64(entry) * 512 + header.bitmapSize + length > image.file.size else { continue }
                blocks += 1
                first = first ?? start
            }
            index += UInt64(count)
        }
        guard let first else { return nil }
        return ContainerFinding(
            .truncated,
            "\(blocks) blocks of the disk, the first at \(first), are stored beyond the end of the file (\(image.file.size) bytes)",
            at: image.file.size)
    }
}
