/// What a volume says it is, named as blkid names it.
package struct VolumeSignature: Sendable, Hashable {
    /// What a volume is used for (blkid's `USAGE`).
    package enum Usage: String, Sendable, Hashable {
        case filesystem, raid, crypto, other
    }

    /// `ext4`, `vfat`, `crypto_LUKS` …: blkid's `TYPE`.
    package var kind: String
    package var usage: Usage
    /// As udev links it under `by-uuid`: lower case for most, `XXXX-XXXX` for FAT, 16 upper-case digits for NTFS.
    package var uuid: String?
    package var label: String?
    package var version: String?
    /// The device's own identity in a set that shares one UUID (btrfs, md): `UUID_SUB`.
    package var subUUID: String?
    /// FAT: the label in the boot sector, which blkid since 2.36 gives as `LABEL_FATBOOT` and not as `LABEL`.
    package var bootSectorLabel: String?
    /// How many bytes of the device the volume says it needs; nil where that is not read.
    package var size: UInt64?
    /// Where the signature was found, in bytes.
    package var offset: UInt64
    /// What is wrong with the rest of it: the signature is there, blkid would not report it. Nil when sound.
    package var damage: String?

    package init(_ kind: String, _ usage: Usage, at offset: UInt64 = 0) {
        self.kind = kind
        self.usage = usage
        self.offset = offset
    }
}
