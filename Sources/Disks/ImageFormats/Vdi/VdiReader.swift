import BlockIO
import ByteReading
import SystemPackage

/// Opens VirtualBox disks (VirtualBox, src/VBox/Storage/VDICore.h; QEMU, block/vdi.c).
enum VdiReader: ContainerReader {
    static let format = ImageFormat.vdi

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        try file.readUpTo(at: 0x40, count: 4).starts(with: VdiHeader.magic)
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let header = try VdiHeader(parsing: file.readUpTo(at: 0, count: VdiHeader.length))
        let mapEnd = header.mapOffset + header.blockCount * 4
        guard mapEnd <= file.size else {
            throw ImageFault(
                .truncated, "the block map ends at \(mapEnd), the file at \(file.size)", at: header.mapOffset)
        }
        var parent = ReferencedFile.none
        if header.isDelta {
            // A delta names its parent by identity alone: VirtualBox finds the file in its registry.
            let identity = header.parent.map { String(describing: $0) } ?? "no parent"
            let name = ImageChain.Name(
                .backing, Array(identity.utf8), format: format.rawValue, namedBy: path, depth: depth)
            chain.report(.backingFile, "the image is a delta over disk \(identity)", at: 0x1B8, depth: depth)
            parent = chain.refuse(
                name, because: ImageFault(.unsupported, "disk \(identity) is known by its identity alone"))
        }
        let map = VdiMap(header: header, tables: TableWindow(file))
        let disk = try ClusterDisk(file, map: map, size: header.virtualSize, backing: parent)
        survey(map, size: file.size, depth: depth, chain: &chain)
        var image = OpenedImage(format: .vdi, disk: disk, fileSize: file.size)
        image.clusterSize = Int(header.blockSize)
        image.subformat = header.kind.description
        image.identity = String(describing: header.identity)
        return image
    }

    /// Blocks that are looked at for the end of the file: 256 GiB of a disk with the usual blocks.
    private static let surveyed: UInt64 = 1 << 18

    private static func survey(_ map: VdiMap, size: UInt64, depth: Int, chain: inout ImageChain) {
        var beyond: UInt64 = 0
        var first: UInt64?
        for block in 0..<Swift.min(map.header.blockCount, surveyed) {
            guard let place = try? map.place(of: block), case .stored(let offset) = place.content else {
                continue
            }
            if offset >= size {
                beyond += 1
                first = first ?? block
            }
        }
        guard let first else { return }
        chain.report(
            .truncated,
            "\(beyond) blocks lie beyond the end of the file (\(size) bytes), the first is \(first)",
            at: map.header.mapOffset + first * 4, depth: depth)
    }
}

/// The header of a VDI of version 1.1, little-endian, after 64 bytes of text.
struct VdiHeader: Sendable {
    static let length = 512
    static let magic: [UInt8] = [0x7F, 0x10, 0xDA, 0xBE]

    /// `u32Type`
    enum Kind: UInt32, CustomStringConvertible, Sendable {
        case dynamic = 1
        case fixed = 2
        case undo = 3
        case difference = 4

        var description: String {
            switch self {
            case .dynamic: "dynamic"
            case .fixed: "static"
            case .undo: "undo"
            case .difference: "differencing"
            }
        }
    }

    /// `u32Type`, byte 0x4C.
    let kind: Kind
    /// `offBlocks`, byte 0x154.
    let mapOffset: UInt64
    /// `offData`, byte 0x158.
    let dataOffset: UInt64
    /// `cbDisk`, byte 0x170, rounded up to sectors as QEMU does.
    let virtualSize: UInt64
    /// `cbBlock`, byte 0x178.
    let blockSize: UInt64
    /// `cbBlockExtra`, byte 0x17C: bytes before the data of each block.
    let blockExtra: UInt64
    /// `cBlocks`, byte 0x180.
    let blockCount: UInt64
    /// `uuidCreate`, byte 0x188.
    let identity: GUID
    /// `uuidLinkage`, byte 0x1A8: the disk this one is a delta over; nil when it is none.
    let parent: GUID?

    var isDelta: Bool { kind == .undo || kind == .difference || parent != nil }

    init(parsing block: Bytes) throws(ImageFault) {
        guard block.count >= VdiHeader.length else {
            throw ImageFault(.truncated, "the file ends inside the header", at: UInt64(block.count))
        }
        guard block.starts(with: VdiHeader.magic, at: 0x40) else {
            throw ImageFault(.corrupt, "does not carry the VDI signature", at: 0x40)
        }
        let version = try block.little(UInt32.self, at: 0x44)
        guard version == 0x0001_0001 else {
            throw ImageFault(.unsupported, "VDI version \(version >> 16).\(version & 0xFFFF)", at: 0x44)
        }
        let type = try block.little(UInt32.self, at: 0x4C)
        guard let kind = Kind(rawValue: type) else {
            throw ImageFault(.unsupported, "VDI type \(type)", at: 0x4C)
        }
        self.kind = kind
        mapOffset = UInt64(try block.little(UInt32.self, at: 0x154))
        dataOffset = UInt64(try block.little(UInt32.self, at: 0x158))
        let sector = try block.little(UInt32.self, at: 0x168)
        guard sector == 512 else { throw ImageFault(.unsupported, "sectors of \(sector) bytes", at: 0x168) }
        let bytes = try block.little(UInt64.self, at: 0x170)
        virtualSize = try bytes.adding(511) / 512 * 512
        let size = try block.little(UInt32.self, at: 0x178)
        guard size.nonzeroBitCount == 1, (1 << 12...1 << 28).contains(size) else {
            throw ImageFault(.unsupported, "blocks of \(size) bytes", at: 0x178)
        }
        blockSize = UInt64(size)
        blockExtra = UInt64(try block.little(UInt32.self, at: 0x17C))
        blockCount = UInt64(try block.little(UInt32.self, at: 0x180))
        guard virtualSize <= blockCount * blockSize else {
            throw ImageFault(
                .corrupt, "the disk has \(virtualSize) bytes, the map room for \(blockCount) blocks",
                at: 0x170)
        }
        identity = try GUID(mixedEndian: block.slice(at: 0x188, count: 16))
        let linked = try VdiHeader.identity(at: 0x1A8, in: block)
        let modified = try VdiHeader.identity(at: 0x1B8, in: block)
        parent = linked ?? modified
    }

    private static func identity(at offset: Int, in block: Bytes) throws(ImageFault) -> GUID? {
        let bytes = try block.slice(at: offset, count: 16)
        return bytes.isAllZero ? nil : try GUID(mixedEndian: bytes)
    }
}

/// The block map of a VDI.
struct VdiMap: ClusterMap {
    let header: VdiHeader
    let tables: TableWindow

    var clusterSize: UInt64 { header.blockSize }

    func place(of cluster: UInt64) throws(ImageFault) -> ClusterPlace {
        guard cluster < header.blockCount else {
            throw ImageFault(.corrupt, "block \(cluster) is not in the map", at: header.mapOffset)
        }
        let entry = try tables.little(UInt32.self, of: header.mapOffset, at: cluster)
        // VDI_IMAGE_BLOCK_FREE and VDI_IMAGE_BLOCK_ZERO
        if entry == 0xFFFF_FFFF { return ClusterPlace(content: .unallocated) }
        if entry == 0xFFFF_FFFE { return ClusterPlace(content: .zeros) }
        let stride = header.blockSize + header.blockExtra
        let start = try UInt64(entry).multiplied(by: stride).adding(header.dataOffset)
        return ClusterPlace(content: .stored(try start.adding(header.blockExtra)))
    }
}
