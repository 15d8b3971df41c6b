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
    let guestPath: String
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
    func evidence(_ location: GrubLocation, excerpt: String? = nil) -> Evidence {
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
            return .found(Opened(fileSystem: fileSystem, node: node.id, size: info.size))
        } catch {
            return .unreadable(Gap(error, at: file.guestPath))
        }
    }

    /// An open file.
    struct Opened: Sendable {
        let fileSystem: any FileSystemReader
        let node: NodeID
        /// In bytes.
        let size: UInt64

        /// Up to `count` bytes from `offset`.
        func read(_ offset: UInt64, _ count: Int) throws(ImageFault) -> Bytes {
            try fileSystem.read(node, at: offset, count: count)
        }

        /// The whole file, front to back.
        var stream: ReadingStream {
            let fileSystem = fileSystem
            let node = node
            return ReadingStream(size: size) { (offset, count) throws(ImageFault) in
                try fileSystem.read(node, at: offset, count: count)
            }
        }
    }
}
