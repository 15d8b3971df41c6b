package import BlockIO
package import ByteReading
package import FileSystemCore

/// FAT12, FAT16 and FAT32 with long names (Microsoft FAT specification 1.03).
///
/// A node is the place of its 32-byte directory entry in bytes from the start of the volume; the root, which
/// has none, is 0. A directory that contains itself is thus met as the same node.
package final class FATFileSystem: FileSystemReader {
    /// No directory is larger (65536 entries).
    private static let largestDirectory: UInt64 = 2 << 20

    package let kind = "vfat"
    package let uuid: String?
    package let label: String?
    package let features: [String]
    package let usage: FileSystemUsage
    package let conditions: [FileSystemCondition]
    package let root = NodeID(0)

    private let source: any BlockSource
    private let cache: CachedSource
    private let geometry: FATGeometry
    private let table: FATTable
    private let chains: FATChainCache

    /// Whether the volume is FAT. Throws `corrupt` when it says it is and cannot be.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        try FATGeometry(parsing: source.readUpTo(at: 0, count: 512)) != nil
    }

    /// Opens the volume. Throws `corrupt` when it is not FAT.
    package init(_ source: any BlockSource) throws(ImageFault) {
        guard let geometry = try FATGeometry(parsing: source.readUpTo(at: 0, count: 512)) else {
            throw ImageFault(.corrupt, "not a FAT boot sector", at: 0)
        }
        self.source = source
        self.geometry = geometry
        cache = CachedSource(source, blockSize: 16 << 10, capacity: 64)
        table = FATTable(geometry, on: cache)
        chains = FATChainCache(table)
        let root = try FATFileSystem.directory(at: geometry.rootCluster, geometry, table, cache)
        label = root.label
        uuid = geometry.serial.map { serial in
            let digits = Hexadecimal.lower(serial, width: 8).uppercased()
            return digits.prefix(4) + "-" + digits.suffix(4)
        }
        features = ["FAT\(geometry.width.rawValue)"] + (geometry.isMirrored ? [] : ["unmirrored"])
        var conditions = try FATFileSystem.conditions(geometry, table, source, cache)
        usage = try FATFileSystem.usage(geometry, table, cache, &conditions)
        self.conditions = conditions
    }

    // MARK: Nodes

    /// The entry behind a node. Throws `notFound` for the root, which has none.
    private func entry(_ node: NodeID) throws(ImageFault) -> FATEntry {
        guard node != root else { throw ImageFault(.notFound, "the root has no directory entry") }
        let bytes = try cache.read(at: node.rawValue, count: 32)
        return try FATEntry(parsing: bytes, longName: nil, isFAT32: geometry.width == .fat32)
    }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo {
        guard node != root else { return FileInfo(type: .directory, permissions: 0o755, size: 0) }
        let entry = try entry(node)
        // What Linux makes up with its default masks.
        return FileInfo(
            type: entry.isDirectory ? .directory : .regular,
            permissions: entry.attributes.contains(.readOnly) ? 0o555 : 0o755,
            size: entry.isDirectory ? 0 : UInt64(entry.size), modified: entry.modified)
    }

    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        try entries(of: directory).map { entry in
            DirectoryEntry(
                name: entry.name, node: NodeID(entry.place), type: entry.isDirectory ? .directory : .regular)
        }
    }

    /// Compares without regard to case, by long and by short name; trailing dots do not count.
    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        let wanted = FATFileSystem.folded(name)
        guard !wanted.isEmpty else { return nil }
        let found = try entries(of: directory).first { entry in
            FATFileSystem.folded(entry.name) == wanted || FATFileSystem.folded(entry.shortName) == wanted
        }
        return found.map { NodeID($0.place) }
    }

    private static func folded(_ name: FileName) -> String {
        var bytes = name.bytes
        while bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self).uppercased()
    }

    private func entries(of directory: NodeID) throws(ImageFault) -> [FATEntry] {
        var cluster = geometry.rootCluster
        if directory != root {
            let entry = try entry(directory)
            guard entry.isDirectory else { throw ImageFault(.notFound, "not a directory") }
            guard entry.firstCluster != 0 else {
                throw ImageFault(.corrupt, "a directory without clusters", at: entry.place)
            }
            cluster = entry.firstCluster
        }
        return try FATFileSystem.directory(at: cluster, geometry, table, cache).entries
    }

    /// The directory that starts at a cluster; cluster 0 is the root directory of FAT12 and FAT16.
    private static func directory(
        at cluster: UInt32, _ geometry: FATGeometry, _ table: FATTable, _ source: CachedSource
    ) throws(ImageFault) -> FATDirectory {
        var directory = FATDirectory()
        if cluster == 0, geometry.width != .fat32 {
            try directory.append(
                source.read(at: geometry.rootStart, count: Int(geometry.rootSize)), isFAT32: false)
            return directory
        }
        var limit = largestDirectory / geometry.clusterSize
        if limit == 0 { limit = 1 }
        for run in try table.chain(from: cluster, limit: limit) {
            for index in 0..<run.count where !directory.isFinished {
                let start = try geometry.start(ofCluster: run.first + index)
                try directory.append(
                    source.read(at: start, count: Int(geometry.clusterSize)),
                    isFAT32: geometry.width == .fat32)
            }
        }
        return directory
    }

    // MARK: Content

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let file = try regularFile(node)
        guard count > 0, offset < UInt64(file.size) else { return Bytes([], origin: offset) }
        let end = Swift.min(UInt64(file.size), offset + UInt64(count))
        var array: [UInt8] = []
        array.reserveCapacity(Int(end - offset))
        var position: UInt64 = 0
        for run in try chains.runs(of: file) {
            let length = UInt64(run.count) * geometry.clusterSize
            let first = Swift.max(position, offset)
            let last = Swift.min(position + length, end)
            if first < last {
                let start = try geometry.start(ofCluster: run.first) + (first - position)
                array += try source.read(at: start, count: Int(last - first))
            }
            position += length
            if position >= end { break }
        }
        guard offset + UInt64(array.count) == end else {
            throw ImageFault(
                .corrupt, "the clusters of a file of \(file.size) bytes end after \(position)", at: file.place
            )
        }
        return Bytes(array, origin: offset)
    }

    private func regularFile(_ node: NodeID) throws(ImageFault) -> FATEntry {
        guard node != root else { throw ImageFault(.unsupported, "a directory is not read as a file") }
        let file = try entry(node)
        guard !file.isDirectory else { throw ImageFault(.unsupported, "a directory is not read as a file") }
        return file
    }

    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? {
        let file = try regularFile(node)
        guard offset < UInt64(file.size) else { return nil }
        var position: UInt64 = 0
        for run in try chains.runs(of: file) {
            let length = UInt64(run.count) * geometry.clusterSize
            if offset < position + length {
                return try geometry.start(ofCluster: run.first) + (offset - position)
            }
            position += length
        }
        throw ImageFault(
            .corrupt, "the clusters of a file of \(file.size) bytes end after \(position)", at: file.place)
    }

    package func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] {
        throw ImageFault(.unsupported, "FAT has no symbolic links")
    }
}
