import ByteReading

/// What follows the fixed header (docs/interop/qcow2.txt, "Header extensions").
package struct Qcow2HeaderExtensions: Sendable, Hashable {
    /// Names one bit of one feature word.
    package struct Feature: Sendable, Hashable {
        /// 0 incompatible, 1 compatible, 2 autoclear.
        package let kind: UInt8
        package let bit: UInt8
    }

    /// 0xe2792aca
    package private(set) var backingFormat: String?
    /// 0x44415441; not terminated, any bytes.
    package private(set) var dataFileName: [UInt8]?
    /// 0x6803f857
    package private(set) var featureNames: [Feature: String] = [:]
    /// 0x23852875
    package private(set) var hasBitmaps = false

    /// Reads extensions from `start` to an end mark or the name of the backing file, which stands at `end`
    /// (zero when there is none).
    init(parsing cluster: Bytes, from start: Int, end: UInt64) throws(ImageFault) {
        let limit = end == 0 ? cluster.count : Int(clamping: Swift.min(end, UInt64(cluster.count)))
        guard start < limit else { return }
        var cursor = ByteCursor(cluster.prefix(limit), at: start)
        while cursor.remaining >= 8 {
            let place = cursor.position
            let type = try cursor.big(UInt32.self)
            let length = Int(try cursor.big(UInt32.self))
            if type == 0 { return }
            guard length <= cursor.remaining else {
                throw ImageFault(
                    .corrupt,
                    "header extension 0x\(Hexadecimal.lower(type, width: 8)) of \(length) bytes is too large",
                    at: cluster.origin + UInt64(place))
            }
            let data = try cursor.bytes(length)
            try cursor.skip(Swift.min(cursor.remaining, (8 - length % 8) % 8))
            switch type {
            case 0xE279_2ACA: backingFormat = String(decoding: data.array, as: UTF8.self)
            case 0x4441_5441: dataFileName = data.array
            case 0x6803_F857: try readFeatureNames(data)
            case 0x2385_2875: hasBitmaps = true
            default: break
            }
        }
    }

    private mutating func readFeatureNames(_ table: Bytes) throws(ImageFault) {
        for index in 0..<(table.count / 48) {
            let entry = try table.slice(at: index * 48, count: 48)
            let name = entry.dropFirst(2).array.prefix { $0 != 0 }
            featureNames[Feature(kind: try entry.byte(at: 0), bit: try entry.byte(at: 1))] =
                String(decoding: name, as: UTF8.self)
        }
    }
}
