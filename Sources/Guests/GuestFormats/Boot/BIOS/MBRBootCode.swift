package import ByteReading

/// The program in the first sector of a disk, which the BIOS starts.
package struct MBRBootCode: Sendable {
    /// What program it is.
    package enum Kind: Hashable, Sendable {
        /// No program: bytes 0 to 439 are zero.
        case empty
        /// GRUB 2 `boot.img`: loads one sector, whose number is at 0x5C. `drive` is the BIOS drive it insists on
        /// (0x64), nil when it uses the one it was started from.
        case grub2(sector: UInt64, drive: UInt8?)
        /// GRUB legacy `stage1`: loads the sector whose number is at 0x44. `drive` is the BIOS drive it insists on
        /// (0x40).
        case grubLegacy(sector: UInt32, drive: UInt8?)
        /// Syslinux `mbr.bin` or `altmbr.bin`: starts the active partition.
        case syslinux
        /// Syslinux `gptmbr.bin`: starts the partition with the legacy boot attribute.
        case syslinuxGPT
        /// The program of Windows or DOS: starts the active partition.
        case windows
        /// LILO.
        case lilo
        /// Something else.
        case unknown
    }

    /// The program.
    package let kind: Kind
    /// Whether the sector ends in 55 AA; without it no BIOS starts it.
    package let hasSignature: Bool

    /// Looks at the first sector.
    package init(parsing sector: Bytes) throws(ImageFault) {
        hasSignature = try sector.little(UInt16.self, at: 510) == 0xAA55
        let code = try sector.slice(at: 0, count: 440)
        func contains(_ text: String) -> Bool { code.firstIndex(of: Array(text.utf8)) != nil }
        let jump = try code.little(UInt16.self, at: 0)
        let isGrub = contains("GRUB \0Geom\0Hard Disk\0Read\0 Error")
        if code.isAllZero {
            kind = .empty
        } else if isGrub, jump == 0x63EB {
            let drive = try code.byte(at: 0x64)
            kind = .grub2(sector: try code.little(at: 0x5C), drive: drive == 0xFF ? nil : drive)
        } else if isGrub, jump == 0x48EB {
            let drive = try code.byte(at: 0x40)
            kind = .grubLegacy(sector: try code.little(at: 0x44), drive: drive == 0xFF ? nil : drive)
        } else if code.starts(with: "LILO", at: 6) {
            kind = .lilo
        } else if contains("Operating system load error") {
            kind = .syslinux
        } else if contains("Missing OS"), contains("Multiple active partitions") {
            kind = .syslinuxGPT
        } else if contains("Invalid partition table") || contains("BOOTMGR") || contains("NTLDR") {
            kind = .windows
        } else {
            kind = .unknown
        }
    }
}
