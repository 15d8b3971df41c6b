import BlockIO
import ByteReading

/// One file of a VMware disk that has tables: a hosted sparse, stream-optimised or ESX copy-on-write extent.
struct VmdkExtentFile: Sendable {
    let file: any BlockSource
    let map: VmdkSparseMap
    /// Bytes of the disk that it holds.
    let size: UInt64
    /// The header of a hosted extent; nil for ESX copy-on-write ones.
    let header: VmdkHeader?

    /// Directory entries of one extent. QEMU takes 32 million; these map 64 TiB of the usual grains.
    private static let mostTables: UInt64 = 4 << 20

    /// Reads the headers of `file`, and its footer if that has the directory.
    init(_ file: any BlockSource) throws(ImageFault) {
        let start = try file.readUpTo(at: 0, count: VmdkHeader.length)
        self.file = file
        if start.starts(with: VmdkCowHeader.magic) {
            let header = try VmdkCowHeader(parsing: start)
            self.header = nil
            size = header.capacity * 512
            map = VmdkSparseMap(
                file: file, tables: TableWindow(file), clusterSize: header.grainSize,
                entriesPerTable: VmdkCowHeader.entriesPerTable, directory: header.directory,
                redundantDirectory: nil, hasZeroedGrains: false, isCompressed: false, hasMarkers: false)
        } else {
            if start.starts(with: VmdkExtentFile.seSparseMagic) {
                throw ImageFault(.unsupported, "a seSparse extent, which is not read", at: 0)
            }
            var header = try VmdkHeader(parsing: start)
            if header.directory == nil { header = try VmdkExtentFile.footer(of: file) }
            guard let directory = header.directory else {
                throw ImageFault(.corrupt, "the footer does not place the grain directory either", at: 56)
            }
            guard header.grainSize > 0, header.entriesPerTable > 0 else {
                throw ImageFault(.corrupt, "grains or grain tables of no size", at: 20)
            }
            self.header = header
            size = try header.capacity.multiplied(by: 512)
            map = VmdkSparseMap(
                file: file, tables: TableWindow(file), clusterSize: header.grainSize,
                entriesPerTable: header.entriesPerTable, directory: directory,
                redundantDirectory: header.redundantDirectory,
                hasZeroedGrains: header.flags.contains(.zeroedGrains), isCompressed: header.isCompressed,
                hasMarkers: header.flags.contains(.markers))
        }
        guard size / map.clusterSize / map.entriesPerTable < VmdkExtentFile.mostTables else {
            throw ImageFault(.limit, "a disk of \(size) bytes in grains of \(map.clusterSize)", at: 12)
        }
    }

    /// The first eight bytes of an ESX seSparse extent, whose format is not published.
    static let seSparseMagic: [UInt8] = [0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0]

    /// The footer stands before the end-of-stream marker, which is the last sector; sectors that were added to
    /// the file since are passed over.
    private static func footer(of file: any BlockSource) throws(ImageFault) -> VmdkHeader {
        let sectors = file.size / 512
        for back in 3...UInt64(130) where sectors > back {
            let window = try file.read(at: (sectors - back) * 512, count: 1024)
            // A metadata marker: a count of sectors, a size of 0, then the type, 3 for the footer.
            guard try window.little(UInt32.self, at: 8) == 0, try window.little(UInt32.self, at: 12) == 3,
                window.starts(with: VmdkHeader.magic, at: 512)
            else { continue }
            return try VmdkHeader(parsing: window.dropFirst(512))
        }
        throw ImageFault(
            .truncated, "the footer with the grain directory is missing: the stream was cut short",
            at: file.size)
    }

    /// The disk in the extent, over `backing` from `start` on.
    func disk(over backing: ReferencedFile, from start: UInt64) throws(ImageFault) -> ClusterDisk {
        try ClusterDisk(file, map: map, size: size, backing: backing, backingOffset: start)
    }
}

/// Looks through the tables of an extent for what is damaged, up to a limit: 4 GiB of allocated grains.
struct VmdkSurvey {
    private let extent: VmdkExtentFile
    private var budget = 1 << 16
    /// Damaged grains after which no more are counted.
    private static let mostDamaged = 64
    private var damaged: (count: Int, first: ImageFault)?
    private var replaced: (count: Int, first: ImageFault)?

    init(_ extent: VmdkExtentFile) { self.extent = extent }

    /// The findings about the extent.
    mutating func findings() -> [ContainerFinding] {
        let map = extent.map
        let grains = extent.size / map.clusterSize + (extent.size % map.clusterSize == 0 ? 0 : 1)
        var grain: UInt64 = 0
        while grain < grains, budget > 0, (damaged?.count ?? 0) < VmdkSurvey.mostDamaged {
            budget -= 1
            do throws(ImageFault) {
                grain += try map.place(of: grain, by: map.directory).count
            } catch {
                if (try? map.place(of: grain)) == nil {
                    damaged = ((damaged?.count ?? 0) + 1, damaged?.first ?? error)
                } else {
                    replaced = ((replaced?.count ?? 0) + 1, replaced?.first ?? error)
                }
                grain += 1
            }
        }
        var found: [ContainerFinding] = []
        if let damaged {
            found.append(
                ContainerFinding(
                    damaged.first.kind == .truncated ? .truncated : .corruptMetadata,
                    "\(damaged.count)\(damaged.count < VmdkSurvey.mostDamaged ? "" : " or more") grains cannot be read: \(damaged.first.message)",
                    at: damaged.first.offset))
        }
        if let replaced {
            found.append(
                ContainerFinding(
                    .copyOfMetadataUsed,
                    "\(replaced.count) grains were found by the redundant grain directory: \(replaced.first.message)",
                    at: replaced.first.offset))
        }
        return found
    }
}
