import BlockIO
import ByteReading
import FileSystemCore

extension FATFileSystem {
    /// Tables up to this size are read to count free clusters: those of any ESP.
    private static let largestCountedTable: UInt64 = 16 << 20

    /// What the volume says of its own state.
    static func conditions(
        _ geometry: FATGeometry, _ table: FATTable, _ source: any BlockSource, _ cache: CachedSource
    ) throws(ImageFault) -> [FileSystemCondition] {
        var result: [FileSystemCondition] = []
        if geometry.volumeSize > source.size {
            result.append(
                FileSystemCondition(
                    .largerThanDevice, "\(geometry.volumeSize) bytes on a device of \(source.size)", at: 32))
        }
        // Linux marks a mounted volume in BS_Reserved1, Windows in the second entry of the table, whose two
        // highest bits are set on a clean volume without errors.
        var isDirty = geometry.state & 1 == 1
        var hasErrors = geometry.state & 2 == 2
        if geometry.width != .fat12 {
            let flags = try table.entry(1) >> (geometry.width == .fat16 ? 14 : 26)
            if flags & 2 == 0 { isDirty = true }
            if flags & 1 == 0 { hasErrors = true }
        }
        if isDirty { result.append(FileSystemCondition(.notClean, "not cleanly unmounted")) }
        if hasErrors { result.append(FileSystemCondition(.recordedErrors, "disk errors were recorded")) }
        if geometry.isTableShort {
            result.append(
                FileSystemCondition(
                    .inconsistent, "the allocation table is too short for the volume", at: geometry.tableStart
                ))
        }
        if geometry.isMirrored, geometry.tableCount > 1 {
            let first = try cache.read(at: geometry.firstTableStart, count: 512)
            let second = try cache.read(at: geometry.firstTableStart + geometry.tableSize, count: 512)
            if first.array != second.array {
                result.append(
                    FileSystemCondition(
                        .inconsistent, "the copies of the allocation table differ", at: second.origin))
            }
        }
        return result
    }

    /// FAT32 keeps the number of free clusters in its FSInfo sector; elsewhere they are counted.
    static func usage(
        _ geometry: FATGeometry, _ table: FATTable, _ cache: CachedSource,
        _ conditions: inout [FileSystemCondition]
    ) throws(ImageFault) -> FileSystemUsage {
        var free = try recordedFreeClusters(geometry, cache)
        if free == nil, geometry.tableSize <= largestCountedTable { free = try table.freeClusters() }
        if free == nil {
            conditions.append(
                FileSystemCondition(
                    .inconsistent, "the number of free clusters is not recorded; none are assumed"))
        }
        let freeBytes = UInt64(free ?? 0) * geometry.clusterSize
        return FileSystemUsage(
            blockSize: geometry.clusterSize, totalBytes: UInt64(geometry.clusterCount) * geometry.clusterSize,
            freeBytes: freeBytes, availableBytes: freeBytes)
    }

    /// `FSI_Free_Count`, nil where it is unknown or cannot be.
    private static func recordedFreeClusters(
        _ geometry: FATGeometry, _ cache: CachedSource
    ) throws(ImageFault) -> UInt32? {
        guard let place = geometry.infoSector else { return nil }
        let sector = try cache.read(at: place, count: 512)
        guard try sector.little(UInt32.self, at: 0) == 0x4161_5252,
            try sector.little(UInt32.self, at: 484) == 0x6141_7272
        else { return nil }
        let free = try sector.little(UInt32.self, at: 488)
        return free <= geometry.clusterCount ? free : nil
    }
}
