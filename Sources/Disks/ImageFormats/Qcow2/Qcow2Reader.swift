import BlockIO
import ByteReading
import SystemPackage

/// Opens qcow2 images (docs/interop/qcow2.txt).
enum Qcow2Reader: ContainerReader {
    static let format = ImageFormat.qcow2

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        let start = try file.readUpTo(at: 0, count: 8)
        guard start.count == 8, start.starts(with: Qcow2Header.magic) else { return false }
        return try start.big(UInt32.self, at: 4) != 1
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let start = try file.readUpTo(at: 0, count: Qcow2Header.readLimit)
        let header = try Qcow2Header(parsing: start)
        report(header, depth: depth, chain: &chain)
        let dataFile = openDataFile(header, path: path, depth: depth, chain: &chain)
        let backing = try openBacking(header, of: file, path: path, depth: depth, chain: &chain)
        let disk = try Qcow2Image(file, header: header, dataFile: dataFile, backing: backing)
        survey(disk, depth: depth, chain: &chain)
        var image = OpenedImage(format: .qcow2, disk: disk, fileSize: file.size)
        image.clusterSize = header.clusterSize
        image.formatVersion = header.version
        image.compression = header.compression == .zstd ? "zstd" : "zlib"
        image.snapshotCount = Int(header.snapshotCount)
        return image
    }

    private static func report(_ header: Qcow2Header, depth: Int, chain: inout ImageChain) {
        if header.incompatible.contains(.dirty) {
            chain.report(
                .dirty, "the dirty bit is set: the image was not closed cleanly", at: 72, depth: depth)
        }
        if header.incompatible.contains(.corrupt) {
            chain.report(
                .markedCorrupt, "the corrupt bit is set: QEMU found damaged metadata", at: 72, depth: depth)
        }
        if header.compression == .zstd {
            chain.report(.zstdCompression, "clusters are compressed with zstd", at: 104, depth: depth)
        }
        if header.usesExtendedL2 {
            chain.report(
                .extendedL2Entries, "extended L2 entries (subclusters) are used", at: 72, depth: depth)
        }
        if header.snapshotCount > 0 {
            chain.report(
                .snapshots, "\(header.snapshotCount) internal snapshots; only the active state is read",
                at: 60, depth: depth)
        }
        if header.extensions.hasBitmaps {
            chain.report(
                .persistentBitmaps, "persistent dirty bitmaps are stored",
                at: UInt64(header.version == 2 ? 72 : 104), depth: depth)
        }
        // Bit 0 is for bitmaps, bit 1 says that an external data file is a raw disk.
        if header.autoclear & ~3 != 0 {
            chain.report(
                .unknownFeatures,
                "autoclear feature bits 0x\(String(header.autoclear & ~3, radix: 16)) are not known", at: 88,
                depth: depth)
        }
        if header.refcountTableOffset % UInt64(header.clusterSize) != 0 || header.refcountTableClusters == 0 {
            chain.report(
                .corruptMetadata, "the refcount table at \(header.refcountTableOffset) is misplaced or empty",
                at: 48, depth: depth)
        }
    }

    /// What the tables say about the end of the file. A table that cannot be read is a finding here: the rest
    /// of the disk can be.
    private static func survey(_ disk: Qcow2Image, depth: Int, chain: inout ImageChain) {
        var survey = Qcow2Survey(disk)
        do throws(ImageFault) {
            guard let finding = try survey.beyondEnd() else { return }
            chain.report(finding.code, finding.message, at: finding.offset, depth: depth)
        } catch {
            chain.report(
                error.kind == .truncated ? .truncated : .corruptMetadata, error.message, at: error.offset,
                depth: depth)
        }
    }

    private static func openDataFile(
        _ header: Qcow2Header, path: FilePath?, depth: Int, chain: inout ImageChain
    ) -> ReferencedFile {
        guard header.incompatible.contains(.externalDataFile) else { return .none }
        let name = ImageChain.Name(
            .dataFile, header.extensions.dataFileName ?? [], format: "raw", namedBy: path, depth: depth)
        guard header.extensions.dataFileName != nil else {
            let fault = ImageFault(.corrupt, "an external data file is used but not named", at: 72)
            chain.report(.externalDataFile, fault.message, at: 72, depth: depth)
            return chain.refuse(name, because: fault)
        }
        chain.report(.externalDataFile, "guest data are stored in \(name.text)", at: 72, depth: depth)
        return chain.file(name)
    }

    private static func openBacking(
        _ header: Qcow2Header, of file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> ReferencedFile {
        guard let range = header.backingName, !range.isEmpty else { return .none }
        let format = header.extensions.backingFormat
        let name = ImageChain.Name(
            .backing, try file.read(at: range.lowerBound, count: range.count).array, format: format,
            namedBy: path, depth: depth)
        chain.report(
            .backingFile, "the image is a delta over \(name.text)" + (format.map { " (\($0))" } ?? ""),
            at: range.lowerBound, depth: depth)
        if format == nil {
            chain.report(
                .backingFormatUnstated, "the format of \(name.text) is not recorded", depth: depth)
        }
        return chain.disk(name)
    }
}
