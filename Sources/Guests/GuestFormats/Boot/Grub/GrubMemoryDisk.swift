package import ByteReading

/// The file tree that a GRUB image carries, as far as needed to read its configuration: a tar archive
/// (`grub-mkstandalone`) or a FAT file system of 12 or 16 bits (Debian's signed images). Others are recognised
/// and reported as unsupported.
package struct GrubMemoryDisk: Sendable {
    private enum Layout {
        case tar
        case fat(FAT)
    }

    /// Where things are in a small FAT file system (Microsoft, FAT32 File System Specification §3).
    private struct FAT {
        let clusterSize: Int
        let tableStart: Int
        let rootStart: Int
        let rootEntries: Int
        let dataStart: Int
        let clusterCount: Int
        var isWide: Bool { clusterCount >= 4085 }
    }

    private static let largestFile = 8 << 20

    private let bytes: Bytes
    private let layout: Layout

    /// Recognises what the disk holds.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        self.bytes = bytes
        if bytes.starts(with: "ustar", at: 257) {
            layout = .tar
        } else if bytes.starts(with: [0x55, 0xAA], at: 510) {
            layout = .fat(try Self.fat(bytes))
        } else {
            throw ImageFault(
                .unsupported,
                bytes.starts(with: "hsqs") ? "GRUB memory disk with squashfs" : "GRUB memory disk")
        }
    }

    /// The file at an absolute path; nil if there is none.
    package func file(at path: String) throws(ImageFault) -> Bytes? {
        let components = path.utf8.split(separator: UInt8(ascii: "/")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard !components.isEmpty else { return nil }
        switch layout {
        case .tar: return try fileInArchive(components)
        case .fat(let fat): return try file(components, in: fat)
        }
    }

    // MARK: tar

    private func fileInArchive(_ components: [String]) throws(ImageFault) -> Bytes? {
        var budget = Budget(100_000, of: "tar members")
        var position = 0
        while position + 512 <= bytes.count {
            try budget.spend()
            let header = try bytes.slice(at: position, count: 512)
            if header.isAllZero { break }
            var size = 0
            for digit in try header.slice(at: 124, count: 11) where digit >= 0x30 && digit <= 0x37 {
                size = try size.multiplied(by: 8).adding(Int(digit - 0x30))
            }
            let prefix = try header.slice(at: 345, count: 155).textToNUL
            let name = "\(prefix)/\(header.prefix(100).textToNUL)"
            let parts = name.utf8.split(separator: UInt8(ascii: "/")).map {
                String(decoding: $0, as: UTF8.self)
            }
            let type = try header.byte(at: 156)
            if parts.filter({ $0 != "." }) == components, type == 0 || type == UInt8(ascii: "0") {
                return try bytes.slice(at: position + 512, count: size)
            }
            position = try position.adding(512).adding(size).adding(511)
            position -= position % 512
        }
        return nil
    }

    // MARK: FAT

    private static func fat(_ bytes: Bytes) throws(ImageFault) -> FAT {
        let sectorSize = Int(try bytes.little(UInt16.self, at: 11))
        let sectorsPerCluster = Int(try bytes.byte(at: 13))
        let reserved = Int(try bytes.little(UInt16.self, at: 14))
        let tables = Int(try bytes.byte(at: 16))
        let rootEntries = Int(try bytes.little(UInt16.self, at: 17))
        let small = Int(try bytes.little(UInt16.self, at: 19))
        let tableSectors = Int(try bytes.little(UInt16.self, at: 22))
        let total = small > 0 ? small : Int(try bytes.little(UInt32.self, at: 32))
        guard [512, 1024, 2048, 4096].contains(sectorSize), sectorsPerCluster > 0, tables > 0,
            tableSectors > 0,
            rootEntries > 0
        else { throw ImageFault(.unsupported, "GRUB memory disk") }
        let rootStart = (reserved + tables * tableSectors) * sectorSize
        let dataStart = rootStart + (rootEntries * 32 + sectorSize - 1) / sectorSize * sectorSize
        let clusterSize = sectorsPerCluster * sectorSize
        guard dataStart <= bytes.count, total * sectorSize >= dataStart else {
            throw ImageFault(.corrupt, "a FAT file system in a GRUB memory disk reaches past its end")
        }
        return FAT(
            clusterSize: clusterSize, tableStart: reserved * sectorSize, rootStart: rootStart,
            rootEntries: rootEntries, dataStart: dataStart,
            clusterCount: (total * sectorSize - dataStart) / clusterSize)
    }

    private func file(_ components: [String], in fat: FAT) throws(ImageFault) -> Bytes? {
        var directory = try bytes.slice(at: fat.rootStart, count: fat.rootEntries * 32)
        for (depth, component) in components.enumerated() {
            guard let entry = try Self.entry(component, in: directory) else { return nil }
            let isDirectory = try entry.byte(at: 11) & 0x10 != 0
            let isLast = depth == components.count - 1
            guard isDirectory != isLast else { return nil }
            let size =
                isDirectory
                ? nil : try entry.little(UInt32.self, at: 28).bounded(to: Self.largestFile, "file size")
            let data = try chain(from: Int(try entry.little(UInt16.self, at: 26)), size: size, fat)
            if isLast { return data }
            directory = data
        }
        return nil
    }

    /// The entry of a name; long names are put together from their parts (VFAT).
    private static func entry(_ name: String, in directory: Bytes) throws(ImageFault) -> Bytes? {
        var long: [UInt16] = []
        for offset in stride(from: 0, to: directory.count - 31, by: 32) {
            let entry = try directory.slice(at: offset, count: 32)
            let first = try entry.byte(at: 0)
            if first == 0 { return nil }
            let attributes = try entry.byte(at: 11)
            if first == 0xE5 {
                long = []
            } else if attributes & 0x3F == 0x0F {
                var part: [UInt16] = []
                for place in [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] {
                    part.append(try entry.little(at: place))
                }
                long = part.prefix { $0 != 0 && $0 != 0xFFFF } + (first & 0x40 != 0 ? [] : long)
            } else {
                if attributes & 0x08 == 0 {
                    let base = try entry.slice(at: 0, count: 8).text.split(separator: " ").first ?? ""
                    let type = try entry.slice(at: 8, count: 3).text.split(separator: " ").first ?? ""
                    let short = type.isEmpty ? String(base) : "\(base).\(type)"
                    let names = [short, String(decoding: long, as: UTF16.self)]
                    if names.contains(where: { $0.lowercased() == name.lowercased() }) { return entry }
                }
                long = []
            }
        }
        return nil
    }

    /// The bytes of a chain of clusters, cut to `size`.
    private func chain(from first: Int, size: Int?, _ fat: FAT) throws(ImageFault) -> Bytes {
        var data: [UInt8] = []
        var cluster = first
        var budget = Budget(fat.clusterCount + 1, of: "clusters of a GRUB memory disk")
        let last = fat.isWide ? 0xFFF8 : 0xFF8
        while cluster >= 2, cluster < last, data.count < size ?? Self.largestFile {
            try budget.spend()
            guard cluster - 2 < fat.clusterCount else {
                throw ImageFault(.corrupt, "cluster \(cluster) of \(fat.clusterCount) in a GRUB memory disk")
            }
            data += try bytes.slice(
                at: fat.dataStart + (cluster - 2) * fat.clusterSize, count: fat.clusterSize
            ).array
            if fat.isWide {
                cluster = Int(try bytes.little(UInt16.self, at: fat.tableStart + cluster * 2))
            } else {
                let pair = Int(try bytes.little(UInt16.self, at: fat.tableStart + cluster * 3 / 2))
                cluster = cluster % 2 == 0 ? pair & 0xFFF : pair >> 4
            }
        }
        guard let size else { return Bytes(data) }
        guard data.count >= size else {
            throw ImageFault(.corrupt, "a file in a GRUB memory disk is cut off")
        }
        return Bytes(Array(data.prefix(size)))
    }
}
