import BlockIO
import ByteReading
import SystemPackage

/// Opens VHDX images ([MS-VHDX]).
enum VHDXReader: ContainerReader {
    static let format = ImageFormat.vhdx

    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool {
        try VHDXContainer.isPresent(in: file)
    }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        let container = try VHDXContainer(file)
        chain.report(container.findings, depth: depth)
        var parent = ReferencedFile.none
        if let locator = container.metadata.parent {
            let name = ImageChain.Name(
                .backing, Array(locator.location.name.utf8), format: format.rawValue, namedBy: path,
                depth: depth)
            parent = chain.parent(name, at: locator.location) { (source: FileSource) throws(ImageFault) in
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
        chain.report(try survey.findings(), depth: depth)
        var image = OpenedImage(format: format, disk: disk, fileSize: file.size)
        image.clusterSize = Int(container.metadata.blockSize)
        image.subformat =
            container.metadata.parent != nil
            ? "differencing" : container.metadata.isFixed ? "fixed" : "dynamic"
        image.identity = container.header.dataWriteIdentity.description
        return image
    }
}
