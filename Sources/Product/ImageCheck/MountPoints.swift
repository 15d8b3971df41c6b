import GuestFacts

/// Where the systems of an image have its volumes: mount points of Linux, drive letters of Windows.
struct MountPoints {
    /// A volume may be mounted in any number of places; so many are named.
    private static let limit = 8

    private var places: [VolumeID: Set<String>] = [:]

    init(_ scan: ScanFacts) {
        for system in scan.systems {
            switch system {
            case .linux(let linux): add(linux)
            case .windows(let windows): add(windows.volumes)
            case .other: break
            }
        }
    }

    /// `/boot`, `/, /home`, `C:`; nil for a volume that none of them mounts by itself.
    func text(of volume: VolumeID) -> String? {
        guard let all = places[volume]?.sorted() else { return nil }
        return all.prefix(MountPoints.limit).joined(separator: ", ")
            + (all.count > MountPoints.limit ? ", …" : "")
    }

    private mutating func add(_ linux: LinuxFacts) {
        // Where the root really is; fstab may say what it likes.
        places[linux.rootVolume, default: []].insert("/")
        let entries = (linux.mounts.fstab.value ?? []) + linux.mounts.units
        for entry in entries where !entry.options.contains("noauto") && entry.mountPoint != "/" {
            let volume: VolumeID? =
                switch entry.resolution {
                case .volume(let volume): volume
                case .kernelName(_, let volume): volume
                default: nil
                }
            guard let volume else { continue }
            // Swap areas have `none` or `swap` for a place.
            guard entry.mountPoint.hasPrefix("/") else { continue }
            places[volume, default: []].insert(entry.mountPoint)
        }
    }

    private mutating func add(_ windows: WindowsVolumeFacts) {
        for letter in windows.letters.value?.flatMap(\.self) ?? [] {
            guard let volume = letter.volume else { continue }
            places[volume, default: []].insert(letter.letter + ":")
        }
    }
}
