import BlockIO
import ByteReading

/// The label and header at the start of a physical volume (LVM2, lib/label/label.h, `struct label_header`;
/// lib/format_text/layout.h, `struct pv_header`).
struct PhysicalVolumeLabel: Sendable {
    /// A part of the device, in bytes.
    struct Area: Sendable, Hashable {
        var offset: UInt64
        var size: UInt64
    }

    /// In groups of 6-4-4-4-4-4-6, as the tools print it.
    var uuid: String
    /// Where the label was found: one of the first four sectors.
    var offset: UInt64
    /// Bytes of the device when the volume was made.
    var deviceSize: UInt64
    var metadataAreas: [Area]
    /// Whether a group uses this volume; nil in headers that do not say.
    var isUsed: Bool?

    /// The start value of every checksum in LVM2 (lib/misc/crc.h, `INITIAL_CRC`).
    static let checksumSeed: UInt32 = 0xF597_A6CF

    /// Reads the label; nil where there is none.
    ///
    /// Throws `corrupt` for a label whose checksum or contents are wrong.
    init?(of source: any BlockSource) throws(ImageFault) {
        let head = try source.readUpTo(at: 0, count: 2048)
        var damage: ImageFault?
        for sector in 0..<4 {
            guard let label = try? head.slice(at: sector * 512, count: 512), label.starts(with: "LABELONE"),
                label.starts(with: "LVM2 001", at: 24)
            else { continue }
            do {
                self = try PhysicalVolumeLabel(parsing: label, sector: sector)
                return
            } catch { damage = damage ?? error }
        }
        if let damage { throw damage }
        return nil
    }

    private init(parsing label: Bytes, sector: Int) throws(ImageFault) {
        let place = UInt64(sector) * 512
        let stated: UInt64 = try label.little(at: 8)
        guard stated == UInt64(sector) else {
            throw ImageFault(.corrupt, "label in sector \(sector) says sector \(stated)", at: place + 8)
        }
        let sum = CRC32.ieee.update(PhysicalVolumeLabel.checksumSeed, label.dropFirst(20))
        guard sum == (try label.little(UInt32.self, at: 16)) else {
            throw ImageFault(.corrupt, "checksum of the label does not match", at: place + 16)
        }
        let header = Int(try label.little(UInt32.self, at: 20))
        var cursor = ByteCursor(label)
        try cursor.seek(to: header)
        uuid = PhysicalVolumeLabel.dashed(try cursor.bytes(32))
        offset = place
        deviceSize = try cursor.little()
        _ = try PhysicalVolumeLabel.areas(&cursor)
        metadataAreas = try PhysicalVolumeLabel.areas(&cursor)
        if cursor.remaining >= 8, try cursor.little(UInt32.self) >= 2 {
            isUsed = try cursor.little(UInt32.self) & 1 != 0
        }
    }

    /// A list of areas that ends with an empty one; a sector bounds it.
    private static func areas(_ cursor: inout ByteCursor) throws(ImageFault) -> [Area] {
        var areas: [Area] = []
        while true {
            let area = Area(offset: try cursor.little(), size: try cursor.little())
            if area.offset == 0 { return areas }
            areas.append(area)
        }
    }

    /// 32 letters and digits in groups of 6-4-4-4-4-4-6.
    static func dashed(_ identity: Bytes) -> String {
        var text = ""
        for (index, character) in identity.text.enumerated() {
            if [6, 10, 14, 18, 22, 26].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }
}
