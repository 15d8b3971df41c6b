import ByteReading

/// The cpio variants that occur in initramfs archives.
package enum CPIOFormat: String, Sendable, Hashable {
    /// "New ASCII", magic 070701; what the kernel unpacks.
    case newc
    /// "New ASCII" with a checksum per file, magic 070702.
    case newcChecksum
    /// POSIX.1 portable ("odc"), magic 070707; the kernel refuses it.
    case odc
}

/// The head of one cpio member (Documentation/driver-api/early-userspace/buffer-format.rst).
struct CPIOHeader {
    /// The header sizes: 6 + 13 × 8 hexadecimal digits; 6 × 8 + 2 × 11 + 6 octal digits.
    static let newcSize = 110
    static let odcSize = 76

    var format: CPIOFormat
    var inode: UInt64
    var device: UInt64
    var mode: UInt32
    var linkCount: UInt32
    var nameSize: Int
    var bodySize: UInt64
    var checksum: UInt32

    /// Bytes of the header itself.
    var headerSize: Int { format == .odc ? Self.odcSize : Self.newcSize }
    /// Bytes of the name with its padding: header and name together fill a multiple of four bytes.
    var paddedNameSize: Int { format == .odc ? nameSize : ((nameSize + 1) & ~3) + 2 }
    /// Bytes that pad the body.
    var bodyPadding: UInt64 { format == .odc ? 0 : (4 - bodySize % 4) % 4 }

    /// Reads the header at the start of `bytes`; nil when there is no magic of a format known here.
    init?(parsing bytes: Bytes) throws(ImageFault) {
        if bytes.starts(with: "070701") {
            try self.init(newc: bytes, format: .newc)
        } else if bytes.starts(with: "070702") {
            try self.init(newc: bytes, format: .newcChecksum)
        } else if bytes.starts(with: "070707") {
            try self.init(odc: bytes)
        } else {
            return nil
        }
    }

    private init(newc bytes: Bytes, format: CPIOFormat) throws(ImageFault) {
        func field(_ index: Int) throws(ImageFault) -> UInt32 {
            UInt32(truncatingIfNeeded: try Self.number(bytes, at: 6 + 8 * index, digits: 8, radix: 16))
        }
        self.format = format
        inode = UInt64(try field(0))
        mode = try field(1)
        linkCount = try field(4)
        bodySize = UInt64(try field(6))
        device = UInt64(try field(7)) << 32 | UInt64(try field(8))
        nameSize = Int(try field(11))
        checksum = try field(12)
    }

    private init(odc bytes: Bytes) throws(ImageFault) {
        func field(_ offset: Int, _ digits: Int) throws(ImageFault) -> UInt64 {
            try Self.number(bytes, at: offset, digits: digits, radix: 8)
        }
        format = .odc
        device = try field(6, 6)
        inode = try field(12, 6)
        mode = UInt32(truncatingIfNeeded: try field(18, 6))
        linkCount = UInt32(truncatingIfNeeded: try field(36, 6))
        nameSize = Int(try field(59, 6))
        bodySize = try field(65, 11)
        checksum = 0
    }

    private static func number(
        _ bytes: Bytes, at offset: Int, digits: Int, radix: UInt64
    ) throws(ImageFault) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + digits {
            let byte = try bytes.byte(at: index)
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: digit = 0xFF
            }
            guard UInt64(digit) < radix else {
                throw ImageFault(.corrupt, "cpio header: byte \(byte) is no digit", at: UInt64(index))
            }
            value = value * radix + UInt64(digit)
        }
        return value
    }
}
