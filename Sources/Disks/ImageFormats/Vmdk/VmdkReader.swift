import BlockIO
import ByteReading
import SystemPackage

/// Opens VMware disks (VMware, Virtual Disk Format 5.0; QEMU, block/vmdk.c).
enum VmdkReader: ContainerReader {
    static let format = ImageFormat.vmdk

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        let start = try file.readUpTo(at: 0, count: 32)
        return start.starts(with: VmdkHeader.magic) || start.starts(with: VmdkCowHeader.magic)
            || isDescriptor(start)
    }

    private static func isDescriptor(_ start: Bytes) -> Bool {
        ["# Disk DescriptorFile", "#Disk DescriptorFile", "# Disk Descriptor File"].contains {
            start.starts(with: $0)
        }
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let start = try file.readUpTo(at: 0, count: VmdkHeader.length)
        let opening = VmdkOpening(file: file, path: path, depth: depth)
        if start.starts(with: VmdkCowHeader.magic) { return try opening.openAlone(nil, chain: &chain) }
        if start.starts(with: VmdkHeader.magic) {
            let header = try VmdkHeader(parsing: start)
            let descriptor = try embedded(header, in: file)
            // An extent of no size carries nothing but the descriptor of other files.
            if header.capacity == 0, let descriptor {
                return try opening.openParts(of: descriptor, chain: &chain)
            }
            return try opening.openAlone(descriptor, chain: &chain)
        }
        guard isDescriptor(start) else {
            throw ImageFault(.corrupt, "starts neither like a VMware extent nor like a descriptor", at: 0)
        }
        return try opening.openParts(of: descriptor(in: file), chain: &chain)
    }

    private static func embedded(
        _ header: VmdkHeader, in file: any BlockSource
    ) throws(ImageFault) -> VmdkDescriptor? {
        guard let range = header.descriptor else { return nil }
        let length = range.upperBound - range.lowerBound
        guard length <= UInt64(VmdkDescriptor.longest) else {
            throw ImageFault(.limit, "a descriptor of \(length) bytes", at: range.lowerBound)
        }
        return try VmdkDescriptor(parsing: file.readUpTo(at: range.lowerBound, count: Int(length)))
    }

    private static func descriptor(in file: any BlockSource) throws(ImageFault) -> VmdkDescriptor {
        let text = try file.readUpTo(at: 0, count: VmdkDescriptor.longest + 1)
        guard text.count <= VmdkDescriptor.longest || text.firstIndex(of: [0]) != nil else {
            throw ImageFault(.limit, "a descriptor of more than \(VmdkDescriptor.longest) bytes", at: 0)
        }
        return try VmdkDescriptor(parsing: text)
    }
}

/// One VMware disk being opened.
struct VmdkOpening {
    let file: any BlockSource
    let path: FilePath?
    let depth: Int

    /// Kinds that image services take, as they cannot refer to other files.
    private static let usual: Set<String> = ["monolithicSparse", "streamOptimized"]

    /// Opens the disk whose data are in `file` itself.
    func openAlone(
        _ descriptor: VmdkDescriptor?, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let extent = try VmdkExtentFile(file)
        if let descriptor { try checkEmbedded(descriptor, chain: &chain) }
        let backing = openParent(descriptor, chain: &chain)
        let disk = try extent.disk(over: backing, from: 0)
        survey(extent, of: nil, chain: &chain)
        var image = image(disk, descriptor)
        image.subformat =
            descriptor?.createType
            ?? (extent.header == nil
                ? "vmfsSparse" : extent.map.isCompressed ? "streamOptimized" : "monolithicSparse")
        image.clusterSize = Int(extent.map.clusterSize)
        image.formatVersion = extent.header.map { Int($0.version) }
        image.compression = extent.map.isCompressed ? "zlib" : nil
        reportSubformat(image.subformat, chain: &chain)
        return image
    }

    /// Opens the disk that `descriptor` puts together from other files.
    func openParts(
        of descriptor: VmdkDescriptor, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        try refuseEncrypted(descriptor)
        guard let type = descriptor.createType else {
            throw ImageFault(.corrupt, "the descriptor does not say what kind of disk it is (createType)")
        }
        guard !descriptor.extents.isEmpty else {
            throw ImageFault(
                .corrupt,
                "the descriptor of a \(type) disk names no extents"
                    + (descriptor.badLines.first.map { ": \($0)" } ?? ""))
        }
        reportSubformat(type, chain: &chain)
        reportBadLines(descriptor, chain: &chain)
        let names = descriptor.extents.count(where: { $0.type != "ZERO" })
        if names > 0 {
            chain.report(
                .externalDataFile, "the data of the \(type) disk are in \(names) other files", depth: depth)
        }
        let backing = openParent(descriptor, chain: &chain)
        var pieces = VmdkPieces()
        for extent in descriptor.extents {
            try append(extent, of: descriptor, over: backing, to: &pieces, chain: &chain)
        }
        var image = image(try ConcatenatedSource(pieces.pieces), descriptor)
        image.subformat = type
        return image
    }

    private func image(_ disk: any BlockSource, _ descriptor: VmdkDescriptor?) -> OpenedImage {
        var image = OpenedImage(format: .vmdk, disk: disk, fileSize: file.size)
        image.identity = descriptor?.contentID.map { VmdkOpening.text($0) }
        return image
    }

    /// A content ID as descriptors write it.
    private static func text(_ id: UInt32) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    // MARK: What is said about the descriptor

    private func reportSubformat(_ type: String?, chain: inout ImageChain) {
        guard let type, !VmdkOpening.usual.contains(type) else { return }
        chain.report(
            .unusualSubformat,
            "the disk is of kind \(type); image services take monolithicSparse and streamOptimized alone",
            depth: depth)
    }

    private func reportBadLines(_ descriptor: VmdkDescriptor, chain: inout ImageChain) {
        for line in descriptor.badLines {
            chain.report(
                .corruptMetadata, "a line of the descriptor is not understood: \(line)", depth: depth)
        }
    }

    private func refuseEncrypted(_ descriptor: VmdkDescriptor) throws(ImageFault) {
        guard !descriptor.isEncrypted else {
            throw ImageFault(.unsupported, "the disk is encrypted by VMware")
        }
    }

    /// The descriptor inside an extent can describe that extent only.
    private func checkEmbedded(_ descriptor: VmdkDescriptor, chain: inout ImageChain) throws(ImageFault) {
        try refuseEncrypted(descriptor)
        reportBadLines(descriptor, chain: &chain)
        if descriptor.extents.count > 1 {
            chain.report(
                .unsafeReference,
                "the descriptor inside the file names \(descriptor.extents.count) extents; the file is one",
                depth: depth)
        }
        for extent in descriptor.extents.prefix(8) where extent.name.contains(0x2F) {
            chain.report(
                .unsafeReference,
                "the descriptor inside the file names an extent elsewhere: "
                    + String(decoding: extent.name.prefix(200), as: UTF8.self), depth: depth)
        }
    }

    private func survey(_ extent: VmdkExtentFile, of name: String?, chain: inout ImageChain) {
        let prefix = name.map { "\($0): " } ?? ""
        if let header = extent.header {
            if header.isUnclean {
                chain.report(
                    .dirty, "\(prefix)the extent was not closed cleanly (uncleanShutdown)", at: 72,
                    depth: depth)
            }
            if header.flags.contains(.lineEndings), !header.hasLineEndings {
                chain.report(
                    .corruptMetadata,
                    "\(prefix)line endings were changed on the way, as by a transfer as text", at: 73,
                    depth: depth)
            }
        }
        var survey = VmdkSurvey(extent)
        for finding in survey.findings() {
            chain.report(finding.code, prefix + finding.message, at: finding.offset, depth: depth)
        }
    }

    // MARK: Other files

    private func openParent(_ descriptor: VmdkDescriptor?, chain: inout ImageChain) -> ReferencedFile {
        guard let descriptor,
            let expected = descriptor.parentID ?? (descriptor.parentName == nil ? nil : UInt32.max)
        else { return .none }
        let hint = descriptor.parentName ?? []
        let name = ImageChain.Name(
            .backing, hint, format: ImageFormat.vmdk.rawValue, namedBy: path, depth: depth)
        chain.report(
            .backingFile, "the disk is a delta over \(hint.isEmpty ? "a disk it does not name" : name.text)",
            depth: depth)
        guard !hint.isEmpty else {
            return chain.refuse(
                name, because: ImageFault(.corrupt, "a parent is needed but not named (parentFileNameHint)"))
        }
        return chain.disk(name) { parent in
            let wanted = VmdkOpening.text(expected)
            guard expected != .max, parent.identity != wanted else { return nil }
            return ContainerFinding(
                .backingMismatch,
                "the parent has content ID \(parent.identity ?? "none"), the delta was made over \(wanted)")
        }
    }

    private func append(
        _ extent: VmdkDescriptor.Extent, of descriptor: VmdkDescriptor, over backing: ReferencedFile,
        to pieces: inout VmdkPieces, chain: inout ImageChain
    ) throws(ImageFault) {
        let size = try extent.sectors.multiplied(by: 512)
        if extent.type == "ZERO" { return try pieces.append(nil, size: size) }
        let name = ImageChain.Name(
            .part, descriptor.utf8(extent.name), format: nil, namedBy: path, depth: depth)
        if extent.access == "NOACCESS" {
            let fault = ImageFault(.unsupported, "the extent \(name.text) is marked as not accessible")
            _ = chain.refuse(name, because: fault)
            return try pieces.append(UnreadableSource(size: size, fault: fault), size: size)
        }
        switch extent.type {
        case "FLAT", "VMFS":
            try appendFlat(name, from: extent.offset, size: size, to: &pieces, chain: &chain)
        case "SPARSE", "VMFSSPARSE":
            try appendSparse(name, size: size, over: backing, to: &pieces, chain: &chain)
        default:
            let fault = ImageFault(.unsupported, "extents of type \(extent.type) are not read")
            _ = chain.refuse(name, because: fault)
            try pieces.append(UnreadableSource(size: size, fault: fault), size: size)
        }
    }

    private func appendFlat(
        _ name: ImageChain.Name, from sector: UInt64, size: UInt64, to pieces: inout VmdkPieces,
        chain: inout ImageChain
    ) throws(ImageFault) {
        let start = try sector.multiplied(by: 512)
        switch chain.file(name) {
        case .none: break
        case .refused(let fault): try pieces.append(UnreadableSource(size: size, fault: fault), size: size)
        case .opened(let source):
            let end = try start.adding(size)
            if end > source.size {
                chain.report(
                    .truncated, "the extent \(name.text) ends at \(end), its file at \(source.size)",
                    depth: depth)
            }
            try pieces.append(source, from: start, size: size)
        }
    }

    private func appendSparse(
        _ name: ImageChain.Name, size: UInt64, over backing: ReferencedFile, to pieces: inout VmdkPieces,
        chain: inout ImageChain
    ) throws(ImageFault) {
        switch chain.file(name) {
        case .none: break
        case .refused(let fault): try pieces.append(UnreadableSource(size: size, fault: fault), size: size)
        case .opened(let source):
            do throws(ImageFault) {
                let part = try VmdkExtentFile(source)
                if part.size != size {
                    chain.report(
                        .corruptMetadata,
                        "the extent \(name.text) holds \(part.size) bytes, the descriptor says \(size)",
                        depth: depth)
                }
                let content = try part.disk(over: backing, from: pieces.size)
                survey(part, of: name.text, chain: &chain)
                // Where the two differ, what both have is the disk.
                let shared = Swift.min(size, part.size)
                try pieces.append(content, size: shared)
                let lost = ImageFault(.truncated, "the extent \(name.text) ends at \(part.size)")
                try pieces.append(UnreadableSource(size: size - shared, fault: lost), size: size - shared)
            } catch {
                // The file is there but unusable: a gap as large as the descriptor says.
                let fault = error.inLayer(name.text)
                chain.report(
                    error.kind == .unsupported ? .referenceNotOpened : .corruptMetadata,
                    "the extent \(name.text): \(error.message)", at: error.offset, depth: depth)
                try pieces.append(UnreadableSource(size: size, fault: fault), size: size)
            }
        }
    }
}

/// The parts of a disk in the making.
private struct VmdkPieces {
    private(set) var pieces: [ConcatenatedSource.Piece] = []
    private(set) var size: UInt64 = 0

    /// Adds `length` bytes of a source, or zeros.
    mutating func append(
        _ source: (any BlockSource)?, from start: UInt64 = 0, size length: UInt64
    ) throws(ImageFault) {
        size = try size.adding(length)
        pieces.append(ConcatenatedSource.Piece(source, start: start, size: length))
    }
}
