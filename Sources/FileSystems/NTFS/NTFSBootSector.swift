import BlockIO
import ByteReading

/// Where things lie on an NTFS volume, from its boot sector ([MS-FSA] names none of it; the layout is that of
/// the Linux-NTFS documentation, "$Boot", and of `fs/ntfs3/ntfs.h`). All places are in bytes.
struct NTFSBootSector: Sendable {
    static let name = Array("NTFS    ".utf8)

    /// Bytes a sector, 0x0B.
    let sectorSize: UInt64
    /// Bytes a cluster: sectors at 0x0D, or a negative power of two where that is above 128.
    let clusterSize: UInt64
    /// Sectors of the volume, 0x28; the backup boot sector lies behind them.
    let sectorCount: UInt64
    /// First cluster of the MFT, 0x30.
    let tableCluster: UInt64
    /// First cluster of the copy of the MFT's first records, 0x38.
    let mirrorCluster: UInt64
    /// Bytes of a record of the MFT, 0x40.
    let recordSize: Int
    /// Bytes of an index block, 0x44; each index says its own.
    let indexBlockSize: Int
    /// Volume serial number, 0x48.
    let serial: UInt64

    var volumeSize: UInt64 { sectorCount * sectorSize }
    /// Clusters there are.
    var clusterCount: UInt64 { volumeSize / clusterSize }

    /// Whether the sector calls itself NTFS.
    static func isNamed(_ sector: Bytes) -> Bool { sector.starts(with: name, at: 3) }

    /// Reads a boot sector. Throws `corrupt` when it is not one of NTFS or its numbers cannot be.
    init(parsing sector: Bytes) throws(ImageFault) {
        guard NTFSBootSector.isNamed(sector) else {
            throw ImageFault(.corrupt, "not an NTFS boot sector", at: sector.origin)
        }
        let width: UInt16 = try sector.little(at: 0x0B)
        guard width.nonzeroBitCount == 1, (256...4096).contains(width) else {
            throw ImageFault(.corrupt, "NTFS boot sector: \(width) bytes a sector", at: sector.origin &+ 0x0B)
        }
        sectorSize = UInt64(width)
        let perCluster = try sector.byte(at: 0x0D)
        let sectorsInCluster: UInt64
        if perCluster > 128 {
            sectorsInCluster = UInt64(
                try powerOfTwo(256 - Int(perCluster), in: 0...13, "NTFS sectors a cluster, as a power of two")
            )
        } else {
            sectorsInCluster = UInt64(perCluster)
        }
        clusterSize = sectorSize * sectorsInCluster
        guard sectorsInCluster.nonzeroBitCount == 1, (256...(2 << 20)).contains(clusterSize) else {
            throw ImageFault(
                .corrupt, "NTFS boot sector: \(perCluster) sectors of \(width) bytes a cluster",
                at: sector.origin &+ 0x0D)
        }
        sectorCount = try sector.little(at: 0x28)
        guard sectorCount > 0, sectorCount <= UInt64(Int64.max) / sectorSize else {
            throw ImageFault(
                .corrupt, "NTFS boot sector: \(sectorCount) sectors", at: sector.origin &+ 0x28)
        }
        tableCluster = try sector.little(at: 0x30)
        mirrorCluster = try sector.little(at: 0x38)
        let clusters = sectorCount * sectorSize / clusterSize
        guard tableCluster < clusters else {
            throw ImageFault(
                .corrupt, "NTFS boot sector: the MFT at cluster \(tableCluster) of \(clusters)",
                at: sector.origin &+ 0x30)
        }
        recordSize = try NTFSBootSector.recordSize(sector, at: 0x40, clusterSize)
        indexBlockSize = try NTFSBootSector.recordSize(sector, at: 0x44, clusterSize)
        serial = try sector.little(at: 0x48)
    }

    /// A size in clusters, or as a negative power of two.
    private static func recordSize(
        _ sector: Bytes, at offset: Int, _ clusterSize: UInt64
    ) throws(ImageFault) -> Int {
        let value = Int8(bitPattern: try sector.byte(at: offset))
        let size = value > 0 ? UInt64(value) * clusterSize : 1 << UInt64(Swift.min(62, -Int(value)))
        guard size.nonzeroBitCount == 1, (512...65536).contains(size) else {
            throw ImageFault(
                .corrupt, "NTFS boot sector: records of \(size) bytes",
                at: sector.origin &+ UInt64(offset))
        }
        return Int(size)
    }
}

extension NTFSBootSector {
    /// The boot sector that is used and what it cost to find it.
    struct Found: Sendable {
        var sector: NTFSBootSector
        /// Where it lies.
        var place: UInt64
        /// Why the first sector could not be used, nil when it was.
        var damage: ImageFault?
    }

    /// The first sector, or its copy behind the volume (in the middle before Windows NT 4) when the first is
    /// damaged. Throws what is wrong with the first when no copy is better.
    static func find(on source: any BlockSource) throws(ImageFault) -> Found {
        let first = try source.readUpTo(at: 0, count: 512)
        let damage: ImageFault
        do throws(ImageFault) {
            return Found(sector: try NTFSBootSector(parsing: first), place: 0, damage: nil)
        } catch {
            damage = error
        }
        if NTFSBootSector.isNamed(first) || !isSomethingElse(source, first) {
            for place in copyPlaces(on: source) {
                guard let bytes = try? source.readUpTo(at: place, count: 512),
                    let sector = try? NTFSBootSector(parsing: bytes), sector.volumeSize <= source.size
                else { continue }
                // The copy of a volume that is gone points at records that are gone.
                let table = sector.tableCluster * sector.clusterSize
                guard let record = try? source.readUpTo(at: table, count: 4), record.starts(with: "FILE")
                else { continue }
                return Found(sector: sector, place: place, damage: damage)
            }
        }
        throw damage
    }

    /// The last sector of the partition, whatever its size; the middle.
    private static func copyPlaces(on source: any BlockSource) -> [UInt64] {
        var places: [UInt64] = []
        for width: UInt64 in [512, 1024, 2048, 4096] where source.size >= 2 * width {
            places.append((source.size / width - 1) * width)
        }
        places.append(source.size / 1024 * 512)
        return places
    }

    /// Whether another file system took the place of the first sector, which leaves the copy behind.
    private static func isSomethingElse(_ source: any BlockSource, _ first: Bytes) -> Bool {
        for text in ["XFSB", "LUKS\u{BA}\u{BE}", "hsqs"] where first.starts(with: text) { return true }
        for text in ["-FVE-FS-", "EXFAT   ", "ReFS\0\0\0\0"] where first.starts(with: text, at: 3) {
            return true
        }
        if first.starts(with: "FAT", at: 54) || first.starts(with: "FAT32", at: 82) { return true }
        guard let head = try? source.readUpTo(at: 1024, count: 1024) else { return true }
        if head.starts(with: [0x53, 0xEF], at: 0x38) { return true }
        let far = try? source.readUpTo(at: 0x10040, count: 8)
        return far?.starts(with: "_BHRfS_M") ?? false
    }
}
