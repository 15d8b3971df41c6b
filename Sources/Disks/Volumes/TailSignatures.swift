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
