import BlockIO
import ByteReading
import SystemPackage

/// Opens VHD images (Virtual Hard Disk Image Format Specification); QEMU calls them `vpc`.
enum VHDReader: ContainerReader {
    static let format = ImageFormat.vpc
    /// A fixed disk has the guest's.
    static let ownsFirstSector = false

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        try VHDFooterCopies.isPresent(in: file)
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let container = try VHDContainer(file)
        chain.report(container.findings, depth: depth)
        var parent = ReferencedFile.none
        if let location = container.parent, let expected = container.header?.parentIdentity {
            let name = ImageChain.Name(
                .backing, Array(location.name.utf8), format: format.rawValue, namedBy: path, depth: depth)
            parent = chain.parent(name, at: location) { (source: FileSource) throws(ImageFault) in
                let identity = try VHDFooterCopies(source).footer.identity
                guard identity == expected else {
                    throw ImageFault(.corrupt, "its identity is \(identity), that of the parent \(expected)")
                }
            }
        }
        let disk = try VHDImage(file, container, parent: parent)
        var survey = VHDSurvey(disk)
        if let finding = try survey.beyondEnd(dataEnd: container.dataEnd) {
            chain.report([finding], depth: depth)
        }
        var image = OpenedImage(format: format, disk: disk, fileSize: file.size)
        image.clusterSize = container.header.map { Int($0.blockSize) }
        image.subformat =
            switch container.footer.type {
            case .fixed: "fixed"
            case .dynamic: "dynamic"
            case .differencing: "differencing"
            }
        image.identity = container.footer.identity.description
        return image
    }
}
