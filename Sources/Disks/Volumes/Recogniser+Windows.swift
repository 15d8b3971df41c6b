import BlockIO
import ByteReading

extension Recogniser {
    /// FAT and the file systems of Windows.
    static let windowsFileSystems: [Recogniser] = [
        Recogniser(
            "vfat", .filesystem, [(510, [0x55, 0xAA]), (0x52, ascii("FAT32   ")), (0x36, ascii("FAT"))],
            FATVolume.check),
        Recogniser("ntfs", .filesystem, [(3, ascii("NTFS    "))], checkNTFS),
        Recogniser("exfat", .filesystem, [(3, ascii("EXFAT   "))], checkExFAT),
        Recogniser("ReFS", .filesystem, [(0, [0, 0, 0] + ascii("ReFS\0"))]),
    ]

    @Sendable private static func checkNTFS(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        let sectorSize = UInt64(try window.little(UInt16.self, at: 0x0B))
        guard (256...4096).contains(sectorSize), sectorSize.nonzeroBitCount == 1 else {
            throw ImageFault(.corrupt, "NTFS sector size \(sectorSize)", at: 0x0B)
        }
        var found = VolumeSignature("ntfs", .filesystem)
        let serial = try window.little(UInt64.self, at: 0x48)
        found.uuid = Hexadecimal.lower(serial, width: 16).uppercased()
        // The last sector of the volume, which holds a copy of the boot sector, is not counted.
        let (size, overflow) = try window.little(UInt64.self, at: 0x28).addingReportingOverflow(1)
        if !overflow { found.size = try? size.multiplied(by: sectorSize) }
        found.label = try ntfsLabel(window, sectorSize: sectorSize)
        return found
    }

    /// `$VOLUME_NAME` (0x60) of the file `$Volume`, which is record 3 of the MFT; nil when it is not there.
    private static func ntfsLabel(_ window: VolumeWindow, sectorSize: UInt64) throws(ImageFault) -> String? {
        let perCluster = try window.head.byte(at: 0x0D)
        // Above 0x80 it is a negative power of two.
        let clusterSize =
            perCluster <= 0x80 ? UInt64(perCluster) * sectorSize : sectorSize << UInt64(256 - Int(perCluster))
        let recordCode = Int(Int8(bitPattern: try window.head.byte(at: 0x40)))
        let recordSize =
            recordCode > 0 ? UInt64(recordCode) * clusterSize : 1 << UInt64(Swift.min(20, -recordCode))
        guard recordSize >= 256, recordSize <= 64 << 10, clusterSize <= 64 << 20 else { return nil }
        let table = try window.little(UInt64.self, at: 0x30).multiplied(by: clusterSize)
        let record = try window.read(at: table.adding(3 * recordSize), count: Int(recordSize))
        guard record.prefix(4).array == ascii("FILE") else { return nil }
        var position = Int(try record.little(UInt16.self, at: 20))
        while position + 24 <= record.count {
            let type = try record.little(UInt32.self, at: position)
            let length = try record.little(UInt32.self, at: position + 4).bounded(
                to: record.count, "attribute length")
            if type == 0xFFFF_FFFF || length < 24 { return nil }
            if type == 0x60, try record.byte(at: position + 8) == 0 {
                let count = try record.little(UInt32.self, at: position + 16).bounded(
                    to: record.count, "label length")
                let start = position + Int(try record.little(UInt16.self, at: position + 20))
                return VolumeWindow.wideLabel(try record.slice(at: start, count: count))
            }
            position += length
        }
        return nil
    }

    /// Microsoft, exFAT file system specification, 3.1 and 7.3.
    @Sendable private static func checkExFAT(
        _ window: VolumeWindow, _ offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        var found = VolumeSignature("exfat", .filesystem)
        found.version = "\(try window.head.byte(at: 0x69)).\(try window.head.byte(at: 0x68))"
        found.uuid = FATVolume.serial(try window.little(at: 0x64))
        let sectorShift = try powerOfTwo(try window.head.byte(at: 0x6C), in: 9...12, "BytesPerSectorShift")
        let clusterShift = try powerOfTwo(
            try window.head.byte(at: 0x6D), in: 0...25, "SectorsPerClusterShift")
        found.size = try window.little(UInt64.self, at: 0x48).multiplied(by: UInt64(sectorShift))
        found.label = try exFATLabel(
            window, sectorSize: UInt64(sectorShift), clusterSize: UInt64(sectorShift) * UInt64(clusterShift))
        return found
    }

    /// The volume label entry (0x83) of the root directory, of which a hundred clusters are followed.
    private static func exFATLabel(
        _ window: VolumeWindow, sectorSize: UInt64, clusterSize: UInt64
    ) throws(ImageFault) -> String? {
        let table = UInt64(try window.little(UInt32.self, at: 0x50)) * sectorSize
        let heap = UInt64(try window.little(UInt32.self, at: 0x58)) * sectorSize
        let clusterCount = try window.little(UInt32.self, at: 0x5C)
        var cluster = try window.little(UInt32.self, at: 0x60)
        for _ in 0..<100 {
            guard cluster >= 2, cluster - 2 < clusterCount else { return nil }
            let start = try heap.adding(try UInt64(cluster - 2).multiplied(by: clusterSize))
            let directory = try window.source.readUpTo(
                at: start, count: Int(Swift.min(clusterSize, 32 << 10)))
            for index in 0..<(directory.count / 32) {
                let entry = try directory.slice(at: index * 32, count: 32)
                let type = try entry.byte(at: 0)
                if type == 0 { return nil }
                guard type == 0x83 else { continue }
                let count = Swift.min(11, Int(try entry.byte(at: 1)))
                return VolumeWindow.wideLabel(try entry.slice(at: 2, count: count * 2))
            }
            let link = try window.read(at: try table.adding(UInt64(cluster) * 4), count: 4)
            cluster = try link.little(at: 0)
        }
        return nil
    }
}

/// What identifies a FAT volume (Microsoft FAT specification 1.03). Files are read elsewhere.
enum FATVolume {
    /// `XXXX-XXXX` in upper case, nil for zero.
    static func serial(_ number: UInt32) -> String? {
        guard number != 0 else { return nil }
        let digits = Hexadecimal.lower(number, width: 8).uppercased()
        return digits.prefix(4) + "-" + digits.suffix(4)
    }

    @Sendable static func check(_ window: VolumeWindow, _ offset: Int) throws(ImageFault) -> VolumeSignature?
    {
        let head = window.head
        let jump = try head.byte(at: 0)
        let hasName = window.holds(ascii("FAT"), at: 0x36) || window.holds(ascii("FAT32   "), at: 0x52)
        guard jump == 0xEB || jump == 0xE9 || hasName else { return nil }
        for other in [ascii("NTFS    "), ascii("EXFAT   "), ascii("-FVE-FS-")]
        where window.holds(other, at: 3) { return nil }
        for other in [ascii("JFS     "), ascii("HPFS    ")] where window.holds(other, at: 0x36) { return nil }
        let sectorSize = UInt64(try head.little(UInt16.self, at: 11))
        let perCluster = UInt64(try head.byte(at: 13))
        let reserved = UInt64(try head.little(UInt16.self, at: 14))
        let copies = UInt64(try head.byte(at: 16))
        let rootEntries = UInt64(try head.little(UInt16.self, at: 17))
        let media = try head.byte(at: 21)
        guard [512, 1024, 2048, 4096].contains(sectorSize), perCluster.nonzeroBitCount == 1, reserved != 0,
            copies != 0, media == 0xF0 || media >= 0xF8
        else { return nil }
        let small = UInt64(try head.little(UInt16.self, at: 19))
        let sectors = small != 0 ? small : UInt64(try head.little(UInt32.self, at: 32))
        let smallTable = UInt64(try head.little(UInt16.self, at: 22))
        let tableSectors = smallTable != 0 ? smallTable : UInt64(try head.little(UInt32.self, at: 36))
        let rootSectors = (rootEntries * 32 + sectorSize - 1) / sectorSize
        let dataStart = reserved + copies * tableSectors + rootSectors
        guard sectors > dataStart, tableSectors != 0 else { return nil }
        let clusters = (sectors - dataStart) / perCluster
        let isFAT32 = smallTable == 0
        guard clusters > 0, isFAT32 || clusters < 65525 else { return nil }
        var found = VolumeSignature("vfat", .filesystem)
        found.size = sectors * sectorSize
        found.version = isFAT32 ? "FAT32" : clusters < 4085 ? "FAT12" : "FAT16"
        found.uuid = serial(try head.little(at: isFAT32 ? 0x43 : 0x27))
        let boot = try head.slice(at: isFAT32 ? 0x47 : 0x2B, count: 11)
        if boot.array != ascii("NO NAME    ") { found.bootSectorLabel = VolumeWindow.label(boot) }
        let layout = Layout(
            sectorSize: sectorSize, clusterSize: perCluster * sectorSize, tableStart: reserved * sectorSize,
            dataStart: dataStart * sectorSize, clusters: clusters)
        if isFAT32 {
            found.label = try label(in: window, layout: layout, root: try head.little(at: 44))
        } else {
            let start = (reserved + copies * tableSectors) * sectorSize
            found.label = try label(inDirectory: try window.read(at: start, count: Int(rootEntries * 32)))?
                .text
        }
        return found
    }

    /// Bytes into the volume.
    private struct Layout {
        var sectorSize: UInt64
        var clusterSize: UInt64
        var tableStart: UInt64
        var dataStart: UInt64
        var clusters: UInt64
    }

    /// The label in a FAT32 root directory, of which blkid follows a hundred clusters.
    private static func label(
        in window: VolumeWindow, layout: Layout, root: UInt32
    ) throws(ImageFault) -> String? {
        var cluster = root
        for _ in 0..<100 {
            guard cluster >= 2, UInt64(cluster) < layout.clusters + 2 else { return nil }
            let start = layout.dataStart + UInt64(cluster - 2) * layout.clusterSize
            let entries = try window.read(at: start, count: Int(layout.clusterSize))
            if let found = try label(inDirectory: entries) { return found.text }
            let link = try window.read(at: layout.tableStart + UInt64(cluster) * 4, count: 4)
            cluster = try link.little(UInt32.self, at: 0) & 0x0FFF_FFFF
        }
        return nil
    }

    /// The volume label entry; a result without text ends the search.
    private static func label(inDirectory entries: Bytes) throws(ImageFault) -> (text: String?, Void)? {
        for index in 0..<(entries.count / 32) {
            let entry = try entries.slice(at: index * 32, count: 32)
            let first = try entry.byte(at: 0)
            if first == 0 { return (nil, ()) }
            let attributes = try entry.byte(at: 11)
            let high = try entry.little(UInt16.self, at: 20)
            let low = try entry.little(UInt16.self, at: 26)
            guard first != 0xE5, high == 0, low == 0, attributes & 0x3F != 0x0F, attributes & 0x18 == 0x08
            else { continue }
            var name = entry.prefix(11).array
            if first == 0x05 { name[0] = 0xE5 }
            return (VolumeWindow.label(Bytes(name)), ())
        }
        return nil
    }
}
