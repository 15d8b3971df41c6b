import FileSystemCore
import GuestFacts

/// Which volume, and which subvolume of it, the guest sees where.
struct MountTable {
    struct Entry {
        var volume: VolumeID
        /// The path of the subvolume from the topmost; empty for the topmost and for other file systems.
        var subvolume: String
        var mountPoint: GuestPath
    }

    private(set) var entries: [Entry]

    init(root: VolumeID, subvolume: String = "") {
        entries = [Entry(volume: root, subvolume: subvolume, mountPoint: .root)]
    }

    /// Makes a directory of the root's volume the root.
    mutating func moveRoot(to path: String) {
        entries[0].subvolume = path
    }

    mutating func add(_ volume: VolumeID, subvolume: String, at mountPoint: GuestPath) {
        entries.append(Entry(volume: volume, subvolume: subvolume, mountPoint: mountPoint))
    }

    /// What the guest calls `path` on a volume, where the path starts at the topmost subvolume; nil when the guest
    /// does not mount that place.
    func guestPath(_ path: GuestPath, on volume: VolumeID) -> String? {
        var best: (depth: Int, path: GuestPath)?
        for entry in entries where entry.volume == volume {
            let top = GuestPath(entry.subvolume)
            guard path.hasPrefix(top), top.names.count > best?.depth ?? -1 else { continue }
            let rest = path.names.dropFirst(top.names.count)
            best = (top.names.count, GuestPath(names: entry.mountPoint.names + rest))
        }
        return best?.path.description
    }
}
