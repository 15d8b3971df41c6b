import ByteReading

extension Recogniser {
    /// File systems and swap that Linux guests use.
    static let linuxFileSystems: [Recogniser] = [
        Recogniser("ext4", .filesystem, [(0x438, [0x53, 0xEF])], checkExt),
        Recogniser("xfs", .filesystem, [(0, ascii("XFSB"))], checkXFS),
        Recogniser("btrfs", .filesystem, [(0x10040, ascii("_BHRfS_M"))], checkBtrfs),
        Recogniser("swap", .other, pageEnds([ascii("SWAPSPACE2"), ascii("SWAP-SPACE")]), checkSwap),
        Recogniser(
            "swsuspend", .other,
            pageEnds([ascii("S1SUSPEND"), ascii("S2SUSPEND"), ascii("ULSUSPEND"), ascii("LINHIB0001")]),
            checkSuspend),
        Recogniser("f2fs", .filesystem, [(0x400, [0x10, 0x20, 0xF5, 0xF2])], checkF2FS),
        Recogniser("squashfs", .filesystem, [(0, ascii("hsqs"))], checkSquashFS),
        Recogniser("squashfs3", .filesystem, [(0, ascii("sqsh"))]),
        Recogniser("erofs", .filesystem, [(0x400, [0xE2, 0xE1, 0xF5, 0xE0])]) {
            window, _ throws(ImageFault) in
            var found = VolumeSignature("erofs", .filesystem)
            found.uuid = try window.uuid(at: 0x430)
            found.label = try window.label(at: 0x440, count: 16)
            return found
        },
        Recogniser("jfs", .filesystem, [(0x8000, ascii("JFS1"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("jfs", .filesystem)
            found.version = "\(try window.little(UInt32.self, at: 0x8004))"
            found.uuid = try window.uuid(at: 0x8088)
            found.label = try window.label(at: 0x8098, count: 16)
            return found
        },
        Recogniser(
            "reiserfs", .filesystem, [(0x10034, ascii("ReIsEr")), (0x2034, ascii("ReIsErFs"))], checkReiser),
        Recogniser("reiser4", .filesystem, [(0x10000, ascii("ReIsEr4"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("reiser4", .filesystem)
            found.version = "4"
            found.uuid = try window.uuid(at: 0x10014)
            found.label = try window.label(at: 0x10024, count: 16)
            return found
        },
        Recogniser("nilfs2", .filesystem, [(0x406, [0x34, 0x34])], checkNilfs),
        Recogniser("bcachefs", .filesystem, [(0x1018, bcachefs), (0x1018, bcachefsOld)]) {
            window, _ throws(ImageFault) in
            // The older magic number is bcache's, too; its versions end at 6.
            if try window.little(UInt64.self, at: 0x1010) <= 6 { return nil }
            var found = VolumeSignature("bcachefs", .filesystem)
            found.uuid = try window.uuid(at: 0x1038)
            found.label = try window.label(at: 0x1048, count: 32)
            return found
        },
        Recogniser("gfs2", .filesystem, [(0x10000, [0x01, 0x16, 0x19, 0x70])], checkGFS2),
        Recogniser("ocfs2", .filesystem, [0x400, 0x800, 0x1000, 0x2000].map { ($0, ascii("OCFSV2")) }) {
            window, offset throws(ImageFault) in
            // Linux, fs/ocfs2/ocfs2_fs.h, `struct ocfs2_super_block` at 0xC0 of the block.
            var found = VolumeSignature("ocfs2", .filesystem)
            found.label = try window.label(at: offset + 0x110, count: 64)
            found.uuid = try window.uuid(at: offset + 0x150)
            return found
        },
        Recogniser("cramfs", .filesystem, [(0, [0x45, 0x3D, 0xCD, 0x28]), (0, [0x28, 0xCD, 0x3D, 0x45])]) {
            window, _ throws(ImageFault) in
            var found = VolumeSignature("cramfs", .filesystem)
            found.label = try window.label(at: 48, count: 16)
            return found
        },
        Recogniser("romfs", .filesystem, [(0, ascii("-rom1fs-"))]) { window, _ throws(ImageFault) in
            var found = VolumeSignature("romfs", .filesystem)
            found.label = try window.label(at: 16, count: 16)
            return found
        },
        Recogniser("zonefs", .filesystem, [(0, ascii("SFOZ"))]),
        Recogniser("ubifs", .filesystem, [(0, [0x31, 0x18, 0x10, 0x06])]),
    ]

    private static let bcachefs: [UInt8] = [
        0xC6, 0x85, 0x73, 0xF6, 0x66, 0xCE, 0x90, 0xA9, 0xD9, 0x6A, 0x60, 0xCF, 0x80, 0x3D, 0xF7, 0xEF,
    ]
    private static let bcachefsOld: [UInt8] = [
        0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA, 0x6D, 0x81,
    ]

    /// Ten bytes before the end of a page, for pages of 4 to 64 KiB.
    private static func pageEnds(_ texts: [[UInt8]]) -> [(Int, [UInt8])] {
        [4096, 8192, 16384, 32768, 65536].flatMap { page in texts.map { (page - 10, $0) } }
    }

    /// ext2, ext3, ext4 and external journals, told apart by features as blkid does
    /// (Linux, Documentation/filesystems/ext4/super.rst; offsets there are from 0x400).
    @Sendable private static func checkExt(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let compatible = try window.little(UInt32.self, at: 0x45C)
        let incompatible = try window.little(UInt32.self, at: 0x460)
        let readOnly = try window.little(UInt32.self, at: 0x464)
        let blockShift = try window.little(UInt32.self, at: 0x418)
        // A two-byte magic number needs company: sizes that make sense, blocks and inodes at all.
        guard blockShift <= 6, try window.little(UInt32.self, at: 0x404) != 0 || incompatible & 8 != 0,
            try window.little(UInt32.self, at: 0x44C) <= 1
        else { return nil }
        let hasJournal = compatible & 4 != 0
        let isBeyondExt3 = incompatible & ~(0x2 | 0x4 | 0x10) != 0 || readOnly & ~0x7 != 0
        let isJournal = incompatible & 8 != 0
        let kind = isJournal ? "jbd" : isBeyondExt3 ? "ext4" : hasJournal ? "ext3" : "ext2"
        var found = VolumeSignature(kind, isJournal ? .other : .filesystem)
        found.uuid = try window.uuid(at: 0x468)
        found.label = try window.label(at: 0x478, count: 16)
        let minor = try window.little(UInt16.self, at: 0x43E)
        found.version = "\(try window.little(UInt32.self, at: 0x44C)).\(minor)"
        var blocks = UInt64(try window.little(UInt32.self, at: 0x404))
        if incompatible & 0x80 != 0 { blocks |= UInt64(try window.little(UInt32.self, at: 0x550)) << 32 }
        let (size, overflow) = blocks.multipliedReportingOverflow(by: 1024 << UInt64(blockShift))
        if !overflow { found.size = size }
        if readOnly & 0x400 != 0 {
            let sum = CRC32.castagnoli.update(~0, try window.head.slice(at: 0x400, count: 0x3FC))
            if sum != (try window.little(UInt32.self, at: 0x7FC)) {
                found.damage = "checksum of the superblock does not match"
            }
        }
        return found
    }

    /// XFS Algorithms and Data Structures, "Superblocks".
    @Sendable private static func checkXFS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let blockSize = try window.big(UInt32.self, at: 4)
        guard (512...65536).contains(blockSize), blockSize.nonzeroBitCount == 1 else {
            throw ImageFault(.corrupt, "XFS block size \(blockSize)", at: 4)
        }
        var found = VolumeSignature("xfs", .filesystem)
        found.uuid = try window.uuid(at: 32)
        found.label = try window.label(at: 108, count: 12)
        let (size, overflow) = try window.big(UInt64.self, at: 8).multipliedReportingOverflow(
            by: UInt64(blockSize))
        if !overflow { found.size = size }
        return found
    }

    /// btrfs on-disk format, "Superblock", at 0x10000.
    @Sendable private static func checkBtrfs(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("btrfs", .filesystem)
        found.uuid = try window.uuid(at: 0x10020)
        found.subUUID = try window.uuid(at: 0x1010B)
        found.label = try window.label(at: 0x1012B, count: 256)
        found.size = try window.little(UInt64.self, at: 0x100D1)
        // Checksum type 0 is CRC-32C over all that follows the 32 bytes of checksum.
        if try window.little(UInt16.self, at: 0x100C4) == 0 {
            let sum = CRC32.castagnoli.checksum(try window.head.slice(at: 0x10020, count: 4096 - 32))
            if sum != (try window.little(UInt32.self, at: 0x10000)) {
                found.damage = "checksum of the superblock does not match"
            }
        }
        return found
    }

    /// Linux, include/linux/swap.h, `union swap_header`; the information starts at 1024.
    @Sendable private static func checkSwap(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("swap", .other)
        guard window.holds(ascii("SWAPSPACE2"), at: offset) else {
            found.version = "0"
            return found
        }
        found.version = "1"
        let isBigEndian = try window.little(UInt32.self, at: 1024) != 1
        let version = isBigEndian ? try window.big(UInt32.self, at: 1024) : 1
        let lastPage: UInt32 = isBigEndian ? try window.big(at: 1028) : try window.little(at: 1028)
        guard version == 1, lastPage != 0 else {
            throw ImageFault(.corrupt, "swap header of version \(version) with \(lastPage) pages", at: 1024)
        }
        found.uuid = try window.uuid(at: 0x40C)
        found.label = try window.label(at: 0x41C, count: 16)
        found.size = (UInt64(lastPage) + 1) * UInt64(offset + 10)
        return found
    }

    /// A suspended system in a swap area, whose UUID and label stay readable.
    @Sendable private static func checkSuspend(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("swsuspend", .other)
        found.uuid = try window.uuid(at: 0x40C)
        found.label = try window.label(at: 0x41C, count: 16)
        return found
    }

    @Sendable private static func checkF2FS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("f2fs", .filesystem)
        let major = try window.little(UInt16.self, at: 0x404)
        found.version = "\(major).\(try window.little(UInt16.self, at: 0x406))"
        found.uuid = try window.uuid(at: 0x46C)
        found.label = VolumeWindow.wideLabel(try window.head.slice(at: 0x47C, count: 1024))
        return found
    }

    @Sendable private static func checkSquashFS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let major = try window.little(UInt16.self, at: 28)
        var found = VolumeSignature(major < 4 ? "squashfs3" : "squashfs", .filesystem)
        found.version = "\(major).\(try window.little(UInt16.self, at: 30))"
        found.size = try window.little(UInt64.self, at: 40)
        return found
    }

    @Sendable private static func checkReiser(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("reiserfs", .filesystem)
        if window.holds(ascii("ReIsErFs"), at: offset) {
            found.version = "3.5"
            return found
        }
        if window.holds(ascii("ReIsEr2Fs"), at: offset) {
            found.version = "3.6"
        } else if window.holds(ascii("ReIsEr3Fs"), at: offset) {
            found.version = "JR"
        } else {
            return nil
        }
        found.uuid = try window.uuid(at: offset - 0x34 + 84)
        found.label = try window.label(at: offset - 0x34 + 100, count: 16)
        return found
    }

    /// Linux, include/uapi/linux/nilfs2_ondisk.h; the checksum makes up for the short magic number.
    @Sendable private static func checkNilfs(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let length = try window.little(UInt16.self, at: 0x408).bounded(to: 1024, "s_bytes")
        guard length > 20 else { return nil }
        let seed = try window.little(UInt32.self, at: 0x40C)
        var sum = CRC32.ieee.update(seed, try window.head.slice(at: 0x400, count: 16))
        sum = CRC32.ieee.update(sum, Bytes([0, 0, 0, 0]))
        sum = CRC32.ieee.update(sum, try window.head.slice(at: 0x414, count: length - 20))
        guard sum == (try window.little(UInt32.self, at: 0x410)) else { return nil }
        var found = VolumeSignature("nilfs2", .filesystem)
        found.version = "\(try window.little(UInt32.self, at: 0x400))"
        found.uuid = try window.uuid(at: 0x498)
        found.label = try window.label(at: 0x4A8, count: 80)
        return found
    }

    @Sendable private static func checkGFS2(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        guard try window.big(UInt32.self, at: 0x10000 + 28) == 1900 else { return nil }
        var found = VolumeSignature("gfs2", .filesystem)
        found.label = try window.label(at: 0x10000 + 160, count: 64)
        found.uuid = try window.uuid(at: 0x10000 + 256)
        return found
    }
}
