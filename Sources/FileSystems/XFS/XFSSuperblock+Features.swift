import ByteReading

extension XFSSuperblock {
    /// `sb_versionnum`: the version in the low four bits, features above.
    struct Version: OptionSet, Sendable {
        let rawValue: UInt16
        var number: Int { Int(rawValue & 0x000F) }

        static let attributes = Version(rawValue: 0x0010)
        static let longLinkCounts = Version(rawValue: 0x0020)
        static let quota = Version(rawValue: 0x0040)
        static let aligned = Version(rawValue: 0x0080)
        static let dataAligned = Version(rawValue: 0x0100)
        static let logV2 = Version(rawValue: 0x0400)
        static let sectors = Version(rawValue: 0x0800)
        static let unwrittenExtents = Version(rawValue: 0x1000)
        static let directoriesV2 = Version(rawValue: 0x2000)
        /// Names are compared without regard to the case of ASCII and Latin-1 letters.
        static let caseInsensitive = Version(rawValue: 0x4000)
        static let moreBits = Version(rawValue: 0x8000)
    }

    /// `sb_features2`.
    struct Features2: OptionSet, Sendable {
        let rawValue: UInt32

        static let lazyCounters = Features2(rawValue: 0x02)
        static let attributes2 = Features2(rawValue: 0x08)
        static let parentPointers = Features2(rawValue: 0x10)
        static let projectIDs32Bit = Features2(rawValue: 0x80)
        static let checksums = Features2(rawValue: 0x100)
        static let fileType = Features2(rawValue: 0x200)
        static let known = Features2(rawValue: 0x38B)
    }

    /// `sb_features_ro_compat`: without them a volume can be read, not written.
    struct ReadOnlyCompatible: OptionSet, Sendable {
        let rawValue: UInt32

        static let freeInodeTree = ReadOnlyCompatible(rawValue: 0x1)
        static let reverseMap = ReadOnlyCompatible(rawValue: 0x2)
        static let sharedBlocks = ReadOnlyCompatible(rawValue: 0x4)
        static let inodeTreeCounters = ReadOnlyCompatible(rawValue: 0x8)
        static let known = ReadOnlyCompatible(rawValue: 0xF)
    }

    /// `sb_features_incompat`: without them a volume cannot be read.
    struct Incompatible: OptionSet, Sendable {
        let rawValue: UInt32

        static let fileType = Incompatible(rawValue: 0x1)
        static let sparseInodes = Incompatible(rawValue: 0x2)
        static let metadataUUID = Incompatible(rawValue: 0x4)
        static let bigTime = Incompatible(rawValue: 0x8)
        /// xfs_repair or an upgrade did not finish.
        static let needsRepair = Incompatible(rawValue: 0x10)
        static let longExtentCounts = Incompatible(rawValue: 0x20)
        static let exchangeRange = Incompatible(rawValue: 0x40)
        static let parentPointers = Incompatible(rawValue: 0x80)
        static let metadataDirectory = Incompatible(rawValue: 0x100)
        static let zoned = Incompatible(rawValue: 0x200)
        static let zoneGaps = Incompatible(rawValue: 0x400)
        static let known = Incompatible(rawValue: 0x7FF)
    }

    /// Throws `unsupported` for what changes the layout in ways not known here.
    func requireReadable() throws(ImageFault) {
        let unknown = incompatible.rawValue & ~Incompatible.known.rawValue
        guard unknown == 0 else {
            throw ImageFault(
                .unsupported, "unknown incompatible features 0x\(String(unknown, radix: 16))",
                at: raw.origin + 0xD8)
        }
        guard isV5 || features2.isSubset(of: .known) else {
            throw ImageFault(
                .unsupported, "unknown features 0x\(String(features2.rawValue, radix: 16))",
                at: raw.origin + 0xC8)
        }
        guard versionBits.contains(.directoriesV2) else {
            throw ImageFault(.unsupported, "directories of version 1", at: raw.origin + 0x64)
        }
        guard isV5 || versionBits.rawValue & 0x0200 == 0 else {
            throw ImageFault(.unsupported, "a shared read-only volume", at: raw.origin + 0x64)
        }
    }

    /// Names as `mkfs.xfs` and `xfs_info` use them.
    var featureNames: [String] {
        var names: [String] = []
        func add(_ condition: Bool, _ name: String) {
            if condition { names.append(name) }
        }
        add(isV5, "crc")
        add(hasFileTypes, "ftype")
        add(readOnlyCompatible.contains(.freeInodeTree), "finobt")
        add(incompatible.contains(.sparseInodes), "sparse")
        add(readOnlyCompatible.contains(.reverseMap), "rmapbt")
        add(readOnlyCompatible.contains(.sharedBlocks), "reflink")
        add(incompatible.contains(.bigTime), "bigtime")
        add(readOnlyCompatible.contains(.inodeTreeCounters), "inobtcount")
        add(incompatible.contains(.longExtentCounts), "nrext64")
        add(incompatible.contains(.exchangeRange), "exchange")
        add(incompatible.contains(.parentPointers), "parent")
        add(incompatible.contains(.metadataDirectory), "metadir")
        add(incompatible.contains(.zoned), "zoned")
        add(incompatible.contains(.zoneGaps), "zone-gaps")
        add(incompatible.contains(.metadataUUID), "meta_uuid")
        add(incompatible.contains(.needsRepair), "needsrepair")
        add(isV5 || features2.contains(.attributes2), "attr2")
        add(isV5 || features2.contains(.projectIDs32Bit), "projid32bit")
        add(isV5 || features2.contains(.lazyCounters), "lazy-count")
        add(versionBits.contains(.caseInsensitive), "ascii-ci")
        add(versionBits.contains(.quota) && quotaFlags != 0, "quota")
        add(realtimeBlockCount != 0, "realtime")
        add(logStart.rawValue == 0, "external-log")
        let unknown = readOnlyCompatible.rawValue & ~ReadOnlyCompatible.known.rawValue
        add(unknown != 0, "ro-compat-0x\(String(unknown, radix: 16))")
        return names
    }
}
