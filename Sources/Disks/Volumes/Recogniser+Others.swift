import ByteReading

extension Recogniser {
    /// What other systems and media use.
    static let otherFileSystems: [Recogniser] = [
        // A medium can be both; the descriptors of UDF then follow those of ISO 9660.
        Recogniser(
            "udf", .filesystem,
            (0..<16).flatMap { index in
                [ascii("NSR02"), ascii("NSR03")].map { (0x8001 + index * 2048, $0) }
            }),
        Recogniser("iso9660", .filesystem, [(0x8001, ascii("CD001"))], checkISO9660),
        Recogniser("hfsplus", .filesystem, [(0x400, [0x48, 0x2B, 0, 4]), (0x400, [0x48, 0x58, 0, 5])]),
        Recogniser("hfs", .filesystem, [(0x400, ascii("BD"))], checkHFS),
        Recogniser("apfs", .filesystem, [(0x20, ascii("NXSB"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("apfs", .filesystem)
            found.uuid = try window.uuid(at: 0x48)
            return found
        },
        Recogniser(
            "ufs", .filesystem,
            [
                (0x255C, [0x54, 0x19, 0x01, 0x00]), (0x255C, [0x19, 0x01, 0x54, 0x19]),
                (0x1055C, [0x19, 0x01, 0x54, 0x19]),
            ], checkUFS),
        Recogniser(
            "befs", .filesystem,
            [0x20, 0x220].flatMap { [($0, ascii("1SFB")), ($0, ascii("BFS1"))] }
        ) { window, offset throws(ImageFault) in
            let isLittle = window.holds(ascii("1SFB"), at: offset)
            var found = VolumeSignature("befs", .filesystem)
            found.version = isLittle ? "little-endian" : "big-endian"
            found.label = try window.label(at: offset - 0x20, count: 32)
            return found
        },
        Recogniser("bfs", .filesystem, [(0, [0xCE, 0xFA, 0xAD, 0x1B])]),
        Recogniser(
            "minix", .filesystem,
            [(0x410, [0x7F, 0x13]), (0x410, [0x8F, 0x13]), (0x410, [0x68, 0x24]), (0x410, [0x78, 0x24])],
            checkMinix),
        Recogniser("vxfs", .filesystem, [(0x400, [0xF5, 0xFC, 0x01, 0xA5])]),
        Recogniser("hpfs", .filesystem, [(0x2000, [0x49, 0xE8, 0x95, 0xF9])]),
        Recogniser(
            "xenix", .filesystem, [(0x7F8, [0x2B, 0x55, 0x44, 0x00]), (0x7F8, [0x00, 0x44, 0x55, 0x2B])]),
        Recogniser("ocfs", .filesystem, [(8, ascii("OracleCFS"))]),
        Recogniser("nss", .filesystem, [(0x1000, ascii("SPB5"))]),
        Recogniser("mpool", .filesystem, [(0, ascii("mpoolDev"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("mpool", .filesystem)
            found.label = try window.label(at: 8, count: 32)
            found.uuid = try window.uuid(at: 0x28)
            return found
        },
    ]

    /// The magic number has two bytes, so inodes, zones and their size have to make sense, too
    /// (Linux, include/uapi/linux/minix_fs.h, `struct minix_super_block`).
    @Sendable private static func checkMinix(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let magic = try window.little(UInt16.self, at: offset)
        let isFirst = magic == 0x137F || magic == 0x138F
        let zones: UInt32 =
            isFirst ? UInt32(try window.little(UInt16.self, at: 0x402)) : try window.little(at: 0x414)
        let inodeBlocks = try window.little(UInt16.self, at: 0x404)
        let zoneBlocks = try window.little(UInt16.self, at: 0x406)
        let firstZone = try window.little(UInt16.self, at: 0x408)
        let shift = try window.little(UInt16.self, at: 0x40A)
        guard try window.little(UInt16.self, at: 0x400) > 0, zones > 0, inodeBlocks > 0, zoneBlocks > 0,
            UInt32(firstZone) > UInt32(inodeBlocks) + UInt32(zoneBlocks), UInt32(firstZone) < zones,
            shift == 0
        else { return nil }
        var found = VolumeSignature("minix", .filesystem)
        found.version = isFirst ? "1" : "2"
        return found
    }

    /// ECMA-119 8.4; Joliet is a supplementary descriptor with an escape sequence of UCS-2.
    @Sendable private static func checkISO9660(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("iso9660", .filesystem)
        for index in 0..<16 {
            let place = 0x8000 + index * 2048
            guard place + 2048 <= window.head.count, window.holds(ascii("CD001"), at: place + 1) else {
                break
            }
            let type = try window.head.byte(at: place)
            if type == 255 { break }
            if type == 1 {
                found.label = try window.label(at: place + 40, count: 32)
                // When it was changed, else when it was made.
                let made = try isoDate(window, at: place + 813)
                found.uuid = try isoDate(window, at: place + 830) ?? made
            } else if type == 2 {
                let escape = try window.head.slice(at: place + 88, count: 3).array
                guard [0x40, 0x43, 0x45].map({ [0x25, 0x2F, $0] }).contains(escape) else { continue }
                found.version = "Joliet Extension"
                let wide = VolumeWindow.wideLabel(
                    try window.head.slice(at: place + 40, count: 32), isBigEndian: true)
                // Joliet has room for 16 characters; what it cut is in the plain label.
                if let wide, let plain = found.label, wide.count == 16, plain.count > 16 {
                    found.label = wide + plain.dropFirst(16)
                } else if let wide {
                    found.label = wide
                }
            }
        }
        return found
    }

    /// `YYYY-MM-DD-hh-mm-ss-cc`, nil where the date is not set.
    private static func isoDate(_ window: VolumeWindow, at offset: Int) throws(ImageFault) -> String? {
        let digits = try window.head.slice(at: offset, count: 16).array
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.contains(where: { $0 != 0x30 }) else {
            return nil
        }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index >= 4, index % 2 == 0 { text.append("-") }
            text.append(Character(UnicodeScalar(digit)))
        }
        return text
    }

    @Sendable private static func checkHFS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        // Two letters prove little: the allocation block is a multiple of 512, the label has up to 27 bytes.
        let blockSize = try window.big(UInt32.self, at: 0x414)
        let length = try window.head.byte(at: 0x424)
        guard blockSize != 0, blockSize % 512 == 0, (1...27).contains(length) else { return nil }
        var found = VolumeSignature("hfs", .filesystem)
        found.label = try window.label(at: 0x425, count: Int(length))
        return found
    }

    @Sendable private static func checkUFS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("ufs", .filesystem)
        found.version = window.holds([0x54, 0x19, 0x01, 0x00], at: offset) ? "1" : "2"
        let identity = offset - 0x55C + 0x90
        let (first, second) = (
            try window.little(UInt32.self, at: identity), try window.little(UInt32.self, at: identity + 4)
        )
        if first != 0 || second != 0 {
            found.uuid = Hexadecimal.lower(first, width: 8) + Hexadecimal.lower(second, width: 8)
        }
        return found
    }
}
