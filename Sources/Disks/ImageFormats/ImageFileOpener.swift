package import BlockIO
package import ByteReading
package import SystemPackage

/// Opens image files: finds out the format, reads the container and, as far as the policy allows, the files
/// it refers to.
package struct ImageFileOpener: Sendable {
    /// Files of one chain, the image included.
    private static let longestChain = 16

    private let policy: BackingPolicy

    package init(policy: BackingPolicy = .nothing) { self.policy = policy }

    /// Opens the image in `file`.
    ///
    /// - Parameter format: the format the user states. It wins over what the file looks like; a disagreement
    ///   is a finding.
    /// - Throws: `unsupported` for encryption and unknown features, `corrupt` and `truncated` where the
    ///   container cannot be read at all.
    package func open(_ file: FileSource, as format: ImageFormat? = nil) throws(ImageFault) -> ImageOpening {
        try open(file, path: file.path, as: format)
    }

    /// Opens the image in `file`; relative names in it are relative to the directory of `path`.
    package func open(
        _ file: any BlockSource, path: FilePath?, as format: ImageFormat? = nil
    ) throws(ImageFault) -> ImageOpening {
        let looksLikeQcow2 = try ImageFileOpener.looksLikeQcow2(file)
        var chain = Chain(policy: policy)
        if let path, let real = try? HostPath.resolve(path) { chain.visited.insert(real) }
        switch format {
        case .qcow2:
            return .opened(try openQcow2(file, path: path, depth: 0, chain: &chain))
        case .vpc: return .opened(try openVPC(file, path: path, depth: 0, chain: &chain))
        case .vhdx: return .opened(try openVHDX(file, path: path, depth: 0, chain: &chain))
        case .raw:
            var image = try openRaw(file)
            if looksLikeQcow2 {
                image.findings.append(
                    ContainerFinding(.formatDisagreement, "stated to be raw, but starts like qcow2", at: 0))
            } else if let other = try ContainerSignatures.recognise(file, path: path) {
                image.findings.append(
                    ContainerFinding(
                        .formatDisagreement,
                        "stated to be raw, but looks like \(other.name) (\(other.title))",
                        at: other.offset))
            }
            return .opened(image)
        case nil:
            if looksLikeQcow2 { return .opened(try openQcow2(file, path: path, depth: 0, chain: &chain)) }
            if try VHDXContainer.isPresent(in: file) {
                return .opened(try openVHDX(file, path: path, depth: 0, chain: &chain))
            }
            if try VHDFooterCopies.isPresent(in: file) {
                return .opened(try openVPC(file, path: path, depth: 0, chain: &chain))
            }
            if let other = try ContainerSignatures.recognise(file, path: path) { return .recognised(other) }
            return .opened(try openRaw(file))
        }
    }

    private static func looksLikeQcow2(_ file: any BlockSource) throws(ImageFault) -> Bool {
        let start = try file.readUpTo(at: 0, count: 8)
        guard start.count == 8, start.prefix(4).array == Qcow2Header.magic else { return false }
        return try start.big(UInt32.self, at: 4) != 1
    }

    // MARK: Raw

    private func openRaw(_ file: any BlockSource) throws(ImageFault) -> OpenedImage {
        var findings: [ContainerFinding] = []
        if file.size == 0 {
            findings.append(ContainerFinding(.emptyFile, "the file is empty"))
        } else if try ImageFileOpener.holdsNothing(file) {
            findings.append(ContainerFinding(.noData, "the file is one hole of \(file.size) bytes"))
        }
        if file.size % 512 != 0 {
            findings.append(
                ContainerFinding(
                    .unalignedSize,
                    "\(file.size) bytes are not a multiple of 512: \(file.size % 512) bytes are left over",
                    at: file.size - file.size % 512))
        }
        return OpenedImage(
            format: .raw, disk: file, virtualSize: file.size, fileSize: file.size, clusterSize: nil,
            formatVersion: nil, compression: nil, snapshotCount: 0, references: [], findings: findings)
    }

    /// Whether a disk is nothing but holes. Looks at a few runs and no further.
    private static func holdsNothing(_ disk: any BlockSource) throws(ImageFault) -> Bool {
        var offset: UInt64 = 0
        for _ in 0..<64 where offset < disk.size {
            let extent = try disk.extent(at: offset)
            guard extent.kind == .hole else { return false }
            offset += extent.length
        }
        return offset >= disk.size
    }

    // MARK: VHD and VHDX

    private func openVPC(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout Chain
    ) throws(ImageFault) -> OpenedImage {
        let container = try VHDContainer(file)
        chain.findings += container.findings.map { $0.at(depth: depth) }
        var parent = ReferencedFile.none
        if let location = container.parent, let expected = container.header?.parentIdentity {
            parent = openParent(location, as: .vpc, path: path, depth: depth, chain: &chain) {
                (source) throws(ImageFault) in
                let identity = try VHDFooterCopies(source).footer.identity
                guard identity == expected else {
                    throw ImageFault(.corrupt, "its identity is \(identity), that of the parent \(expected)")
                }
            }
        }
        let disk = try VHDImage(file, container, parent: parent)
        var survey = VHDSurvey(disk)
        if let finding = try survey.beyondEnd(dataEnd: container.dataEnd) {
            chain.findings.append(finding.at(depth: depth))
        }
        return opened(
            .vpc, disk, in: file, clusterSize: container.header.map { Int($0.blockSize) }, depth: depth,
            chain: &chain)
    }

    private func openVHDX(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout Chain
    ) throws(ImageFault) -> OpenedImage {
        let container = try VHDXContainer(file)
        chain.findings += container.findings.map { $0.at(depth: depth) }
        var parent = ReferencedFile.none
        if let locator = container.metadata.parent {
            parent = openParent(locator.location, as: .vhdx, path: path, depth: depth, chain: &chain) {
                (source) throws(ImageFault) in
                let identity = try VHDXHeader.current(in: source).header.dataWriteIdentity
                guard locator.identities.contains(identity) else {
                    let expected = locator.identities.map(\.description).joined(separator: " or ")
                    throw ImageFault(
                        .corrupt, "its identity is \(identity), that of the parent \(expected)")
                }
            }
        }
        let disk = try VHDXImage(container, parent: parent)
        var survey = VHDXSurvey(disk, of: container)
        chain.findings += try survey.findings().map { $0.at(depth: depth) }
        return opened(
            .vhdx, disk, in: file, clusterSize: Int(container.metadata.blockSize), depth: depth,
            chain: &chain)
    }

    private func opened(
        _ format: ImageFormat, _ disk: any BlockSource, in file: any BlockSource, clusterSize: Int?,
        depth: Int, chain: inout Chain
    ) -> OpenedImage {
        if depth == 0, disk.size > 0, (try? ImageFileOpener.holdsNothing(disk)) == true {
            chain.findings.append(ContainerFinding(.noData, "nothing is allocated in the image"))
        }
        return OpenedImage(
            format: format, disk: disk, virtualSize: disk.size, fileSize: file.size,
            clusterSize: clusterSize, formatVersion: nil, compression: nil, snapshotCount: 0,
            references: chain.references, findings: chain.findings)
    }

    /// Opens the parent of a differencing disk: the first of the places named where a file is that may be opened
    /// and has the identity that `check` looks for.
    private func openParent(
        _ location: ParentLocation, as format: ImageFormat, path: FilePath?, depth: Int,
        chain: inout Chain, check: (any BlockSource) throws(ImageFault) -> Void
    ) -> ReferencedFile {
        chain.findings.append(
            ContainerFinding(
                .backingFile, "the image is a delta over \(location.name) (\(format.rawValue))",
                depth: depth))
        let slot = chain.references.count
        let findings = chain.findings.count
        var refusal: ImageFault?
        for candidate in location.candidates {
            do throws(ImageFault) {
                guard depth + 1 < ImageFileOpener.longestChain else {
                    throw ImageFault(
                        .limit,
                        "more than \(ImageFileOpener.longestChain) files in a chain of backing files")
                }
                let found = try policy.resolve(Array(candidate.utf8), namedBy: path)
                guard !chain.visited.contains(found.realPath) else {
                    throw ImageFault(
                        .corrupt, "the chain of backing files comes back to \(found.path)")
                }
                let source = try FileSource(found.realPath)
                do throws(ImageFault) { try check(source) } catch { throw error.inLayer("\(found.path)") }
                chain.visited.insert(found.realPath)
                chain.references.append(
                    FileReference(
                        role: .backing, name: location.name, format: format.rawValue, depth: depth,
                        refusal: nil))
                let parent =
                    format == .vpc
                    ? try openVPC(source, path: found.path, depth: depth + 1, chain: &chain)
                    : try openVHDX(source, path: found.path, depth: depth + 1, chain: &chain)
                return .opened(parent.disk)
            } catch {
                // What was found inside a file that turned out unreadable says nothing about this disk.
                chain.references.removeSubrange(slot...)
                chain.findings.removeSubrange(findings...)
                // A file that is there and is no good says more than one that is not.
                if refusal == nil || refusal?.kind == .notFound { refusal = error }
            }
        }
        let fault = refusal ?? ImageFault(.corrupt, "a differencing disk does not say where its parent is")
        switch refuse(
            .backing, location.name, format: format.rawValue, depth: depth, because: fault, chain: &chain)
        {
        case .refused(let fault): return .refused(fault)
        case .opened(let source): return .opened(source)
        case .none: return .none
        }
    }

    // MARK: qcow2

    /// What was opened on the way down a chain of backing files.
    private struct Chain {
        let policy: BackingPolicy
        var visited: Set<FilePath> = []
        var references: [FileReference] = []
        var findings: [ContainerFinding] = []
    }

    private func openQcow2(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout Chain
    ) throws(ImageFault) -> OpenedImage {
        let start = try file.readUpTo(at: 0, count: Qcow2Header.readLimit)
        let header = try Qcow2Header(parsing: start)
        report(header, depth: depth, chain: &chain)
        let dataFile = try openDataFile(header, path: path, depth: depth, chain: &chain)
        let backing = try openBacking(header, of: file, path: path, depth: depth, chain: &chain)
        let disk = try Qcow2Image(file, header: header, dataFile: dataFile, backing: backing)
        chain.findings += ImageFileOpener.survey(disk, depth: depth)
        if depth == 0, disk.size > 0, (try? ImageFileOpener.holdsNothing(disk)) == true {
            chain.findings.append(ContainerFinding(.noData, "nothing is allocated in the image"))
        }
        return OpenedImage(
            format: .qcow2, disk: disk, virtualSize: disk.size, fileSize: file.size,
            clusterSize: header.clusterSize, formatVersion: header.version,
            compression: header.compression == .zstd ? "zstd" : "zlib",
            snapshotCount: Int(header.snapshotCount), references: chain.references, findings: chain.findings)
    }

    private func report(_ header: Qcow2Header, depth: Int, chain: inout Chain) {
        func add(_ code: ContainerFinding.Code, _ message: String, at offset: UInt64) {
            chain.findings.append(ContainerFinding(code, message, at: offset, depth: depth))
        }
        if header.incompatible.contains(.dirty) {
            add(.dirty, "the dirty bit is set: the image was not closed cleanly", at: 72)
        }
        if header.incompatible.contains(.corrupt) {
            add(.markedCorrupt, "the corrupt bit is set: QEMU found damaged metadata", at: 72)
        }
        if header.compression == .zstd { add(.zstdCompression, "clusters are compressed with zstd", at: 104) }
        if header.usesExtendedL2 {
            add(.extendedL2Entries, "extended L2 entries (subclusters) are used", at: 72)
        }
        if header.snapshotCount > 0 {
            add(
                .snapshots, "\(header.snapshotCount) internal snapshots; only the active state is read",
                at: 60)
        }
        if header.extensions.hasBitmaps {
            add(
                .persistentBitmaps, "persistent dirty bitmaps are stored",
                at: UInt64(header.version == 2 ? 72 : 104))
        }
        if header.refcountTableOffset % UInt64(header.clusterSize) != 0 || header.refcountTableClusters == 0 {
            add(
                .corruptMetadata, "the refcount table at \(header.refcountTableOffset) is misplaced or empty",
                at: 48)
        }
    }

    /// What the tables say about the end of the file. A table that cannot be read is a finding here: the rest
    /// of the disk can be.
    private static func survey(_ disk: Qcow2Image, depth: Int) -> [ContainerFinding] {
        var survey = Qcow2Survey(disk)
        do throws(ImageFault) {
            guard var finding = try survey.beyondEnd() else { return [] }
            finding.depth = depth
            return [finding]
        } catch {
            let code: ContainerFinding.Code = error.kind == .truncated ? .truncated : .corruptMetadata
            return [ContainerFinding(code, error.message, at: error.offset, depth: depth)]
        }
    }

    private func openDataFile(
        _ header: Qcow2Header, path: FilePath?, depth: Int, chain: inout Chain
    ) throws(ImageFault) -> Qcow2Image.OtherFile {
        guard header.incompatible.contains(.externalDataFile) else { return .none }
        guard let name = header.extensions.dataFileName else {
            let fault = ImageFault(.corrupt, "an external data file is used but not named", at: 72)
            chain.findings.append(ContainerFinding(.externalDataFile, fault.message, at: 72, depth: depth))
            chain.references.append(
                FileReference(role: .dataFile, name: "", format: nil, depth: depth, refusal: fault))
            return .refused(fault)
        }
        let text = String(decoding: name, as: UTF8.self)
        chain.findings.append(
            ContainerFinding(.externalDataFile, "guest data are stored in \(text)", at: 72, depth: depth))
        do throws(ImageFault) {
            let location = try policy.resolve(name, namedBy: path)
            let source = try FileSource(location.realPath)
            chain.references.append(
                FileReference(role: .dataFile, name: text, format: "raw", depth: depth, refusal: nil))
            return .opened(source)
        } catch {
            return refuse(.dataFile, text, format: "raw", depth: depth, because: error, chain: &chain)
        }
    }

    private func refuse(
        _ role: FileReference.Role, _ name: String, format: String?, depth: Int, because fault: ImageFault,
        chain: inout Chain
    ) -> Qcow2Image.OtherFile {
        let kind = role == .backing ? "backing file" : "data file"
        chain.references.append(
            FileReference(role: role, name: name, format: format, depth: depth, refusal: fault))
        chain.findings.append(
            ContainerFinding(.referenceNotOpened, "\(kind): \(fault.message)", at: fault.offset, depth: depth)
        )
        // Whatever was wrong with it, to whoever reads the disk the data are not there.
        return .refused(fault.kind == .notAllowed ? fault : fault.inLayer(kind))
    }

    private func openBacking(
        _ header: Qcow2Header, of file: any BlockSource, path: FilePath?, depth: Int, chain: inout Chain
    ) throws(ImageFault) -> Qcow2Image.OtherFile {
        guard let range = header.backingName, !range.isEmpty else { return .none }
        let name = try file.read(at: range.lowerBound, count: range.count).array
        let text = String(decoding: name, as: UTF8.self)
        let format = header.extensions.backingFormat
        chain.findings.append(
            ContainerFinding(
                .backingFile, "the image is a delta over \(text)" + (format.map { " (\($0))" } ?? ""),
                at: range.lowerBound, depth: depth))
        if format == nil {
            chain.findings.append(
                ContainerFinding(
                    .backingFormatUnstated, "the format of \(text) is not recorded", depth: depth))
        }
        let slot = chain.references.count
        let findings = chain.findings.count
        do throws(ImageFault) {
            guard depth + 1 < ImageFileOpener.longestChain else {
                throw ImageFault(
                    .limit, "more than \(ImageFileOpener.longestChain) files in a chain of backing files")
            }
            let location = try policy.resolve(name, namedBy: path)
            guard chain.visited.insert(location.realPath).inserted else {
                throw ImageFault(.corrupt, "the chain of backing files comes back to \(location.path)")
            }
            let source = try FileSource(location.realPath)
            chain.references.append(
                FileReference(role: .backing, name: text, format: format, depth: depth, refusal: nil))
            return .opened(
                try disk(in: source, at: location, format: format, depth: depth + 1, chain: &chain))
        } catch {
            // What was found inside a file that turned out unreadable says nothing about this disk.
            chain.references.removeSubrange(slot...)
            chain.findings.removeSubrange(findings...)
            return refuse(.backing, text, format: format, depth: depth, because: error, chain: &chain)
        }
    }

    private func disk(
        in source: FileSource, at location: BackingPolicy.Location, format: String?, depth: Int,
        chain: inout Chain
    ) throws(ImageFault) -> any BlockSource {
        let isQcow2 = try ImageFileOpener.looksLikeQcow2(source)
        switch format {
        case "vpc": return try openVPC(source, path: location.path, depth: depth, chain: &chain).disk
        case "vhdx": return try openVHDX(source, path: location.path, depth: depth, chain: &chain).disk
        case "qcow2":
            return try openQcow2(source, path: location.path, depth: depth, chain: &chain).disk
        case "raw", "file", "host_device":
            return source
        case nil:
            if isQcow2 { return try openQcow2(source, path: location.path, depth: depth, chain: &chain).disk }
            if try VHDXContainer.isPresent(in: source) {
                return try openVHDX(source, path: location.path, depth: depth, chain: &chain).disk
            }
            if try VHDFooterCopies.isPresent(in: source) {
                return try openVPC(source, path: location.path, depth: depth, chain: &chain).disk
            }
            if let other = try ContainerSignatures.recognise(source, path: location.path) {
                throw ImageFault(.unsupported, "\(location.path) looks like \(other.name), which is not read")
            }
            return source
        case .some(let other):
            throw ImageFault(.unsupported, "format \(other) of \(location.path) is not read")
        }
    }
}
