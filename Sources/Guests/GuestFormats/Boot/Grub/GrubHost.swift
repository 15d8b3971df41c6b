package import ByteReading

/// A device as GRUB names it, without parentheses: `hd0,msdos1`, `hd0,gpt2`, `lvm/vg-root`, `memdisk`.
package struct GrubDevice: Hashable, Sendable, CustomStringConvertible {
    /// The name, as it stands in `$root`.
    package let name: String

    /// A device called `name`.
    package init(_ name: String) { self.name = name }

    /// The name.
    package var description: String { name }
}

/// What GRUB's `search` looks for.
package enum GrubSearchKey: Hashable, Sendable, CustomStringConvertible {
    /// A filesystem UUID; compared without regard to case (`search_fs_uuid`).
    case fileSystemUUID(String)
    /// A filesystem label; compared exactly.
    case label(String)
    /// An absolute path that must exist on the device.
    case file(String)

    /// The key as an option of `search`.
    package var description: String {
        switch self {
        case .fileSystemUUID(let uuid): "--fs-uuid \(uuid)"
        case .label(let label): "--label \(label)"
        case .file(let path): "--file \(path)"
        }
    }
}

/// What `probe` can ask about a device.
package enum GrubDeviceProperty: Hashable, Sendable {
    /// The filesystem UUID as GRUB prints it.
    case fileSystemUUID
    /// The filesystem label.
    case label
    /// GRUB's name of the filesystem driver, such as `ext2` or `fat`.
    case fileSystem
    /// The partition table of the disk the device is on, such as `gpt` or `msdos`.
    case partitionMap
    /// The UUID of the partition.
    case partitionUUID
}

/// What is at a path.
package struct GrubFile: Hashable, Sendable {
    /// Whether it is a directory, after following links.
    package let isDirectory: Bool
    /// The size in bytes of a regular file.
    package let size: UInt64

    /// A file or directory.
    package init(isDirectory: Bool = false, size: UInt64 = 0) {
        self.isDirectory = isDirectory
        self.size = size
    }
}

/// The disks that GRUB sees, and other loaders with it.
///
/// nil means "not there", which the loader would see too; a fault means that nobody can tell, and makes every
/// conclusion drawn from it uncertain. Paths are absolute on the filesystem of the device; symbolic links are
/// followed on that filesystem only, as GRUB's drivers do.
package protocol GrubHost {
    /// The device GRUB calls `name` (`hd0`, `hd0,1`, `hd0,gpt2`), if it exists.
    func device(named name: String) throws(ImageFault) -> GrubDevice?
    /// The first device that matches; `hints` are tried first. A hint that ends in a comma stands for the
    /// partitions of a disk. Devices that GRUB does not see with the modules it has loaded are passed over.
    func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) throws(ImageFault) -> GrubDevice?
    /// What is at `path`.
    func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile?
    /// The bytes of a regular file; a `limit` fault if there are more than `limit`.
    func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes?
    /// The bytes of a regular file, read where they are needed.
    func source(of path: String, on device: GrubDevice) throws(ImageFault) -> ContentSource?
    /// The names in a directory, without `.` and `..`.
    func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]?
    /// A property of a device, nil when it has none.
    func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String?
    /// The modules without which GRUB does not see the device: `lvm`, `mdraid1x` …; empty for a disk or partition.
    func modules(of device: GrubDevice) -> Set<String>
    /// The path of the subvolume that a mount without options shows; nil where there are no subvolumes.
    func defaultSubvolume(of device: GrubDevice) throws(ImageFault) -> String?
}

extension GrubHost {
    /// Files of up to 64 MiB, read as a whole.
    package func source(of path: String, on device: GrubDevice) throws(ImageFault) -> ContentSource? {
        try contents(of: path, on: device, limit: 64 << 20).map { ContentSource($0) }
    }

    /// What a loader finds when it looks for a file.
    package func reference(
        _ name: String, path: String, on device: GrubDevice?, at location: BootLocation
    ) -> BootFileReference {
        guard let device else {
            return BootFileReference(
                name: name, device: nil, path: path, presence: .noDevice, location: location)
        }
        let presence: BootFileReference.Presence
        do {
            switch try file(at: path, on: device) {
            case nil: presence = .missing
            case let file? where file.isDirectory: presence = .missing
            case let file?: presence = .present(size: file.size)
            }
        } catch {
            presence = error.kind == .notFound ? .missing : .unreadable(error)
        }
        return BootFileReference(
            name: name, device: device, path: path, presence: presence, location: location)
    }
    package func modules(of device: GrubDevice) -> Set<String> { [] }
    package func defaultSubvolume(of device: GrubDevice) throws(ImageFault) -> String? { nil }
}
