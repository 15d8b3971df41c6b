package import BlockIO
package import ByteReading
package import FileSystemCore

/// NTFS 1.2 to 3.1 as Windows has it.
///
/// A node is a reference to a record of the MFT: its number in the low 48 bits, its sequence number above, so
/// that a name which leads to a record used anew is found out.
///
/// `$LogFile` is not replayed: what is read is what is on disk, and a log that is not empty is a condition.
/// Content that is encrypted, deduplicated or in a cloud is `unsupported`. Names are WTF-8.
///
/// As ntfs-3g without user mapping, every file belongs to root and has the permissions 0777.
package final class NTFSFileSystem: FileSystemReader {
    package let kind = "ntfs"
    package let uuid: String?
    package let label: String?
    /// The version, and what the first file or two would tell nobody.
    package let features: [String]
    package let conditions: [FileSystemCondition]
    package let root = NodeID(NTFSRecord.Number.root)

    let volume: NTFSVolume
    private let upcase: NTFSUpcase
    private let files: NTFSFileCache
    private let overlayChunks = NTFSUnitCache()
    let freeSpace: NTFSFreeSpace

    /// Whether the volume is NTFS, if only by its backup boot sector. Ask the other file systems first: the
    /// backup outlives a volume that was formatted anew.
    package static func probe(_ source: any BlockSource) throws(ImageFault) -> Bool {
        let first = try source.readUpTo(at: 0, count: 512)
        if NTFSBootSector.isNamed(first) { return true }
        return (try? NTFSBootSector.find(on: source)) != nil
    }

    /// Opens the volume. Throws `corrupt` when it is not NTFS or neither the MFT nor its copy can be read.
    package init(_ source: any BlockSource) throws(ImageFault) {
        let boot = try NTFSBootSector.find(on: source)
        let cache = CachedSource(source, blockSize: 16 << 10, capacity: 128)
        volume = try NTFSVolume(boot.sector, on: cache)
        files = NTFSFileCache(volume)
        var state = NTFSVolumeState(volume, boot, deviceSize: source.size)
        upcase = state.readUpcase()
        label = state.label
        features = state.features
        uuid = Hexadecimal.lower(boot.sector.serial, width: 16).uppercased()
        freeSpace = NTFSFreeSpace(volume)
        // The root has to be there; what is missing below it is for those who ask.
        let volume = volume
        let root = try inLayer("/") { () throws(ImageFault) in
            try NTFSDirectory(volume.file(NTFSReference(NTFSRecord.Number.root)), on: volume)
        }
        state.readHibernation(in: root, upcase)
        conditions = state.conditions
    }

    // MARK: Nodes

    private func file(_ node: NodeID) throws(ImageFault) -> NTFSFile {
        try files.file(NTFSReference(node.rawValue))
    }

    package func info(_ node: NodeID) throws(ImageFault) -> FileInfo {
        let file = try file(node)
        let standard = try NTFSStandardInformation(of: file, on: volume)
        let point = try reparsePoint(of: file, standard)
        var info = FileInfo(
            type: file.record.isDirectory ? .directory : .regular, permissions: 0o777, size: 0,
            linkCount: file.record.isDirectory ? 1 : UInt32(file.record.linkCount),
            modified: standard.modified)
        if standard.attributes.contains(.compressed) { info.flags.insert(.compressed) }
        if standard.attributes.contains(.encrypted) { info.flags.insert(.encrypted) }
        if let point {
            if let type = NTFSReparsePoint.type(ofTag: point.tag) { info.type = type }
            if point.tag == NTFSReparsePoint.Tag.overlay { info.flags.insert(.compressed) }
        } else if let interix = try interixFile(file, standard) {
            info.type = interix.type
        }
        switch info.type {
        case .directory:
            info.size =
                try volume.stream(.indexAllocation, named: NTFSDirectory.indexName, of: file)?.size ?? 0
        case .regular: info.size = try content(of: node, file)?.size ?? 0
        case .symlink: info.size = UInt64(try linkTarget(node).count)
        default: break
        }
        return info
    }

    private func reparsePoint(
        of file: NTFSFile, _ standard: NTFSStandardInformation
    ) throws(ImageFault) -> NTFSReparsePoint? {
        guard standard.attributes.contains(.reparsePoint),
            let value = try volume.value(.reparsePoint, of: file)
        else { return nil }
        return try NTFSReparsePoint(parsing: value)
    }

    private func interixFile(
        _ file: NTFSFile, _ standard: NTFSStandardInformation
    ) throws(ImageFault) -> InterixFile? {
        guard standard.attributes.contains(.system), !file.record.isDirectory,
            let content = try volume.stream(.data, of: file), InterixFile.sizes.contains(content.size),
            !content.isEncrypted
        else { return nil }
        return try InterixFile(volume.streams.read(content, at: 0, count: Int(content.size)))
    }

    // MARK: Directories

    /// The names that Windows shows: those of DOS that only stand in for longer ones are left out, and in the
    /// root the files of the system itself (`$MFT` …), which can be looked up.
    package func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        let isRoot = NTFSReference(directory.rawValue).number == NTFSRecord.Number.root
        var result: [DirectoryEntry] = []
        for entry in try index(of: directory).entries() {
            guard entry.nameSpace != .dos,
                !isRoot || entry.reference.number >= NTFSRecord.Number.firstUser
            else { continue }
            let node = NodeID(entry.reference.rawValue)
            result.append(
                DirectoryEntry(
                    name: FileName(NTFSName.encode(entry.name)), node: node, type: type(of: entry, node)))
        }
        return result
    }

    /// The type as the directory says it. A small system file may be a link of Interix, which only it knows;
    /// the size in the directory may be one of before it was written.
    private func type(of entry: NTFSIndexEntry, _ node: NodeID) -> FileType {
        if entry.attributes.contains(.reparsePoint),
            let type = NTFSReparsePoint.type(ofTag: entry.reparseTag)
        {
            return type
        }
        if entry.attributes.contains(.directory) { return .directory }
        guard entry.attributes.contains(.system), !entry.attributes.contains(.reparsePoint),
            entry.size <= InterixFile.sizes.upperBound
        else { return .regular }
        // Where it cannot be read, asking for it says why.
        return (try? info(node).type) ?? .unknown
    }

    /// Compares as Windows does, with the volume's own table of upper case; a name that is the same to the
    /// letter wins. Names of DOS are found, too.
    package func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        let index = try index(of: directory)
        guard let units = NTFSName.decode(name.bytes), (1...255).contains(units.count) else { return nil }
        return try index.entry(units, upcase).map { NodeID($0.reference.rawValue) }
    }

    private func index(of directory: NodeID) throws(ImageFault) -> NTFSDirectory {
        let file = try file(directory)
        guard file.record.isDirectory else { throw ImageFault(.notFound, "not a directory") }
        return try NTFSDirectory(file, on: volume)
    }

    // MARK: Content

    /// The content of a file that is no directory.
    private func content(of node: NodeID, _ file: NTFSFile) throws(ImageFault) -> NTFSStream? {
        try files.stream([], of: NTFSReference(node.rawValue), file)
    }

    private func regularFile(_ node: NodeID) throws(ImageFault) -> NTFSFile {
        let file = try file(node)
        guard !file.record.isDirectory else {
            throw ImageFault(.unsupported, "a directory is not read as a file", at: file.record.place)
        }
        return file
    }

    package func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let file = try regularFile(node)
        let standard = try NTFSStandardInformation(of: file, on: volume)
        let content = try content(of: node, file)
        if let point = try reparsePoint(of: file, standard) {
            guard point.tag == NTFSReparsePoint.Tag.overlay else {
                throw ImageFault(
                    .unsupported, NTFSReparsePoint.refusal(ofTag: point.tag), at: file.record.place)
            }
            let overlay = try NTFSOverlayFile(
                point,
                packed: try files.stream(
                    NTFSOverlayFile.streamName, of: NTFSReference(node.rawValue), file),
                size: content?.size ?? 0)
            return try overlay.read(at: offset, count: count, volume.streams, overlayChunks)
        }
        guard let content else { return Bytes([], origin: offset) }
        return try volume.streams.read(content, at: offset, count: count)
    }

    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? {
        let file = try regularFile(node)
        guard let content = try content(of: node, file) else { return nil }
        return volume.streams.location(of: content, at: offset)
    }

    /// The path a symbolic link or junction leads to, with slashes.
    ///
    /// Windows names targets by drive letters, which the volume does not know. `C:` is taken for this volume,
    /// and so is another letter when the path is there; else the letter stays at the front (`D:/data`), where
    /// no path leads to. The same holds for other machines (`UNC/server/share`) and volumes by identifier.
    package func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8] {
        let file = try file(node)
        let standard = try NTFSStandardInformation(of: file, on: volume)
        guard let point = try reparsePoint(of: file, standard) else {
            guard let interix = try interixFile(file, standard), interix.type == .symlink else {
                throw ImageFault(.unsupported, "not a symbolic link", at: file.record.place)
            }
            return interix.target
        }
        switch try point.target() {
        case .relative(let path), .ownVolume(let path), .other(let path): return path
        case .drive(let letter, let path):
            if letter == UInt8(ascii: "C") { return path }
            if try leadsSomewhere(path) { return path }
            return [letter, UInt8(ascii: ":")] + path
        }
    }

    private func leadsSomewhere(_ path: [UInt8]) throws(ImageFault) -> Bool {
        var node = root
        for name in GuestPath(path).names.prefix(64) {
            guard try file(node).record.isDirectory, let next = try lookup(name, in: node) else {
                return false
            }
            node = next
        }
        return true
    }

    // MARK: Streams

    /// A stream beside a file's content.
    package struct Stream: Sendable, Hashable {
        /// Without colons.
        package var name: FileName
        /// In bytes.
        package var size: UInt64
    }

    /// The named streams of a file or directory, in the order of the disk.
    package func streams(of node: NodeID) throws(ImageFault) -> [Stream] {
        let file = try file(node)
        let pieces = try volume.pieces(of: file) {
            $0 == NTFSAttribute.Kind.data.rawValue && !$1.isEmpty
        }
        var result: [Stream] = []
        for piece in pieces {
            switch piece.value {
            case .resident(let bytes):
                result.append(Stream(name: FileName(NTFSName.encode(piece.name)), size: UInt64(bytes.count)))
            // The first piece stands for the others.
            case .mapped(let mapping) where mapping.firstCluster == 0:
                result.append(Stream(name: FileName(NTFSName.encode(piece.name)), size: mapping.size))
            case .mapped: continue
            }
        }
        return result
    }

    /// Up to `count` bytes of a named stream, whose name is compared as those of files are; nil when the file
    /// has no such stream.
    package func readStream(
        _ name: FileName, of node: NodeID, at offset: UInt64, count: Int
    ) throws(ImageFault) -> Bytes? {
        let file = try file(node)
        guard let units = NTFSName.decode(name.bytes), !units.isEmpty else { return nil }
        let folded = upcase.fold(units)
        let pieces = try volume.pieces(of: file) {
            $0 == NTFSAttribute.Kind.data.rawValue && upcase.order($1, foldedFirst: folded) == 0
        }
        guard !pieces.isEmpty else { return nil }
        return try volume.streams.read(
            NTFSStream(pieces, volume.geometry), at: offset, count: count)
    }
}
