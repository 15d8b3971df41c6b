import ByteReading

/// The checksums over metadata (kernel documentation, filesystems/ext4/checksums.rst). CRC-32C registers start
/// from the seed of the volume and are stored without inversion.
struct Ext4Checksums: Sendable {
    /// Whether metadata_csum is on.
    let isEnabled: Bool
    /// Whether uninit_bg puts a CRC-16 on group descriptors.
    let hasGroupChecksums: Bool
    private let seed: UInt32
    private let uuid: Bytes
    private let crc = CRC32.castagnoli

    init(_ superblock: Ext4Superblock) {
        isEnabled = superblock.readOnlyCompatible.contains(.metadataChecksums)
        hasGroupChecksums = superblock.readOnlyCompatible.contains(.groupChecksums)
        uuid = Bytes(superblock.uuid.bytes)
        seed =
            superblock.incompatible.contains(.checksumSeed)
            ? superblock.checksumSeed : CRC32.castagnoli.update(~0, uuid)
    }

    private func update(_ register: UInt32, _ number: some FixedWidthInteger) -> UInt32 {
        var bytes: [UInt8] = []
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        return crc.update(register, Bytes(bytes))
    }

    /// `bytes` with the fields in `zeroed` taken as zeros.
    private func update(_ register: UInt32, _ bytes: Bytes, zeroing zeroed: [Range<Int>]) -> UInt32 {
        var register = register
        var position = 0
        for range in zeroed {
            register = crc.update(register, bytes.prefix(range.lowerBound).dropFirst(position))
            register = crc.update(register, Bytes([UInt8](repeating: 0, count: range.count)))
            position = range.upperBound
        }
        return crc.update(register, bytes.dropFirst(position))
    }

    /// Whether a superblock's own checksum holds. It is not seeded.
    static func holds(_ superblock: Ext4Superblock) -> Bool {
        guard superblock.readOnlyCompatible.contains(.metadataChecksums), superblock.checksumType == 1
        else { return true }
        return CRC32.castagnoli.update(~0, superblock.raw.prefix(0x3FC)) == superblock.checksum
    }

    /// What `bg_checksum` (0x1E) should be; nil when descriptors have none.
    func groupDescriptor(_ group: UInt32, _ bytes: Bytes) -> UInt16? {
        if isEnabled {
            let register = update(update(seed, group), bytes, zeroing: [0x1E..<0x20])
            return UInt16(truncatingIfNeeded: register)
        }
        guard hasGroupChecksums else { return nil }
        var register = CRC16.update(~0, uuid)
        let number = (0..<4).map { UInt8(truncatingIfNeeded: group >> (8 * UInt32($0))) }
        register = CRC16.update(register, Bytes(number))
        register = CRC16.update(register, bytes.prefix(0x1E))
        return CRC16.update(register, bytes.dropFirst(0x20))
    }

    /// The seed for what belongs to one inode: its number, then its generation.
    func seed(of inode: Ext4InodeNumber, generation: UInt32) -> UInt32 {
        isEnabled ? update(update(seed, inode.rawValue), generation) : 0
    }

    /// What `i_checksum` should be, over the whole inode. The upper half is there when `hasHigh`.
    func inode(_ bytes: Bytes, seed: UInt32, hasHigh: Bool) -> UInt32 {
        let register = update(seed, bytes, zeroing: hasHigh ? [0x7C..<0x7E, 0x82..<0x84] : [0x7C..<0x7E])
        return hasHigh ? register : register & 0xFFFF
    }

    /// The checksum over plain `bytes` of an inode: extent blocks, directory leaves.
    func block(_ bytes: Bytes, seed: UInt32) -> UInt32 { crc.update(seed, bytes) }

    /// The checksum of a directory's index block: the entries in use, the reserved word of the tail, and
    /// the checksum itself as zeros.
    func index(_ entries: Bytes, reserved: Bytes, seed: UInt32) -> UInt32 {
        crc.update(crc.update(crc.update(seed, entries), reserved), Bytes([0, 0, 0, 0]))
    }

    /// What `h_checksum` (0x10) of the attribute block at `number` should be.
    func attributes(_ bytes: Bytes, at number: Ext4BlockNumber) -> UInt32 {
        update(update(seed, number.rawValue), bytes, zeroing: [0x10..<0x14])
    }
}

/// CRC-16 with the reflected polynomial 0xA001, as uninit_bg puts it on group descriptors.
enum CRC16 {
    static func update(_ seed: UInt16, _ bytes: Bytes) -> UInt16 {
        var register = seed
        for byte in bytes {
            register ^= UInt16(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xA001 : register >> 1 }
        }
        return register
    }
}
