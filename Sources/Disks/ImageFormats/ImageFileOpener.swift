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
        var image = try reader.open(file, path: path, depth: 0, chain: &chain)
        if reader.format != .raw, image.disk.size > 0, (try? image.disk.holdsNothing()) == true {
            chain.report(.noData, "nothing is allocated in the image", depth: 0)
        }
        image.references = chain.references
        image.findings = chain.findings
        return .opened(image)
    }
}
