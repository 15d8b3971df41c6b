import BlockIO
import ByteReading
import SystemPackage

/// Opens QED images (docs/interop/qed_spec.rst).
enum QedReader: ContainerReader {
    static let format = ImageFormat.qed

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        try file.readUpTo(at: 0, count: 4).starts(with: QedHeader.magic)
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let header = try QedHeader(parsing: file.readUpTo(at: 0, count: QedHeader.length))
        guard try header.l1TableOffset.adding(header.tableSize) <= file.size else {
            throw ImageFault(
                .truncated, "the L1 table at \(header.l1TableOffset) reaches past the end of the file",
                at: 40)
        }
        if header.features & QedHeader.needsCheck != 0 {
            chain.report(.dirty, "the image is marked for a check: it was not closed", at: 16, depth: depth)
        }
        if header.unknownFeatures != 0 {
            chain.report(
                .unknownFeatures, "feature bits 0x\(String(header.unknownFeatures, radix: 16)) are not known",
                at: 24, depth: depth)
        }
        let backing = try openBacking(header, of: file, path: path, depth: depth, chain: &chain)
        let map = QedMap(header: header, tables: TableWindow(file))
        let disk = try ClusterDisk(file, map: map, size: header.virtualSize, backing: backing)
        var image = OpenedImage(format: .qed, disk: disk, fileSize: file.size)
        image.clusterSize = Int(header.clusterSize)
        return image
    }

    private static func openBacking(
        _ header: QedHeader, of file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> ReferencedFile {
        guard header.features & QedHeader.hasBackingFile != 0 else { return .none }
        guard header.backingNameLength > 0, header.backingNameLength <= 1023 else {
            throw ImageFault(
                .corrupt, "the name of the backing file has \(header.backingNameLength) bytes", at: 60)
        }
        let offset = UInt64(header.backingNameOffset)
        let bytes = try file.read(at: offset, count: Int(header.backingNameLength)).array
        let format = header.features & QedHeader.backingIsRaw != 0 ? "raw" : nil
        let name = ImageChain.Name(.backing, bytes, format: format, namedBy: path, depth: depth)
        chain.report(.backingFile, "the image is a delta over \(name.text)", at: offset, depth: depth)
        if format == nil {
            chain.report(.backingFormatUnstated, "the format of \(name.text) is not recorded", depth: depth)
        }
        return chain.disk(name)
    }
}

/// The header of a QED image, little-endian.
struct QedHeader: Sendable {
    static let length = 64
    static let magic: [UInt8] = [0x51, 0x45, 0x44, 0x00]
    /// `QED_F_BACKING_FILE`
    static let hasBackingFile: UInt64 = 1
    /// `QED_F_NEED_CHECK`
    static let needsCheck: UInt64 = 2
    /// `QED_F_BACKING_FORMAT_NO_PROBE`
    static let backingIsRaw: UInt64 = 4

    /// `cluster_size`, byte 4.
    let clusterSize: UInt64
    /// `table_size`, byte 8, in bytes: of the L1 and of an L2 table.
    let tableSize: UInt64
    /// `features`, byte 16.
    let features: UInt64
    /// Bits of `compat_features` and `autoclear_features`, bytes 24 and 32; none is defined.
    let unknownFeatures: UInt64
    /// `l1_table_offset`, byte 40.
    let l1TableOffset: UInt64
    /// `image_size`, byte 48.
    let virtualSize: UInt64
    /// `backing_filename_offset`, byte 56.
    let backingNameOffset: UInt32
    /// `backing_filename_size`, byte 60.
    let backingNameLength: UInt32

    /// Entries of a table.
    var entryCount: UInt64 { tableSize / 8 }

    init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: QedHeader.magic) else {
            throw ImageFault(.corrupt, "does not start with the QED magic", at: 0)
        }
        let cluster = try block.little(UInt32.self, at: 4)
        guard cluster.nonzeroBitCount == 1, (1 << 12...1 << 26).contains(cluster) else {
            throw ImageFault(.corrupt, "the cluster size is \(cluster)", at: 4)
        }
        clusterSize = UInt64(cluster)
        let table = try block.little(UInt32.self, at: 8)
        guard table.nonzeroBitCount == 1, (1...16).contains(table) else {
            throw ImageFault(.corrupt, "a table has \(table) clusters", at: 8)
        }
        tableSize = UInt64(table) * clusterSize
        features = try block.little(at: 16)
        guard features & ~7 == 0 else {
            throw ImageFault(
                .unsupported, "feature bits 0x\(String(features & ~7, radix: 16)) are not known", at: 16)
        }
        unknownFeatures = try block.little(UInt64.self, at: 24) | block.little(UInt64.self, at: 32)
        l1TableOffset = try block.little(at: 40)
        virtualSize = try block.little(at: 48)
        backingNameOffset = try block.little(at: 56)
        backingNameLength = try block.little(at: 60)
        guard l1TableOffset % clusterSize == 0, l1TableOffset != 0 else {
            throw ImageFault(.corrupt, "the L1 table at \(l1TableOffset) is misplaced", at: 40)
        }
        let entries = tableSize / 8
        let (reach, overflow) = (entries * entries).multipliedReportingOverflow(by: clusterSize)
        guard virtualSize % 512 == 0, overflow || virtualSize <= reach else {
            throw ImageFault(.corrupt, "the disk has \(virtualSize) bytes, more than the tables map", at: 48)
        }
    }
}

/// The two levels of tables of a QED image.
struct QedMap: ClusterMap {
    let header: QedHeader
    let tables: TableWindow

    var clusterSize: UInt64 { header.clusterSize }

    func place(of cluster: UInt64) throws(ImageFault) -> ClusterPlace {
        let (l1Index, l2Index) = cluster.quotientAndRemainder(dividingBy: header.entryCount)
        guard l1Index < header.entryCount else {
            throw ImageFault(.corrupt, "cluster \(cluster) has no L1 entry", at: header.l1TableOffset)
        }
        let table = try tables.little(UInt64.self, of: header.l1TableOffset, at: l1Index)
        guard table != 0 else {
            return ClusterPlace(content: .unallocated, count: header.entryCount - l2Index)
        }
        try check(table, "L2 table")
        let entry = try tables.little(UInt64.self, of: table, at: l2Index)
        if entry == 0 { return ClusterPlace(content: .unallocated) }
        if entry == 1 { return ClusterPlace(content: .zeros) }
        try check(entry, "cluster")
        return ClusterPlace(content: .stored(entry))
    }

    private func check(_ offset: UInt64, _ what: String) throws(ImageFault) {
        guard offset % clusterSize == 0 else {
            throw ImageFault(.corrupt, "\(what) at \(offset) is not aligned", at: offset)
        }
    }
}
