import ByteReading
import FileSystemCore
import GuestFormats

/// An EFI system partition of the image, as firmware reads it: FAT compares names without case.
struct EFIPartition: EFISystemPartition {
    let fileSystem: any FileSystemReader

    func file(at path: String) throws(ImageFault) -> ContentSource? {
        guard let node = try FileTree(root: fileSystem).node(at: GuestPath(path)) else { return nil }
        return try ContentSource(node)
    }

    func names(inDirectory path: String) throws(ImageFault) -> [String]? {
        guard let node = try FileTree(root: fileSystem).node(at: GuestPath(path)),
            try fileSystem.info(node.id).type == .directory
        else { return nil }
        return try fileSystem.list(node.id).map(\.name.description)
    }
}
