package import ByteReading

/// The header of a qcow2 image and its extensions (QEMU, docs/interop/qcow2.txt, "Header").
package struct Qcow2Header: Sendable, Hashable {
    /// `incompatible_features`, byte 72.
    package struct Incompatible: OptionSet, Sendable, Hashable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let dirty = Incompatible(rawValue: 1 << 0)
        package static let corrupt = Incompatible(rawValue: 1 << 1)
        package static let externalDataFile = Incompatible(rawValue: 1 << 2)
        package static let compressionType = Incompatible(rawValue: 1 << 3)
        package static let extendedL2 = Incompatible(rawValue: 1 << 4)
        package static let known: Incompatible = [
            .dirty, .corrupt, .externalDataFile, .compressionType, .extendedL2,
        ]
    }

    /// `compression_type`, byte 104.
    package enum CompressionType: UInt8, Sendable, Hashable {
        case zlib = 0
        case zstd = 1
    }

    /// 2 or 3 (byte 4).
    package let version: Int
    /// `cluster_bits`, byte 20.
    package let clusterBits: Int
    /// `size`, byte 24: bytes of the virtual disk.
    package let virtualSize: UInt64
    /// `l1_size`, byte 36: entries in the active L1 table.
    package let l1EntryCount: Int
    /// `l1_table_offset`, byte 40.
    package let l1TableOffset: UInt64
    /// `refcount_table_offset`, byte 48.
    package let refcountTableOffset: UInt64
    /// `refcount_table_clusters`, byte 56.
    package let refcountTableClusters: UInt32
    /// `nb_snapshots`, byte 60.
    package let snapshotCount: UInt32
    package let incompatible: Incompatible
    /// `autoclear_features`, byte 88.
    package let autoclear: UInt64
    /// `refcount_order`, byte 96: log2 of the bits of a reference count.
    package let refcountOrder: Int
    package let compression: CompressionType
    /// Where the backing file's name stands and its length; nil without a backing file.
    package let backingName: Range<UInt64>?
    package let extensions: Qcow2HeaderExtensions

    /// Bytes per cluster.
    package var clusterSize: Int { 1 << clusterBits }
    package var usesExtendedL2: Bool { incompatible.contains(.extendedL2) }
    /// Bytes per L2 entry.
    package var l2EntrySize: Int { usesExtendedL2 ? 16 : 8 }
    /// Guest bytes that one L2 table describes.
    package var l2TableReach: UInt64 { UInt64(clusterSize / l2EntrySize) << UInt64(clusterBits) }

    /// `QFI\xfb`
    package static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]
    /// The longest header that is looked at, extensions included.
    package static let readLimit = 64 << 10
    /// QEMU's `QCOW_MAX_L1_SIZE` in bytes.
    static let largestL1Table = 32 << 20

    /// Parses the start of the file; extensions are read from what `block` holds of the first cluster.
    ///
    /// Throws `unsupported` for encryption and unknown incompatible features, `corrupt` where QEMU refuses.
    package init(parsing block: Bytes) throws(ImageFault) {
        guard block.prefix(4).array == Qcow2Header.magic else {
            throw ImageFault(.corrupt, "does not start with the qcow2 magic QFI\\xfb", at: 0)
        }
        let versionNumber = try block.big(UInt32.self, at: 4)
        guard versionNumber == 2 || versionNumber == 3 else {
            throw ImageFault(.unsupported, "qcow version \(versionNumber); 2 and 3 are read", at: 4)
        }
        let version = Int(versionNumber)
        let bits = try block.big(UInt32.self, at: 20)
        guard (9...21).contains(bits) else {
            throw ImageFault(.corrupt, "cluster_bits is \(bits), not in 9...21", at: 20)
        }
        let headerLength =
            version == 2
            ? 72 : try block.big(UInt32.self, at: 100).bounded(to: 1 << Int(bits), "header_length")
        guard version == 2 || headerLength >= 104 else {
            throw ImageFault(.corrupt, "header_length is \(headerLength), less than 104", at: 100)
        }
        let incompatible = Incompatible(rawValue: version == 2 ? 0 : try block.big(at: 72))
        let extensions = try Qcow2HeaderExtensions(
            parsing: block.prefix(1 << Int(bits)), from: headerLength,
            end: try block.big(UInt64.self, at: 8))
        try Qcow2Header.refuseUnknown(incompatible, names: extensions)
        try Qcow2Header.refuseEncryption(try block.big(at: 32))

        self.version = version
        clusterBits = Int(bits)
        self.incompatible = incompatible
        self.extensions = extensions
        autoclear = version == 2 ? 0 : try block.big(at: 88)
        refcountOrder = version == 2 ? 4 : Int(try block.big(UInt32.self, at: 96))
        guard refcountOrder <= 6 else {
            throw ImageFault(.corrupt, "refcount_order is \(refcountOrder), more than 6", at: 96)
        }
        if incompatible.contains(.extendedL2), bits < 14 {
            throw ImageFault(
                .corrupt, "extended L2 entries need cluster_bits of at least 14, it is \(bits)", at: 20)
        }
        let compressionByte = headerLength > 104 ? try block.byte(at: 104) : 0
        guard let compression = CompressionType(rawValue: compressionByte) else {
            throw ImageFault(
                .unsupported, "compression type \(compressionByte) (0 zlib and 1 zstd are read)", at: 104)
        }
        guard incompatible.contains(.compressionType) == (compression != .zlib) else {
            throw ImageFault(
                .corrupt, "compression_type \(compressionByte) contradicts incompatible feature bit 3",
                at: 104)
        }
        self.compression = compression
        virtualSize = try block.big(at: 24)
        guard virtualSize <= UInt64(Int64.max) else {
            throw ImageFault(.corrupt, "virtual size of \(virtualSize) bytes", at: 24)
        }
        l1EntryCount = try block.big(UInt32.self, at: 36)
            .bounded(to: Qcow2Header.largestL1Table / 8, "l1_size")
        l1TableOffset = try block.big(at: 40)
        refcountTableOffset = try block.big(at: 48)
        refcountTableClusters = try block.big(at: 56)
        snapshotCount = try block.big(at: 60)
        backingName = try Qcow2Header.backingName(block, clusterSize: 1 << UInt64(bits))
        try checkL1()
    }

    private func checkL1() throws(ImageFault) {
        guard l1TableOffset % UInt64(clusterSize) == 0 else {
            throw ImageFault(
                .corrupt, "l1_table_offset \(l1TableOffset) is not a multiple of the cluster size", at: 40)
        }
        let reach = l2TableReach
        let needed = virtualSize / reach + (virtualSize % reach == 0 ? 0 : 1)
        guard UInt64(l1EntryCount) >= needed else {
            throw ImageFault(
                .corrupt, "L1 table of \(l1EntryCount) entries; \(virtualSize) bytes need \(needed)", at: 36)
        }
    }

    private static func refuseUnknown(
        _ features: Incompatible, names extensions: Qcow2HeaderExtensions
    ) throws(ImageFault) {
        let unknown = features.subtracting(.known).rawValue
        guard unknown != 0 else { return }
        let bits = (0..<64).filter { unknown >> UInt64($0) & 1 == 1 }
        let names = bits.map { bit in
            extensions.featureNames[.init(kind: 0, bit: UInt8(bit))].map { "\($0) (bit \(bit))" }
                ?? "bit \(bit)"
        }
        throw ImageFault(
            .unsupported, "unknown incompatible feature: \(names.joined(separator: ", "))", at: 72)
    }

    private static func refuseEncryption(_ method: UInt32) throws(ImageFault) {
        guard method != 0 else { return }
        let name = [1: "AES", 2: "LUKS"][method] ?? "method \(method)"
        throw ImageFault(
            .unsupported, "the image is encrypted (\(name)); without its key nothing in it can be read",
            at: 32)
    }

    private static func backingName(_ block: Bytes, clusterSize: UInt64) throws(ImageFault) -> Range<UInt64>?
    {
        let offset = try block.big(UInt64.self, at: 8)
        guard offset != 0 else { return nil }
        let length = UInt64(try block.big(UInt32.self, at: 16))
        guard length <= 1023, offset <= clusterSize, length <= clusterSize - offset else {
            throw ImageFault(
                .corrupt, "backing file name of \(length) bytes at \(offset) leaves the first cluster", at: 8)
        }
        return offset..<(offset + length)
    }
}
