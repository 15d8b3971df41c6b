package import ByteReading

/// The image of a file system inside an archive, which `/init` mounts over everything and goes on in: dracut's
/// modules `squash`, `squash-squashfs` and `squash-erofs`. Modules, lists, programs: all that matters is in there.
package struct InitramfsPayload: Sendable {
    /// The file system of the image.
    package enum Format: String, Sendable, Hashable {
        case squashfs
        case erofs
    }

    /// Where its bytes are.
    package enum Place: Sendable {
        /// In the stream that was read, as they are: so many bytes from its start.
        case stream(offset: UInt64)
        /// In memory, unpacked.
        case memory(Bytes)
        /// Inside a compressed archive and too large to be kept.
        case tooLarge
    }

    /// Its path in the archive.
    package let path: String
    /// Bytes of the image.
    package let size: UInt64
    /// The file system.
    package let format: Format
    /// Where to read it.
    package let place: Place

    private static let known: [String: Format] = [
        "squashfs-root.img": .squashfs, "squash-root.img": .squashfs, "squash/root.img": .squashfs,
        "erofs-root.img": .erofs,
    ]

    /// Modules that the archive around it has to load before it can be mounted.
    package var drivers: [String] { ["loop", format.rawValue, "overlay"] }

    /// Whether its directories are laid below those of the archive (dracut before 053) instead of replacing them.
    package var isOverlaid: Bool { path == "squash/root.img" }

    /// Whether this is where a payload lies.
    package static func isPayload(_ path: String) -> Bool { known[path] != nil }

    init?(in contents: InitramfsContents) {
        for (path, format) in Self.known.sorted(by: { $0.key < $1.key }) {
            guard let member = contents.tree.nodes[path], member.kind == .file, member.size > 0 else {
                continue
            }
            self.path = path
            self.format = format
            size = member.size
            if let file = contents.files[path], file.isWhole {
                place = .memory(file.bytes)
            } else if let offset = member.contentOffset {
                place = .stream(offset: offset)
            } else {
                place = .tooLarge
            }
            return
        }
        return nil
    }
}
