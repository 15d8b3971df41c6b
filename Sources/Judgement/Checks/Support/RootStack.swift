import GuestFacts
import Targets

/// The layers below the root file system: logical volume, array, partition.
struct RootStack {
    /// From the root's own volume down; a volume that several others share stands here once.
    let layers: [VolumeFacts]
    /// Further devices of the root file system.
    let members: [VolumeFacts]

    private static let limit = 256

    init(of root: VolumeFacts, in image: ImageFacts) {
        members = image.volumes.filter { $0.memberOf == root.id }
        var layers: [VolumeFacts] = []
        var seen: Set<VolumeID> = []
        var pending = [root.id] + members.map(\.id)
        while let id = pending.popLast(), seen.count < RootStack.limit {
            guard seen.insert(id).inserted, let volume = image.volume(id) else { continue }
            layers.append(volume)
            pending += volume.madeOf
        }
        self.layers = layers
    }

    var logicalVolumes: [LogicalVolumeFacts] { layers.compactMap(\.logicalVolume) }
    var arrays: [ArrayFacts] { layers.compactMap(\.array) }
    var physicalVolumes: [VolumeFacts] { layers.filter { $0.kind == "LVM2_member" } }
}

extension LogicalVolumeFacts {
    /// Whether it can do without some of its devices.
    var isRedundant: Bool {
        !kinds.isEmpty && kinds.allSatisfy { $0.hasPrefix("raid") && !$0.hasPrefix("raid0") }
    }

    /// The modules of device mapper that its segments need (lvm2: `lib/*/`, `target_present`).
    var modules: [String] {
        var modules = ["dm_mod"]
        for kind in kinds {
            switch kind {
            case "mirror": modules.append("dm_mirror")
            case _ where kind.hasPrefix("raid10"): modules += ["dm_raid", "raid10"]
            case "raid0", "raid0_meta": modules += ["dm_raid", "raid0"]
            case "raid1": modules += ["dm_raid", "raid1"]
            // `raid5_ls`, `raid6_zr` …: the layout follows the level.
            case _ where kind.hasPrefix("raid"): modules += ["dm_raid", "raid456"]
            case _ where kind.hasPrefix("thin"): modules.append("dm_thin_pool")
            case _ where kind.hasPrefix("cache"): modules.append("dm_cache")
            case "writecache": modules.append("dm_writecache")
            case "integrity": modules.append("dm_integrity")
            case _ where kind.hasPrefix("snapshot"): modules.append("dm_snapshot")
            default: break
            }
        }
        return modules
    }

    /// `group/name`.
    var path: String { "\(group)/\(name)" }
}

extension ArrayFacts {
    /// The kernel's module for its level; nil for a level that is not known here.
    var module: String? {
        switch level {
        case "linear", "raid0", "raid1", "raid10": level
        case "raid4", "raid5", "raid6": "raid456"
        default: nil
        }
    }

    /// How many members may be missing; nil when that depends on which.
    var spare: Int? {
        switch level {
        case "linear", "raid0": 0
        case "raid1": deviceCount > 0 ? deviceCount - 1 : 0
        case "raid4", "raid5": 1
        case "raid6": 2
        default: nil
        }
    }

    /// The UUID as digits only.
    var digits: String { uuid.filter(\.isHexDigit).lowercased() }
}
