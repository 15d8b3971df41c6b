import BlockIO
import ByteReading
import Compression
import SystemPackage

/// Opens images of qcow version 1 (QEMU, block/qcow.c; there is no other specification).
enum QcowReader: ContainerReader {
    static let format = ImageFormat.qcow

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        let start = try file.readUpTo(at: 0, count: 8)
        guard start.count == 8, start.starts(with: Qcow2Header.magic) else { return false }
        return try start.big(UInt32.self, at: 4) == 1
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let header = try QcowHeader(parsing: file.readUpTo(at: 0, count: QcowHeader.length))
        let tableEnd = try header.l1TableOffset.adding(header.l1EntryCount * 8)
        guard tableEnd <= file.size else {
            throw ImageFault(
                .truncated, "the L1 table ends at \(tableEnd), the file at \(file.size)",
                at: header.l1TableOffset)
        }
        let backing = try openBacking(header, of: file, path: path, depth: depth, chain: &chain)
        let map = QcowMap(file: file, header: header, tables: TableWindow(file))
        let disk = try ClusterDisk(file, map: map, size: header.virtualSize, backing: backing)
        var image = OpenedImage(format: .qcow, disk: disk, fileSize: file.size)
        image.clusterSize = Int(header.clusterSize)
        image.formatVersion = 1
        image.compression = "zlib"
        return image
    }

    private static func openBacking(
        _ header: QcowHeader, of file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> ReferencedFile {
        guard header.backingNameOffset != 0, header.backingNameLength > 0 else { return .none }
        guard header.backingNameLength <= 1023 else {
            throw ImageFault(
                .corrupt, "the name of the backing file has \(header.backingNameLength) bytes", at: 16)
        }
        let bytes = try file.read(at: header.backingNameOffset, count: Int(header.backingNameLength)).array
        let name = ImageChain.Name(.backing, bytes, format: nil, namedBy: path, depth: depth)
        chain.report(
            .backingFile, "the image is a delta over \(name.text)", at: header.backingNameOffset,
            depth: depth)
        chain.report(.backingFormatUnstated, "the format of \(name.text) is not recorded", depth: depth)
        return chain.disk(name)
    }
}

/// `QCowHeader` of block/qcow.c, big-endian.
struct QcowHeader: Sendable {
    static let length = 48
    /// QEMU takes no table of more than `INT_MAX` bytes; 32 MiB map 16 PiB already.
    private static let mostL1Entries: UInt64 = 4 << 20

    /// `backing_file_offset`, byte 8.
    let backingNameOffset: UInt64
    /// `backing_file_size`, byte 16.
    let backingNameLength: UInt32
    /// `size`, byte 24, without the sector that is not full: bytes of the virtual disk.
    let virtualSize: UInt64
    /// `cluster_bits`, byte 32: log2 of the bytes of a cluster.
    let clusterBits: UInt64
    /// `l2_bits`, byte 33: log2 of the entries of an L2 table.
    let l2Bits: UInt64
    /// `l1_table_offset`, byte 40.
    let l1TableOffset: UInt64
    let l1EntryCount: UInt64

    var clusterSize: UInt64 { 1 << clusterBits }

    init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: Qcow2Header.magic), try block.big(UInt32.self, at: 4) == 1 else {
            throw ImageFault(.corrupt, "does not start like a qcow image of version 1", at: 0)
        }
        backingNameOffset = try block.big(at: 8)
        backingNameLength = try block.big(at: 16)
        let bytes = try block.big(UInt64.self, at: 24)
        virtualSize = bytes - bytes % 512
        guard virtualSize > 0 else {
            throw ImageFault(.corrupt, "the disk has \(bytes) bytes, not one sector", at: 24)
        }
        _ = try powerOfTwo(try block.byte(at: 32), in: 9...16, "the log2 of the cluster size")
        clusterBits = UInt64(try block.byte(at: 32))
        _ = try powerOfTwo(try block.byte(at: 33), in: 6...13, "the log2 of the L2 table size")
        l2Bits = UInt64(try block.byte(at: 33))
        let method = try block.big(UInt32.self, at: 36)
        guard method == 0 else {
            throw ImageFault(
                method == 1 ? .unsupported : .corrupt,
                method == 1 ? "the image is encrypted (AES)" : "the encryption method is \(method)", at: 36)
        }
        l1TableOffset = try block.big(at: 40)
        let reach: UInt64 = 1 << (clusterBits + l2Bits)
        l1EntryCount = try virtualSize.adding(reach - 1) / reach
        guard l1EntryCount <= QcowHeader.mostL1Entries else {
            throw ImageFault(
                .limit, "the disk of \(virtualSize) bytes needs \(l1EntryCount) L1 entries", at: 24)
        }
    }
}

/// The two levels of tables of a qcow image.
struct QcowMap: ClusterMap {
    let file: any BlockSource
    let header: QcowHeader
    let tables: TableWindow

    var clusterSize: UInt64 { header.clusterSize }

    func place(of cluster: UInt64) throws(ImageFault) -> ClusterPlace {
        let entries: UInt64 = 1 << header.l2Bits
        let (l1Index, l2Index) = cluster.quotientAndRemainder(dividingBy: entries)
        let table = try tables.big(UInt64.self, of: header.l1TableOffset, at: l1Index)
        guard table != 0 else { return ClusterPlace(content: .unallocated, count: entries - l2Index) }
        let entry = try tables.big(UInt64.self, of: table, at: l2Index)
        if entry == 0 { return ClusterPlace(content: .unallocated) }
        return ClusterPlace(content: entry >> 63 == 1 ? .compressed(entry) : .stored(entry))
    }

    /// Bit 63 says that a cluster is compressed; below it stands its length, as many bits as a cluster number
    /// within a cluster has, and below that its offset.
    func inflate(_ entry: UInt64) throws(ImageFault) -> Bytes {
        let offset = entry & (1 << (63 - header.clusterBits) - 1)
        let length = Int(entry >> (63 - header.clusterBits) & (clusterSize - 1))
        guard offset < file.size else {
            throw ImageFault(
                .truncated, "a compressed cluster is stored at \(offset), the file ends at \(file.size)",
                at: offset)
        }
        return try Inflate.raw(file.readUpTo(at: offset, count: length), maximumOutput: Int(clusterSize))
    }
}
