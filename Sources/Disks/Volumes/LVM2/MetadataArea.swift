import BlockIO
import ByteReading

/// A metadata area: a header in one sector and a circular text after it (LVM2, lib/format_text/layout.h,
/// `struct mda_header`; lib/format_text/format-text.c).
struct MetadataArea: Sendable {
    private static let headerSize: UInt64 = 512
    /// `FMTT_MAGIC`.
    private static let magic: [UInt8] = ascii(" LVM2 x[5A%r0N*>")
    /// A group of ten thousand volumes has about 6 MiB of text.
    private static let maximumText = 16 << 20

    /// The committed text; nil where the area is empty or set to be ignored.
    var text: Bytes?
    /// Of the text, verified.
    var checksum: UInt32 = 0
    /// Whether the tools were told to leave this area alone (`pvchange --metadataignore y`).
    var isIgnored = false

    /// Reads the area of a device. A text that was written but not committed (the second slot) is left alone.
    init(_ area: PhysicalVolumeLabel.Area, on source: any BlockSource) throws(ImageFault) {
        let header = try source.read(at: area.offset, count: Int(MetadataArea.headerSize))
        guard header.starts(with: MetadataArea.magic, at: 4) else {
            throw ImageFault(.corrupt, "no metadata area begins here", at: area.offset + 4)
        }
        let sum = CRC32.ieee.update(PhysicalVolumeLabel.checksumSeed, header.dropFirst(4))
        guard sum == (try header.little(UInt32.self, at: 0)) else {
            throw ImageFault(.corrupt, "checksum of the metadata header does not match", at: area.offset)
        }
        let version: UInt32 = try header.little(at: 20)
        guard version == 1 else {
            throw ImageFault(.unsupported, "metadata area of version \(version)", at: area.offset + 20)
        }
        let start: UInt64 = try header.little(at: 24)
        guard start == area.offset else {
            throw ImageFault(.corrupt, "metadata area says that it begins at \(start)", at: area.offset + 24)
        }
        // The size in the label may be that of an older header.
        let size: UInt64 = try header.little(at: 32)
        // The first of the slots from 40 on is the committed one.
        let offset: UInt64 = try header.little(at: 40)
        let length: UInt64 = try header.little(at: 48)
        isIgnored = try header.little(UInt32.self, at: 60) & 1 != 0
        guard offset != 0, !isIgnored else { return }
        guard offset >= MetadataArea.headerSize, offset < size, length > 0,
            length <= size - MetadataArea.headerSize
        else {
            throw ImageFault(
                .corrupt, "text of \(length) bytes at \(offset) in an area of \(size)", at: area.offset + 40)
        }
        let count = try length.bounded(to: MetadataArea.maximumText, "size of the metadata text")
        let first = Int(Swift.min(UInt64(count), size - offset))
        var bytes = try source.read(at: try area.offset.adding(offset), count: first)
        if first < count {
            let rest = try source.read(at: area.offset + MetadataArea.headerSize, count: count - first)
            bytes = Bytes(bytes.array + rest.array, origin: bytes.origin)
        }
        checksum = try header.little(at: 56)
        guard CRC32.ieee.update(PhysicalVolumeLabel.checksumSeed, bytes) == checksum else {
            throw ImageFault(.corrupt, "checksum of the metadata text does not match", at: bytes.origin)
        }
        text = bytes
    }
}
