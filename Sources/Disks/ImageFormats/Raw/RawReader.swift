import BlockIO
import ByteReading
import SystemPackage

/// A file that is the disk itself.
enum RawReader: ContainerReader {
    static let format = ImageFormat.raw

    /// Anything can be a raw disk.
    static func matches(_ file: any BlockSource) -> Bool { true }

    static func open(
        _ file: any BlockSource, path: FilePath?, depth: Int, chain: inout ImageChain
    ) throws(ImageFault) -> OpenedImage {
        if depth == 0 { try report(file, chain: &chain) }
        return OpenedImage(format: .raw, disk: file, fileSize: file.size)
    }

    private static func report(_ file: any BlockSource, chain: inout ImageChain) throws(ImageFault) {
        if file.size == 0 {
            chain.report(.emptyFile, "the file is empty", depth: 0)
        } else if try file.holdsNothing() {
            chain.report(.noData, "the file is one hole of \(file.size) bytes", depth: 0)
        }
        if file.size % 512 != 0 {
            chain.report(
                .unalignedSize,
                "\(file.size) bytes are not a multiple of 512: \(file.size % 512) bytes are left over",
                at: file.size - file.size % 512, depth: 0)
        }
    }
}
