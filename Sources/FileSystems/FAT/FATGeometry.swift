import ByteReading

/// Where things lie on a FAT volume, from its boot sector (Microsoft FAT specification 1.03, "Boot Sector and
/// BPB"). All places are in bytes.
struct FATGeometry: Sendable {
    /// How wide an entry of the file allocation table is.
    enum Width: Int, Sendable {
        case fat12 = 12
        case fat16 = 16
        case fat32 = 32
    }

    let width: Width
    let sectorSize: UInt64
    let clusterSize: UInt64
    /// The table that is in use.
    let tableStart: UInt64
    /// Bytes of one table.
    let tableSize: UInt64
    let tableCount: Int
    /// The first table; another one may be in use (`BPB_ExtFlags`).
    let firstTableStart: UInt64
    let isMirrored: Bool
    /// FAT12 and FAT16: the root directory.
    let rootStart: UInt64
    let rootSize: UInt64
    /// FAT32: `BPB_RootClus`; zero otherwise.
    let rootCluster: UInt32
    /// Where cluster 2 starts.
    let dataStart: UInt64
    /// Clusters there are; their numbers start at 2.
    let clusterCount: UInt32
    /// The size the volume says it has.
    let volumeSize: UInt64
    /// FAT32: where the FSInfo sector is, nil without one.
    let infoSector: UInt64?
    /// `BS_VolID`, nil when it is zero.
    let serial: UInt32?
    /// `BS_Reserved1`: bit 0 is set by Linux and Windows while the volume is mounted, bit 1 asks for a check.
    let state: UInt8
    /// Whether the table is too short for the clusters there are.
    let isTableShort: Bool

    /// Reads the boot sector; nil when it is not one of FAT.
    ///
    /// Throws `corrupt` when it says that it is FAT and its numbers cannot be.
    init?(parsing sector: Bytes) throws(ImageFault) {
        guard sector.count >= 512 else { return nil }
        let isNamed = try FATGeometry.isNamed(sector)
        let jump = try sector.byte(at: 0)
        guard isNamed || jump == 0xEB || jump == 0xE9 else { return nil }
        let name = try sector.slice(at: 3, count: 8).array
        guard ![Array("NTFS    ".utf8), Array("EXFAT   ".utf8), Array("-FVE-FS-".utf8)].contains(name) else {
            return nil
        }
        let sectorBytes = try sector.little(UInt16.self, at: 11)
        let perCluster = try sector.byte(at: 13)
        let reserved = UInt64(try sector.little(UInt16.self, at: 14))
        let copies = try sector.byte(at: 16)
        let media = try sector.byte(at: 21)
        let isSane =
            [512, 1024, 2048, 4096].contains(sectorBytes) && perCluster.nonzeroBitCount == 1 && reserved != 0
            && copies != 0 && (media == 0xF0 || media >= 0xF8)
        guard isSane else {
            guard isNamed else { return nil }
            throw ImageFault(
                .corrupt,
                "FAT boot sector: \(sectorBytes) bytes a sector, \(perCluster) sectors a cluster, \(reserved) reserved sectors, \(copies) tables, media 0x\(Hexadecimal.lower(media, width: 2))",
                at: 11)
        }
        let width = UInt64(sectorBytes)
        let smallTable = UInt64(try sector.little(UInt16.self, at: 22))
        // Drivers go by this field, not by the number of clusters: mkfs.fat makes small FAT32 volumes.
        let isFAT32 = smallTable == 0
        let tableSectors = isFAT32 ? UInt64(try sector.little(UInt32.self, at: 36)) : smallTable
        let rootEntries = UInt64(try sector.little(UInt16.self, at: 17))
        let smallCount = UInt64(try sector.little(UInt16.self, at: 19))
        let sectors = smallCount != 0 ? smallCount : UInt64(try sector.little(UInt32.self, at: 32))
        let rootSectors = (rootEntries * 32 + width - 1) / width
        let dataSector = reserved + UInt64(copies) * tableSectors + rootSectors
        guard tableSectors != 0, sectors > dataSector else {
            guard isNamed else { return nil }
            throw ImageFault(
                .corrupt, "FAT boot sector: \(sectors) sectors, data start at \(dataSector)", at: 32)
        }
        let clusters = (sectors - dataSector) / UInt64(perCluster)
        guard clusters > 0, isFAT32 || clusters < 65525 else {
            guard isNamed else { return nil }
            throw ImageFault(
                .corrupt, "FAT boot sector: \(clusters) clusters in a FAT12 or FAT16 volume", at: 32)
        }
        self.width = isFAT32 ? .fat32 : clusters < 4085 ? .fat12 : .fat16
        sectorSize = width
        clusterSize = UInt64(perCluster) * width
        tableCount = Int(copies)
        tableSize = tableSectors * width
        firstTableStart = reserved * width
        let flags = isFAT32 ? try sector.little(UInt16.self, at: 40) : 0
        isMirrored = flags & 0x80 == 0
        let active = isMirrored ? 0 : UInt64(flags & 0x0F)
        guard active < UInt64(copies) else {
            throw ImageFault(.corrupt, "table \(active) of \(copies) is said to be in use", at: 40)
        }
        tableStart = firstTableStart + active * tableSize
        rootStart = (reserved + UInt64(copies) * tableSectors) * width
        rootSize = rootEntries * 32
        rootCluster = isFAT32 ? try sector.little(at: 44) : 0
        dataStart = dataSector * width
        let described = tableSize * 8 / UInt64(self.width.rawValue)
        isTableShort = described < clusters + 2
        // FAT32 numbers have 28 bits.
        clusterCount = UInt32(clamping: Swift.min(clusters, described > 2 ? described - 2 : 0, 0x0FFF_FFF5))
        volumeSize = sectors * width
        let info = isFAT32 ? UInt64(try sector.little(UInt16.self, at: 48)) : 0
        infoSector = info == 0 || info == 0xFFFF || info >= reserved ? nil : info * width
        let number: UInt32 = try sector.little(at: isFAT32 ? 67 : 39)
        serial = number == 0 ? nil : number
        state = try sector.byte(at: isFAT32 ? 65 : 37)
    }

    /// Whether the sector calls itself FAT, which decides between "another thing" and "damaged".
    private static func isNamed(_ sector: Bytes) throws(ImageFault) -> Bool {
        guard try sector.little(UInt16.self, at: 510) == 0xAA55 else { return false }
        let small = try sector.slice(at: 54, count: 3).array == Array("FAT".utf8)
        let large = try sector.slice(at: 82, count: 5).array == Array("FAT32".utf8)
        return small || large
    }

    /// Where a cluster lies. Throws `corrupt` for a number that is none.
    func start(ofCluster cluster: UInt32) throws(ImageFault) -> UInt64 {
        guard cluster >= 2, cluster - 2 < clusterCount else {
            throw ImageFault(.corrupt, "cluster \(cluster) does not exist (2 to \(UInt64(clusterCount) + 1))")
        }
        return dataStart + UInt64(cluster - 2) * clusterSize
    }
}
