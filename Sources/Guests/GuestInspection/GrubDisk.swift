import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Volumes

/// The image as GRUB sees it: one disk, `hd0`, with its partitions, and the logical volumes and arrays on them.
/// GRUB reads each file system by itself; there are no mounts, symbolic links do not leave a volume, and paths on
/// btrfs start at the topmost subvolume.
struct GrubDisk: GrubHost {
    let layout: DiskLayout
    /// Firmware that mends a damaged primary GPT from its backup before it starts anything, as OVMF does. GRUB
    /// itself and BIOS read the primary table only, and look at no checksum (partmap/gpt.c).
    var mendsPartitionTable = false

    /// Features of ext that no released GRUB reads: it calls such a file system unknown (fs/ext2.c,
    /// `EXT2_DRIVER_SUPPORTED_INCOMPAT`).
    private static let unreadFeatures: Set<String> = [
        "inline_data", "ea_inode", "casefold", "compression", "journal_dev", "dirdata",
    ]

    /// Kinds of logical volumes that GRUB puts together (disk/lvm.c, `SEG_TYPES`); caches since 2.06 only.
    private static let readVolumes: Set<String> = [
        "linear", "striped", "mirror", "raid1", "raid10", "raid4", "raid5", "raid6",
    ]
    /// Kinds that no GRUB knows.
    private static let unreadVolumes = ["thin", "snapshot", "vdo", "zero", "error"]

    /// Whether GRUB sees any partition.
    private var seesPartitions: Bool {
        guard let table = layout.table, table.hasProtectiveEntry else { return layout.table == nil }
        if mendsPartitionTable { return true }
        return table.gptSource != .backup || table.primaryIsThereUnchecked
    }

    private static let probeLimit = 256

    // MARK: Devices

    /// `hd0,gpt2` and its like for a volume, as GRUB writes it.
    func device(of volume: VolumeFacts) -> GrubDevice {
        if let logical = volume.logicalVolume { return GrubDevice("lvm/\(logical.mapperName)") }
        if let array = volume.array { return GrubDevice("mduuid/\(DeviceResolver.digits(array.uuid))") }
        guard let number = volume.partitionNumber else { return GrubDevice("hd0") }
        return GrubDevice("hd0,\(partitionMap)\(number)")
    }

    private var partitionMap: String {
        layout.image.partitions?.kind == .gpt ? "gpt" : "msdos"
    }

    /// The volume that a device of GRUB's is.
    func volume(of device: GrubDevice) -> VolumeFacts? {
        if let managed = managedVolume(device.name) { return managed }
        let parts = device.name.split(separator: ",", maxSplits: 1)
        guard parts.first == "hd0" else { return nil }
        let disks = layout.image.volumes.filter { $0.logicalVolume == nil && $0.array == nil }
        guard parts.count == 2 else { return disks.first { $0.partitionNumber == nil } }
        let digits = parts[1].drop { !$0.isNumber }
        let map = parts[1].prefix { !$0.isNumber }
        guard seesPartitions, let number = Int(digits), ["", "gpt", "msdos"].contains(map) else { return nil }
        if !map.isEmpty, map != partitionMap, layout.image.partitions?.kind != .hybrid { return nil }
        return disks.first { $0.partitionNumber == number }
    }

    /// `lvm/GROUP-NAME` with dashes doubled, `lvmid/GROUP-UUID/UUID`, `md/NAME` and `mduuid/DIGITS`
    /// (disk/lvm.c, disk/diskfilter.c).
    private func managedVolume(_ name: String) -> VolumeFacts? {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        let rest = String(name[name.index(after: slash)...])
        return layout.image.volumes.first { volume in
            switch name[..<slash] {
            case "lvm": return volume.logicalVolume?.mapperName == rest
            case "lvmid": return volume.logicalVolume.map { "\($0.groupUUID)/\($0.uuid)" == rest } ?? false
            case "mduuid": return volume.array.map { DeviceResolver.digits($0.uuid) == rest } ?? false
            case "md":
                guard let stored = volume.array?.name else { return false }
                return stored == rest || stored.split(separator: ":").last.map(String.init) == rest
            default: return false
            }
        }
    }

    /// The volume whose file system GRUB reads on a device. A mirror whose superblock lies at its end looks to
    /// GRUB like the file system itself.
    func contents(of device: GrubDevice) -> VolumeID? { volume(of: device).map { readVolume($0).id } }

    /// The volume itself, or the array whose file system starts where it does.
    func readVolume(_ volume: VolumeFacts) -> VolumeFacts {
        guard volume.kind == "linux_raid_member" else { return volume }
        return layout.image.volumes.first { other in
            guard let array = other.array, other.madeOf.contains(volume.id) else { return false }
            return array.level == "raid1" && ["0.90", "1.0"].contains(array.metadata)
        } ?? volume
    }

    /// The modules without which GRUB does not see `device`: those of the layers below the file system.
    func modules(of device: GrubDevice) -> Set<String> {
        guard let volume = volume(of: device) else { return [] }
        var modules: Set<String> = []
        var pending = [volume]
        var budget = 64
        while let next = pending.popLast(), budget > 0 {
            budget -= 1
            if next.logicalVolume != nil { modules.insert("lvm") }
            if let array = next.array {
                modules.insert(array.metadata == "0.90" ? "mdraid09" : "mdraid1x")
            }
            pending += next.madeOf.compactMap { layout.image.volume($0) }
        }
        return modules
    }

    /// Whether GRUB puts the logical volume together; throws where that depends on its version.
    private func isAssembled(_ volume: VolumeFacts) throws(ImageFault) -> Bool {
        guard let logical = volume.logicalVolume else { return true }
        // The layout follows the level: `raid5_ls`.
        for kind in logical.kinds
        where !GrubDisk.readVolumes.contains(kind.split(separator: "_").first.map(String.init) ?? kind) {
            if GrubDisk.unreadVolumes.contains(where: kind.hasPrefix) { return false }
            throw ImageFault(.unsupported, "whether GRUB reads a logical volume of the kind \(kind)")
                .inLayer(volume.id)
        }
        return true
    }

    func device(named name: String) throws(ImageFault) -> GrubDevice? {
        if name == "hd0" { return GrubDevice("hd0") }
        guard let volume = volume(of: GrubDevice(name)), try isAssembled(volume) else {
            try requireKnown(name)
            return nil
        }
        return device(of: volume)
    }

    /// A name of a volume manager that may lie in what was not looked into is not absent.
    private func requireKnown(_ name: String) throws(ImageFault) {
        let isLVM = name.hasPrefix("lvm/") || name.hasPrefix("lvmid/")
        guard isLVM || name.hasPrefix("md/") || name.hasPrefix("mduuid/") else { return }
        let kind = isLVM ? "LVM2_member" : "linux_raid_member"
        let opened = Set(layout.image.volumes.flatMap(\.madeOf))
        if let closed = layout.image.volumes.first(where: { $0.kind == kind && !opened.contains($0.id) }) {
            throw ImageFault(.unsupported, "\(kind) is not read, and \(name) may lie in it").inLayer(
                closed.id)
        }
    }

    // MARK: Search

    func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) throws(ImageFault) -> GrubDevice? {
        guard seesPartitions else { return nil }
        var doubt: ImageFault?
        for volume in layout.image.volumes.prefix(GrubDisk.probeLimit) where volume.memberOf == nil {
            let here = device(of: volume)
            let content = readVolume(volume)
            guard GrubDisk.unreadFeatures.isDisjoint(with: content.features), sees(here),
                layout.volume(content.id)?.fileSystem != nil
            else { continue }
            do {
                guard try isAssembled(volume) else { continue }
            } catch {
                doubt = doubt ?? error
                continue
            }
            switch key {
            case .fileSystemUUID(let uuid):
                if content.uuid?.lowercased() == uuid.lowercased() { return here }
            case .label(let label):
                if content.label == label { return here }
            case .file(let path):
                if try file(at: path, on: here) != nil { return here }
            }
        }
        if let doubt { throw doubt }
        // What could not be opened may be the one that is searched for.
        if let hidden = layout.image.volumes.first(where: { mayHide($0, key) && sees(device(of: $0)) }) {
            throw ImageFault(
                .unsupported, "\(hidden.kind ?? "what lies here") is not read, and GRUB may find \(key) in it"
            ).inLayer(hidden.id)
        }
        return nil
    }

    /// Whether GRUB could find `key` on a volume that is not read here.
    private func mayHide(_ volume: VolumeFacts, _ key: GrubSearchKey) -> Bool {
        let isContainer = ["LVM2_member", "linux_raid_member"].contains(volume.kind ?? "")
        if isContainer {
            return !layout.image.volumes.contains { $0.madeOf.contains(volume.id) }
        }
        guard volume.gap != nil, layout.volume(volume.id)?.fileSystem == nil else { return false }
        // GRUB does not put together what lacks a part either.
        if volume.gap?.kind == .absent { return false }
        if case .fileSystemUUID(let uuid) = key, let known = volume.uuid {
            return known.lowercased() == uuid.lowercased()
        }
        return true
    }

    // MARK: Files

    func fileSystem(of device: GrubDevice) throws(ImageFault) -> (any FileSystemReader)? {
        guard let named = volume(of: device) else { return nil }
        let facts = readVolume(named)
        guard GrubDisk.unreadFeatures.isDisjoint(with: facts.features) else { return nil }
        if let gap = facts.gap, layout.volume(facts.id)?.fileSystem == nil {
            throw ImageFault(.unsupported, gap.message).inLayer(facts.id)
        }
        // GRUB replays no journal: it reads what is stored.
        return try layout.volume(facts.id)?.fileSystem?.stored()
    }

    private func tree(of device: GrubDevice) throws(ImageFault) -> FileTree? {
        guard let fileSystem = try fileSystem(of: device) else { return nil }
        return FileTree(root: fileSystem, top: try fileSystem.topmost())
    }

    func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile? {
        guard let info = try tree(of: device)?.info(at: GuestPath(path)) else { return nil }
        return GrubFile(isDirectory: info.type == .directory, size: info.size)
    }

    func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes? {
        try tree(of: device)?.contents(of: GuestPath(path), limit: limit)
    }

    func source(of path: String, on device: GrubDevice) throws(ImageFault) -> ContentSource? {
        guard let node = try tree(of: device)?.node(at: GuestPath(path)) else { return nil }
        return try ContentSource(node)
    }

    func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]? {
        try tree(of: device)?.list(GuestPath(path))?.map(\.name.description)
    }

    func defaultSubvolume(of device: GrubDevice) throws(ImageFault) -> String? {
        guard let fileSystem = try fileSystem(of: device) else { return nil }
        return try SubvolumeTable(of: fileSystem).defaultSubvolume?.path
    }

    func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String? {
        guard let named = volume(of: device) else { return nil }
        let volume = readVolume(named)
        switch property {
        case .fileSystemUUID: return volume.uuid
        case .label: return volume.label
        case .fileSystem:
            // GRUB calls the whole ext family ext2, and FAT fat.
            switch volume.kind {
            case "ext2", "ext3", "ext4": return "ext2"
            case "vfat": return "fat"
            default: return volume.kind
            }
        case .partitionMap: return named.partitionNumber == nil ? nil : partitionMap
        case .partitionUUID: return named.partUUID
        }
    }
}
