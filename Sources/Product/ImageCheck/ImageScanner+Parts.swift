import BlockIO
public import ByteReading
import ImageFormats
import SystemPackage

extension ImageScanner {
    /// The files that the image at `path` refers to and that the options allow to be opened: its backing files,
    /// the parts of a split disk. Links are followed. Only containers are looked at, nothing inside them.
    public func parts(of path: String) throws(ImageFault) -> [String] {
        let policy = BackingPolicy(allowing: options.allowedDirectories.map { FilePath($0) })
        let format = try LayoutOpener(options: options).statedFormat()
        let opening = try ImageFileOpener(policy: policy).open(try FileSource(FilePath(path)), as: format)
        guard case .opened(let image) = opening else { return [] }
        return image.references.compactMap(\.path)
    }
}
