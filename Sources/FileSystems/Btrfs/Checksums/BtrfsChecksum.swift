import ByteReading

/// The algorithm over metadata and data, `csum_type` of the superblock (`enum btrfs_csum_type`,
/// include/uapi/linux/btrfs_tree.h).
enum BtrfsChecksum: UInt16, Sendable {
    case crc32c = 0
    case xxhash64 = 1
    case sha256 = 2
    case blake2b = 3

    /// Bytes of one checksum as it is stored.
    var byteCount: Int {
        switch self {
        case .crc32c: 4
        case .xxhash64: 8
        case .sha256, .blake2b: 32
        }
    }

    /// The checksum of `bytes` as it is stored.
    func value(of bytes: Bytes) -> [UInt8] {
        switch self {
        case .crc32c: BtrfsChecksum.little(CRC32.castagnoli.checksum(bytes))
        case .xxhash64: BtrfsChecksum.little(XXHash64.hash(bytes))
        case .sha256: SHA256.digest(bytes)
        case .blake2b: BLAKE2b.digest(bytes)
        }
    }

    private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        stride(from: 0, to: Value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> Value($0)) }
    }

    /// Whether the block's own checksum, in its first bytes, is that of what follows the first 32 bytes:
    /// so are superblocks and tree blocks protected (`BTRFS_CSUM_SIZE`).
    func holds(overBlock block: Bytes) -> Bool {
        block.starts(with: value(of: block.dropFirst(32)))
    }

    /// The hash of names in keys (`btrfs_name_hash`): CRC-32C of register ~1, without final inversion. It does
    /// not depend on the algorithm of the file system.
    static func nameHash(_ name: [UInt8]) -> UInt64 {
        UInt64(CRC32.castagnoli.update(~1, Bytes(name)))
    }

    /// The hash in the key of an extended reference (`btrfs_extref_hash`).
    static func extendedReferenceHash(parent: UInt64, name: [UInt8]) -> UInt64 {
        UInt64(CRC32.castagnoli.update(UInt32(truncatingIfNeeded: parent), Bytes(name)))
    }
}
