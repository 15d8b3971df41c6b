import BlockIO
public import ByteReading
import Checks
import FileSystemCore
import GuestFacts
import GuestInspection
public import Reports
import SystemPackage

/// Opens an image and judges it. The face of the library.
public struct ImageScanner: Sendable {
    /// The version of the library and the program.
    public static let version = "0.1.0"

    let options: ScanOptions

    /// A scanner with `options`.
    public init(_ options: ScanOptions = ScanOptions()) { self.options = options }

    /// Reads the image at a host path and judges every system in it.
    ///
    /// Throws only when the file itself cannot be opened or is no disk image that is read; what cannot be read
    /// inside is a gap of the report.
    public func scan(_ path: String) throws(ImageFault) -> ScanReport {
        try report(path) { scan, builder in builder.judge(scan) }
    }

    /// The layers of the image and the systems in it, without judging anything.
    public func inspect(_ path: String) throws(ImageFault) -> ScanReport {
        try report(path) { scan, builder in (builder.guests(scan), nil) }
    }

    private func report(
        _ path: String,
        _ judge: (ScanFacts, ReportBuilder) -> (guests: [ScanReport.Guest], checks: [ScanReport.CheckItem]?)
    ) throws(ImageFault) -> ScanReport {
        let start = ContinuousClock.now
        let now = HostProcess.secondsSince1970
        let file = try FileSource(FilePath(path))
        let layout = try LayoutOpener(options: options).open(file)
        var scan = GuestInspector(layout, now: now).inspect()
        refreshConditions(of: &scan.image, layout)
        let (guests, checks) = judge(scan, ReportBuilder(options: options, now: now))
        let container = scan.image.container
        let backing = container.backingFiles.map {
            ScanReport.Backing(name: $0.name, opened: $0.opened, reason: $0.reason)
        }
        let results = guests.flatMap(\.checks) + (checks ?? [])
        let elapsed = start.duration(to: .now)
        return ScanReport(
            tool: ScanReport.Tool(name: "imagecheck", version: ImageScanner.version),
            image: ScanReport.Image(
                path: path, format: container.format, virtualSize: container.virtualSize,
                fileSize: container.fileSize, backing: backing.isEmpty ? nil : backing,
                layers: LayerBuilder(scan).layers()),
            guests: guests, checks: checks, gaps: scan.image.gaps,
            coverage: ScanReport.Coverage(
                checksRun: Set(results.map(\.id)).count,
                unknown: Set(results.filter { $0.status == .unknown }.map(\.id)).count),
            cost: ScanReport.Cost(
                seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18,
                bytesRead: file.cost.bytesRead, reads: file.cost.reads, peakMemory: HostProcess.peakMemory))
    }

    /// Damage that shows only when a file is read is known now.
    private func refreshConditions(of image: inout ImageFacts, _ layout: DiskLayout) {
        for index in image.volumes.indices {
            guard let fileSystem = layout.volume(image.volumes[index].id)?.fileSystem else { continue }
            for condition in VolumeOpener.conditions(of: fileSystem, on: image.volumes[index].id)
            where !image.volumes[index].conditions.contains(condition) {
                image.volumes[index].conditions.append(condition)
            }
        }
    }

    // MARK: Looking around

    func tree(_ path: String) throws(ImageFault) -> FileTree {
        let file = try FileSource(FilePath(path))
        let layout = try LayoutOpener(options: options).open(file)
        guard let found = GuestInspector(layout, now: HostProcess.secondsSince1970).tree() else {
            throw ImageFault(.notFound, "no file system that can be read was found in \(path)")
        }
        return found.tree
    }

    /// The entries of a directory of the guest, or the one entry of a file.
    public func list(_ path: String, guestPath: String) throws(ImageFault) -> [GuestEntry] {
        let tree = try tree(path)
        let place = GuestPath(guestPath)
        guard let node = try tree.node(at: place) else {
            throw ImageFault(.notFound, "no such file or directory in the guest").inLayer(guestPath)
        }
        guard try node.fileSystem.info(node.id).type == .directory else {
            return [entry(place.lastName ?? "/", at: place, in: tree)]
        }
        return (try tree.list(place) ?? []).map { entry($0.name, at: place.appending($0.name), in: tree) }
    }

    private func entry(_ name: FileName, at path: GuestPath, in tree: FileTree) -> GuestEntry {
        do {
            guard let info = try tree.info(at: path, followingLast: false) else {
                return GuestEntry(
                    name: name.bytes, type: "?", fault: ImageFault(.corrupt, "the entry leads nowhere"))
            }
            return GuestEntry(
                name: name.bytes, type: info.type.letter, permissions: info.permissions, owner: info.owner,
                group: info.group, size: info.size, linkCount: info.linkCount, modified: info.modified,
                linkTarget: info.type == .symlink ? try tree.linkTarget(at: path) : nil)
        } catch {
            return GuestEntry(name: name.bytes, type: "?", fault: error)
        }
    }

    /// Hands the content of a file of the guest to `sink`, a part at a time.
    public func read(
        _ path: String, guestPath: String, into sink: ([UInt8]) throws -> Void
    ) throws {
        let tree = try tree(path)
        guard let node = try tree.node(at: GuestPath(guestPath)) else {
            throw ImageFault(.notFound, "no such file in the guest").inLayer(guestPath)
        }
        let info = try node.fileSystem.info(node.id)
        guard info.type == .regular else {
            let what = info.type == .directory ? "a directory" : "not a regular file"
            throw ImageFault(.unsupported, "it is \(what)").inLayer(guestPath)
        }
        var offset: UInt64 = 0
        while offset < info.size {
            let part = try node.fileSystem.read(node.id, at: offset, count: 1 << 20)
            guard !part.isEmpty else { break }
            try sink(part.array)
            offset += UInt64(part.count)
        }
    }
}

extension FileSystemCore.FileType {
    /// As `ls -l` shows it.
    fileprivate var letter: Character {
        switch self {
        case .regular: "-"
        case .directory: "d"
        case .symlink: "l"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .fifo: "p"
        case .socket: "s"
        case .unknown: "?"
        }
    }
}
