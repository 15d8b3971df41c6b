import ByteReading
import Compression
import FileSystemCore
import GuestFacts
import GuestFormats

/// A file that a boot loader names: where it lies for the loader, and what the guest calls it.
struct BootFile: Hashable {
    /// The volume as GRUB names it.
    let device: GrubDevice
    /// The path on that volume.
    let path: String
    /// The path in the guest's tree; `(hd0,gpt1)/path` where the guest does not mount the volume.
    var guestPath: String
    /// The part of the file that is meant: a section of a unified kernel image. Nil for the whole.
    var range: Range<UInt64>?
    /// The version of a kernel that the file states besides.
    var release: String?
}

/// Opens files by the loader's names.
struct BootFiles {
    let disk: GrubDisk
    /// Where the guest mounts each volume.
    let mounts: MountTable

    /// What the guest calls `path` on `device`.
    func file(_ device: GrubDevice?, _ path: String) -> BootFile {
        let device = device ?? GrubDevice("")
        guard let volume = disk.contents(of: device),
            let guestPath = mounts.guestPath(GuestPath(path), on: volume)
        else { return BootFile(device: device, path: path, guestPath: "(\(device))\(path)") }
        return BootFile(device: device, path: path, guestPath: guestPath)
    }

    /// What the guest calls a file that GRUB names `(device)/path`.
    func file(named name: String) -> BootFile {
        guard name.hasPrefix("("), let close = name.firstIndex(of: ")") else { return file(nil, name) }
        let device = GrubDevice(String(name[name.index(after: name.startIndex)..<close]))
        return file(device, String(name[name.index(after: close)...]))
    }

    /// The place of a command in a configuration file, as evidence.
    func evidence(_ location: BootLocation, excerpt: String? = nil) -> Evidence {
        // What runs before a file is read, or after the last one has been, belongs to none.
        guard location.line > 0 else { return Evidence(layer: "GRUB", excerpt: excerpt) }
        return Evidence(path: file(named: location.file).guestPath, line: location.line, excerpt: excerpt)
    }

    /// Opens a regular file.
    func open(_ file: BootFile) -> Reading<Opened> {
        do {
            guard let fileSystem = try disk.fileSystem(of: file.device) else { return .absent }
            let tree = FileTree(root: fileSystem, top: try fileSystem.topmost())
            guard let node = try tree.node(at: GuestPath(file.path)) else { return .absent }
            let info = try fileSystem.info(node.id)
            guard info.type == .regular else { return .absent }
            let range = (file.range ?? 0..<info.size).clamped(to: 0..<info.size)
            return .found(
                Opened(
                    fileSystem: fileSystem, node: node.id, offset: range.lowerBound,
                    size: range.upperBound - range.lowerBound))
        } catch {
            return .unreadable(Gap(error, at: file.guestPath))
        }
    }

    /// An open file, or the part of one that is meant.
    struct Opened: Sendable {
        let fileSystem: any FileSystemReader
        let node: NodeID
        /// Where it starts in the file.
        let offset: UInt64
        /// In bytes.
        let size: UInt64

        /// Up to `count` bytes from `offset`.
        func read(_ offset: UInt64, _ count: Int) throws(ImageFault) -> Bytes {
            let position = try self.offset.adding(offset)
            let rest = offset < size ? size - offset : 0
            return try fileSystem.read(node, at: position, count: Int(Swift.min(UInt64(max(0, count)), rest)))
        }

        /// The whole of it as bytes that are read where they are needed.
        var source: ContentSource {
            ContentSource(size: size) { (offset, count) throws(ImageFault) in try read(offset, count) }
        }

        /// The whole file, front to back.
        var stream: ReadingStream {
            ReadingStream(size: size) { (offset, count) throws(ImageFault) in try read(offset, count) }
        }
    }
}
