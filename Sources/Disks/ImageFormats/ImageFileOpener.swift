package import BlockIO
package import ByteReading
package import SystemPackage

/// Opens image files: finds out the format, reads the container and, as far as the policy allows, the files
/// it refers to.
package struct ImageFileOpener: Sendable {
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
        let matching = try ContainerReaders.matching(file)
        let other = matching.isEmpty ? try ContainerSignatures.recognise(file, path: path) : nil
        var chain = ImageChain(policy: policy, path: path)
        let reader: any ContainerReader.Type
        if let format {
            reader = ContainerReaders.reader(of: format)
            if let first = matching.first, !matching.contains(where: { $0.format == format }) {
                chain.report(
                    .formatDisagreement,
                    "stated to be \(format.rawValue), but looks like \(first.format.rawValue)",
                    depth: 0)
            } else if let other {
                chain.report(
                    .formatDisagreement,
                    "stated to be \(format.rawValue), but looks like \(other.name) (\(other.title))",
                    at: other.offset, depth: 0)
            }
        } else if let first = matching.first {
            reader = first
        } else if let other {
            return .recognised(other)
        } else {
            reader = RawReader.self
        }
        try ImageFileOpener.reportAmbiguity(file, as: reader, among: matching, chain: &chain)
        var image = try reader.open(file, path: path, depth: 0, chain: &chain)
        if reader.format != .raw, image.disk.size > 0, (try? image.disk.holdsNothing()) == true {
            chain.report(.noData, "nothing is allocated in the image", depth: 0)
        }
        image.references = chain.references
        image.findings = chain.findings
        return .opened(image)
    }

    /// Says so when the file is in two formats at once, as image services do: what the guest gets then depends
    /// on who opens it.
    private static func reportAmbiguity(
        _ file: any BlockSource, as reader: any ContainerReader.Type,
        among matching: [any ContainerReader.Type], chain: inout ImageChain
    ) throws(ImageFault) {
        if matching.count > 1 {
            let names = matching.map { $0.format.rawValue }.joined(separator: " and ")
            chain.report(.severalFormats, "the file is \(names) at once", depth: 0)
        }
        guard reader.format != .raw, reader.ownsFirstSector else { return }
        let start = try file.readUpTo(at: 0, count: 1024)
        let descriptor = try file.readUpTo(at: 0x8001, count: 5)
        if start.starts(with: "EFI PART", at: 512) {
            chain.report(
                .severalFormats, "the file is \(reader.format.rawValue) and has a GPT", at: 512, depth: 0)
        } else if start.starts(with: [0x55, 0xAA], at: 510) {
            chain.report(
                .severalFormats, "the file is \(reader.format.rawValue) and has a boot sector", at: 510,
                depth: 0)
        }
        if descriptor.starts(with: "CD001") {
            chain.report(
                .severalFormats, "the file is \(reader.format.rawValue) and a CD-ROM image", at: 0x8001,
                depth: 0)
        }
    }
}
