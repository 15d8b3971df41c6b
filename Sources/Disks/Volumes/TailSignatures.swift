import BlockIO
import ByteReading

/// RAID superblocks near the end of a device.
enum TailSignatures {
    static func find(_ window: VolumeWindow) throws(ImageFault) -> [VolumeSignature] {
        var result: [VolumeSignature] = []
        if let found = try md10(window) { result.append(found) }
        if let found = try md090(window) { result.append(found) }
        guard window.size >= 4096 else { return result }
        // Intel Matrix Storage, "IMSM", two sectors before the end.
        let anchor = try window.read(at: window.size / 512 * 512 - 1024, count: 32)
        if anchor.prefix(24).array == ascii("Intel Raid ISM Cfg Sig. ") {
            var found = VolumeSignature("isw_raid_member", .raid, at: anchor.origin)
            found.version = VolumeWindow.label(try anchor.slice(at: 24, count: 6))
            result.append(found)
        }
        // SNIA Disk Data Format, in the last sector.
        let last = try window.read(at: window.size / 512 * 512 - 512, count: 4)
        if [[0xDE, 0x11, 0xDE, 0x11], [0x11, 0xDE, 0x11, 0xDE]].contains(last.array) {
            result.append(VolumeSignature("ddf_raid_member", .raid, at: last.origin))
        }
        return result + (try others(window))
    }

    /// Volume managers and firmware RAID that keep their header in the last sectors.
    private static func others(_ window: VolumeWindow) throws(ImageFault) -> [VolumeSignature] {
        var result: [VolumeSignature] = []
        let sectors = window.size / 512
        func has(_ bytes: [UInt8], sectorsBeforeEnd: UInt64, plus offset: UInt64 = 0) throws(ImageFault)
            -> UInt64?
        {
            guard sectors >= sectorsBeforeEnd else { return nil }
            let place = (sectors - sectorsBeforeEnd) * 512 + offset
            return try window.read(at: place, count: bytes.count).array == bytes ? place : nil
        }
        // Logical Disk Manager: copies in the last MiB of a disk, or of the partition that holds them on a disk
        // with a GPT (Linux, block/partitions/ldm.h, `OFF_PRIV2`, `OFF_PRIV3`).
        for before: UInt64 in [1, 192] {
            guard let place = try has(ascii("PRIVHEAD"), sectorsBeforeEnd: before) else { continue }
            result.append(VolumeSignature("ldm_member", .raid, at: place))
            break
        }
        if let place = try has(ascii("NVIDIA  "), sectorsBeforeEnd: 2) {
            result.append(VolumeSignature("nvidia_raid_member", .raid, at: place))
        }
        if let place = try has(ascii("$XIDE$"), sectorsBeforeEnd: 1) {
            result.append(VolumeSignature("lsi_mega_raid_member", .raid, at: place))
        }
        for before: UInt64 in [63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087] {
            guard let place = try has(ascii("Promise Technology, Inc."), sectorsBeforeEnd: before) else {
                continue
            }
            result.append(VolumeSignature("promise_fasttrack_raid_member", .raid, at: place))
            break
        }
        // DRBD: the last 4 KiB at a multiple of 4 KiB (drbd, `struct meta_data_on_disk`).
        // blkid looks at the last 4 KiB whatever the size, which differs for loop devices only.
        for place in Set([window.size / 4096 * 4096 - 4096, window.size - 4096]).sorted() {
            let block = try window.read(at: place, count: 64)
            let magic: UInt32 = try block.big(at: 60)
            guard magic == 0x8374_026B || magic == 0x8374_026D else { continue }
            var found = VolumeSignature("drbd", .raid, at: place)
            found.version = magic == 0x8374_026B ? "v08" : "v09"
            let identity: UInt64 = try block.big(at: magic == 0x8374_026B ? 40 : 48)
            found.uuid = Hexadecimal.lower(identity, width: 16)
            result.append(found)
            break
        }
        return result
    }

    /// md 1.0: 8 KiB before the end, at a multiple of 4 KiB.
    private static func md10(_ window: VolumeWindow) throws(ImageFault) -> VolumeSignature? {
        guard window.size >= 16 << 10 else { return nil }
        let place = (window.size / 512 - 16) / 8 * 8 * 512
        return try Recogniser.md1(try window.read(at: place, count: 256), at: place, minor: 0)
    }

    /// md 0.90: the last 64 KiB that start at a multiple of 64 KiB (drivers/md/md.c, `super_90_load`).
    private static func md090(_ window: VolumeWindow) throws(ImageFault) -> VolumeSignature? {
        guard window.size >= 128 << 10 else { return nil }
        let place = (window.size & ~0xFFFF) - 0x10000
        let block = try window.read(at: place, count: 64)
        let magic = try block.little(UInt32.self, at: 0)
        let isLittle = magic == 0xA92B_4EFC
        guard isLittle || magic.byteSwapped == 0xA92B_4EFC else { return nil }
        func word(_ offset: Int) throws(ImageFault) -> UInt32 {
            isLittle ? try block.little(at: offset) : try block.big(at: offset)
        }
        guard try word(4) == 0 else { return nil }
        var found = VolumeSignature("linux_raid_member", .raid, at: place)
        found.version = "\(try word(4)).\(try word(8)).\(try word(12))"
        var identity: [UInt8] = []
        for offset in [20, 52, 56, 60] {
            let value = try word(offset)
            identity += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
        }
        found.uuid = try GUID(bigEndian: Bytes(identity)).description
        return found
    }
}

/// VMware's cluster file system, whose headers lie further in than the start that is kept in memory.
enum VMFSHeaders {
    static func find(_ window: VolumeWindow) throws(ImageFault) -> [VolumeSignature] {
        var result: [VolumeSignature] = []
        for (kind, usage, place, magic) in [
            ("VMFS_volume_member", VolumeSignature.Usage.raid, UInt64(0x10_0000), UInt32(0xC001_D00D)),
            ("VMFS", .filesystem, 0x20_0000, 0x2FAB_F15E),
        ] where window.size >= place + 512 {
            let word: UInt32 = try window.read(at: place, count: 4).little(at: 0)
            if word == magic { result.append(VolumeSignature(kind, usage, at: place)) }
        }
        return result
    }
}

/// A member of a ZFS pool.
enum ZFSLabel {
    /// The first label holds 128 uberblocks of at least 1 KiB from 128 KiB on; four of them prove a pool.
    static func find(_ window: VolumeWindow) throws(ImageFault) -> VolumeSignature? {
        guard window.size >= 64 << 20 else { return nil }
        let ring = try window.read(at: 128 << 10, count: 128 << 10)
        var count = 0
        var first: UInt64?
        for index in 0..<128 {
            let magic = try ring.little(UInt64.self, at: index * 1024)
            guard magic == 0x00BA_B10C || magic.byteSwapped == 0x00BA_B10C else { continue }
            count += 1
            first = first ?? ring.origin + UInt64(index * 1024)
        }
        guard count >= 4, let first else { return nil }
        return VolumeSignature("zfs_member", .filesystem, at: first)
    }
}
