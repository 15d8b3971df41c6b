package import ByteReading

/// The boot record of a volume: the sector that boot code of Windows or DOS in sector 0 of the disk starts, and the
/// program in and behind it.
///
/// Programs are told apart by the names they look for, as `file(1)` and GRUB's `setpbr` do: on NTFS sector 1 starts
/// with the length and the UTF-16 name of the file (`BOOTMGR`, `NTLDR`) and that of the index `$I30`; FAT has the
/// name in 8.3 form. mkntfs and mkfs.fat write a program that only prints a message.
package struct VolumeBootCode: Sendable {
    /// What the program is.
    package enum Kind: Hashable, Sendable {
        /// Only zeros behind the parameters.
        case empty
        /// Starts `\bootmgr`: Windows Vista and later.
        case bootManager
        /// Starts `\ntldr`: Windows before Vista.
        case ntldr
        /// The message of a formatting program that this is no bootable disk.
        case notBootable
        /// Another program: Syslinux, GRUB, something that is not recognised.
        case other
    }

    /// The file system the parameters are of.
    package enum FileSystem: Hashable, Sendable {
        case ntfs, fat, exFAT, other
    }

    package let kind: Kind
    /// Whether the sector ends in 55 AA; boot code in sector 0 refuses it otherwise.
    package let hasSignature: Bool
    /// Whether it starts with a jump, as every one that is started must.
    package let hasJump: Bool
    package let fileSystem: FileSystem
    /// Sectors before the volume, as it believes (`BPB_HiddSec`, 0x1C). The program adds it to every sector it
    /// reads. Nil where the file system has no such field.
    package let hiddenSectors: UInt32?
    /// `BPB_NumHeads` (0x1A) and `BPB_SecPerTrk` (0x18), which count where a BIOS has no extensions.
    package let heads: UInt16
    package let sectorsPerTrack: UInt16
    /// Whether what follows the first sector is there too, as far as the kind needs it.
    package let isComplete: Bool

    /// How many bytes are looked at: the boot area of NTFS, sixteen sectors of 512 bytes.
    package static let size = 16 * 512

    /// Looks at the first `size` bytes of a volume, or at as many as it has; at least 512.
    package init(parsing area: Bytes) throws(ImageFault) {
        let sector = try area.slice(at: 0, count: 512)
        let rest = area.dropFirst(512)
        hasSignature = try sector.little(UInt16.self, at: 510) == 0xAA55
        let jump = try sector.byte(at: 0)
        let third = try sector.byte(at: 2)
        hasJump = jump == 0xE9 || (jump == 0xEB && third == 0x90)
        let fileSystem = Self.fileSystem(sector)
        self.fileSystem = fileSystem
        let hidden: UInt32 = try sector.little(at: 0x1C)
        hiddenSectors = fileSystem == .ntfs || fileSystem == .fat ? hidden : nil
        sectorsPerTrack = try sector.little(at: 0x18)
        heads = try sector.little(at: 0x1A)
        let kind = Self.kind(sector, rest)
        self.kind = kind
        isComplete =
            switch (kind, fileSystem) {
            // The file's name, in sector 1 of those Windows writes.
            case (.bootManager, .ntfs): rest.contains(wide: "BOOTMGR")
            case (.ntldr, .ntfs): rest.contains(wide: "NTLDR")
            default: true
            }
    }

    private static func fileSystem(_ sector: Bytes) -> FileSystem {
        if sector.starts(with: "NTFS    ", at: 3) { return .ntfs }
        if sector.starts(with: "EXFAT   ", at: 3) { return .exFAT }
        // The type names count for nothing in FAT but are always written; they tell its parameters from code.
        return sector.starts(with: "FAT", at: 0x36) || sector.starts(with: "FAT32", at: 0x52) ? .fat : .other
    }

    private static func kind(_ sector: Bytes, _ rest: Bytes) -> Kind {
        let code = sector.dropFirst(0x3E).prefix(510 - 0x3E)
        if code.dropFirst(0x5A - 0x3E).isAllZero { return .empty }
        func contains(_ text: String) -> Bool { code.firstIndex(of: Array(text.utf8)) != nil }
        if contains("BOOTMGR") || contains("bootmgr") || rest.prefix(512).contains(wide: "BOOTMGR") {
            return .bootManager
        }
        if contains("NTLDR") || rest.prefix(512).contains(wide: "NTLDR") { return .ntldr }
        return contains("not a bootable disk") || contains("not bootable") ? .notBootable : .other
    }
}

extension Bytes {
    /// Whether the UTF-16 little-endian text is somewhere in them.
    fileprivate func contains(wide text: String) -> Bool {
        firstIndex(of: text.utf16LittleEndian) != nil
    }
}
