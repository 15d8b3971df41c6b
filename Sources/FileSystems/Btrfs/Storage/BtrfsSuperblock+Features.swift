import ByteReading

extension BtrfsSuperblock {
    /// `BTRFS_FEATURE_INCOMPAT_*` by bit, as /sys/fs/btrfs/features names them.
    private static let incompatibleNames: [Int: String] = [
        0: "mixed_backref", 1: "default_subvol", 2: "mixed_groups", 3: "compress_lzo", 4: "compress_zstd",
        5: "big_metadata", 6: "extended_iref", 7: "raid56", 8: "skinny_metadata", 9: "no_holes",
        10: "metadata_uuid", 11: "raid1c34", 12: "zoned", 13: "extent_tree_v2", 14: "raid_stripe_tree",
        16: "simple_quota",
    ]

    /// `BTRFS_FEATURE_COMPAT_RO_*` by bit.
    private static let readOnlyCompatibleNames: [Int: String] = [
        0: "free_space_tree", 1: "free_space_tree_valid", 2: "verity", 3: "block_group_tree",
    ]

    /// Features that change how trees or data are found and are not read here.
    private static let unreadable: UInt64 = 1 << 13 | 1 << 14

    /// The names of all features, incompatible ones first.
    var featureNames: [String] {
        BtrfsSuperblock.names(incompatible, BtrfsSuperblock.incompatibleNames, "incompat")
            + BtrfsSuperblock.names(readOnlyCompatible, BtrfsSuperblock.readOnlyCompatibleNames, "compat_ro")
    }

    private static func names(_ flags: UInt64, _ names: [Int: String], _ set: String) -> [String] {
        (0..<64).filter { flags & (1 << UInt64($0)) != 0 }.map { names[$0] ?? "\(set)_bit_\($0)" }
    }

    /// Throws `unsupported` with the names of features that are not read.
    func requireReadable() throws(ImageFault) {
        let known = BtrfsSuperblock.incompatibleNames.keys.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let refused = incompatible & ~known | incompatible & BtrfsSuperblock.unreadable
        guard refused == 0 else {
            let names = BtrfsSuperblock.names(refused, BtrfsSuperblock.incompatibleNames, "incompat")
            throw ImageFault(
                .unsupported, "btrfs with \(names.joined(separator: ", "))", at: raw.origin + 188)
        }
    }
}
