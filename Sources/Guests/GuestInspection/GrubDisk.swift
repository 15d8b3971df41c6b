import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Volumes

/// The image as GRUB sees it: one disk, `hd0`, with its partitions. GRUB reads each file system by itself;
/// there are no mounts, and symbolic links do not leave a volume.
struct GrubDisk: GrubHost {
    let layout: DiskLayout
    /// Firmware that mends a damaged primary GPT from its backup before it starts anything, as OVMF does. GRUB
    /// itself and BIOS read the primary table only.
    var mendsPartitionTable = false

    /// Features of ext that no released GRUB reads: it calls such a file system unknown (fs/ext2.c,
    /// `EXT2_DRIVER_SUPPORTED_INCOMPAT`).
    private static let unreadFeatures: Set<String> = [
        "inline_data", "ea_inode", "casefold", "compression", "journal_dev", "dirdata",
    ]

    /// Whether GRUB sees any partition.
    private var seesPartitions: Bool { mendsPartitionTable || layout.table?.gptSource != .backup }

    private static let probeLimit = 64

    /// `hd0,gpt2` and its like for a volume, as GRUB writes it.
    func device(of volume: VolumeFacts) -> GrubDevice {
        guard let number = volume.partitionNumber else { return GrubDevice("hd0") }
        return GrubDevice("hd0,\(partitionMap)\(number)")
    }

    private var partitionMap: String {
        layout.image.partitions?.kind == .gpt ? "gpt" : "msdos"
    }

    /// The volume that a device of GRUB's is.
    func volume(of device: GrubDevice) -> VolumeFacts? {
        let parts = device.name.split(separator: ",", maxSplits: 1)
        guard parts.first == "hd0" else { return nil }
        guard parts.count == 2 else { return layout.image.volumes.first { $0.partitionNumber == nil } }
        let digits = parts[1].drop { !$0.isNumber }
        let map = parts[1].prefix { !$0.isNumber }
        guard seesPartitions, let number = Int(digits), ["", "gpt", "msdos"].contains(map) else { return nil }
        if !map.isEmpty, map != partitionMap, layout.image.partitions?.kind != .hybrid { return nil }
        return layout.image.volumes.first { $0.partitionNumber == number }
    }

    /// The path of the guest behind a path of a device, when the guest mounts that volume.
    func fileSystem(of device: GrubDevice) throws(ImageFault) -> (any FileSystemReader)? {
        guard let facts = volume(of: device), GrubDisk.unreadFeatures.isDisjoint(with: facts.features) else {
            return nil
        }
        if let gap = facts.gap, layout.volume(facts.id)?.fileSystem == nil {
            throw ImageFault(.unsupported, gap.message).inLayer(facts.id)
        }
        return layout.volume(facts.id)?.fileSystem
    }

    func device(named name: String) throws(ImageFault) -> GrubDevice? {
        guard name == "hd0" || volume(of: GrubDevice(name)) != nil else { return nil }
        if name == "hd0" { return GrubDevice("hd0") }
        return volume(of: GrubDevice(name)).map { device(of: $0) }
    }

    func device(matching key: GrubSearchKey, hints: [String]) throws(ImageFault) -> GrubDevice? {
        for volume in layout.image.volumes.prefix(GrubDisk.probeLimit)
        where seesPartitions && GrubDisk.unreadFeatures.isDisjoint(with: volume.features) {
            let here = device(of: volume)
            switch key {
            case .fileSystemUUID(let uuid):
                if volume.uuid?.lowercased() == uuid.lowercased(), layout.volume(volume.id)?.fileSystem != nil
                {
                    return here
                }
            case .label(let label):
                if volume.label == label, layout.volume(volume.id)?.fileSystem != nil { return here }
            case .file(let path):
                if layout.volume(volume.id)?.fileSystem != nil, try file(at: path, on: here) != nil {
                    return here
                }
            }
        }
        // What could not be opened may be the one that is searched for.
        if let hidden = layout.image.volumes.first(where: { GrubDisk.mayHide($0, key) }) {
            throw ImageFault(
                .unsupported, "\(hidden.kind ?? "what lies here") is not read, and GRUB may find \(key) in it"
            ).inLayer(hidden.id)
        }
        return nil
    }

    /// Whether GRUB could find `key` on a volume that is not read here.
    private static func mayHide(_ volume: VolumeFacts, _ key: GrubSearchKey) -> Bool {
        guard volume.gap != nil || ["LVM2_member", "linux_raid_member"].contains(volume.kind ?? "") else {
            return false
        }
        if case .fileSystemUUID(let uuid) = key, let known = volume.uuid, volume.kind != "LVM2_member" {
            return known.lowercased() == uuid.lowercased()
        }
        return true
    }

    private func node(
        _ path: String, on device: GrubDevice
    ) throws(ImageFault) -> (FileTree.Node, FileInfo)? {
        guard let fileSystem = try fileSystem(of: device) else { return nil }
        let tree = FileTree(root: fileSystem)
        guard let node = try tree.node(at: GuestPath(path)) else { return nil }
        return (node, try fileSystem.info(node.id))
    }

    func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile? {
        guard let (_, info) = try node(path, on: device) else { return nil }
        return GrubFile(isDirectory: info.type == .directory, size: info.size)
    }

    func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes? {
        guard let fileSystem = try fileSystem(of: device) else { return nil }
        return try FileTree(root: fileSystem).contents(of: GuestPath(path), limit: limit)
    }

    func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]? {
        guard let fileSystem = try fileSystem(of: device) else { return nil }
        return try FileTree(root: fileSystem).list(GuestPath(path))?.map(\.name.description)
    }

    func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String? {
        guard let volume = volume(of: device) else { return nil }
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
        case .partitionMap: return volume.partitionNumber == nil ? nil : partitionMap
        case .partitionUUID: return volume.partUUID
        }
    }
}
