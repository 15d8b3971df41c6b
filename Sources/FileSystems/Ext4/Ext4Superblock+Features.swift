import ByteReading

extension Ext4Superblock {
    /// `s_feature_compat`: may be ignored, even for writing.
    struct Compatible: OptionSet, Sendable {
        let rawValue: UInt32
        static let hasJournal = Compatible(rawValue: 0x4)
        static let sparseSuper2 = Compatible(rawValue: 0x200)
    }

    /// `s_feature_incompat`: who does not know a bit cannot read the file system.
    struct Incompatible: OptionSet, Sendable {
        let rawValue: UInt32
        static let compression = Incompatible(rawValue: 0x1)
        static let fileType = Incompatible(rawValue: 0x2)
        static let recovery = Incompatible(rawValue: 0x4)
        static let journalDevice = Incompatible(rawValue: 0x8)
        static let metaGroups = Incompatible(rawValue: 0x10)
        static let extents = Incompatible(rawValue: 0x40)
        static let is64Bit = Incompatible(rawValue: 0x80)
        static let multiMountProtection = Incompatible(rawValue: 0x100)
        static let flexibleGroups = Incompatible(rawValue: 0x200)
        static let attributeInodes = Incompatible(rawValue: 0x400)
        static let directoryData = Incompatible(rawValue: 0x1000)
        static let checksumSeed = Incompatible(rawValue: 0x2000)
        static let largeDirectories = Incompatible(rawValue: 0x4000)
        static let inlineData = Incompatible(rawValue: 0x8000)
        static let encryption = Incompatible(rawValue: 0x10000)
        static let caseFolding = Incompatible(rawValue: 0x20000)

        /// What this module reads. Encrypted contents are refused file by file.
        static let readable: Incompatible = [
            .fileType, .recovery, .metaGroups, .extents, .is64Bit, .multiMountProtection, .flexibleGroups,
            .attributeInodes, .checksumSeed, .largeDirectories, .inlineData, .encryption, .caseFolding,
        ]
    }

    /// `s_feature_ro_compat`: who does not know a bit must not write.
    struct ReadOnlyCompatible: OptionSet, Sendable {
        let rawValue: UInt32
        static let sparseSuper = ReadOnlyCompatible(rawValue: 0x1)
        static let largeFile = ReadOnlyCompatible(rawValue: 0x2)
        static let btreeDirectories = ReadOnlyCompatible(rawValue: 0x4)
        static let hugeFile = ReadOnlyCompatible(rawValue: 0x8)
        static let groupChecksums = ReadOnlyCompatible(rawValue: 0x10)
        static let bigalloc = ReadOnlyCompatible(rawValue: 0x200)
        static let metadataChecksums = ReadOnlyCompatible(rawValue: 0x400)
    }

    private static let compatibleNames: [Int: String] = [
        0: "dir_prealloc", 1: "imagic_inodes", 2: "has_journal", 3: "ext_attr", 4: "resize_inode",
        5: "dir_index", 6: "lazy_bg", 8: "snapshot_bitmap", 9: "sparse_super2", 10: "fast_commit",
        11: "stable_inodes", 12: "orphan_file",
    ]
    private static let incompatibleNames: [Int: String] = [
        0: "compression", 1: "filetype", 2: "needs_recovery", 3: "journal_dev", 4: "meta_bg", 6: "extent",
        7: "64bit", 8: "mmp", 9: "flex_bg", 10: "ea_inode", 12: "dirdata", 13: "metadata_csum_seed",
        14: "large_dir", 15: "inline_data", 16: "encrypt", 17: "casefold",
    ]
    private static let readOnlyNames: [Int: String] = [
        0: "sparse_super", 1: "large_file", 3: "huge_file", 4: "uninit_bg", 5: "dir_nlink",
        6: "extra_isize", 7: "snapshot", 8: "quota", 9: "bigalloc", 10: "metadata_csum", 11: "replica",
        12: "read-only", 13: "project", 14: "shared_blocks", 15: "verity", 16: "orphan_present",
    ]

    private static func names(_ bits: UInt32, _ names: [Int: String], _ letter: String) -> [String] {
        (0..<32).filter { bits >> UInt32($0) & 1 == 1 }.map { names[$0] ?? "FEATURE_\(letter)\($0)" }
    }

    /// The names of all features in the order and spelling of dumpe2fs.
    var featureNames: [String] {
        Ext4Superblock.names(compatible.rawValue, Ext4Superblock.compatibleNames, "C")
            + Ext4Superblock.names(incompatible.rawValue, Ext4Superblock.incompatibleNames, "I")
            + Ext4Superblock.names(readOnlyCompatible.rawValue, Ext4Superblock.readOnlyNames, "R")
    }

    /// Throws `unsupported` with names for what stands in the way of reading. Unknown read-only-compatible
    /// bits do not.
    func requireReadable() throws(ImageFault) {
        let refused = incompatible.subtracting(.readable)
        if !refused.isEmpty {
            let named = refused.rawValue & 0x1009
            let unknown = refused.rawValue & ~named
            var names = Ext4Superblock.names(named, Ext4Superblock.incompatibleNames, "I")
            if unknown != 0 { names.append("unknown bits 0x\(Hexadecimal.lower(unknown, width: 1))") }
            throw ImageFault(
                .unsupported, "ext features that are not read: \(names.joined(separator: ", "))",
                at: raw.origin + 0x60)
        }
        if readOnlyCompatible.contains(.metadataChecksums), checksumType != 1 {
            throw ImageFault(
                .unsupported, "metadata checksums of type \(checksumType), not CRC-32C",
                at: raw.origin + 0x175)
        }
    }
}
