import ByteReading
import FileSystemCore

/// Names of NTFS are any UTF-16 units. As bytes they become WTF-8 (https://wtf-8.codeberg.page): UTF-8, with
/// a surrogate that stands alone in the three bytes it would have, so that different names stay different.
enum NTFSName {
    /// The little-endian units of `bytes`.
    static func units(_ bytes: Bytes) throws(ImageFault) -> [UInt16] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        for index in 0..<(bytes.count / 2) { units.append(try bytes.little(at: index * 2)) }
        return units
    }

    static func encode(_ units: [UInt16]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(units.count)
        var index = 0
        while index < units.count {
            let unit = UInt32(units[index])
            index += 1
            switch unit {
            case ..<0x80: bytes.append(UInt8(truncatingIfNeeded: unit))
            case ..<0x800:
                bytes.append(UInt8(truncatingIfNeeded: 0xC0 | unit >> 6))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | unit & 0x3F))
            case 0xD800..<0xDC00 where index < units.count && units[index] & 0xFC00 == 0xDC00:
                let scalar = 0x10000 + (unit & 0x3FF) << 10 + UInt32(units[index] & 0x3FF)
                index += 1
                bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
            default:
                bytes.append(UInt8(truncatingIfNeeded: 0xE0 | unit >> 12))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | unit >> 6 & 0x3F))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | unit & 0x3F))
            }
        }
        return bytes
    }

    /// The units of a name in WTF-8; nil when the bytes are none.
    static func decode(_ bytes: [UInt8]) -> [UInt16]? {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let first = UInt32(bytes[index])
            let width = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard width > 0, first < 0xF5, index + width <= bytes.count else { return nil }
            var scalar = width == 1 ? first : first & (0xFF >> UInt32(width + 1))
            for byte in bytes[(index + 1)..<(index + width)] {
                guard byte & 0xC0 == 0x80 else { return nil }
                scalar = scalar << 6 | UInt32(byte & 0x3F)
            }
            index += width
            if width == 3, scalar < 0x800 { return nil }
            if width == 4 {
                guard (0x10000...0x10FFFF).contains(scalar) else { return nil }
                units.append(UInt16(0xD800 + (scalar - 0x10000) >> 10))
                units.append(UInt16(0xDC00 + scalar & 0x3FF))
            } else {
                units.append(UInt16(truncatingIfNeeded: scalar))
            }
        }
        return units
    }

    /// For messages.
    static func text(_ units: [UInt16]) -> String { String(decoding: units, as: UTF16.self) }
}
