import BlockIO
import ByteReading
import SystemPackage

/// One image format: how it is known, and how its disk is opened.
///
/// A new format is a folder with a type that conforms, a case of `ImageFormat` and a line in
/// `ContainerReaders.all`.
protocol ContainerReader: SendableMetatype {
    /// The format it reads.
    static var format: ImageFormat { get }

    /// Whether the content of `file` is of this format, by its magic numbers; names count for nothing.
    static func matches(_ file: any BlockSource) throws(ImageFault) -> Bool

    /// Whether the start of a file of this format is its own; false where the guest's first sector may stand
    /// there, so that a partition table at its place means nothing.
    static var ownsFirstSector: Bool { get }

    /// Opens the disk in `file`.
    ///
    /// - Parameters:
    ///   - path: where the file is, for relative names in it; nil when it has no place.
    ///   - depth: 0 for the image itself, 1 for its backing file, and so on.
    ///   - chain: takes up findings, and opens the files that this one refers to.
    /// - Throws: `unsupported` for encryption and unknown features, `corrupt` and `truncated` where the
    ///   container cannot be read at all.
    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage
}

extension ContainerReader {
    static var ownsFirstSector: Bool { true }
}

/// The formats that are read.
enum ContainerReaders {
    /// All but raw, which everything is that is nothing else.
    static let all: [any ContainerReader.Type] = [
        Qcow2Reader.self, QcowReader.self, QedReader.self, VmdkReader.self, VdiReader.self, VHDXReader.self,
        VHDReader.self,
    ]

    /// The reader of a format.
    static func reader(of format: ImageFormat) -> any ContainerReader.Type {
        all.first { $0.format == format } ?? RawReader.self
    }

    /// The formats whose signatures `file` carries; one file can carry several.
    static func matching(_ file: any BlockSource) throws(ImageFault) -> [any ContainerReader.Type] {
        var found: [any ContainerReader.Type] = []
        for reader in all where try reader.matches(file) { found.append(reader) }
        return found
    }
}
