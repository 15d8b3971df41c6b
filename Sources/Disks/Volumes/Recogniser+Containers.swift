import ByteReading

extension Recogniser {
    /// Volume managers, RAID and encryption found at the start of a volume.
    static let containers: [Recogniser] = [
        Recogniser("linux_raid_member", .raid, [(0, md), (4096, md)], checkMD1),
        Recogniser("LVM2_member", .raid, (0..<4).map { ($0 * 512, ascii("LABELONE")) }, checkLVM),
        Recogniser("bcache", .other, [(0x1018, bcache)], checkBcache),
        Recogniser(
            "stratis", .raid,
            [(0x204, [0x21] + ascii("Stra0tis") + [0x86, 0xFF, 0x02, 0x5E, 0x41, 0x72, 0x68])]),
        Recogniser("crypto_LUKS", .crypto, [(0, luks)], checkLUKS),
        Recogniser(
            "crypto_LUKS", .crypto, [(0x4000, luksCopy), (0x8000, luksCopy), (0x10000, luksCopy)],
            checkLUKSCopy),
        Recogniser("BitLocker", .crypto, [(3, ascii("-FVE-FS-"))]),
        Recogniser("BitLocker", .crypto, [(3, ascii("MSWIN4.1"))], checkBitLockerToGo),
        Recogniser("cs_fvault2", .crypto, [(88, ascii("CS"))]) { window, _ throws(ImageFault) in
            // A volume header, checksummed with CRC-32C (libblkid, cs_fvault2.c).
            guard try window.little(UInt16.self, at: 8) == 1, try window.little(UInt16.self, at: 10) == 0x10,
                try window.little(UInt32.self, at: 90) == 1
            else { return nil }
            return VolumeSignature("cs_fvault2", .crypto)
        },
        // Logical Disk Manager, on a disk with an MBR; the copy at the end is looked for apart.
        Recogniser("ldm_member", .raid, [(0xC00, ascii("PRIVHEAD"))]),
        Recogniser("storage_spaces_member", .raid, [0, 4096].map { ($0, ascii("SPACEDB ")) }),
        Recogniser("ceph_bluestore", .other, [(0, ascii("bluestore block device"))]),
        Recogniser("drbdmanage_control_volume", .other, [(0, ascii("$DRBDmgr=q"))]),
        Recogniser("LVM1_member", .raid, [(0, ascii("HM"))]) { window, _ throws(ImageFault) in
            let version = try window.little(UInt16.self, at: 2)
            guard version == 1 || version == 2, try window.little(UInt32.self, at: 4) == 0 else { return nil }
            return VolumeSignature("LVM1_member", .raid)
        },
        Recogniser("ubi", .other, [(0, ascii("UBI#"))]) { window, _ throws(ImageFault) in
            let version = try window.head.byte(at: 4)
            return version == 1 ? VolumeSignature("ubi", .other) : nil
        },
        Recogniser("DM_integrity", .crypto, [(0, ascii("integrt\0"))]),
        Recogniser("DM_verity_hash", .crypto, [(0, ascii("verity\0\0"))], checkVerity),
        Recogniser("DM_snapshot_cow", .raid, [(0, ascii("SnAp"))]),
        Recogniser("vdo", .other, [(0, ascii("dmvdo001"))]),
        Recogniser("oracleasm", .other, [(32, ascii("ORCLDISK"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("oracleasm", .other)
            found.label = try window.label(at: 40, count: 24)
            return found
        },
    ]

    private static let md: [UInt8] = [0xFC, 0x4E, 0x2B, 0xA9]
    private static let luks: [UInt8] = ascii("LUKS") + [0xBA, 0xBE]
    private static let luksCopy: [UInt8] = ascii("SKUL") + [0xBA, 0xBE]
    private static let bcache: [UInt8] = [
        0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA, 0x6D, 0x81,
    ]

    /// md superblock 1.1 at the start, 1.2 at 4 KiB (Linux, drivers/md/md.c, `struct mdp_superblock_1`).
    @Sendable private static func checkMD1(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        try md1(try window.head.slice(at: offset, count: 256), at: UInt64(offset), minor: offset == 0 ? 1 : 2)
    }

    /// A version 1 superblock, nil when it says that it lies elsewhere.
    static func md1(_ block: Bytes, at place: UInt64, minor: Int) throws(ImageFault) -> VolumeSignature? {
        guard block.prefix(4).array == md, try block.little(UInt32.self, at: 4) == 1,
            try block.little(UInt64.self, at: 144) == place / 512
        else { return nil }
        var found = VolumeSignature("linux_raid_member", .raid, at: place)
        found.version = "1.\(minor)"
        found.uuid = try GUID(bigEndian: block, at: 16).description
        found.label = VolumeWindow.label(try block.slice(at: 32, count: 32))
        found.subUUID = try GUID(bigEndian: block, at: 168).description
        return found
    }

    /// An LVM2 physical volume's label (LVM2, lib/label/label.h and lib/format_text/layout.h).
    @Sendable private static func checkLVM(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let label = try window.head.slice(at: offset, count: 512)
        let type = try label.slice(at: 24, count: 8)
        guard type.array == ascii("LVM2 001"), try label.little(UInt64.self, at: 8) == UInt64(offset / 512)
        else { return nil }
        var found = VolumeSignature("LVM2_member", .raid)
        found.version = String(decoding: type.array, as: UTF8.self)
        if CRC32.ieee.update(0xF597_A6CF, label.dropFirst(20)) != (try label.little(UInt32.self, at: 16)) {
            found.damage = "checksum of the label does not match"
        }
        let header = try label.little(UInt32.self, at: 20).bounded(to: 512 - 32, "pv_header offset")
        let identity = String(decoding: try label.slice(at: header, count: 32).array, as: UTF8.self)
        // Printed in groups of 6-4-4-4-4-4-6.
        var text = ""
        for (index, character) in identity.enumerated() {
            if [6, 10, 14, 18, 22, 26].contains(index) { text.append("-") }
            text.append(character)
        }
        found.uuid = text
        return found
    }

    @Sendable private static func checkBcache(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("bcache", .other)
        found.uuid = try window.uuid(at: 0x1028)
        found.label = try window.label(at: 0x1048, count: 32)
        return found
    }

    /// BitLocker To Go hides behind a boot sector of FAT32 and is known by an identifier at 424.
    @Sendable private static func checkBitLockerToGo(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let identifier: [UInt8] = [
            0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01,
        ]
        return window.holds(identifier, at: 424) ? VolumeSignature("BitLocker", .crypto) : nil
    }

    /// LUKS versions 1 and 2 (LUKS On-Disk Format 1.2.3; LUKS2 1.1.2).
    @Sendable private static func checkLUKS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let version = try window.big(UInt16.self, at: offset + 6)
        guard version == 1 || version == 2 else { return nil }
        var found = VolumeSignature("crypto_LUKS", .crypto)
        found.version = "\(version)"
        found.uuid = try window.label(at: offset + 168, count: 40)
        if version == 2 { found.label = try window.label(at: offset + 24, count: 48) }
        return found
    }

    /// The second header of LUKS2, which counts only where the first is gone.
    @Sendable private static func checkLUKSCopy(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        guard !window.holds(luks, at: 0) else { return nil }
        return try checkLUKS(window, offset)
    }

    @Sendable private static func checkVerity(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("DM_verity_hash", .crypto)
        found.version = "\(try window.little(UInt32.self, at: 8))"
        found.uuid = try window.uuid(at: 16)
        return found
    }
}
